//! `dump-log` (`kafka-dump-log.sh`): what lies in a log's files, as text.
//!
//! The text is Kafka's to the byte. Files are named relative or absolute and shown as they were
//! named; their kind is told by their suffix.

mod control;
pub(super) mod decoder;
mod index;
mod log;
pub(super) mod log_file;
mod remote_log;
mod snapshot;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::arguments::flags::{Flag, Flags, Takes};
use crate::console::{Console, Failure};
use crate::terminal::bar::Unit;
use decoder::Decoder;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "Shows what is in the files of a log: segments, snapshots, indexes, producer state.",
    flags: &[
        flag("print-data-log", "Show keys and values of records. On with any decoder."),
        flag("verify-index-only", "Check indexes against their log and show nothing else of them."),
        flag(
            "index-sanity-check",
            "Check an index as a broker does at start, without a look at the log.",
        ),
        Flag {
            name: "files",
            takes: Takes::Value("String: file1, file2, ..."),
            help: "REQUIRED: the files, with commas between them.",
        },
        Flag {
            name: "max-message-size",
            takes: Takes::Value("Integer: size"),
            help: "Size of the largest batch an index may point at. (default: 5242880)",
        },
        Flag {
            name: "max-bytes",
            takes: Takes::Value("Integer: size"),
            help: "Read so many bytes of each log and no more. (default: 2147483647)",
        },
        flag("deep-iteration", "Show each record, not only each batch. On with print-data-log."),
        Flag {
            name: "value-decoder-class",
            takes: Takes::OptionalValue,
            help: "How to show values; only org.apache.kafka.tools.api.StringDecoder and its \
                   siblings for numbers and bytes are there.",
        },
        Flag {
            name: "key-decoder-class",
            takes: Takes::OptionalValue,
            help: "How to show keys, as for values.",
        },
        flag("offsets-decoder", "Show records as those of __consumer_offsets."),
        flag("transaction-log-decoder", "Show records as those of __transaction_state."),
        flag("cluster-metadata-decoder", "Show records as those of __cluster_metadata."),
        flag("remote-log-metadata-decoder", "Show records as those of __remote_log_metadata."),
        flag("share-group-state-decoder", "Show records as those of __share_group_state."),
        flag("skip-record-metadata", "Show keys and values alone, and no control records."),
    ],
};

const fn flag(name: &'static str, help: &'static str) -> Flag {
    Flag { name, takes: Takes::Nothing, help }
}

/// How files are shown.
struct Options {
    deep: bool,
    contents: bool,
    skip_record_metadata: bool,
    max_bytes: i32,
    max_message_size: i32,
    index_sanity_only: bool,
    verify_only: bool,
    decoder: Decoder,
}

/// What did not fit together, told at the end.
#[derive(Default)]
struct Findings {
    index_mismatches: BTreeMap<PathBuf, BTreeMap<i64, i64>>,
    time_mismatches: BTreeMap<PathBuf, Vec<(i64, i64)>>,
    times_out_of_order: BTreeMap<PathBuf, Vec<(i64, i64)>>,
    offsets_not_found: BTreeMap<PathBuf, Vec<(i64, i64)>>,
    non_consecutive: BTreeMap<PathBuf, BTreeMap<i64, i64>>,
}

/// Runs the command.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let files = FLAGS.required(&given, "files", console)?;
    let decoder = Decoder::chosen(&given)?;
    let contents = given.has("print-data-log") || decoder.was_asked_for();
    let options = Options {
        deep: given.has("deep-iteration") || contents,
        contents,
        skip_record_metadata: given.has("skip-record-metadata"),
        max_bytes: given.number("max-bytes", i32::MAX)?,
        max_message_size: given.number("max-message-size", 5 * 1024 * 1024)?,
        index_sanity_only: given.has("index-sanity-check"),
        verify_only: given.has("verify-index-only"),
        decoder,
    };
    let mut findings = Findings::default();
    let files: Vec<_> = files.split(',').filter(|file| !file.is_empty()).map(Path::new).collect();
    // What goes by on the screen, or in a pager, says itself how far it is.
    console.begin_work(Unit::Bytes, total_bytes(&files, options.max_bytes), true);
    for file in files {
        let dumped = dump(file, &options, &mut findings, console);
        console.hide_work()?;
        dumped?;
    }
    findings.tell(console)
}

/// What there is to read of the segments and snapshots; other files are small.
fn total_bytes(files: &[&Path], max_bytes: i32) -> u64 {
    let max_bytes = u64::try_from(max_bytes).unwrap_or(0);
    let of_batches = files.iter().filter(|file| {
        file.extension().is_some_and(|suffix| suffix == "log" || suffix == "checkpoint")
    });
    let sizes = of_batches.filter_map(|file| std::fs::metadata(file).ok());
    sizes.map(|metadata| metadata.len().min(max_bytes)).sum()
}

fn dump(
    path: &Path,
    options: &Options,
    findings: &mut Findings,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    writeln!(console.out, "Dumping {}", path.display())?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let suffix = name.rfind('.').map_or("", |dot| &name[dot..]);
    match suffix {
        ".log" | ".checkpoint" => log::dump(path, &name, options, findings, console),
        ".index" => index::dump_offsets(path, options, findings, console),
        ".timeindex" => index::dump_times(path, options, findings, console),
        ".snapshot" => snapshot::dump(path, console),
        ".txnindex" => index::dump_transactions(path, console),
        _ => {
            // In the order in which both streams were written, where they are one terminal.
            console.out.flush()?;
            Ok(writeln!(console.err, "Ignoring unknown file {}", path.display())?)
        }
    }
}

/// The offset that a file is named by: all before the first dot.
fn base_offset(path: &Path) -> Result<i64, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    stem.parse().map_err(|_| Failure::new(format!("For input string: \"{stem}\"")))
}

/// The file beside `path` of the same base offset.
fn sibling(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let stem = name.split('.').next().unwrap_or_default();
    path.with_file_name(format!("{stem}{suffix}"))
}

/// As Kafka's tool names files in what it tells at the end.
fn absolute(path: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(directory) => directory.join(path),
        Err(_) => path.to_path_buf(),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("Cannot read {}: {error}", path.display()))
}

impl Findings {
    fn tell(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        console.out.flush()?;
        let err = &mut console.err;
        for (file, mismatches) in &self.index_mismatches {
            writeln!(err, "Mismatches in :{}", file.display())?;
            for (index, log) in mismatches.iter().rev() {
                writeln!(err, "  Index offset: {index}, log offset: {log}")?;
            }
        }
        for (file, mismatches) in &self.time_mismatches {
            writeln!(err, "Found timestamp mismatch in :{}", file.display())?;
            for (index, log) in mismatches {
                writeln!(err, "  Index timestamp: {index}, log timestamp: {log}")?;
            }
        }
        for (file, pairs) in &self.times_out_of_order {
            writeln!(err, "Found out of order timestamp in :{}", file.display())?;
            for (index, previous) in pairs {
                writeln!(
                    err,
                    "  Index timestamp: {index}, Previously indexed timestamp: {previous}"
                )?;
            }
        }
        for (file, pairs) in &self.offsets_not_found {
            writeln!(err, "The following indexed offsets are not found in :{}", file.display())?;
            for (index, log) in pairs {
                writeln!(err, "Indexed offset: {index}, found log offset: {log}")?;
            }
        }
        for (file, pairs) in &self.non_consecutive {
            writeln!(err, "Non-consecutive offsets in {}", file.display())?;
            for (offset, next) in pairs {
                writeln!(err, "  {offset} is followed by {next}")?;
            }
        }
        Ok(())
    }
}
