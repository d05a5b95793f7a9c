//! Keys of listeners and connections.

use super::row::{Key, SASL, int, list, list_or_null, long, string};

/// One row a key, in the order in which Kafka declares them.
#[rustfmt::skip]
pub(super) const KEYS: &[Key] = &[
    list("listeners", "PLAINTEXT://:9092").list_not_empty().high().per_broker()
        .shown_by("crates/server/tests/it/node/listeners.rs:a_listener_comes_and_goes_and_the_others_stay")
        .doc("Addresses that the node listens on, NAME://host:port each; an empty host is every interface."),
    list_or_null("advertised.listeners").list_or_null().high()
        .shown_by("crates/dohle/tests/it/server.rs:each_listener_is_told_its_own_endpoint")
        .doc("Addresses that clients are told; unset means the listeners."),
    string("listener.security.protocol.map", "SASL_SSL:SASL_SSL,PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT")
        .low().per_broker()
        .shown_by("crates/metadata/src/config/listeners_tests.rs:listeners_come_and_go_as_kafka_lets_them")
        .doc("Which security protocol each listener name speaks."),
    int("socket.send.buffer.bytes", "102400").high()
        .shown_by("crates/server/src/node.rs:sockets_are_as_configured")
        .doc("SO_SNDBUF of accepted connections; -1 leaves it to the system."),
    int("socket.receive.buffer.bytes", "102400").high()
        .shown_by("crates/server/src/node.rs:sockets_are_as_configured")
        .doc("SO_RCVBUF of accepted connections; -1 leaves it to the system."),
    int("socket.request.max.bytes", "104857600").at_least(1).high()
        .shown_by("crates/server/tests/it/node/connections.rs:a_frame_of_no_possible_size_ends_the_connection")
        .doc("Largest request that is read."),
    int("socket.listen.backlog.size", "50").at_least(1)
        .shown_by("crates/server/src/node.rs:sockets_are_as_configured")
        .doc("How many connections may wait to be accepted."),
    int("max.connections.per.ip", "2147483647").at_least(0).cluster_wide()
        .shown_by("crates/server/tests/it/node/changes.rs:an_address_has_as_many_connections_as_it_may_now")
        .doc("Most connections from one address."),
    string("max.connections.per.ip.overrides", "").cluster_wide()
        .shown_by("crates/server/tests/it/node/changes.rs:an_address_has_as_many_connections_as_it_may_now")
        .doc("Most connections for single addresses or hosts, host:count each."),
    int("max.connections", "2147483647").at_least(0).cluster_wide()
        .shown_by("crates/server/tests/it/node/changes.rs:connections_are_as_many_as_are_allowed_now")
        .doc("Most connections of the node; a listener may have its own number."),
    int("max.connection.creation.rate", "2147483647").at_least(0).cluster_wide()
        .shown_by("crates/server/tests/it/node/quotas.rs:a_node_that_is_opened_too_fast_waits")
        .doc("Most new connections in a second."),
    long("connections.max.idle.ms", "600000")
        .shown_by("crates/server/tests/it/node/connections.rs:an_idle_connection_is_closed_and_a_busy_one_is_not")
        .doc("How long a connection may be silent before it is closed."),
    int("connection.failed.authentication.delay.ms", "100").at_least(0).low().not_built(SASL)
        .doc("Pause before the answer to a failed authentication."),
    int("queued.max.requests", "500").at_least(1).high().no_meaning("requests are not queued between threads")
        .doc("How many requests may wait for a thread."),
    long("queued.max.request.bytes", "-1")
        .shown_by("crates/server/tests/it/node/pressure.rs:half_sent_frames_push_back_and_stop_nobody")
        .doc("Most bytes of requests in flight; above it sockets are not read."),
    int("num.network.threads", "3").at_least(1).high().cluster_wide()
        .no_meaning("reactors, one per core, serve the sockets")
        .doc("Threads that read and write sockets."),
];
