//! Keys of the node itself: roles, ids, limits.

use crate::config::check::Check;

use super::row::{
    CODECS, Key, LOGS, REPLICATION, SASL, boolean, int, int_or_null, int_required, list,
    list_or_null, list_required, long, string, string_or_null,
};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    int("broker.id", "-1").high()
        .shown_by("crates/metadata/src/config/tests.rs:the_old_names_of_directories_and_ids_are_read")
        .doc("The node's id under its old name; the same number as node.id."),
    int("message.max.bytes", "1048588").at_least(0).high().cluster_wide()
        .shown_by(LOGS)
        .doc("Largest batch that the node accepts, compressed as it came."),
    int("num.io.threads", "8").at_least(1).high().cluster_wide()
        .no_meaning("reactors, one per core, run every request")
        .doc("Threads that handle requests."),
    int_or_null("num.replica.alter.log.dirs.threads").high()
        .shown_by("crates/server/tests/it/node/moves.rs:one_thread_moves_one_partition_after_the_other")
        .doc("Threads that copy partitions from one log directory to another."),
    int("background.threads", "10").at_least(1).high().cluster_wide()
        .no_meaning("housekeeping runs on the reactors and disk lanes")
        .doc("Threads for housekeeping."),
    int("request.timeout.ms", "30000").high().not_built(REPLICATION)
        .doc("How long the node waits for an answer to a request of its own."),
    long("socket.connection.setup.timeout.ms", "10000").not_built(REPLICATION)
        .doc("First limit on the time that a connection of the node's own may take to be set up."),
    long("socket.connection.setup.timeout.max.ms", "30000").not_built(REPLICATION)
        .doc("Largest limit on connection set-up, reached by doubling the first one after each failure."),
    list("config.providers", "").list().low().cluster_wide().refused("config providers")
        .doc("Names of plugins that fill ${provider:path:key} in values."),
    string("authorizer.class.name", "").check(Check::NotNull).low().refused("authorization")
        .doc("Class that decides who may do what; empty lets everybody do everything."),
    list_or_null("early.start.listeners").list_any().high()
        .no_meaning("all listeners open once the node is ready")
        .doc("Listeners that accept connections before the authorizer is ready."),
    string_or_null("broker.rack")
        .shown_by("crates/sim/tests/it/node_settings.rs:clients_are_told_the_nodes_rack_and_id")
        .doc("Rack of this node, used to spread replicas and to let consumers read nearby."),
    boolean("controlled.shutdown.enable", "true")
        .not_built(REPLICATION)
        .doc("Whether a stopping node first hands its leaderships over."),
    boolean("delete.topic.enable", "true").high()
        .shown_by("crates/sim/tests/it/node_settings.rs:topics_are_deleted_only_where_that_is_enabled")
        .doc("Whether topics may be deleted."),
    string("compression.type", "producer").one_of(CODECS).high().cluster_wide()
        .shown_by(LOGS)
        .doc("Codec that batches are stored with; producer keeps the producer's."),
    int("compression.gzip.level", "-1").check(Check::GzipLevel).cluster_wide()
        .shown_by(LOGS)
        .doc("Level used when the node compresses with gzip."),
    int("compression.lz4.level", "9").between(1, 17).cluster_wide()
        .not_built("high compression of lz4")
        .doc("Level used when the node compresses with lz4. Any level has the speed and size of the fastest."),
    int("compression.zstd.level", "3").between(-131072, 22).cluster_wide()
        .shown_by(LOGS)
        .doc("Level used when the node compresses with zstd."),
    int("max.incremental.fetch.session.cache.slots", "1000").at_least(0)
        .shown_by("crates/sim/tests/it/node_settings.rs:so_many_fetch_sessions_are_kept")
        .doc("How many incremental fetch sessions are kept."),
    int("fetch.max.bytes", "57671680").at_least(1024)
        .shown_by("crates/sim/tests/it/node_settings.rs:a_fetch_gets_no_more_than_the_nodes_limit")
        .doc("Most bytes that one fetch is answered with, whatever it asks."),
    int("max.request.partition.size.limit", "2000").at_least(1)
        .shown_by("crates/sim/tests/it/node_settings.rs:a_page_of_topics_is_no_longer_than_the_nodes_limit")
        .doc("Most partitions that one request for topic descriptions is answered with."),
    boolean("unstable.api.versions.enable", "false").high().internal()
        .not_built("two-phase commit of transactions")
        .doc("Whether versions of APIs that are still in development are served."),
    boolean("unstable.feature.versions.enable", "false").high().internal()
        .not_built("unstable feature levels")
        .doc("Whether feature levels that are still in development may be set."),
    list_required("process.roles").list_of(&["broker", "controller"]).high()
        .shown_by("crates/metadata/src/config/tests.rs:a_node_that_would_be_less_than_it_says_does_not_start")
        .doc("What this process is: broker, controller or both."),
    int_required("node.id").at_least(0).high()
        .shown_by("crates/sim/tests/it/node_settings.rs:clients_are_told_the_nodes_rack_and_id")
        .doc("The node's id, unique in the cluster, brokers and controllers alike."),
    int("initial.broker.registration.timeout.ms", "60000")
        .shown_by("crates/sim/tests/it/node_settings.rs:a_start_waits_so_long_for_its_registration")
        .doc("How long a starting broker tries to register before it gives up."),
    int("broker.heartbeat.interval.ms", "2000")
        .shown_by("crates/sim/tests/it/node_settings.rs:heartbeats_keep_a_session_alive")
        .doc("Time between a broker's heartbeats to the controller."),
    int("broker.session.timeout.ms", "9000")
        .shown_by("crates/sim/tests/it/node_settings.rs:heartbeats_keep_a_session_alive")
        .doc("How long a broker stays alive in the controller's eyes without a heartbeat."),
    list_required("controller.listener.names").list_not_empty().high()
        .shown_by("crates/server/tests/it/node/controller_listener.rs:a_controller_tells_of_controllers_and_serves_what_needs_no_broker")
        .doc("Names of the listeners that controllers are reached by."),
    string("sasl.mechanism.controller.protocol", "GSSAPI").high().not_built(SASL)
        .doc("SASL mechanism for connections to controllers."),
    long("controller.performance.sample.period.ms", "60000").at_least(100).internal().no_meaning("the pages of metrics tell how long the controller's decisions take")
        .doc("How often the controller reports its event times."),
    long("controller.performance.always.log.threshold.ms", "2000").at_least(0).internal().no_meaning("the pages of metrics tell how long the controller's decisions take")
        .doc("Controller events that take longer than this are always logged."),
    long("server.max.startup.time.ms", "9223372036854775807").at_least(0).internal()
        .no_meaning("a start that stalls is ended from outside")
        .doc("How long a start may take before it is given up."),
];
