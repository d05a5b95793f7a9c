//! Groups and transactions.

use super::super::histogram::Times;
use super::super::reading::{Reading, Sums};
use super::super::text::{Kind, Text};
use super::number;
use std::sync::atomic::Ordering;

pub(super) fn put(text: &mut Text, reading: &Reading, sums: &Sums) {
    let [groups, transactions] = &reading.loads;
    group_manager(text, sums);
    group_coordinator(text, sums);
    loads(text, "group", groups);
    loads(text, "transaction", transactions);
    verifications(text, reading);
    // Markers that find no partition, or none that takes them, are tried again by a task each.
    let queues = [("unknowndestinationqueuesize", 0), ("logappendretryqueuesize", 0)];
    let help = "kafka.coordinator.transaction:type=TransactionMarkerChannelManager";
    let prefix = "kafka_coordinator_transaction_transactionmarkerchannelmanager_";
    text.gauges(prefix, help, &queues);
}

/// Whether partitions take part in a transaction (KIP-890).
fn verifications(text: &mut Text, reading: &Reading) {
    let (help, metrics) = ("kafka.server:type=AddPartitionsToTxnManager", &reading.node.metrics);
    let prefix = "kafka_server_addpartitionstotxnmanager_verification";
    let name = format!("{prefix}timems");
    text.family(&name, Kind::Summary, help).timer(None, &metrics.verifications.read());
    let name = format!("{prefix}failurerate_count");
    text.one(&name, Kind::Gauge, help, metrics.verifications_failed.load(Ordering::Relaxed));
}

/// Classic groups alone, as in Kafka.
fn group_manager(text: &mut Text, sums: &Sums) {
    let groups = &sums.groups;
    let gauges = [
        ("numgroups", number(groups.classic())),
        ("numoffsets", number(groups.offsets)),
        ("numgroupspreparingrebalance", number(groups.classic_preparing)),
        ("numgroupscompletingrebalance", number(groups.classic_completing)),
        ("numgroupsstable", number(groups.classic_stable)),
        ("numgroupsdead", 0),
        ("numgroupsempty", number(groups.classic_empty)),
    ];
    let help = "kafka.coordinator.group:type=GroupMetadataManager";
    text.gauges("kafka_coordinator_group_groupmetadatamanager_", help, &gauges);
}

/// The tags of these MBeans are part of the names that the rules give.
fn group_coordinator(text: &mut Text, sums: &Sums) {
    let (groups, done) = (&sums.groups, &sums.groups.done);
    let gauges = [
        ("protocol_classic_group_count", number(groups.classic())),
        ("protocol_consumer_group_count", number(groups.consumer())),
        ("state_empty_consumer_group_count", number(groups.consumer_empty)),
        ("state_assigning_consumer_group_count", number(groups.consumer_assigning)),
        ("state_reconciling_consumer_group_count", number(groups.consumer_reconciling)),
        ("state_stable_consumer_group_count", number(groups.consumer_stable)),
        ("state_dead_consumer_group_count", 0),
        ("offset_count", number(groups.offsets)),
        ("offset_commit_count", number(done.offsets_committed)),
        ("offset_expiration_count", number(done.offsets_expired)),
        ("offset_deletion_count", number(done.offsets_deleted())),
        ("group_completed_rebalance_count", number(done.classic_rebalances)),
        ("consumer_group_rebalance_count", number(done.consumer_rebalances)),
    ];
    let help = "kafka.server:type=group-coordinator-metrics";
    text.gauges("kafka_server_group_coordinator_metrics_", help, &gauges);
}

fn loads(text: &mut Text, coordinator: &str, times: &Times) {
    let help = "Since the start, in milliseconds; Kafka's is of the last half minute.";
    for (name, value) in [
        ("partition_load_time_avg", times.mean_ms()),
        ("partition_load_time_max", times.max.as_secs_f64() * 1000.0),
    ] {
        let name = format!("kafka_server_{coordinator}_coordinator_metrics_{name}");
        text.one(&name, Kind::Gauge, help, value);
    }
}
