//! Apache Kafka's tools on the files that Dohle wrote: none may complain.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use super::folder::{Folder, names};
use super::reference::tool;

/// What `dump-log` reads, by how a file's name ends.
const DUMPED: [&str; 5] = [".log", ".index", ".timeindex", ".txnindex", ".snapshot"];

/// What it says of a file in which something is wrong.
const COMPLAINTS: [&str; 9] = [
    "mismatch",
    "Mismatch",
    "out of order",
    "Out of order",
    "invalid bytes",
    "isvalid: false",
    "Exception",
    "Could not",
    "Error",
];

/// Dumps every file of every partition that was written after `since`, the metadata log and its snapshots. Older files are
/// as Apache Kafka left them, and what it removes later (`-delete`, `-stray`) is not served.
///
/// # Errors
/// The complaints.
pub(super) fn check(root: &Path, folder: &Folder, since: SystemTime) -> Result<(), String> {
    let mut files = Vec::new();
    for directory in folder.directories()? {
        for name in names(&directory)? {
            let partition = directory.join(&name);
            let served = !name.ends_with("-delete") && !name.ends_with("-stray");
            if partition.is_dir() && served && name != "__cluster_metadata-0" {
                files.extend(ending(&partition, &DUMPED)?);
            }
        }
    }
    files.retain(|file| {
        file.metadata().and_then(|found| found.modified()).is_ok_and(|at| at >= since)
    });
    // The tool looks into the offset index beside a time index. Dohle removes the offset index of a segment that it
    // writes to; a kill leaves the other one behind, and whoever opens the log makes both anew.
    let all = files.len();
    files.retain(|file| {
        file.extension().is_none_or(|end| end != "timeindex")
            || file.with_extension("index").exists()
    });
    let alone = all - files.len();
    // Nor does it know the end of a log whose file was made longer than it is (`preallocate`), before a clean stop cuts it:
    // it takes the zeros for a damaged batch, in Apache Kafka's own files too.
    let all = files.len();
    files.retain(|file| !ends_in_zeros(file));
    let longer = all - files.len();
    let lines = dump(root, &files, &["--deep-iteration"])?;
    println!(
        "dump-log: {} files, {lines} lines, no complaint; left over by a kill: {alone} time indexes, {longer} preallocated logs",
        files.len()
    );
    let metadata = folder.metadata()?.join("__cluster_metadata-0");
    let files = ending(&metadata, &[".log", ".checkpoint"])?;
    let lines = dump(root, &files, &["--cluster-metadata-decoder"])?;
    println!("dump-log of metadata: {} files, {lines} lines, no complaint", files.len());
    let snapshots = ending(&metadata, &[".checkpoint"])?;
    let own = snapshots
        .iter()
        .filter(|path| !path.ends_with("00000000000000000000-0000000000.checkpoint"));
    match own.max() {
        Some(newest) => shell(root, newest),
        None => Err("there is no metadata snapshot".into()),
    }
}

/// Whether a log has no batch at its end, but as many zeros as a batch's header is long.
fn ends_in_zeros(file: &Path) -> bool {
    const HEADER: u64 = 61;
    let read = || {
        let file = std::fs::File::open(file)?;
        let mut end = [1; HEADER as usize];
        file.read_exact_at(&mut end, file.metadata()?.len().saturating_sub(HEADER))?;
        std::io::Result::Ok(end == [0; HEADER as usize])
    };
    file.extension().is_some_and(|end| end == "log") && read().unwrap_or(false)
}

fn ending(folder: &Path, ends: &[&str]) -> Result<Vec<PathBuf>, String> {
    let names = names(folder)?;
    let wanted = names.iter().filter(|name| ends.iter().any(|end| name.ends_with(end)));
    Ok(wanted.map(|name| folder.join(name)).collect())
}

/// Dumps the files, some hundreds at a time; the number of lines comes back.
fn dump(root: &Path, files: &[PathBuf], options: &[&str]) -> Result<usize, String> {
    let mut count = 0;
    let mut complaints = Vec::new();
    for files in files.chunks(1000) {
        let list: Vec<String> = files.iter().map(|path| path.display().to_string()).collect();
        let mut command = Command::new(tool(root));
        command.arg("dump-log").args(options).args(["--files", &list.join(",")]);
        let output = command.stdin(Stdio::null()).output().map_err(|e| e.to_string())?;
        let text = [output.stdout, output.stderr].map(|b| String::from_utf8_lossy(&b).into_owned());
        let mut of = "";
        for line in text.iter().flat_map(|text| text.lines()) {
            of = line.strip_prefix("Dumping ").unwrap_or(of);
            of = line.strip_prefix("Non-consecutive offsets in ").unwrap_or(of);
            if COMPLAINTS.iter().any(|word| line.contains(word)) || is_gap(line, of) {
                complaints.push(format!("{of}: {}", line.get(..300).unwrap_or(line)));
            }
            count += 1;
        }
        if !output.status.success() {
            complaints.push(format!("dump-log ended with {}", output.status));
        }
    }
    if complaints.is_empty() {
        return Ok(count);
    }
    complaints.iter().take(20).for_each(|line| println!("  dump-log: {line}"));
    Err(format!("dump-log has {} complaints", complaints.len()))
}

/// Whether a line says that an offset is missing. The tool says that -1 comes before the first offset of every segment,
/// and only what clients wrote here must be without gaps: Apache Kafka compacted other topics.
fn is_gap(line: &str, of: &str) -> bool {
    let before = line.trim().split_once(" is followed by ").map(|(before, _)| before);
    before.is_some_and(|before| before != "-1") && of.contains("/w-")
}

/// The shell answers before it has read all of the snapshot at times, and then knows no topic.
const SHELL_TRIES: usize = 6;

/// Opens a snapshot in the metadata shell.
fn shell(root: &Path, snapshot: &Path) -> Result<(), String> {
    let mut said = String::new();
    for _ in 0..SHELL_TRIES {
        let mut command = Command::new(tool(root));
        command.args(["metadata-shell", "--snapshot"]).arg(snapshot);
        command.args(["ls", "/image/topics/byName"]).stdin(Stdio::null());
        let output = command.output().map_err(|e| e.to_string())?;
        let topics = String::from_utf8_lossy(&output.stdout).split_whitespace().count();
        if output.status.success() && topics > 0 {
            println!("metadata-shell: the newest snapshot has {topics} topics");
            return Ok(());
        }
        said = format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }
    Err(format!("metadata-shell finds no topic in {}: {said}", snapshot.display()))
}
