//! Version 0: the offsets at which segments begin, newest first.
//!
//! Kafka dropped it with version 4; the rules are those of 3.9, but for one: Kafka goes by the
//! times at which segment files were last changed, we by the times of the records in them.

use super::lookup_error;
use crate::api::asking::{Found, ask_each, find};
use crate::directory::Directory;
use crate::partition::Partition;
use crate::request::Context;
use dohle_env::gather::{Answer, Gather};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use dohle_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use dohle_storage::{LogReader, Place, TimestampQuery};
use std::io;
use std::sync::Arc;

const CLIENT: i32 = -1;
const LATEST: i64 = -1;
const EARLIEST: i64 = -2;

pub(super) async fn handle(context: Context, request: ListOffsetsRequest) -> ListOffsetsResponse {
    let view = context.view();
    let now = context.node.env.clock.timestamp();
    let is_client = request.replica_id == CLIENT;
    let questions = request.topics.iter().flat_map(|topic| {
        let view = &view;
        topic.partitions.iter().map(move |wanted| {
            let found: Found = if wanted.timestamp < EARLIEST {
                Err(ErrorCode::UNSUPPORTED_VERSION)
            } else {
                find(view, &topic.name, wanted.partition_index)
            };
            let segments = Segments::of(wanted.timestamp, now);
            let count_max = wanted.max_num_offsets;
            (found, move |partition: &mut Partition, _: &mut Vec<_>| {
                search(partition, is_client, segments, count_max)
            })
        })
    });
    let searches = ask_each(questions).answers().await;
    let mut answers = run(searches).await.into_iter();
    let topics = request.topics.iter().map(|topic| ListOffsetsTopicResponse {
        name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .zip(answers.by_ref())
            .map(|(wanted, answer)| respond(wanted, answer))
            .collect(),
        ..ListOffsetsTopicResponse::default()
    });
    ListOffsetsResponse { topics: topics.collect(), ..ListOffsetsResponse::default() }
}

/// A look at a log's segments that may wait for the disk.
struct Search {
    directory: Arc<Directory>,
    place: Arc<Place>,
    reader: LogReader,
    /// Offsets above it are not shown.
    end_offset: i64,
    wanted: Segments,
    count_max: usize,
}

/// Which segments are told.
#[derive(Clone, Copy)]
enum Segments {
    All,
    First,
    /// Those whose records were all written up to this time.
    UpTo(i64),
}

impl Segments {
    fn of(timestamp: i64, now: i64) -> Self {
        match timestamp {
            LATEST => Self::All,
            EARLIEST => Self::First,
            time if now <= time => Self::All,
            time => Self::UpTo(time),
        }
    }
}

fn search(
    partition: &Partition,
    is_client: bool,
    wanted: Segments,
    count_max: i32,
) -> Result<Search, ErrorCode> {
    let log = partition.led_log()?;
    Ok(Search {
        directory: partition.directory.clone(),
        place: log.place().clone(),
        reader: log.reader(),
        end_offset: if is_client { partition.high_watermark() } else { log.end_offset() },
        wanted,
        count_max: usize::try_from(count_max).unwrap_or(0),
    })
}

async fn run(searches: Vec<Result<Search, ErrorCode>>) -> Vec<Result<Vec<i64>, ErrorCode>> {
    let gather = Gather::with_capacity(0);
    let refusals = searches.into_iter().map(|search| {
        let search = match search {
            Ok(search) => search,
            Err(error) => return Some(error),
        };
        let (slot, directory) = (gather.slot(), search.directory.clone());
        directory.client_job(Box::new(move || slot.fill(search.run())));
        None
    });
    let refusals: Vec<Option<ErrorCode>> = refusals.collect();
    let mut answers = gather.all().await.into_iter();
    let answer = |refusal: Option<ErrorCode>| match refusal {
        Some(error) => Err(error),
        None => match answers.next() {
            Some(Answer::Filled(found)) => found.map_err(|error| lookup_error(&error)),
            Some(Answer::Gone | Answer::Missing) | None => Err(ErrorCode::LEADER_NOT_AVAILABLE),
        },
    };
    refusals.into_iter().map(answer).collect()
}

impl Search {
    fn run(self) -> io::Result<Vec<i64>> {
        let (start, end) = (self.reader.start_offset(), self.reader.end_offset());
        let entries = self.directory.log_dir.disk().list(self.place.directory())?;
        let names = entries.iter().filter_map(|entry| entry.name.strip_suffix(".log"));
        let mut offsets: Vec<i64> = names
            .filter_map(|name| name.parse::<i64>().ok())
            .filter(|base| *base <= end)
            .map(|base| base.max(start))
            .collect();
        offsets.sort_unstable();
        if offsets.last().is_some_and(|last| *last < end) {
            offsets.push(end);
        }
        let known = match self.wanted {
            Segments::All => offsets.len(),
            Segments::First => 1,
            Segments::UpTo(time) => {
                let later = TimestampQuery::At(time.saturating_add(1));
                let later = self.reader.offset_for_timestamp(later)?;
                let later = later.map_or(end, |record| record.offset);
                offsets.windows(2).filter(|segment| segment[1] <= later).count()
            }
        };
        offsets.truncate(known);
        Ok(newest_first(&offsets, self.count_max, self.end_offset))
    }
}

/// The last `count_max` of ascending offsets, in descending order, none above `end_offset`.
fn newest_first(offsets: &[i64], count_max: usize, end_offset: i64) -> Vec<i64> {
    let mut newest: Vec<i64> = offsets.iter().rev().take(count_max).copied().collect();
    if newest.first().is_some_and(|first| end_offset < *first) {
        newest.retain(|offset| *offset <= end_offset);
        newest.insert(0, end_offset);
    }
    newest
}

fn respond(
    wanted: &ListOffsetsPartition,
    answer: Result<Vec<i64>, ErrorCode>,
) -> ListOffsetsPartitionResponse {
    ListOffsetsPartitionResponse {
        partition_index: wanted.partition_index,
        error_code: answer.as_ref().err().copied().unwrap_or_default(),
        old_style_offsets: answer.unwrap_or_default(),
        ..ListOffsetsPartitionResponse::default()
    }
}

#[cfg(test)]
mod tests {
    use super::newest_first;

    #[test]
    fn offsets_are_told_newest_first_and_none_beyond_the_end() {
        let offsets = [0, 10, 20, 25];
        assert_eq!(newest_first(&offsets, 1, 25), [25]);
        assert_eq!(newest_first(&offsets, 9, 25), [25, 20, 10, 0]);
        assert_eq!(newest_first(&offsets, 2, 15), [15]);
        assert_eq!(newest_first(&offsets, 9, 15), [15, 10, 0]);
        assert_eq!(newest_first(&offsets, 0, 25), [0; 0]);
    }
}
