//! Keys of the controller quorum and of the metadata log.

use crate::config::check::Check;

use super::row::{Key, VOTERS, boolean, int, int_or_null, list, long, string_or_null};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    list("controller.quorum.voters", "").check(Check::QuorumVoters).high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:voters_of_the_file_or_of_the_log")
        .doc("Voters of a static quorum, id@host:port each."),
    list("controller.quorum.bootstrap.servers", "").check(Check::BootstrapServers).high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:voters_of_the_file_or_of_the_log")
        .doc("Addresses by which the quorum is found."),
    int("controller.quorum.election.timeout.ms", "1000").at_least(0).high().not_built(VOTERS)
        .doc("How long a candidate waits for votes before it tries anew."),
    int("controller.quorum.fetch.timeout.ms", "2000").at_least(0).high().not_built(VOTERS)
        .doc("How long a voter follows a leader that does not answer."),
    int("controller.quorum.election.backoff.max.ms", "1000").at_least(0).high().not_built(VOTERS)
        .doc("Longest pause between two elections."),
    int("controller.quorum.append.linger.ms", "25").at_least(0)
        .no_meaning("a turn writes all that has come together")
        .doc("How long the quorum's leader collects records before it writes them."),
    int("controller.quorum.request.timeout.ms", "2000").at_least(0).not_built(VOTERS)
        .doc("How long a quorum request waits for its answer."),
    int("controller.quorum.retry.backoff.ms", "20").at_least(0).low().not_built(VOTERS)
        .doc("Pause before a failed quorum request is sent again."),
    boolean("controller.quorum.auto.join.enable", "false").low().refused(VOTERS)
        .doc("Whether a controller joins the voters by itself."),
    int("controller.quorum.fetch.snapshot.max.bytes", "1048576").at_least(1).low().not_built(VOTERS)
        .doc("Most bytes of a snapshot in one answer."),
    int("controller.quorum.fetch.max.bytes", "1048576").at_least(1).low().not_built(VOTERS)
        .doc("Most bytes of the metadata log in one answer."),
    long("metadata.log.max.record.bytes.between.snapshots", "20971520").at_least(1).high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:snapshots_replace_the_log_below_them")
        .doc("Bytes of new metadata records after which a snapshot is written."),
    long("metadata.log.max.snapshot.interval.ms", "3600000").at_least(0).high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:old_snapshots_replace_the_log_below_them")
        .doc("Time after which a snapshot is written if anything changed."),
    string_or_null("metadata.log.dir").high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:the_metadata_log_lies_where_it_is_told")
        .doc("Directory of the metadata log; unset means the first log directory."),
    int("metadata.log.segment.bytes", "1073741824").at_least(8388608).high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:a_full_segment_of_the_metadata_log_is_closed")
        .doc("Size at which a segment of the metadata log is full."),
    long("metadata.log.segment.ms", "604800000").high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:old_snapshots_replace_the_log_below_them")
        .doc("Age at which a segment of the metadata log is closed."),
    long("metadata.max.retention.bytes", "104857600").high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:snapshots_replace_the_log_below_them")
        .doc("Size of metadata log and snapshots above which old ones go."),
    long("metadata.max.retention.ms", "604800000").high()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:old_snapshots_replace_the_log_below_them")
        .doc("Age above which old metadata segments and snapshots go."),
    int("metadata.max.idle.interval.ms", "500").at_least(0).low()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:an_idle_controller_says_so_as_often_as_configured")
        .doc("Time without records after which the controller writes an empty one; 0 turns it off."),
    int_or_null("internal.metadata.log.segment.bytes").low().internal()
        .shown_by("crates/server/tests/it/node/metadata_log.rs:snapshots_replace_the_log_below_them")
        .doc("The segment size of the metadata log, free of its lower limit; for tests."),
    int("internal.metadata.max.batch.size.in.bytes", "8388608").low().internal().not_built(VOTERS)
        .doc("Largest batch in the metadata log."),
    long("internal.metadata.delete.delay.millis", "60000").low().internal()
        .no_meaning("nobody reads a metadata log while its files are deleted")
        .doc("How long deleted files of the metadata log stay."),
];
