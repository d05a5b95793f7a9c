//! AlterReplicaLogDirs: replicas of this node are wanted in other log directories.

use crate::directory::Directory;
use crate::moves;
use crate::node::{Node, View};
use crate::request::Context;
use crate::topic::Replica;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_replica_log_dirs_response::{
    AlterReplicaLogDirPartitionResult, AlterReplicaLogDirTopicResult,
};
use dohle_protocol::messages::{AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse};
use dohle_protocol::wire::Text;
use dohle_storage::partition_directory::{NAME_SIZE_MAX, TopicPartition};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the name of a copy's folder has beside `topic-partition`: `.<32 digits>-future`.
const FUTURE_SUFFIX_BYTES: usize = 1 + 32 + 7;

pub(crate) async fn handle(
    context: Context,
    request: AlterReplicaLogDirsRequest,
) -> AlterReplicaLogDirsResponse {
    let view = context.view();
    let mut results: BTreeMap<Text, Vec<AlterReplicaLogDirPartitionResult>> = BTreeMap::new();
    // Of a partition that is named twice the last one counts, as in Kafka.
    let mut wanted: BTreeMap<(Text, i32), Text> = BTreeMap::new();
    for dir in &request.dirs {
        for topic in &dir.topics {
            for index in &topic.partitions {
                wanted.insert((topic.name.clone(), *index), dir.path.clone());
            }
        }
    }
    for ((topic, index), path) in wanted {
        let altered = alter(&context.node, &view, &topic, index, path.as_str()).await;
        results.entry(topic).or_default().push(AlterReplicaLogDirPartitionResult {
            partition_index: index,
            error_code: altered.err().unwrap_or_default(),
            ..AlterReplicaLogDirPartitionResult::default()
        });
    }
    let results = results.into_iter().map(|(topic_name, partitions)| {
        let default = AlterReplicaLogDirTopicResult::default();
        AlterReplicaLogDirTopicResult { topic_name, partitions, ..default }
    });
    AlterReplicaLogDirsResponse { results: results.collect(), ..Default::default() }
}

async fn alter(
    node: &Arc<Node>,
    view: &View,
    topic: &Text,
    index: i32,
    path: &str,
) -> Result<(), ErrorCode> {
    if topic.len() + 1 + index.to_string().len() + FUTURE_SUFFIX_BYTES > NAME_SIZE_MAX {
        return Err(ErrorCode::INVALID_TOPIC_EXCEPTION);
    }
    let target = directory(node, path).ok_or(ErrorCode::LOG_DIR_NOT_FOUND)?;
    if !target.log_dir.is_online() {
        return Err(ErrorCode::KAFKA_STORAGE_ERROR);
    }
    let mut cordoned = node.directories.iter().zip(node.cordoned(&view.image));
    if cordoned.any(|(directory, is_cordoned)| is_cordoned && Arc::ptr_eq(directory, target)) {
        return Err(ErrorCode::INVALID_REPLICA_ASSIGNMENT);
    }
    let known = view.topic(topic);
    let replica = known.zip(usize::try_from(index).ok()).and_then(|(topic, index)| {
        let replica = topic.partitions.get(index)?;
        Some((topic.id, replica))
    });
    match replica {
        Some((topic_id, Replica::Here(partition))) => {
            let key = (topic.clone(), index);
            moves::request(node, moves::Wish { key, topic_id, partition, target }).await
        }
        Some((_, Replica::Offline)) => Err(ErrorCode::KAFKA_STORAGE_ERROR),
        Some((_, Replica::Elsewhere)) | None => {
            node.preferred.note(TopicPartition::new(topic, index), target.clone());
            Err(if replica.is_some() {
                ErrorCode::REPLICA_NOT_AVAILABLE
            } else {
                ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
            })
        }
    }
}

/// Directories are named as DescribeLogDirs names them.
fn directory<'a>(node: &'a Node, path: &str) -> Option<&'a Arc<Directory>> {
    node.directories.iter().find(|directory| directory.log_dir.path().to_str() == Some(path))
}
