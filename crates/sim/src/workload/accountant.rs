//! Reads the ledger as committed readers do, again and again, and closes it in the end.

use super::transactor::{PARTITIONS, TOPIC};
use crate::checker::History;
use crate::checker::ledger::Name;
use crate::client::Client;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::record::{AnyBatch, Batches};
use dohle_protocol::wire::Records;
use std::collections::BTreeSet;
use std::time::Duration;

/// What one batch may unpack to: a name.
const UNPACKED_MAX: usize = 1 << 16;

/// Reads until every transaction is over and everything is accounted for.
pub async fn run(mut client: Client, history: History) {
    loop {
        let (is_closed, is_ending, others) = {
            let known = history.known();
            let others = known.pending.keys().any(|name| name.starts_with("transactor"));
            (known.is_closed, known.is_ending, others)
        };
        let mut is_whole = !is_closed;
        for partition in 0..PARTITIONS {
            if !is_closed {
                is_whole &= read(&mut client, &history, partition).await.unwrap_or(false);
            }
        }
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
    let settled = history.known().ledger.settle();
    match settled {
        Ok((committed, aborted)) => {
            history.trace().add("transactions committed", committed);
            history.trace().add("transactions aborted", aborted);
        }
        Err(what) => history.violate(format!("the ledger does not add up: {what}")),
    }
}

/// Whether the partition was read to its end, and no transaction is open there.
async fn read(client: &mut Client, history: &History, partition: i32) -> Option<bool> {
    let mut names: Vec<Name> = Vec::new();
    let mut position = 0;
    loop {
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
            isolation_level: 1,
            topics: vec![topic].into(),
            ..Default::default()
        };
        let answer = client.ask(11, &request).await.ok()?;
        let data = answer.responses.first()?.partitions.first()?;
        if data.error_code != ErrorCode::NONE {
            return None;
        }
        let (next, found) = committed(position, data).map_err(|what| history.violate(what)).ok()?;
        names.extend(found);
        if next == position {
            let (stable, high) = (data.last_stable_offset, data.high_watermark);
            return judge(history, partition, &names).then_some(position == high && stable == high);
        }
        position = next;
    }
}

fn judge(history: &History, partition: i32, names: &[Name]) -> bool {
    let verdict = history.known().ledger.on_read(partition, names);
    verdict.map_err(|what| history.violate(format!("ledger: {what}"))).is_ok()
}

/// The committed names of an answer, and where to read on: what a client's reader does.
fn committed(
    position: i64,
    data: &m::fetch_response::PartitionData,
) -> Result<(i64, Vec<Name>), String> {
    let bytes = match &data.records {
        Some(Records::Bytes(bytes)) => bytes.clone(),
        Some(Records::Elsewhere { .. }) | None => bytes::Bytes::new(),
    };
    let mut aborted: Vec<_> = data.aborted_transactions.iter().flatten().collect();
    aborted.sort_by_key(|it| std::cmp::Reverse(it.first_offset));
    let mut void = BTreeSet::new();
    let (mut names, mut next, mut unpacked) = (Vec::new(), position, Vec::new());
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
        if void.contains(&header.producer_id) {
            continue;
        }
        let records = batch.records(&mut unpacked, UNPACKED_MAX).map_err(|it| it.to_string())?;
        for record in records {
            let record = record.map_err(|error| error.to_string())?;
            if position <= record.offset {
                names.push(name(record.value).ok_or("the ledger has a value that is no name")?);
            }
        }
    }
    Ok((next, names))
}

fn name(value: Option<&[u8]>) -> Option<Name> {
    let (producer, number) = std::str::from_utf8(value?).ok()?.split_once(':')?;
    Some((producer.parse().ok()?, number.parse().ok()?))
}
