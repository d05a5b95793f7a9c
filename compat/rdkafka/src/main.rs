//! The checks of `../checks.tsv` through rdkafka: `LEFT-OUT-TABLE BOOTSTRAP [--groups|--transactions] [--only CHECK]...`

mod checks;
mod client;
mod transactions;

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use checks::Check;
use client::Client;

const LIMIT: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let (Some(table), Some(bootstrap)) = (words.next(), words.next()) else {
        eprintln!(
            "usage: compat-rdkafka LEFT-OUT-TABLE BOOTSTRAP [--groups|--transactions] [--only CHECK]..."
        );
        return ExitCode::from(2);
    };
    let mut set: &[Check] = &checks::NODE;
    let mut only = Vec::new();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--groups" => set = &checks::GROUPS,
            "--transactions" => set = &transactions::CHECKS,
            "--only" => only.extend(words.next()),
            _ => {
                eprintln!("unknown argument {word}");
                return ExitCode::from(2);
            }
        }
    }
    let table = std::fs::read_to_string(&table).unwrap_or_default();
    let is_left_out =
        |name: &str| table.lines().any(|line| line.starts_with(&format!("rdkafka\t{name}\t")));
    let client = match Client::new(&bootstrap) {
        Ok(client) => Arc::new(client),
        Err(error) => {
            eprintln!("{}", error.text);
            return ExitCode::from(2);
        }
    };
    let mut failed = 0u8;
    for (name, check) in set {
        if is_left_out(name) || (!only.is_empty() && !only.iter().any(|it| it == name)) {
            continue;
        }
        let begun = Instant::now();
        match attempt(&client, *check) {
            Ok(()) => println!("ok {name} {:.2}", begun.elapsed().as_secs_f64()),
            Err(why) => {
                failed = 1;
                println!("fail {name}: {}", why.replace('\n', " "));
            }
        }
    }
    // Checks that hang must not keep the process.
    std::process::exit(i32::from(failed))
}

fn attempt(client: &Arc<Client>, check: fn(&Client) -> client::Result<()>) -> Result<(), String> {
    let (send, receive) = mpsc::channel();
    let client = Arc::clone(client);
    std::thread::spawn(move || {
        let _ = send.send(check(&client));
    });
    match receive.recv_timeout(LIMIT) {
        Ok(result) => result.map_err(|failure| failure.text),
        Err(mpsc::RecvTimeoutError::Timeout) => {
            Err(format!("no result within {} s", LIMIT.as_secs()))
        }
        Err(mpsc::RecvTimeoutError::Disconnected) => Err("the check panicked".into()),
    }
}
