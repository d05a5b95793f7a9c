//! The offsets that members have committed, as who audits a node reads them.

use super::seat::{PARTITIONS, TOPIC};
use super::{member, subscriber};
use crate::checker::{Group, History, Known};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use std::time::Duration;

/// Tries of one group.
const TRIES_MAX: u32 = 30;

/// A group's id, and what members know of it.
type Of = (&'static str, fn(&mut Known) -> &mut Group);

/// Compares what both groups have committed with what members know; what is wrong is a violation.
pub(super) async fn audit(client: &mut Client, history: &History) {
    let groups: [Of; 2] = [
        (member::GROUP, |known| &mut known.group),
        (subscriber::GROUP, |known| &mut known.subscribers),
    ];
    for (id, of) in groups {
        let mut is_told = false;
        for _ in 0..TRIES_MAX {
            let floors = {
                let mut known = history.known();
                let power = known.generation;
                let group = of(&mut known);
                group.on_power(power);
                let floors: Vec<i64> =
                    (0..PARTITIONS).map(|partition| group.floor(partition)).collect();
                is_told = !group.is_used();
                if is_told { break } else { floors }
            };
            match read(client, id).await {
                Ok(Some(offsets)) => {
                    compare(history, (id, of), &floors, &offsets);
                    is_told = true;
                    break;
                }
                Ok(None) | Err(NoAnswer::Broken(_) | NoAnswer::Late) => {}
                Err(NoAnswer::Wrong(what)) => return history.violate(what),
            }
            client.pause(Duration::from_millis(200)).await;
        }
        if !is_told {
            history.violate(format!("audit: nobody can tell what {id} has committed"));
        }
    }
}

fn compare(history: &History, (id, of): Of, floors: &[i64], offsets: &[(i32, i64)]) {
    for ((partition, offset), floor) in offsets.iter().zip(floors) {
        let verdict = of(&mut history.known()).on_read(*partition, *floor, *offset);
        history.known().counts.offsets += 1;
        if let Err(what) = verdict {
            history.violate(format!("audit: {id}: {what}"));
        }
    }
}

/// Asks for stable offsets of one topic, as before version 8.
pub(super) fn stable(
    group: &str,
    topic: &str,
    partitions: impl IntoIterator<Item = i32>,
) -> m::OffsetFetchRequest {
    let topic = m::offset_fetch_request::OffsetFetchRequestTopic {
        name: topic.into(),
        partition_indexes: partitions.into_iter().collect(),
        ..Default::default()
    };
    m::OffsetFetchRequest {
        group_id: group.into(),
        topics: Some(vec![topic]),
        require_stable: true,
        ..Default::default()
    }
}

/// What a group has committed, by partition; `None` if its coordinator cannot tell now.
async fn read(client: &mut Client, id: &str) -> Result<Option<Vec<(i32, i64)>>, NoAnswer> {
    let topic = m::offset_fetch_request::OffsetFetchRequestTopics {
        name: TOPIC.into(),
        partition_indexes: (0..PARTITIONS).collect(),
        ..Default::default()
    };
    let group = m::offset_fetch_request::OffsetFetchRequestGroup {
        group_id: id.into(),
        topics: Some(vec![topic]),
        ..Default::default()
    };
    let request = m::OffsetFetchRequest { groups: vec![group], ..Default::default() };
    let answer = client.ask_to(To::Group(id), 8, &request).await?;
    let Some(group) = answer.groups.first() else {
        return Err(NoAnswer::Wrong("an offset fetch without its group".to_owned()));
    };
    client.on_error(To::Group(id), group.error_code);
    if group.error_code != ErrorCode::NONE {
        return match group.error_code {
            error if error.is_retriable() => Ok(None),
            error => Err(NoAnswer::Wrong(format!("offsets of {id}: {error}"))),
        };
    }
    let rows = group.topics.first().map_or(&[][..], |topic| &topic.partitions);
    if rows.iter().map(|row| row.partition_index).ne(0..PARTITIONS) {
        return Err(NoAnswer::Wrong(format!("an offset fetch has {} partitions", rows.len())));
    }
    Ok(Some(rows.iter().map(|row| (row.partition_index, row.committed_offset)).collect()))
}
