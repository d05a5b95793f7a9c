//! `cargo xtask compat`: real clients against a running broker, ours or the reference.

mod client;
pub(crate) mod server;
mod table;

use std::path::Path;
use std::time::Instant;

use client::{CLIENTS, Client, Outcome, Report};
use server::{Kind, Server};
use table::Table;

const USAGE: &str = "usage: cargo xtask compat [--server dohle|reference|HOST:PORT] \
[--client NAME]... [--groups|--transactions] [--setup-only]";

/// What both servers are told for the clients' sake.
const FOR_CLIENTS: [&str; 2] = [
    // Transactions that take too long are looked for each second, not each ten.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
    // kafka-python 3.0.12 does not go on, now and then, behind a first join that is answered at once (one run in
    // five); its SyncGroup is answered well, and no heartbeat follows.
    "group.initial.rebalance.delay.ms=300",
];

/// What the command line asks for.
struct Options {
    server: String,
    clients: Vec<Client>,
    set: &'static str,
    setup_only: bool,
}

/// Sets the clients up, runs them, prints the table.
///
/// # Errors
/// A wrong command line, a server or client that cannot be set up, or any failed check.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut options = parse(arguments)?;
    let table = Table::read(root)?;
    options.clients.retain(|client| table.has(client.name, options.set));
    for client in &options.clients {
        let begun = Instant::now();
        client.set_up(root).map_err(|e| format!("{}: {e}", client.name))?;
        let took = begun.elapsed().as_secs_f64();
        if took > 1.0 {
            println!("{}: set up in {took:.1} s", client.name);
        }
    }
    if options.setup_only {
        return Ok(());
    }
    let mut reports: Vec<(Client, Report)> = Vec::new();
    for old in [false, true] {
        let chosen: Vec<Client> =
            options.clients.iter().copied().filter(|client| client.old == old).collect();
        if !chosen.is_empty() {
            reports.extend(run_on(root, &options, &table, &chosen)?);
        }
    }
    print(&table, options.set, &reports)
}

/// Runs clients of one age, on the server that is theirs.
fn run_on(
    root: &Path,
    options: &Options,
    table: &Table,
    clients: &[Client],
) -> Result<Vec<(Client, Report)>, String> {
    let old = clients.iter().all(|client| client.old);
    let kind = match (options.server.as_str(), old) {
        ("dohle", _) => Some(Kind::Dohle),
        ("reference", false) => Some(Kind::Reference),
        ("reference", true) => Some(Kind::OldReference),
        _ => None,
    };
    let server = kind.map(|kind| Server::start(root, kind, &FOR_CLIENTS)).transpose()?;
    let address = server.as_ref().map_or(options.server.as_str(), |server| &server.address);
    let mut reports = Vec::new();
    for client in clients {
        let report = client.run(root, address, options.set, table);
        for (check, outcome) in &report.outcomes {
            if let Outcome::Failed(why) = outcome {
                println!("{} {check}: {why}", client.name);
            }
        }
        println!("{}: {}", client.name, summary(&report));
        reports.push((*client, report));
    }
    Ok(reports)
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let mut options =
        Options { server: "dohle".into(), clients: Vec::new(), set: "node", setup_only: false };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "--groups" => options.set = "groups",
            "--transactions" => options.set = "transactions",
            "--setup-only" => options.setup_only = true,
            "--server" => {
                let server = words.next().ok_or(USAGE)?;
                if !matches!(*server, "dohle" | "reference") && !server.contains(':') {
                    return Err(format!("--server {server}: dohle, reference or HOST:PORT"));
                }
                options.server = (*server).to_owned();
            }
            "--client" => {
                let name = words.next().ok_or(USAGE)?;
                let client = CLIENTS.iter().find(|client| client.name == *name);
                options.clients.push(*client.ok_or_else(|| {
                    let known: Vec<&str> = CLIENTS.iter().map(|client| client.name).collect();
                    format!("no client {name}; there are {}", known.join(", "))
                })?);
            }
            _ => return Err(USAGE.into()),
        }
    }
    if options.clients.is_empty() {
        options.clients = CLIENTS.to_vec();
    }
    Ok(options)
}

fn count(report: &Report, is: impl Fn(&Outcome) -> bool) -> usize {
    report.outcomes.iter().filter(|(_, outcome)| is(outcome)).count()
}

fn summary(report: &Report) -> String {
    format!(
        "{} passed, {} failed, {} left out, {:.1} s",
        count(report, |outcome| *outcome == Outcome::Passed),
        count(report, |outcome| matches!(outcome, Outcome::Failed(_))),
        count(report, |outcome| *outcome == Outcome::LeftOut),
        report.took.as_secs_f64(),
    )
}

/// The table of checks and clients; an error where any check failed.
fn print(table: &Table, set: &str, reports: &[(Client, Report)]) -> Result<(), String> {
    let width = table.checks(set).map(str::len).max().unwrap_or(0);
    println!();
    print!("{:width$}", "");
    for (client, _) in reports {
        print!("  {}", client.name);
    }
    println!();
    for check in table.checks(set) {
        print!("{check:width$}");
        for (client, report) in reports {
            let outcome = report.outcomes.iter().find(|(name, _)| name == check);
            let word = match outcome.map(|(_, outcome)| outcome) {
                Some(Outcome::Passed) => "ok",
                Some(Outcome::LeftOut) => ".",
                Some(Outcome::Failed(_)) | None => "FAIL",
            };
            print!("  {word:<column$}", column = client.name.len());
        }
        println!();
    }
    let is_failed = |outcome: &Outcome| matches!(outcome, Outcome::Failed(_));
    let passed: usize =
        reports.iter().map(|(_, report)| count(report, |o| *o == Outcome::Passed)).sum();
    let failed: usize = reports.iter().map(|(_, report)| count(report, is_failed)).sum();
    let seconds: f64 = reports.iter().map(|(_, report)| report.took.as_secs_f64()).sum();
    println!("\n{} clients, {seconds:.0} s\n{passed} passed, {failed} failed", reports.len());
    if failed == 0 { Ok(()) } else { Err(format!("{failed} checks failed")) }
}
