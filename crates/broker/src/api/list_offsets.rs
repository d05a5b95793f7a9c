//! ListOffsets: the start and end of partitions, and the record at a time.

mod legacy;
mod query;
#[cfg(test)]
mod tests;

use super::asking::{Found, ask_each, find};
use crate::partition::{Effect, Partition};
use crate::request::Context;
use dohle_env::gather::{Answer, Gather};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsRequest};
use dohle_protocol::messages::list_offsets_response::{
    ListOffsetsPartitionResponse, ListOffsetsResponse, ListOffsetsTopicResponse,
};
use dohle_protocol::wire::Text;
use query::{Looked, Query, lookup_error};
use std::collections::BTreeMap;

const READ_UNCOMMITTED: i8 = 0;
const READ_COMMITTED: i8 = 1;
/// Answers have the epoch of the record's leader from this version on.
const VERSION_LEADER_EPOCH: i16 = 4;
/// Clients know OFFSET_NOT_AVAILABLE from this version on.
const VERSION_OFFSET_NOT_AVAILABLE: i16 = 5;

pub(crate) async fn handle(context: Context, request: ListOffsetsRequest) -> ListOffsetsResponse {
    if context.version == 0 {
        return legacy::handle(context, request).await;
    }
    let wanted = wanted(&request);
    if !(READ_UNCOMMITTED..=READ_COMMITTED).contains(&request.isolation_level) {
        let error = Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        let answers = std::iter::repeat_n(error, wanted.len());
        return respond(&wanted, answers, context.version);
    }
    let view = context.view();
    let questions = wanted.iter().map(|wanted| {
        let query = Query::of(&request, wanted.partition, context.version);
        let found: Found = match query {
            Ok(_) if wanted.is_double => Err(ErrorCode::INVALID_REQUEST),
            Ok(_) => find(&view, wanted.topic, wanted.partition.partition_index),
            Err(error) => Err(error),
        };
        (found, question(query))
    });
    let looked = ask_each(questions).answers().await;
    let answers = look_up(looked).await.into_iter();
    respond(&wanted, answers, context.version)
}

fn respond(
    wanted: &[Wanted<'_>],
    answers: impl Iterator<Item = Result<Option<Place>, ErrorCode>>,
    version: i16,
) -> ListOffsetsResponse {
    let mut topics: Vec<ListOffsetsTopicResponse> = Vec::new();
    for (wanted, answer) in wanted.iter().zip(answers) {
        let at = topics.iter().position(|topic| topic.name == *wanted.topic);
        let at = at.unwrap_or_else(|| {
            let name = wanted.topic.clone();
            topics.push(ListOffsetsTopicResponse { name, ..ListOffsetsTopicResponse::default() });
            topics.len() - 1
        });
        let index = wanted.partition.partition_index;
        topics[at].partitions.push(respond_partition(index, answer, version));
    }
    ListOffsetsResponse { topics, ..ListOffsetsResponse::default() }
}

/// A partition of the request, named once.
struct Wanted<'a> {
    topic: &'a Text,
    partition: &'a ListOffsetsPartition,
    /// The request names it again.
    is_double: bool,
}

fn wanted(request: &ListOffsetsRequest) -> Vec<Wanted<'_>> {
    let mut all: Vec<Wanted<'_>> = Vec::new();
    let mut places: BTreeMap<(&Text, i32), usize> = BTreeMap::new();
    for topic in &request.topics {
        for partition in &topic.partitions {
            let key = (&topic.name, partition.partition_index);
            if let Some(at) = places.get(&key) {
                all[*at].is_double = true;
            } else {
                places.insert(key, all.len());
                all.push(Wanted { topic: &topic.name, partition, is_double: false });
            }
        }
    }
    all
}

fn question(
    query: Result<Query, ErrorCode>,
) -> impl FnOnce(&mut Partition, &mut Vec<Effect>) -> Result<Looked, ErrorCode> + Send + 'static {
    move |partition, _| query?.look(partition)
}

/// A timestamp, an offset and its epoch.
type Place = dohle_storage::reader::OffsetAtTimestamp;

/// Does the look-ups that may wait for a disk, all at once.
async fn look_up(looked: Vec<Result<Looked, ErrorCode>>) -> Vec<Result<Option<Place>, ErrorCode>> {
    let gather = Gather::with_capacity(0);
    let looked = looked.into_iter().map(|looked| match looked {
        Ok(Looked::Lookup(lookup)) => {
            let (slot, directory) = (gather.slot(), lookup.directory.clone());
            directory.client_job(Box::new(move || slot.fill(lookup.run())));
            Ok(None)
        }
        Ok(Looked::At(place)) => Ok(Some(place)),
        Err(error) => Err(error),
    });
    let looked: Vec<Result<Option<Place>, ErrorCode>> = looked.collect();
    let mut answers = gather.all().await.into_iter();
    let answer = |looked| match looked {
        Ok(None) => match answers.next() {
            Some(Answer::Filled(answer)) => answer,
            // The lane is full, or the node stops: the client comes again.
            Some(Answer::Gone | Answer::Missing) | None => Err(ErrorCode::LEADER_NOT_AVAILABLE),
        },
        known => known,
    };
    looked.into_iter().map(answer).collect()
}

fn respond_partition(
    partition_index: i32,
    answer: Result<Option<Place>, ErrorCode>,
    version: i16,
) -> ListOffsetsPartitionResponse {
    let mut response =
        ListOffsetsPartitionResponse { partition_index, ..ListOffsetsPartitionResponse::default() };
    match answer {
        Ok(Some(place)) => {
            response.timestamp = place.timestamp;
            response.offset = place.offset;
            if VERSION_LEADER_EPOCH <= version {
                response.leader_epoch = place.leader_epoch;
            }
        }
        Ok(None) => {}
        Err(ErrorCode::OFFSET_NOT_AVAILABLE) if version < VERSION_OFFSET_NOT_AVAILABLE => {
            response.error_code = ErrorCode::LEADER_NOT_AVAILABLE;
        }
        Err(error) => response.error_code = error,
    }
    response
}
