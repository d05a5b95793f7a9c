//! Logs of partitions, their directories, the cleaner.

use super::super::reading::{OfPartition, Reading};
use super::super::text::{Kind, Text};
use super::number;
use std::sync::Arc;

pub(super) fn put(text: &mut Text, reading: &Reading) {
    directories(text, reading);
    cleaner(text, reading);
    if reading.partitions.len() <= reading.limits.partitions {
        partitions(text, reading);
    }
}

fn directories(text: &mut Text, reading: &Reading) {
    let name = "kafka_log_logflushstats_logflushrateandtimems";
    let help = "kafka.log:type=LogFlushStats";
    text.family(name, Kind::Summary, help).timer(None, &reading.flushes);
    let help = "kafka.log:type=LogManager";
    let cordoned = reading.node.cordoned(&reading.view.image);
    let counts = [
        ("offlinelogdirectorycount", number(reading.offline_directories())),
        ("cordonedlogdirectorycount", number(cordoned.iter().filter(|is_it| **is_it).count())),
    ];
    text.gauges("kafka_log_logmanager_", help, &counts);
    let directories = &reading.node.directories;
    let offline = directories.iter().map(|directory| !directory.log_dir.is_online()).collect();
    for (what, states) in [("offline", offline), ("cordoned", cordoned)] {
        let name = format!("kafka_log_logmanager_logdirectory{what}");
        let mut family = text.family(&name, Kind::Gauge, help);
        for (directory, is_it) in directories.iter().zip(states) {
            let path = directory.log_dir.path().to_string_lossy();
            family.sample(&[("logDirectory", &path)], u8::from(is_it));
        }
    }
}

fn cleaner(text: &mut Text, reading: &Reading) {
    let known = &reading.cleaning;
    let percent = |share: f64| (share * 100.0) as i64;
    let help = "kafka.log:type=LogCleaner; of the last log that was compacted.";
    let gauges = [
        ("max_buffer_utilization_percent", percent(known.map_utilization)),
        ("cleaner_recopy_percent", percent(known.kept)),
        ("max_clean_time_secs", i64::try_from(known.took.as_secs()).unwrap_or(i64::MAX)),
        ("max_compaction_delay_secs", known.delay_ms / 1000),
        // A panic of one ends the process.
        ("deadthreadcount", 0),
    ];
    text.gauges("kafka_log_logcleaner_", help, &gauges);
    let prefix = "kafka_log_logcleanermanager_";
    let help = "kafka.log:type=LogCleanerManager";
    text.gauges(
        prefix,
        help,
        &[
            ("uncleanable_partitions_count", number(reading.uncleanable())),
            ("max_dirty_percent", percent(known.dirtiest)),
        ],
    );
    if let Some(looked_at) = known.looked_at {
        let since = i64::try_from(reading.now.since(looked_at).as_millis()).unwrap_or(i64::MAX);
        text.gauges(prefix, help, &[("time_since_last_run_ms", since)]);
    }
    let name = format!("{prefix}uncleanable_bytes");
    let mut family = text.family(&name, Kind::Gauge, help);
    for directory in &reading.node.directories {
        let here = reading.partitions.iter().filter(|of| Arc::ptr_eq(&of.directory, directory));
        let bytes: u64 = here.filter(|of| of.is_uncleanable).map(|of| of.size_bytes).sum();
        let path = directory.log_dir.path().to_string_lossy();
        family.sample(&[("logDirectory", &path)], bytes);
    }
}

fn partitions(text: &mut Text, reading: &Reading) {
    type Value = (&'static str, fn(&OfPartition) -> i64);
    const VALUES: [Value; 12] = [
        ("kafka_log_log_size", |of| i64::try_from(of.size_bytes).unwrap_or(i64::MAX)),
        ("kafka_log_log_numlogsegments", |of| number(of.segments)),
        ("kafka_log_log_logstartoffset", |of| of.start_offset),
        ("kafka_log_log_logendoffset", |of| of.end_offset),
        ("kafka_cluster_partition_laststableoffsetlag", |of| of.unstable),
        // With one replica: it is in sync, which is just enough.
        ("kafka_cluster_partition_replicascount", |_| 1),
        ("kafka_cluster_partition_insyncreplicascount", |_| 1),
        ("kafka_cluster_partition_underreplicated", |_| 0),
        ("kafka_cluster_partition_underminisr", |_| 0),
        ("kafka_cluster_partition_atminisr", |_| 1),
        ("kafka_topic_partition_oldest_offset", |of| of.start_offset),
        ("kafka_topic_partition_current_offset", |of| of.end_offset),
    ];
    for (name, value) in VALUES {
        let mut family = text.family(name, Kind::Gauge, "Of each partition of this node.");
        for of in &reading.partitions {
            let labels = [("topic", of.topic.as_str()), ("partition", of.index.as_str())];
            family.sample(&labels, value(of));
        }
    }
}
