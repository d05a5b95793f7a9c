//! Reads the ledger as committed readers do, and the offsets that transactions commit, again and again,
//! and closes it in the end.

use super::offsets;
use super::transactor::{GROUP, PARTITIONS, TOPIC};
use crate::checker::ledger::{Line, Reach};
use crate::checker::partition::Marks;
use crate::checker::{History, Times};
use crate::client::{Client, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::record::{AnyBatch, Batches};
use dohle_protocol::wire::Records;
use std::collections::BTreeSet;
use std::time::Duration;

/// What one batch may unpack to: a few names.
const UNPACKED_MAX: usize = 1 << 16;
/// Looks after which a ledger that nobody writes must be whole.
const LOOKS_MAX: u32 = 100;
/// Answers without records in a row after which no more are waited for.
const EMPTY_MAX: u32 = 10;

/// Reads until every transaction is over and everything is accounted for.
pub async fn run(mut client: Client, history: History) {
    loop {
        let Times { is_closed, is_ending } = history.times();
        let others = history.known().pending.keys().any(|name| name.starts_with("transactor"));
        let is_whole = !is_closed && look(&mut client, &history).await;
        if is_ending && !others {
            let open = (!is_whole).then(|| "a transaction is open, or unread".to_owned());
            let is_over = open.is_none();
            history.set_pending("accountant", open);
            if is_over {
                break;
            }
        }
        client.pause(Duration::from_millis(300)).await;
    }
    if let Some((committed, aborted)) = settle(&history) {
        history.trace().add("transactions committed", committed);
        history.trace().add("transactions aborted", aborted);
    }
}

/// Reads all once more, after the node's last end: nothing may have changed.
pub(super) async fn audit(client: &mut Client, history: &History) {
    if history.known().ledger.is_empty() {
        return;
    }
    for _ in 0..LOOKS_MAX {
        if look(client, history).await {
            if settle(history).is_some() {
                history.trace().sometimes("the ledger was read after the last end");
            }
            return;
        }
        client.pause(Duration::from_millis(100)).await;
    }
    history.violate("after the last end a transaction is open, or cannot be read");
}

fn settle(history: &History) -> Option<(u64, u64)> {
    let settled = history.known().ledger.settle();
    settled.map_err(|what| history.violate(format!("the ledger does not add up: {what}"))).ok()
}

/// Whether everything was read, and no transaction is open.
async fn look(client: &mut Client, history: &History) -> bool {
    let mut is_whole = true;
    for partition in 0..PARTITIONS {
        is_whole &= read(client, history, partition).await.unwrap_or(false);
    }
    is_whole && read_offsets(client, history).await.is_some()
}

/// The offsets that transactions have committed; `None` if some cannot be told yet.
async fn read_offsets(client: &mut Client, history: &History) -> Option<()> {
    let floors: Vec<i64> = {
        let known = history.known();
        (0..PARTITIONS.unsigned_abs()).map(|producer| known.ledger.offset_floor(producer)).collect()
    };
    let request = offsets::stable(GROUP, TOPIC, 0..PARTITIONS);
    let answer = client.ask_to(To::Group(GROUP), 7, &request).await.ok()?;
    client.on_error(To::Group(GROUP), answer.error_code);
    if answer.error_code != ErrorCode::NONE {
        return None;
    }
    let rows = &answer.topics.first()?.partitions;
    let mut is_whole = rows.len() == floors.len();
    for row in rows {
        let producer = u32::try_from(row.partition_index).ok()?;
        if row.error_code != ErrorCode::NONE {
            is_whole = false;
            continue;
        }
        let floor = *floors.get(usize::try_from(producer).ok()?)?;
        let offset = row.committed_offset;
        let verdict = history.known().ledger.on_offset_read(producer, floor, offset);
        verdict.map_err(|what| history.violate(format!("ledger: {what}"))).ok()?;
    }
    is_whole.then_some(())
}

/// Whether the partition was read to its end, and no transaction is open there.
async fn read(client: &mut Client, history: &History, partition: i32) -> Option<bool> {
    let mut lines: Vec<Line> = Vec::new();
    let (mut position, mut empty) = (0, 0);
    loop {
        let asked = history.known().ledger.marks(partition);
        let wanted = m::fetch_request::FetchPartition {
            partition,
            fetch_offset: position,
            partition_max_bytes: 1 << 16,
            ..Default::default()
        };
        let topic = m::fetch_request::FetchTopic {
            topic: TOPIC.into(),
            partitions: vec![wanted].into(),
            ..Default::default()
        };
        let request = m::FetchRequest {
            max_wait_ms: 0,
            max_bytes: 1 << 16,
            isolation_level: history.isolation_level(true),
            topics: vec![topic].into(),
            ..Default::default()
        };
        let to = To::Leader(TOPIC, partition);
        let answer = client.ask_to(to, 11, &request).await.ok()?;
        let data = answer.responses.first()?.partitions.first()?;
        client.on_error(to, data.error_code);
        if data.error_code != ErrorCode::NONE {
            return None;
        }
        let marks = Marks {
            log_start: data.log_start_offset,
            last_stable: data.last_stable_offset,
            high_watermark: data.high_watermark,
        };
        let verdict = history.known().ledger.on_marks(partition, asked, marks);
        verdict.map_err(|what| history.violate(format!("ledger: {what}"))).ok()?;
        let (next, found) = committed(position, data).map_err(|what| history.violate(what)).ok()?;
        if marks.last_stable < next {
            history
                .violate(format!("ledger: partition {partition} shows {next}, behind {marks:?}"));
        }
        lines.extend(found);
        if next == position && position < marks.last_stable && empty < EMPTY_MAX {
            // A node whose disk has much to do may answer without records.
            empty += 1;
            client.pause(Duration::from_millis(50)).await;
            continue;
        }
        if next == position {
            let reach = match position {
                _ if position < marks.last_stable => Reach::Part,
                _ if position < marks.high_watermark => Reach::Stable,
                _ => Reach::Whole,
            };
            let verdict = history.known().ledger.on_read(partition, &lines, reach);
            verdict.map_err(|what| history.violate(format!("ledger: {what}"))).ok()?;
            return Some(reach == Reach::Whole);
        }
        (position, empty) = (next, 0);
    }
}

/// The committed lines of an answer, and where to read on: what a client's reader does.
fn committed(
    position: i64,
    data: &m::fetch_response::PartitionData,
) -> Result<(i64, Vec<Line>), String> {
    let bytes = match &data.records {
        Some(Records::Bytes(bytes)) => bytes.clone(),
        Some(Records::Elsewhere { .. }) | None => bytes::Bytes::new(),
    };
    let mut aborted: Vec<_> = data.aborted_transactions.iter().flatten().collect();
    aborted.sort_by_key(|it| std::cmp::Reverse(it.first_offset));
    let mut void = BTreeSet::new();
    let (mut lines, mut next, mut unpacked) = (Vec::new(), position, Vec::new());
    for batch in Batches::new(&bytes) {
        let Ok(AnyBatch::V2(batch)) = batch else {
            return Err("the ledger has a batch that is none".to_owned());
        };
        let header = batch.header;
        while aborted.last().is_some_and(|it| it.first_offset <= header.last_offset()) {
            void.extend(aborted.pop().map(|it| it.producer_id));
        }
        next = header.last_offset() + 1;
        if header.attributes.is_control() {
            void.remove(&header.producer_id);
            continue;
        }
        if header.attributes.is_transactional() && void.contains(&header.producer_id) {
            continue;
        }
        let records = batch.records(&mut unpacked, UNPACKED_MAX).map_err(|it| it.to_string())?;
        for record in records {
            let record = record.map_err(|error| error.to_string())?;
            if position <= record.offset {
                lines.push(line(record.value).ok_or("the ledger has a value that is no line")?);
            }
        }
    }
    Ok((next, lines))
}

fn line(value: Option<&[u8]>) -> Option<Line> {
    let mut words = std::str::from_utf8(value?).ok()?.split(':');
    let (producer, number) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some(((producer, number), words.next()?.parse().ok()?))
}
