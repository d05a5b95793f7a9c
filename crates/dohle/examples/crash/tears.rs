//! Logs that are cut where a power loss may cut them.

use crate::clients::{Clients, PARTITIONS};
use crate::scenario::Dice;
use crate::server::Server;
use dohle_protocol::record::{AnyBatch, Batches};
use dohle_sim::checker::RecordId;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const UNPACKED_MAX: usize = 1 << 20;

/// Records, by partition and offset.
type Found = BTreeMap<(i32, i64), RecordId>;

/// A batch of the log that is cut.
struct Batch {
    position: u64,
    size_bytes: u64,
    records: Found,
}

/// Cuts copies of `folder/data`, which a kill has left, and starts the node on each.
pub(crate) fn run(binary: &Path, folder: &Path, tears: u64, dice: &mut Dice) -> Result<(), String> {
    let data = folder.join("data");
    let points = recovery_points(&data)?;
    let mut partitions: Vec<(PathBuf, Vec<Batch>)> = Vec::new();
    for index in 0..PARTITIONS {
        let point = points.get(&index).copied().unwrap_or(0);
        let log = last_log(&data.join(format!("crash-{index}")))?;
        let batches = batches_from(&log, index, point)?;
        if !batches.is_empty() {
            partitions.push((log, batches));
        }
    }
    if partitions.is_empty() {
        return Err("no log has a batch behind its recovery point: nothing can be torn".to_owned());
    }
    let whole = read_copy(binary, folder, &data, None)?;
    for _ in 0..tears {
        let (log, batches) = &partitions[pick(dice, partitions.len())];
        let at = pick(dice, batches.len());
        // At the boundary, one byte in, inside, and one byte before the end.
        let batch = &batches[at];
        let inside = [0, 1, 1 + dice.below(batch.size_bytes - 1), batch.size_bytes - 1];
        let cut = batch.position + inside[pick(dice, inside.len())];
        let found = read_copy(binary, folder, &data, Some((log, cut)))?;
        let gone: BTreeSet<(i32, i64)> =
            batches[at..].iter().flat_map(|batch| batch.records.keys()).copied().collect();
        let mut expected = whole.clone();
        expected.retain(|place, _| !gone.contains(place));
        if found != expected {
            let lacks =
                |all: &Found, (at, id): &(&(i32, i64), &RecordId)| all.get(*at) != Some(*id);
            let missing = expected.iter().filter(|one| lacks(&found, one)).count();
            let extra = found.iter().filter(|one| lacks(&expected, one)).count();
            let name = log.display();
            return Err(format!(
                "{name} cut at {cut}: {missing} records are missing, {extra} too many are there"
            ));
        }
    }
    println!("   {tears} torn logs: each lost what was torn, and nothing else");
    Ok(())
}

fn pick(dice: &mut Dice, count: usize) -> usize {
    usize::try_from(dice.below(count as u64)).unwrap_or(0)
}

/// `recovery-point-offset-checkpoint` of the topic's partitions.
fn recovery_points(data: &Path) -> Result<BTreeMap<i32, i64>, String> {
    let path = data.join("recovery-point-offset-checkpoint");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path:?}: {error}"))?;
    let row = |line: &str| {
        let mut words = line.split_whitespace();
        let is_ours = words.next() == Some("crash");
        let index = words.next()?.parse().ok()?;
        let offset = words.next()?.parse().ok()?;
        is_ours.then_some((index, offset))
    };
    Ok(text.lines().filter_map(row).collect())
}

/// The newest segment of a partition.
fn last_log(folder: &Path) -> Result<PathBuf, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{folder:?}: {error}"))?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let logs = paths.filter(|path| path.extension().is_some_and(|it| it == "log"));
    logs.max().ok_or_else(|| format!("{folder:?} has no log"))
}

/// The batches of a partition's segment that begin at or behind `point`.
fn batches_from(log: &Path, partition: i32, point: i64) -> Result<Vec<Batch>, String> {
    let content = std::fs::read(log).map_err(|error| format!("{log:?}: {error}"))?;
    let mut found = Vec::new();
    let (mut position, mut unpacked) = (0, Vec::new());
    for batch in Batches::new(&content) {
        // A kill may leave a part of the last one.
        let Ok(AnyBatch::V2(batch)) = batch else { break };
        let size_bytes = batch.bytes.len() as u64;
        if point <= batch.header.base_offset {
            let records =
                batch.records(&mut unpacked, UNPACKED_MAX).map_err(|it| it.to_string())?;
            let ids = records
                .filter_map(Result::ok)
                .map(|it| RecordId::parse(it.value).map(|id| ((partition, it.offset), id)));
            let records: Result<Found, String> = ids.collect();
            found.push(Batch { position, size_bytes, records: records? });
        }
        position += size_bytes;
    }
    Ok(found)
}

/// Starts the node on a copy of `data`, with one log cut, and reads everything.
fn read_copy(
    binary: &Path,
    folder: &Path,
    data: &Path,
    cut: Option<(&Path, u64)>,
) -> Result<Found, String> {
    let copy = folder.join("copy");
    let _before = std::fs::remove_dir_all(&copy);
    copy_all(data, &copy).map_err(|error| format!("copying: {error}"))?;
    if let Some((log, size_bytes)) = cut {
        let inside = log.strip_prefix(data).map_err(|error| error.to_string())?;
        let file = std::fs::OpenOptions::new().write(true).open(copy.join(inside));
        let cut = file.and_then(|file| file.set_len(size_bytes));
        cut.map_err(|error| format!("cutting {log:?}: {error}"))?;
    }
    let mut server = Server::new(binary, &copy)?;
    server.start()?;
    let read = Clients::new(&server.address())?.read_all()?;
    server.kill()?;
    let mut found = Found::new();
    let mut seen = BTreeSet::new();
    for (partition, read) in &read {
        for (offset, id) in &read.records {
            found.insert((*partition, *offset), *id);
            if !seen.insert((*partition, *id)) {
                return Err(format!("{id} is twice in partition {partition}"));
            }
        }
    }
    Ok(found)
}

fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.metadata()?.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
