//! Share groups: what their coordinators say of them, and where they go on.

use super::Admin;
use super::topics::nothing;
use crate::Error;
use crate::metadata::TopicPartition;
use dohle_protocol::messages::alter_share_group_offsets_request::{
    AlterShareGroupOffsetsRequestPartition, AlterShareGroupOffsetsRequestTopic,
};
use dohle_protocol::messages::delete_share_group_offsets_request::DeleteShareGroupOffsetsRequestTopic;
use dohle_protocol::messages::describe_share_group_offsets_request::DescribeShareGroupOffsetsRequestGroup;
use dohle_protocol::messages::describe_share_group_offsets_response::DescribeShareGroupOffsetsResponseTopic;
use dohle_protocol::messages::share_group_describe_response::DescribedGroup;
use dohle_protocol::messages::{
    AlterShareGroupOffsetsRequest, AlterShareGroupOffsetsResponse, DeleteShareGroupOffsetsRequest,
    DescribeShareGroupOffsetsRequest, ShareGroupDescribeRequest,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

impl Admin {
    /// A share group.
    ///
    /// # Errors
    /// What its coordinator has against it; of a group that does not exist, that it does not.
    pub async fn describe_share_group(&self, id: &str) -> Result<DescribedGroup, Error> {
        let request = ShareGroupDescribeRequest {
            group_ids: vec![id.into()],
            ..ShareGroupDescribeRequest::default()
        };
        let described = self.call("describeShareGroups", Self::group(id), &request, |answer| {
            let group = answer.groups.into_iter().next().ok_or_else(nothing)?;
            Error::check(group.error_code, group.error_message.clone())?;
            Ok(group)
        });
        described.await
    }

    /// Where a share group is in each partition that it has begun.
    ///
    /// # Errors
    /// What its coordinator has against it.
    pub async fn share_group_offsets(
        &self,
        id: &str,
    ) -> Result<Vec<DescribeShareGroupOffsetsResponseTopic>, Error> {
        let request = DescribeShareGroupOffsetsRequest {
            groups: vec![DescribeShareGroupOffsetsRequestGroup {
                group_id: id.into(),
                // Of all topics.
                topics: None,
                ..DescribeShareGroupOffsetsRequestGroup::default()
            }],
            ..DescribeShareGroupOffsetsRequest::default()
        };
        let told = self.call("listShareGroupOffsets", Self::group(id), &request, |answer| {
            let group = answer.groups.into_iter().next().ok_or_else(nothing)?;
            Error::check(group.error_code, group.error_message)?;
            Ok(group.topics)
        });
        told.await
    }

    /// Sets where a share group without members goes on; it is made if it does not exist. The
    /// first refusal is the call's.
    ///
    /// # Errors
    /// What its coordinator has against it.
    pub async fn set_share_group_offsets(
        &self,
        id: &str,
        offsets: &BTreeMap<TopicPartition, i64>,
    ) -> Result<(), Error> {
        let mut topics: Vec<AlterShareGroupOffsetsRequestTopic> = Vec::new();
        for (partition, offset) in offsets {
            if topics.last().is_none_or(|topic| topic.topic_name != partition.topic) {
                let topic_name = partition.topic.clone();
                topics.push(AlterShareGroupOffsetsRequestTopic {
                    topic_name,
                    ..AlterShareGroupOffsetsRequestTopic::default()
                });
            }
            let last = topics.last_mut().expect("one was just added");
            last.partitions.push(AlterShareGroupOffsetsRequestPartition {
                partition_index: partition.partition,
                start_offset: *offset,
                ..AlterShareGroupOffsetsRequestPartition::default()
            });
        }
        let request = AlterShareGroupOffsetsRequest {
            group_id: id.into(),
            topics,
            ..AlterShareGroupOffsetsRequest::default()
        };
        let look = |answer: AlterShareGroupOffsetsResponse| {
            Error::check(answer.error_code, answer.error_message)?;
            let mut results = answer.responses.into_iter().flat_map(|topic| topic.partitions);
            results.try_for_each(|one| Error::check(one.error_code, one.error_message))
        };
        self.call("alterShareGroupOffsets", Self::group(id), &request, look).await
    }

    /// Lets a share group without members forget topics; the outcome of each.
    ///
    /// # Errors
    /// What its coordinator has against all of it.
    pub async fn delete_share_group_offsets(
        &self,
        id: &str,
        topics: &[Text],
    ) -> Result<BTreeMap<Text, Result<(), Error>>, Error> {
        let named = topics.iter().map(|topic| DeleteShareGroupOffsetsRequestTopic {
            topic_name: topic.clone(),
            ..DeleteShareGroupOffsetsRequestTopic::default()
        });
        let request = DeleteShareGroupOffsetsRequest {
            group_id: id.into(),
            topics: named.collect(),
            ..DeleteShareGroupOffsetsRequest::default()
        };
        let deleted = self.call("deleteShareGroupOffsets", Self::group(id), &request, |answer| {
            Error::check(answer.error_code, answer.error_message)?;
            let results = answer.responses.into_iter();
            let results = results
                .map(|one| (one.topic_name, Error::check(one.error_code, one.error_message)));
            Ok(results.collect())
        });
        deleted.await
    }
}
