//! What compaction leaves of Apache Kafka's own logs: by Dohle and by Apache Kafka, of the same directories.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::check::Checker;
use super::folder::{Folder, names};
use super::reference::{Reference, tool};
use super::server::Server;

/// Where each log is compacted up to.
const CHECKPOINT: &str = "cleaner-offset-checkpoint";
/// The partition that began in magic 0 and 1.
const LEGACY: &str = "legacy-0";
/// The topic that is compacted and deleted.
const BOTH: &str = "compact-delete";
/// The cleaner takes all that it may.
const EAGER: [&str; 4] = [
    "log.cleaner.enable=true",
    "log.cleaner.backoff.ms=200",
    "log.cleaner.min.cleanable.ratio=0",
    "log.segment.delete.delay.ms=1000",
];
/// A cleaner that noted nothing new for so long is done.
const QUIET: Duration = Duration::from_secs(6);
/// How long it may take.
const LIMIT: Duration = Duration::from_secs(120);

/// The lines of `dump-log`, by partition.
type Dump = BTreeMap<String, Vec<String>>;

/// Compacts every compacted log of an archive from its beginning, here and there, and compares what is left record by
/// record; the number of records that went comes back.
///
/// # Errors
/// What was not started or not read, or the partitions of which something else is left.
pub(super) fn compare(
    root: &Path,
    checker: &Checker,
    program: &Path,
    archive: &str,
    port: u16,
) -> Result<usize, String> {
    let data = crate::compat::server::shared(root).join("golden/data");
    let ours = Folder::unpack(archive, &data.join(format!("{archive}.tar.zst")))?;
    let mut noted = forget(&ours)?;
    if noted.is_empty() {
        return Ok(0);
    }
    let kafka = Reference::start(root, checker, &ours, port)?;
    if compact_legacy(root, &kafka.address)? {
        noted.push(LEGACY.to_owned());
    }
    // What retention takes besides depends on when it looks: here it takes nothing more.
    let kept = "retention.ms=-1,retention.bytes=-1";
    if noted.iter().any(|name| name.starts_with(BOTH)) && !alter(root, &kafka.address, BOTH, kept)?
    {
        return Err(format!("configs: {BOTH} is not altered"));
    }
    for partition in &noted {
        soil(root, &kafka.address, partition)?;
    }
    drop(kafka);
    let before = dump(root, &ours, &noted)?;
    let theirs = ours.copy("cleaned-by-kafka")?;

    let mut settings = ours.settings(checker, port)?;
    settings.extend(EAGER.map(str::to_owned));
    let server = Server::start(program, &ours, &settings, port)?;
    settle(&ours, &noted)?;
    server.stop()?;
    ours.print_complaints()?;
    let kafka = Reference::start_with(root, checker, &theirs, port, &EAGER)?;
    settle(&theirs, &noted)?;
    kafka.print_complaints()?;
    drop(kafka);

    let (left, expected) = (dump(root, &ours, &noted)?, dump(root, &theirs, &noted)?);
    let mut gone = 0;
    let mut different = Vec::new();
    for partition in &noted {
        let of = |dump: &Dump| records(dump.get(partition).map_or(&[], Vec::as_slice));
        let (was, is) = (of(&before), of(&left));
        println!("{partition}: {is} of {was} records left");
        gone += was.saturating_sub(is);
        if let Some(line) = first_difference(&left[partition], &expected[partition]) {
            println!("  dohle: {}\n  kafka: {}", line.0, line.1);
            different.push(partition.as_str());
        }
    }
    if ends(&ours)? != ends(&theirs)? {
        different.push(CHECKPOINT);
    }
    if different.is_empty() { Ok(gone) } else { Err(format!("other logs: {different:?}")) }
}

/// Has the partition in magic 0 and 1 compacted too, from its next segment on.
fn compact_legacy(root: &Path, address: &str) -> Result<bool, String> {
    alter(root, address, "legacy", "cleanup.policy=compact,internal.segment.bytes=16384")
}

/// Alters a topic's configs; false if there is no such topic.
fn alter(root: &Path, address: &str, topic: &str, configs: &str) -> Result<bool, String> {
    let mut command = Command::new(tool(root));
    command.args(["configs", "--bootstrap-server", address, "--alter", "--topic", topic]);
    command.args(["--add-config", configs]);
    let status = command.stdout(Stdio::null()).stdin(Stdio::null()).status();
    Ok(status.map_err(|e| format!("configs: {e}"))?.success())
}

/// Writes each of some keys many times, and now and then that it is gone.
fn soil(root: &Path, address: &str, partition: &str) -> Result<(), String> {
    const RECORDS: usize = 3000;
    const KEYS: usize = 97;
    let topic = partition.rsplit_once('-').map_or(partition, |(topic, _)| topic);
    let mut command = Command::new(tool(root));
    command.args(["console-producer", "--bootstrap-server", address, "--topic", topic]);
    // Several batches to a segment.
    command.args(["--batch-size", "3000"]);
    for property in ["parse.key=true", "key.separator=:", "null.marker=NULL"] {
        command.args(["--reader-property", property]);
    }
    let mut lines = String::new();
    for index in 0..RECORDS {
        let key = index * index % KEYS;
        let value = if index % 13 == 0 { "NULL" } else { "a value of some length" };
        lines += &format!("soil-{key}:{value}\n");
    }
    let failed = |e: std::io::Error| format!("console-producer: {e}");
    command.stdin(Stdio::piped()).stdout(Stdio::null());
    let mut child = command.spawn().map_err(failed)?;
    child.stdin.take().expect("piped").write_all(lines.as_bytes()).map_err(failed)?;
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("console-producer: {status}")) }
}

/// Removes what was noted of earlier compactions, so that all is dirty again; the partitions it was noted of.
fn forget(folder: &Folder) -> Result<Vec<String>, String> {
    let noted = ends(folder)?.into_keys().collect();
    for directory in folder.directories()? {
        let path = directory.join(CHECKPOINT);
        if path.exists() {
            std::fs::remove_file(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    Ok(noted)
}

/// The entries of all checkpoints: partitions and offsets.
fn ends(folder: &Folder) -> Result<BTreeMap<String, String>, String> {
    let mut ends = BTreeMap::new();
    for directory in folder.directories()? {
        // One that is not there yet says nothing.
        let text = std::fs::read_to_string(directory.join(CHECKPOINT)).unwrap_or_default();
        for line in text.lines().skip(2) {
            if let [topic, index, offset] = line.split(' ').collect::<Vec<_>>()[..] {
                ends.insert(format!("{topic}-{index}"), offset.to_owned());
            }
        }
    }
    Ok(ends)
}

/// Waits until all of these were compacted, and nothing more is.
fn settle(folder: &Folder, partitions: &[String]) -> Result<(), String> {
    let began = Instant::now();
    let (mut last, mut since) = (BTreeMap::new(), began);
    loop {
        let found = ends(folder)?;
        if found != last {
            (last, since) = (found, Instant::now());
        }
        let is_all = partitions.iter().all(|partition| last.contains_key(partition));
        if is_all && QUIET < since.elapsed() {
            return Ok(());
        }
        if LIMIT < began.elapsed() {
            return Err(format!("compacted in {LIMIT:?}: {last:?}"));
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// All batches and records of these partitions, as the reference's tool reads them.
fn dump(root: &Path, folder: &Folder, partitions: &[String]) -> Result<Dump, String> {
    let mut files: Vec<PathBuf> = Vec::new();
    for directory in folder.directories()? {
        for partition in partitions.iter().map(|name| directory.join(name)) {
            if partition.is_dir() {
                let logs = names(&partition)?.into_iter().filter(|name| name.ends_with(".log"));
                files.extend(logs.map(|name| partition.join(name)));
            }
        }
    }
    let list: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
    let mut command = Command::new(tool(root));
    command.args(["dump-log", "--deep-iteration", "--print-data-log"]);
    let output = command.args(["--files", &list.join(",")]).stdin(Stdio::null()).output();
    let output = output.map_err(|e| e.to_string())?;
    if !output.status.success() {
        return Err(format!("dump-log: {}", String::from_utf8_lossy(&output.stderr)));
    }
    let mut dump = Dump::new();
    let mut of: Option<&mut Vec<String>> = None;
    let text = String::from_utf8_lossy(&output.stdout);
    for line in text.lines() {
        if let Some(path) = line.strip_prefix("Dumping ") {
            let (partition, file) = path.rsplit_once('/').ok_or("a path without a folder")?;
            let partition = partition.rsplit('/').next().unwrap_or(partition);
            let lines = dump.entry(partition.to_owned()).or_default();
            lines.push(file.to_owned());
            of = Some(lines);
        } else if let Some(lines) = &mut of {
            lines.push(plain(line));
        }
    }
    Ok(dump)
}

/// A line without what depends on the clock (when tombstones go) and on the codec's library (sizes).
fn plain(line: &str) -> String {
    if !line.starts_with("baseOffset:") {
        return line.to_owned();
    }
    let mut plain = Vec::new();
    let mut words = line.split(' ').peekable();
    while let Some(word) = words.next() {
        match word {
            "position:" | "size:" | "crc:" => drop(words.next()),
            _ if word.starts_with("OptionalLong[") => plain.push("set"),
            _ => plain.push(word),
        }
    }
    plain.join(" ")
}

fn records(lines: &[String]) -> usize {
    lines.iter().filter(|line| line.starts_with("| offset:")).count()
}

fn first_difference<'a>(ours: &'a [String], theirs: &'a [String]) -> Option<(&'a str, &'a str)> {
    let line = |lines: &'a [String], at| lines.get(at).map_or("(the end)", String::as_str);
    let at = (0..ours.len().max(theirs.len())).find(|at| ours.get(*at) != theirs.get(*at))?;
    Some((line(ours, at), line(theirs, at)))
}
