//! `cargo xtask golden` and `cargo xtask takeover`: one data directory, opened by Dohle and by Apache Kafka.

mod check;
mod cleaning;
mod folder;
mod reference;
mod server;
mod takeover;
mod tools;

pub(crate) use takeover::run as takeover;

use std::path::Path;
use std::time::Instant;

use check::Checker;
use folder::Folder;
use server::Server;

const USAGE: &str = "usage: cargo xtask golden [cleaned] [--archive NAME]... [--port PORT]
  Dohle serves every data directory that Apache Kafka left, exactly as Apache Kafka does, and compacts it as Apache Kafka does.
  cleaned: only the latter.";

/// The archives that have something to compact; the others are these with damage, or hold too little.
const COMPACTED: [&str; 4] = ["clean", "torn", "corrupt", "corrupt-marked"];

/// Serves every archive of golden data with Dohle and compares all of it with its manifest; then once more after a
/// clean stop, for what the stop wrote.
///
/// # Errors
/// A wrong command line, what could not be unpacked or started, or the archives that are served differently.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    if let ["cleaned", arguments @ ..] = arguments {
        return cleaned(root, arguments);
    }
    let (archives, port) = parse(root, arguments)?;
    let checker = Checker::new(root)?;
    let program = crate::compat::server::binary(root)?;
    let mut different = Vec::new();
    for archive in &archives {
        println!("== {archive}");
        let begun = Instant::now();
        match serve(root, &checker, &program, archive, port) {
            Ok(true) => {}
            Ok(false) => different.push(archive.as_str()),
            Err(error) => {
                println!("{error}");
                different.push(archive);
            }
        }
        println!("{archive}: {:.1} s", begun.elapsed().as_secs_f64());
    }
    if different.is_empty() {
        println!("{} archives served as Apache Kafka serves them", archives.len());
        return cleaned(root, arguments);
    }
    Err(format!("served differently: {}", different.join(", ")))
}

/// Compacts the logs of archives here and with Apache Kafka, and compares what is left.
fn cleaned(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let (mut archives, port) = parse(root, arguments)?;
    archives.retain(|archive| COMPACTED.contains(&archive.as_str()));
    let checker = Checker::new(root)?;
    let program = crate::compat::server::binary(root)?;
    let mut gone = 0;
    for archive in &archives {
        println!("== {archive}, compacted");
        gone += cleaning::compare(root, &checker, &program, archive, port)
            .map_err(|error| format!("{archive}: {error}"))?;
    }
    if gone == 0 && !archives.is_empty() {
        return Err("no record went: nothing was compacted".to_owned());
    }
    println!("{gone} records went by compaction, the same here and with Apache Kafka");
    Ok(())
}

fn serve(
    root: &Path,
    checker: &Checker,
    program: &Path,
    archive: &str,
    port: u16,
) -> Result<bool, String> {
    let data = crate::compat::server::shared(root).join("golden/data");
    let folder = Folder::unpack(archive, &data.join(format!("{archive}.tar.zst")))?;
    let settings = folder.settings(checker, port)?;
    let manifest = data.join(format!("{archive}.json"));
    let mut same = true;
    for round in ["first start", "after a clean stop"] {
        let server = Server::start(program, &folder, &settings, port)?;
        println!("{round}: ready in {:.2} s", server.ready_after.as_secs_f64());
        let equal = checker.compare(&server.address, &manifest);
        server.stop()?;
        folder.print_complaints()?;
        same &= equal?;
        if !same {
            break;
        }
    }
    Ok(same)
}

fn parse(root: &Path, arguments: &[&str]) -> Result<(Vec<String>, u16), String> {
    let mut archives = Vec::new();
    let mut port = None;
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or(USAGE)?;
        match *word {
            "--archive" => archives.push((*value).to_owned()),
            "--port" => port = Some(value.parse().map_err(|_| USAGE)?),
            _ => return Err(USAGE.into()),
        }
    }
    if archives.is_empty() {
        let data = crate::compat::server::shared(root).join("golden/data");
        archives = folder::names(&data)?
            .iter()
            .filter_map(|name| name.strip_suffix(".tar.zst").map(str::to_owned))
            .collect();
    }
    if archives.is_empty() {
        return Err("there are no archives: is ../shared beside the checkout?".into());
    }
    Ok((archives, port.map_or_else(crate::compat::server::free_port, Ok)?))
}
