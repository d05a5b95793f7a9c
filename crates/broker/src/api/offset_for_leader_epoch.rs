//! OffsetForLeaderEpoch: where an epoch of a partition's log ends.

use super::asking::{ask_each, find};
use crate::partition::{Effect, Partition};
use crate::request::Context;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::offset_for_leader_epoch_request::{
    OffsetForLeaderEpochRequest, OffsetForLeaderPartition,
};
use dohle_protocol::messages::offset_for_leader_epoch_response::{
    EpochEndOffset, OffsetForLeaderEpochResponse, OffsetForLeaderTopicResult,
};

pub(crate) async fn handle(
    context: Context,
    request: OffsetForLeaderEpochRequest,
) -> OffsetForLeaderEpochResponse {
    let view = context.view();
    let questions = request.topics.iter().flat_map(|topic| {
        let view = &view;
        topic
            .partitions
            .iter()
            .map(move |wanted| (find(view, &topic.topic, wanted.partition), question(wanted)))
    });
    let mut answers = ask_each(questions).answers().await.into_iter();
    let topics = request.topics.iter().map(|topic| OffsetForLeaderTopicResult {
        topic: topic.topic.clone(),
        partitions: topic
            .partitions
            .iter()
            .zip(answers.by_ref())
            .map(|(wanted, answer)| end_offset(wanted.partition, answer))
            .collect(),
        ..OffsetForLeaderTopicResult::default()
    });
    OffsetForLeaderEpochResponse {
        topics: topics.collect(),
        ..OffsetForLeaderEpochResponse::default()
    }
}

/// An epoch and where it ends.
type End = (i32, i64);

fn question(
    wanted: &OffsetForLeaderPartition,
) -> impl FnOnce(&mut Partition, &mut Vec<Effect>) -> Result<End, ErrorCode> + Send + 'static {
    let (current, epoch) = (wanted.current_leader_epoch, wanted.leader_epoch);
    move |partition, _| {
        partition.check_epoch(current)?;
        Ok(partition.led_log()?.end_offset_for_epoch(epoch))
    }
}

fn end_offset(partition: i32, answer: Result<End, ErrorCode>) -> EpochEndOffset {
    match answer {
        Ok((leader_epoch, end_offset)) => {
            EpochEndOffset { partition, leader_epoch, end_offset, ..EpochEndOffset::default() }
        }
        Err(error_code) => EpochEndOffset { partition, error_code, ..EpochEndOffset::default() },
    }
}
