//! DeleteRecords: the log's start moves up.

use super::asking::{Found, ask_each, find};
use crate::checkpoints;
use crate::directory::Directory;
use crate::node::View;
use crate::partition::{Effect, Partition};
use crate::request::Context;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::delete_records_request::{DeleteRecordsRequest, DeleteRecordsTopic};
use dohle_protocol::messages::delete_records_response::{
    DeleteRecordsPartitionResult, DeleteRecordsResponse, DeleteRecordsTopicResult,
};
use dohle_storage::Place;
use std::io;
use std::sync::Arc;

/// In place of an offset: the high watermark.
const HIGH_WATERMARK: i64 = -1;
/// No low watermark, because nothing was deleted.
const NO_LOW_WATERMARK: i64 = -1;

/// In three steps: every partition promises its start, checkpoints keep the promises, and then the
/// partitions take them up. Who is told that records are gone, or reads that they are, must not see
/// them again after a kill.
pub(crate) async fn handle(
    context: Context,
    request: DeleteRecordsRequest,
) -> DeleteRecordsResponse {
    let view = context.view();
    let wanted = request.topics.iter().flat_map(|topic| {
        let view = &view;
        topic
            .partitions
            .iter()
            .map(move |wanted| (find_deletable(view, topic, wanted.partition_index), wanted.offset))
    });
    let (found, offsets): (Vec<Found>, Vec<i64>) = wanted.unzip();
    let promises = found.iter().cloned().zip(offsets.into_iter().map(promise));
    let mut promised = ask_each(promises).answers().await;
    if promised.iter().any(Result::is_ok) && !keep(&context, &promised).await {
        let error = context.node.undone();
        promised.iter_mut().for_each(|promised| *promised = Err(error));
    }
    let starts = found.into_iter().zip(promised).map(|(found, promised)| match promised {
        Ok(promised) => (found, take_up(promised.start)),
        Err(error) => (Err(error), take_up(0)),
    });
    let answers = ask_each(starts).answers().await;
    let mut answers = answers.into_iter();
    let topics = request.topics.iter().map(|topic| DeleteRecordsTopicResult {
        name: topic.name.clone(),
        partitions: topic
            .partitions
            .iter()
            .zip(answers.by_ref())
            .map(|(wanted, answer)| DeleteRecordsPartitionResult {
                partition_index: wanted.partition_index,
                error_code: answer.as_ref().err().copied().unwrap_or_default(),
                low_watermark: answer.unwrap_or(NO_LOW_WATERMARK),
                ..DeleteRecordsPartitionResult::default()
            })
            .collect(),
        ..DeleteRecordsTopicResult::default()
    });
    DeleteRecordsResponse { topics: topics.collect(), ..DeleteRecordsResponse::default() }
}

/// What a partition has promised.
struct Promised {
    start: i64,
    directory: Arc<Directory>,
    place: Arc<Place>,
}

/// Makes the new starts survive a crash: the logs' folders first, for a start is nothing without.
async fn keep(context: &Context, promised: &[Result<Promised, ErrorCode>]) -> bool {
    for directory in &context.node.directories {
        let own = promised.iter().flatten().filter(|it| Arc::ptr_eq(&it.directory, directory));
        let places: Vec<Arc<Place>> = own.map(|promised| promised.place.clone()).collect();
        if places.is_empty() {
            continue;
        }
        match directory.on_lane(move || Place::make_durable(&places)).await {
            Some(Ok(())) => {}
            // Deleted meanwhile, with all that was in it.
            Some(Err(error)) if error.kind() == io::ErrorKind::NotFound => {}
            Some(Err(error)) => {
                directory.fail("Syncing partitions' directories", &error);
                return false;
            }
            None => return false,
        }
    }
    checkpoints::write_log_starts(&context.node).await
}

fn find_deletable(view: &View, topic: &DeleteRecordsTopic, index: i32) -> Found {
    let found = find(view, &topic.name, index);
    let is_known = !matches!(found, Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    if is_known && crate::topic::is_internal(&topic.name) {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    found
}

fn promise(
    offset: i64,
) -> impl FnOnce(&mut Partition, &mut Vec<Effect>) -> Result<Promised, ErrorCode> + Send + 'static {
    move |partition, _| {
        let high_watermark = partition.high_watermark();
        let log = partition.led_log()?;
        // Compaction alone never takes the newest record of a key away.
        if log.config().compact && !log.config().delete {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        let start = if offset == HIGH_WATERMARK { high_watermark } else { offset };
        if !(0..=high_watermark).contains(&start) {
            return Err(ErrorCode::OFFSET_OUT_OF_RANGE);
        }
        let (place, directory) = (log.place().clone(), partition.directory.clone());
        partition.promise_start(start);
        Ok(Promised { start, directory, place })
    }
}

/// The low watermark afterwards: this replica is the only one, so its start is that of all.
fn take_up(
    start: i64,
) -> impl FnOnce(&mut Partition, &mut Vec<Effect>) -> Result<i64, ErrorCode> + Send + 'static {
    move |partition, _| {
        let log = partition.log_mut()?;
        log.advance_start_offset(start);
        Ok(log.start_offset())
    }
}
