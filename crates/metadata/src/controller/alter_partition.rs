//! A leader says who is in sync.

use dohle_protocol::ErrorCode;
use dohle_protocol::messages::alter_partition_request::{BrokerState, PartitionData as Wanted};
use dohle_protocol::messages::alter_partition_response::{PartitionData, TopicData};
use dohle_protocol::messages::{AlterPartitionRequest, AlterPartitionResponse};

use super::brokers::check_epoch;
use super::partition_change::PartitionChange;
use super::settings::Settings;
use crate::image::topic::NO_LEADER_CHANGE;
use crate::image::{Image, Partition};
use crate::record::MetadataRecord;

/// Changes in-sync sets on behalf of a leader.
pub(super) fn alter(
    image: &Image,
    settings: &Settings,
    version: i16,
    request: &AlterPartitionRequest,
) -> (Vec<MetadataRecord>, AlterPartitionResponse) {
    let mut response = AlterPartitionResponse::default();
    if let Err(refusal) = check_epoch(image, request.broker_id, request.broker_epoch) {
        response.error_code = refusal.code;
        return (Vec::new(), response);
    }
    let dynamic = settings.dynamic(image);
    let mut records = Vec::new();
    for wanted in &request.topics {
        let topic = image.topics.by_id(&wanted.topic_id);
        let mut partitions = Vec::with_capacity(wanted.partitions.len());
        for one in &wanted.partitions {
            let partition_index = one.partition_index;
            let refused = |error_code| PartitionData {
                partition_index,
                error_code,
                ..PartitionData::default()
            };
            let Some(topic) = topic else {
                partitions.push(refused(ErrorCode::UNKNOWN_TOPIC_ID));
                continue;
            };
            let Some(partition) = topic.partitions.get(&partition_index) else {
                partitions.push(refused(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
                continue;
            };
            let isr = in_sync(one, version);
            if let Err(code) = check(image, request.broker_id, partition, one, &isr) {
                partitions.push(refused(code));
                continue;
            }
            let mut change =
                PartitionChange::new(image, &dynamic, topic, partition_index, partition);
            change.isr = isr.iter().map(|state| state.broker_id).collect();
            change.is_recovering = one.leader_recovery_state == 1;
            let mut after = (**partition).clone();
            if let Some(record) = change.record() {
                if let MetadataRecord::PartitionChange(record) = &record {
                    after.change(record);
                    if record.leader != NO_LEADER_CHANGE && record.leader != request.broker_id {
                        partitions.push(refused(ErrorCode::NEW_LEADER_ELECTED));
                        records.push(record.clone().into());
                        continue;
                    }
                }
                records.push(record);
            }
            partitions.push(agreed(partition_index, &after));
        }
        response.topics.push(TopicData {
            topic_id: wanted.topic_id,
            partitions,
            ..TopicData::default()
        });
    }
    (records, response)
}

fn agreed(partition_index: i32, partition: &Partition) -> PartitionData {
    PartitionData {
        partition_index,
        error_code: ErrorCode::NONE,
        leader_id: partition.leader,
        leader_epoch: partition.leader_epoch,
        isr: partition.isr.clone(),
        leader_recovery_state: i8::from(partition.is_recovering),
        partition_epoch: partition.partition_epoch,
        ..PartitionData::default()
    }
}

/// Since version 3 each member brings its epoch; before, -1 stands for any.
fn in_sync(wanted: &Wanted, version: i16) -> Vec<BrokerState> {
    if version >= 3 {
        return wanted.new_isr_with_epochs.clone();
    }
    let any = |id: &i32| BrokerState { broker_id: *id, broker_epoch: -1, ..Default::default() };
    wanted.new_isr.iter().map(any).collect()
}

fn check(
    image: &Image,
    broker: i32,
    partition: &Partition,
    wanted: &Wanted,
    isr: &[BrokerState],
) -> Result<(), ErrorCode> {
    // Who knows more than this controller has met its successor.
    if wanted.leader_epoch > partition.leader_epoch
        || wanted.partition_epoch > partition.partition_epoch
    {
        return Err(ErrorCode::NOT_CONTROLLER);
    }
    if wanted.leader_epoch < partition.leader_epoch {
        return Err(ErrorCode::FENCED_LEADER_EPOCH);
    }
    if broker != partition.leader {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    if wanted.partition_epoch < partition.partition_epoch {
        return Err(ErrorCode::INVALID_UPDATE_VERSION);
    }
    let ids: Vec<i32> = isr.iter().map(|state| state.broker_id).collect();
    let is_double = (1..ids.len()).any(|at| ids[..at].contains(&ids[at]));
    let is_recovering = wanted.leader_recovery_state == 1;
    if is_double
        || !ids.iter().all(|id| partition.replicas.contains(id))
        || !ids.contains(&partition.leader)
        || (is_recovering && ids.len() > 1)
        || (is_recovering && !partition.is_recovering)
    {
        return Err(ErrorCode::INVALID_REQUEST);
    }
    let is_eligible = |state: &BrokerState| {
        image.brokers.get(&state.broker_id).is_some_and(|broker| {
            !broker.is_fenced
                && !broker.is_shutting_down
                && (state.broker_epoch == -1 || state.broker_epoch == broker.epoch)
        })
    };
    if isr.iter().all(is_eligible) { Ok(()) } else { Err(ErrorCode::INELIGIBLE_REPLICA) }
}
