//! The page under names of our own: base units, one family for one thing.

use super::RecordCounts;
use super::reading::{Reading, Sums};
use super::requests::Part;
use super::text::{Kind, Text};
use crate::housekeeping::Kind as Duty;
use crate::quotas::Kind as Quota;
use std::collections::BTreeMap;

/// Writes the page.
pub(super) fn put(text: &mut Text, reading: &Reading, sums: &Sums) {
    records(text, sums);
    requests(text, reading);
    connections(text, reading);
    quotas(text, reading);
    groups(text, sums);
    transactions(text, reading, sums);
    loads(text, reading);
    controller(text, reading);
    logs(text, reading);
    compaction(text, reading);
    housekeeping(text, reading);
}

fn records(text: &mut Text, sums: &Sums) {
    type Count = (&'static str, &'static str, fn(&RecordCounts) -> u64);
    const COUNTS: [Count; 7] = [
        ("records_in", "Records appended by clients.", |of| of.messages_in),
        ("bytes_in", "Bytes of their batches.", |of| of.bytes_in),
        ("bytes_out", "Bytes of batches given to readers.", |of| of.bytes_out),
        ("appends", "Batches that clients wanted appended.", |of| of.produces),
        ("appends_refused", "Batches of them refused.", |of| of.failed_produces),
        ("reads", "Times that a reader asked a partition.", |of| of.fetches),
        ("reads_refused", "Times that it was refused.", |of| of.failed_fetches),
    ];
    for (name, help, count) in COUNTS {
        let name = format!("dohle_{name}_total");
        let mut family = text.family(&name, Kind::Counter, help);
        for (topic, counts) in &sums.topics {
            family.sample(&[("topic", topic.as_str())], count(counts));
        }
    }
}

fn requests(text: &mut Text, reading: &Reading) {
    const PARTS: [(&str, &str, Part); 3] = [
        ("request_duration", "From a request's frame to its answer.", Part::Total),
        ("request_queue", "The part before its turn came on its connection.", Part::Queue),
        ("request_remote", "The part that others took to answer.", Part::Remote),
    ];
    for (name, help, part) in PARTS {
        let name = format!("dohle_{name}_seconds");
        let mut family = text.family(&name, Kind::Histogram, help);
        for of in reading.used_apis() {
            family.histogram(Some(("request", &format!("{:?}", of.key))), of.part(part));
        }
    }
    let help = "Error codes that answers said.";
    let mut family = text.family("dohle_request_errors_total", Kind::Counter, help);
    for of in &reading.apis {
        let request = format!("{:?}", of.key);
        for (error, count) in of.errors.iter().filter(|(error, _)| error.is_error()) {
            let error = error.name().unwrap_or("UNKNOWN");
            family.sample(&[("request", &request), ("error", error)], count);
        }
    }
}

fn connections(text: &mut Text, reading: &Reading) {
    let node = &reading.node;
    let by_listener = node.connections.by_listener();
    let of = |at: usize| by_listener.get(at).copied().unwrap_or_default();
    let listeners = node.listeners.open();
    let names = || listeners.iter().map(|listener| (listener.index, listener.name.as_str()));
    let mut family = text.family("dohle_connections", Kind::Gauge, "Open connections.");
    names().for_each(|(at, name)| family.sample(&[("listener", name)], of(at).open));
    let help = "Connections that were accepted.";
    let mut family = text.family("dohle_connections_accepted_total", Kind::Counter, help);
    names().for_each(|(at, name)| family.sample(&[("listener", name)], of(at).accepted));
    let help = "Connections above a limit.";
    let mut family = text.family("dohle_connections_refused_total", Kind::Counter, help);
    names().for_each(|(at, name)| family.sample(&[("listener", name)], of(at).refused));
    let delayed = |of: fn((usize, usize)) -> usize| -> usize {
        reading.partitions.iter().map(|partition| of(partition.delayed)).sum()
    };
    for (name, help, value) in [
        ("request_memory_bytes", "What requests may take.", node.limits.request_bytes),
        ("request_memory_free_bytes", "What is left of it.", node.request_bytes.free_bytes()),
        ("decoded_memory_bytes", "What requests may be decoded into.", node.limits.decoded_bytes),
        ("decoded_memory_free_bytes", "What is left of it.", node.decoded_bytes.free_bytes()),
        ("fetch_sessions", "Fetch sessions.", node.fetch_sessions.count()),
        ("appends_waiting", "Batches that wait for the high watermark.", delayed(|of| of.0)),
        ("reads_waiting", "Partitions that a reader waits for.", delayed(|of| of.1)),
    ] {
        text.one(&format!("dohle_{name}"), Kind::Gauge, help, value);
    }
    let (name, evicted) = ("dohle_fetch_sessions_evicted_total", node.fetch_sessions.evicted());
    text.one(name, Kind::Counter, "Fetch sessions that made room for others.", evicted);
}

fn quotas(text: &mut Text, reading: &Reading) {
    let name = |kind: Quota| match kind {
        Quota::Produce => "produce",
        Quota::Fetch => "fetch",
        Quota::Request => "request",
        Quota::Mutation => "controller_mutation",
    };
    let throttled = |kind| reading.node.quotas.throttled(kind);
    let help = "Answers after which the client had to wait.";
    let mut family = text.family("dohle_throttles_total", Kind::Counter, help);
    for kind in Quota::ALL {
        family.sample(&[("quota", name(kind))], throttled(kind)[0]);
    }
    let help = "How long they had to wait, together.";
    let mut family = text.family("dohle_throttle_seconds_total", Kind::Counter, help);
    for kind in Quota::ALL {
        family.sample(&[("quota", name(kind))], throttled(kind)[1] as f64 / 1000.0);
    }
    let help = "Those that share a quota and had to wait within its windows.";
    let mut family = text.family("dohle_throttled_clients", Kind::Gauge, help);
    for kind in [Quota::Produce, Quota::Fetch, Quota::Request] {
        let waits = reading.usage.iter().filter(|of| of.kind == kind && 0 < of.throttle_ms);
        family.sample(&[("quota", name(kind))], waits.count());
    }
}

fn groups(text: &mut Text, sums: &Sums) {
    let (groups, done) = (&sums.groups, &sums.groups.done);
    let mut family = text.family("dohle_groups", Kind::Gauge, "Groups by protocol and state.");
    for (protocol, state, count) in [
        ("classic", "empty", groups.classic_empty),
        ("classic", "preparing_rebalance", groups.classic_preparing),
        ("classic", "completing_rebalance", groups.classic_completing),
        ("classic", "stable", groups.classic_stable),
        ("consumer", "empty", groups.consumer_empty),
        ("consumer", "assigning", groups.consumer_assigning),
        ("consumer", "reconciling", groups.consumer_reconciling),
        ("consumer", "stable", groups.consumer_stable),
    ] {
        family.sample(&[("protocol", protocol), ("state", state)], count);
    }
    text.one("dohle_offsets", Kind::Gauge, "Committed offsets.", groups.offsets);
    for (name, help, count) in [
        ("offsets_committed", "Offsets that were committed.", done.offsets_committed),
        ("offsets_removed", "Offsets that were deleted, or too old.", done.offsets_removed),
        ("offsets_expired", "Those that were too old.", done.offsets_expired),
    ] {
        text.one(&format!("dohle_{name}_total"), Kind::Counter, help, count);
    }
    let help = "Rebalances of classic groups that ended, epochs that consumer groups began.";
    let mut family = text.family("dohle_rebalances_total", Kind::Counter, help);
    family.sample(&[("protocol", "classic")], done.classic_rebalances);
    family.sample(&[("protocol", "consumer")], done.consumer_rebalances);
}

fn transactions(text: &mut Text, reading: &Reading, sums: &Sums) {
    let (transactions, done) = (&sums.transactions, &sums.transactions.done);
    let mut family = text.family("dohle_transactions", Kind::Gauge, "Transactions by state.");
    family.sample(&[("state", "ongoing")], transactions.ongoing);
    family.sample(&[("state", "ending")], transactions.ending);
    text.one("dohle_transactional_ids", Kind::Gauge, "Ids that are known.", transactions.ids);
    let open_ms = match transactions.oldest_began_at {
        0 => 0,
        began_at => (reading.now_ms - began_at).max(0),
    };
    let (name, help) = ("dohle_transaction_open_seconds_max", "Age of the oldest open one.");
    text.one(name, Kind::Gauge, help, open_ms as f64 / 1000.0);
    let help = "Transactions of which all partitions know the end.";
    let mut family = text.family("dohle_transactions_ended_total", Kind::Counter, help);
    family.sample(&[("end", "commit")], done.committed);
    family.sample(&[("end", "abort")], done.aborted);
    let (name, help) = ("dohle_transactions_timed_out_total", "Aborted: their time was over.");
    text.one(name, Kind::Counter, help, done.timed_out);
}

fn loads(text: &mut Text, reading: &Reading) {
    let help = "Loading a coordinator's partition.";
    let mut family = text.family("dohle_coordinator_load_seconds", Kind::Histogram, help);
    let [groups, transactions] = &reading.loads;
    family.histogram(Some(("coordinator", "group")), groups);
    family.histogram(Some(("coordinator", "transaction")), transactions);
}

fn controller(text: &mut Text, reading: &Reading) {
    let provenance = reading.view.image.provenance;
    let (name, help) = ("dohle_metadata_offset", "The newest metadata made real here.");
    text.one(name, Kind::Gauge, help, provenance.offset);
    let Some(quorum) = &reading.quorum else { return };
    let (name, help) = ("dohle_metadata_log_end_offset", "The end of the metadata log.");
    text.one(name, Kind::Gauge, help, quorum.log_end_offset);
    let (name, help) = ("dohle_metadata_epoch", "The epoch of the quorum's leader.");
    text.one(name, Kind::Gauge, help, quorum.leader_epoch);
    let (name, help) = ("dohle_metadata_records_total", "Records that this leader appended.");
    text.one(name, Kind::Counter, help, quorum.appended);
    let (name, help) = ("dohle_controller_wait_seconds", "Requests that wait for their decision.");
    text.family(name, Kind::Histogram, help).histogram(None, &quorum.waits);
    let (name, help) = ("dohle_controller_decision_seconds", "Decisions of the controller.");
    text.family(name, Kind::Histogram, help).histogram(None, &quorum.decisions);
    let (name, help) = ("dohle_controller_commit_seconds", "From a decision to its commit.");
    text.family(name, Kind::Histogram, help).histogram(None, &quorum.commits);
}

fn logs(text: &mut Text, reading: &Reading) {
    let moving = reading.partitions.iter().filter(|of| of.is_moving).count();
    for (name, help, value) in [
        ("partitions", "Partitions that are served.", reading.partitions.len()),
        ("partitions_offline", "Partitions whose log failed.", reading.offline),
        ("partitions_moving", "Partitions on their way to another log directory.", moving),
        (
            "partitions_uncleanable",
            "Partitions that cannot be compacted before the next start.",
            reading.uncleanable(),
        ),
    ] {
        text.one(&format!("dohle_{name}"), Kind::Gauge, help, value);
    }
    let mut sizes: BTreeMap<&str, u64> = BTreeMap::new();
    for of in &reading.partitions {
        *sizes.entry(of.topic.as_str()).or_default() += of.size_bytes;
    }
    let help = "Bytes of a topic's logs on this node.";
    let mut family = text.family("dohle_log_size_bytes", Kind::Gauge, help);
    for (topic, size_bytes) in sizes.into_iter().take(reading.limits.topics) {
        family.sample(&[("topic", topic)], size_bytes);
    }
    let help = "Whether a log directory works.";
    let mut family = text.family("dohle_log_directory_online", Kind::Gauge, help);
    for directory in &reading.node.directories {
        let path = directory.log_dir.path().to_string_lossy();
        family.sample(&[("directory", &path)], u8::from(directory.log_dir.is_online()));
    }
    let help = "Flushes of partitions.";
    let mut family = text.family("dohle_flush_seconds", Kind::Histogram, help);
    for directory in &reading.node.directories {
        let path = directory.log_dir.path().to_string_lossy();
        family.histogram(Some(("directory", &path)), &directory.flush_times.read());
    }
}

fn housekeeping(text: &mut Text, reading: &Reading) {
    let passes = &reading.node.metrics.passes;
    let help = "Passes of a duty over all partitions.";
    let mut family = text.family("dohle_housekeeping_seconds", Kind::Histogram, help);
    for (duty, times) in Duty::ALL.into_iter().zip(passes) {
        family.histogram(Some(("duty", duty.name())), &times.read());
    }
    let help = "The longest of them.";
    let mut family = text.family("dohle_housekeeping_seconds_max", Kind::Gauge, help);
    for (duty, times) in Duty::ALL.into_iter().zip(passes) {
        family.sample(&[("duty", duty.name())], times.read().max.as_secs_f64());
    }
}

fn compaction(text: &mut Text, reading: &Reading) {
    let known = &reading.cleaning;
    for (name, help, count) in [
        ("compactions", "Logs that were compacted.", known.runs),
        ("compaction_read_bytes", "Bytes read to compact logs.", known.read_bytes),
        ("compaction_written_bytes", "Bytes that stayed of them.", known.written_bytes),
    ] {
        text.one(&format!("dohle_{name}_total"), Kind::Counter, help, count);
    }
    for (name, help, value) in [
        ("dirty_ratio_max", "The largest share of a log that was never compacted.", known.dirtiest),
        (
            "late_seconds",
            "For how long a log has been later than it may.",
            known.delay_ms as f64 / 1e3,
        ),
        (
            "buffer_ratio",
            "How full the memory for keys was at the last log.",
            known.map_utilization,
        ),
        ("last_seconds", "How long the last log took.", known.took.as_secs_f64()),
        ("look_seconds", "How long the last look at all logs took.", known.look.as_secs_f64()),
    ] {
        text.one(&format!("dohle_compaction_{name}"), Kind::Gauge, help, value);
    }
    if let Some(looked_at) = known.looked_at {
        let since = reading.now.since(looked_at).as_secs_f64();
        let help = "Since the cleaner last looked for something to do.";
        text.one("dohle_compaction_looked_ago_seconds", Kind::Gauge, help, since);
    }
}
