//! DescribeTopicPartitions: where partitions are, in pages.

use super::authorized_operations::TOPIC_OPERATIONS;
use super::broker_nodes::{self, NO_NODE};
use super::metadata::missing_topic;
use crate::request::Context;
use crate::topic::is_internal;
use dohle_metadata::image::{Image, Partition, Topic};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_topic_partitions_request::{
    Cursor as From, DescribeTopicPartitionsRequest,
};
use dohle_protocol::messages::describe_topic_partitions_response::{
    Cursor, DescribeTopicPartitionsResponse, DescribeTopicPartitionsResponsePartition,
    DescribeTopicPartitionsResponseTopic,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;

pub(crate) fn handle(
    context: &Context,
    request: DescribeTopicPartitionsRequest,
) -> DescribeTopicPartitionsResponse {
    let view = context.view();
    let from = request.cursor.as_ref();
    let is_ahead = |name: &Text| from.is_none_or(|from| from.topic_name <= *name);
    let is_all = request.topics.is_empty();
    let names: BTreeSet<Text> = if is_all {
        view.image.topics.iter().map(|topic| topic.name.clone()).filter(is_ahead).collect()
    } else {
        request.topics.iter().map(|topic| topic.name.clone()).filter(is_ahead).collect()
    };
    let is_cursor_good =
        |from: &From| 0 <= from.partition_index && (is_all || names.contains(&from.topic_name));
    if !from.is_none_or(is_cursor_good) {
        return refused(&request, ErrorCode::INVALID_REQUEST);
    }
    let limit = i64::from(request.response_partition_limit);
    let limit = limit.min(context.node.config.integer("max.request.partition.size.limit")).max(1);
    let mut page = Page {
        image: &view.image,
        listener: context.listener_name(),
        left: usize::try_from(limit).unwrap_or(1),
        response: DescribeTopicPartitionsResponse::default(),
    };
    for name in names {
        let start = match from {
            Some(from) if from.topic_name == name => from.partition_index,
            Some(_) | None => 0,
        };
        page.add(name, start, is_all);
        if page.response.next_cursor.is_some() {
            break;
        }
    }
    page.response
}

/// An answer as it grows.
struct Page<'a> {
    image: &'a Image,
    listener: &'a str,
    /// How many partitions more it may have.
    left: usize,
    response: DescribeTopicPartitionsResponse,
}

impl Page<'_> {
    fn add(&mut self, name: Text, start: i32, is_all: bool) {
        if self.left == 0 {
            self.response.next_cursor = Some(cursor(name, 0));
            return;
        }
        let Some(topic) = self.image.topics.by_name(&name) else {
            if !is_all {
                self.response.topics.push(topic_response(missing_topic(&name), name));
            }
            return;
        };
        let partitions = self.partitions(topic, start);
        self.left = self.left.saturating_sub(partitions.len());
        let next = start.saturating_add(i32::try_from(partitions.len()).unwrap_or(i32::MAX));
        if usize::try_from(next).is_ok_and(|next| next < topic.partitions.len()) {
            self.response.next_cursor = Some(cursor(name.clone(), next));
        }
        self.response.topics.push(DescribeTopicPartitionsResponseTopic {
            topic_id: topic.id,
            partitions,
            ..topic_response(ErrorCode::NONE, name)
        });
    }

    fn partitions(
        &self,
        topic: &Topic,
        start: i32,
    ) -> Vec<DescribeTopicPartitionsResponsePartition> {
        let partitions = topic.partitions.range(start..).take(self.left);
        partitions.map(|(index, partition)| self.partition(*index, partition)).collect()
    }

    fn partition(
        &self,
        index: i32,
        partition: &Partition,
    ) -> DescribeTopicPartitionsResponsePartition {
        let leader = broker_nodes::leader(self.image, partition, self.listener);
        DescribeTopicPartitionsResponsePartition {
            partition_index: index,
            leader_id: leader.unwrap_or(NO_NODE),
            leader_epoch: partition.leader_epoch,
            replica_nodes: partition.replicas.clone(),
            isr_nodes: partition.isr.clone(),
            eligible_leader_replicas: Some(partition.elr.clone()),
            last_known_elr: Some(partition.last_known_elr.clone()),
            offline_replicas: broker_nodes::offline_replicas(self.image, partition, self.listener),
            ..DescribeTopicPartitionsResponsePartition::default()
        }
    }
}

fn cursor(topic_name: Text, partition_index: i32) -> Cursor {
    Cursor { topic_name, partition_index, ..Cursor::default() }
}

fn topic_response(error_code: ErrorCode, name: Text) -> DescribeTopicPartitionsResponseTopic {
    DescribeTopicPartitionsResponseTopic {
        error_code,
        is_internal: is_internal(&name),
        name: Some(name),
        topic_authorized_operations: TOPIC_OPERATIONS,
        ..DescribeTopicPartitionsResponseTopic::default()
    }
}

/// The whole request is refused.
fn refused(
    request: &DescribeTopicPartitionsRequest,
    error_code: ErrorCode,
) -> DescribeTopicPartitionsResponse {
    let topics = request.topics.iter().map(|topic| DescribeTopicPartitionsResponseTopic {
        error_code,
        name: Some(topic.name.clone()),
        ..DescribeTopicPartitionsResponseTopic::default()
    });
    DescribeTopicPartitionsResponse {
        topics: topics.collect(),
        ..DescribeTopicPartitionsResponse::default()
    }
}
