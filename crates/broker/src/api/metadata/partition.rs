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

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_metadata::image::{Broker, Endpoint, NO_LEADER};
    use dohle_protocol::ids::Uuid;

    fn broker(id: i32, listener: &'static str, is_fenced: bool) -> Broker {
        let endpoint =
            Endpoint { listener: listener.into(), host: "h".into(), port: 1, protocol: 0 };
        Broker {
            id,
            epoch: 1,
            incarnation_id: Uuid::from_u128(1),
            endpoints: vec![endpoint],
            features: Vec::new(),
            rack: None,
            is_fenced,
            is_shutting_down: false,
            is_migrating_zk: false,
            directories: vec![Uuid::from_u128(77)],
            cordoned_directories: None,
        }
    }

    fn partition(leader: i32, directory: u128) -> Partition {
        Partition {
            replicas: vec![1, 2, 3],
            directories: vec![Uuid::from_u128(directory); 3],
            isr: vec![1, 2],
            removing_replicas: Vec::new(),
            adding_replicas: Vec::new(),
            elr: Vec::new(),
            last_known_elr: Vec::new(),
            leader,
            is_recovering: false,
            leader_epoch: 4,
            partition_epoch: 9,
        }
    }

    /// Broker 1 is well, 2 is fenced, 3 has another listener, 4 is not there.
    fn image() -> Image {
        let mut image = Image::default();
        for broker in [broker(1, "A", false), broker(2, "A", true), broker(3, "B", false)] {
            image.brokers.insert(broker.id, broker);
        }
        image
    }

    #[test]
    fn what_cannot_be_reached_is_said_as_each_version_says_it() {
        let image = image();
        let check = |leader, version, error, leader_id, replicas: &[i32], isr: &[i32]| {
            let described = describe(&image, "A", 0, &partition(leader, 77), version);
            assert_eq!(described.error_code, error, "leader {leader}, version {version}");
            assert_eq!(described.leader_id, leader_id, "leader {leader}, version {version}");
            assert_eq!(described.replica_nodes, replicas);
            assert_eq!(described.isr_nodes, isr);
            assert_eq!(described.offline_replicas, [2, 3]);
            assert_eq!(described.leader_epoch, 4);
        };
        check(1, 0, ErrorCode::REPLICA_NOT_AVAILABLE, 1, &[1], &[1]);
        check(1, 1, ErrorCode::NONE, 1, &[1, 2, 3], &[1, 2]);
        // A fenced leader is still told.
        check(2, 13, ErrorCode::NONE, 2, &[1, 2, 3], &[1, 2]);
        check(3, 5, ErrorCode::LEADER_NOT_AVAILABLE, NO_NODE, &[1, 2, 3], &[1, 2]);
        check(3, 6, ErrorCode::LISTENER_NOT_FOUND, NO_NODE, &[1, 2, 3], &[1, 2]);
        check(4, 13, ErrorCode::LEADER_NOT_AVAILABLE, NO_NODE, &[1, 2, 3], &[1, 2]);
        check(NO_LEADER, 13, ErrorCode::LEADER_NOT_AVAILABLE, NO_NODE, &[1, 2, 3], &[1, 2]);
    }

    #[test]
    fn a_replica_in_a_failed_directory_is_offline() {
        let image = image();
        for (directory, offline) in [(77, vec![2, 3]), (78, vec![1, 2, 3]), (0, vec![2, 3])] {
            let described = describe(&image, "A", 0, &partition(1, directory), 13);
            assert_eq!(described.offline_replicas, offline, "directory {directory}");
        }
    }
}
