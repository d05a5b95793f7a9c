//! One partition in a Metadata answer.

use crate::api::broker_nodes::{NO_NODE, is_reachable, leader, offline_replicas};
use dohle_metadata::image::{Image, Partition};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::metadata_response::MetadataResponsePartition;

/// Up to this version replicas that cannot be reached are left out, and said to be missing.
const VERSION_UNREACHABLE_REFUSED: i16 = 0;
/// From this version on a leader without the listener is told from one that is not there.
const VERSION_LISTENER_NOT_FOUND: i16 = 6;

pub(super) fn describe(
    image: &Image,
    listener: &str,
    index: i32,
    partition: &Partition,
    version: i16,
) -> MetadataResponsePartition {
    let only_reachable = version <= VERSION_UNREACHABLE_REFUSED;
    let shown = |ids: &[i32]| -> Vec<i32> {
        let is_shown = |id: &i32| !only_reachable || is_reachable(image, *id, listener);
        ids.iter().copied().filter(is_shown).collect()
    };
    let (replicas, isr) = (shown(&partition.replicas), shown(&partition.isr));
    let leader = leader(image, partition, listener);
    let is_complete =
        replicas.len() == partition.replicas.len() && isr.len() == partition.isr.len();
    let error_code = match leader {
        Some(_) if is_complete => ErrorCode::NONE,
        Some(_) => ErrorCode::REPLICA_NOT_AVAILABLE,
        None if VERSION_LISTENER_NOT_FOUND <= version
            && image.brokers.contains_key(&partition.leader) =>
        {
            ErrorCode::LISTENER_NOT_FOUND
        }
        None => ErrorCode::LEADER_NOT_AVAILABLE,
    };
    MetadataResponsePartition {
        error_code,
        partition_index: index,
        leader_id: leader.unwrap_or(NO_NODE),
        leader_epoch: partition.leader_epoch,
        replica_nodes: replicas,
        isr_nodes: isr,
        offline_replicas: offline_replicas(image, partition, listener),
        ..MetadataResponsePartition::default()
    }
}
