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

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::ids::Uuid;
    use dohle_protocol::messages::{PartitionRecord, TopicRecord};

    /// Topics a (3 partitions) and b (2).
    fn image() -> Image {
        let mut image = Image::default();
        for (name, id, count) in [("a", 100, 3), ("b", 101, 2)] {
            let topic_id = Uuid::from_u128(id);
            let topic = TopicRecord { name: name.into(), topic_id, ..TopicRecord::default() };
            image.apply(&topic.into());
            for partition_id in 0..count {
                let partition =
                    PartitionRecord { topic_id, partition_id, ..PartitionRecord::default() };
                image.apply(&partition.into());
            }
        }
        image
    }

    /// What a page of `limit` partitions from a place on tells: partitions by topic, then the cursor.
    fn page(names: &[&str], start: i32, limit: usize, is_all: bool) -> (String, String) {
        let image = image();
        let response = DescribeTopicPartitionsResponse::default();
        let mut page = Page { image: &image, listener: "L", left: limit, response };
        for (at, name) in names.iter().enumerate() {
            page.add((*name).into(), if at == 0 { start } else { 0 }, is_all);
            if page.response.next_cursor.is_some() {
                break;
            }
        }
        let topic = |topic: &DescribeTopicPartitionsResponseTopic| {
            let name = topic.name.as_deref().unwrap_or_default();
            let indexes = topic.partitions.iter().map(|partition| partition.partition_index);
            format!("{name}{}{:?}", topic.error_code.0, indexes.collect::<Vec<_>>())
        };
        let topics: Vec<String> = page.response.topics.iter().map(topic).collect();
        let cursor = page.response.next_cursor;
        let cursor = cursor.map(|next| format!("{} {}", next.topic_name, next.partition_index));
        (topics.join(" "), cursor.unwrap_or_default())
    }

    #[test]
    fn pages_go_on_where_the_last_one_ended() {
        let check = |names: &[&str], start, limit, topics: &str, cursor: &str| {
            let expected = (topics.to_owned(), cursor.to_owned());
            assert_eq!(page(names, start, limit, false), expected, "{names:?} {start} {limit}");
        };
        check(&["a", "b"], 0, 9, "a0[0, 1, 2] b0[0, 1]", "");
        check(&["a", "b"], 0, 2, "a0[0, 1]", "a 2");
        check(&["a", "b"], 2, 2, "a0[2] b0[0]", "b 1");
        check(&["a", "b"], 0, 3, "a0[0, 1, 2]", "b 0");
        check(&["b"], 1, 1, "b0[1]", "");
        check(&["b"], 7, 1, "b0[]", "");
        check(&["x", "a!"], 0, 1, "x3[] a!17[]", "");
    }

    #[test]
    fn of_all_topics_one_that_is_gone_is_not_told() {
        assert_eq!(page(&["x", "b"], 0, 9, true), ("b0[0, 1]".to_owned(), String::new()));
    }
}
