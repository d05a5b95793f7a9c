//! AlterPartitionReassignments and ListPartitionReassignments: replicas on their way to other
//! brokers.

use crate::request::Context;
use dohle_metadata::controller::{Answer, Request};
use dohle_metadata::image::{Partition, Topic};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_partition_reassignments_request::AlterPartitionReassignmentsRequest;
use dohle_protocol::messages::alter_partition_reassignments_response::AlterPartitionReassignmentsResponse;
use dohle_protocol::messages::list_partition_reassignments_request::ListPartitionReassignmentsRequest;
use dohle_protocol::messages::list_partition_reassignments_response::{
    ListPartitionReassignmentsResponse, OngoingPartitionReassignment, OngoingTopicReassignment,
};

pub(crate) async fn alter(
    context: Context,
    request: AlterPartitionReassignmentsRequest,
) -> AlterPartitionReassignmentsResponse {
    let request = Request::AlterPartitionReassignments(request);
    match context.node.controller.ask(context.version, request).await {
        Some(Answer::AlterPartitionReassignments(response)) => response,
        _ => AlterPartitionReassignmentsResponse {
            error_code: ErrorCode::REQUEST_TIMED_OUT,
            error_message: None,
            ..AlterPartitionReassignmentsResponse::default()
        },
    }
}

pub(crate) fn list(
    context: &Context,
    request: ListPartitionReassignmentsRequest,
) -> ListPartitionReassignmentsResponse {
    let view = context.view();
    let topics = &view.image.topics;
    let ongoing: Vec<OngoingTopicReassignment> = match request.topics {
        None => topics.iter().map(|topic| of_topic(topic, topic.partitions.iter())).collect(),
        Some(wanted) => {
            let named = wanted.iter().filter_map(|wanted| {
                let topic = topics.by_name(&wanted.name)?;
                let found = wanted.partition_indexes.iter();
                Some(of_topic(
                    topic,
                    found.filter_map(|index| topic.partitions.get_key_value(index)),
                ))
            });
            named.collect()
        }
    };
    ListPartitionReassignmentsResponse {
        error_message: None,
        topics: ongoing.into_iter().filter(|topic| !topic.partitions.is_empty()).collect(),
        ..ListPartitionReassignmentsResponse::default()
    }
}

fn of_topic<'a>(
    topic: &Topic,
    partitions: impl Iterator<Item = (&'a i32, &'a std::sync::Arc<Partition>)>,
) -> OngoingTopicReassignment {
    let ongoing = |(index, partition): (&i32, &std::sync::Arc<Partition>)| {
        partition.is_reassigning().then(|| OngoingPartitionReassignment {
            partition_index: *index,
            replicas: partition.replicas.clone(),
            adding_replicas: partition.adding_replicas.clone(),
            removing_replicas: partition.removing_replicas.clone(),
            ..OngoingPartitionReassignment::default()
        })
    };
    OngoingTopicReassignment {
        name: topic.name.clone(),
        partitions: partitions.filter_map(ongoing).collect(),
        ..OngoingTopicReassignment::default()
    }
}
