//! Connections, and what is held for the clients behind them.

use super::super::reading::Reading;
use super::super::text::{Kind, Text};
use super::number;
use crate::listener::OfListener;
use crate::quotas::Kind as Quota;

pub(super) fn put(text: &mut Text, reading: &Reading) {
    sockets(text, reading);
    sessions(text, reading);
    quotas(text, reading);
}

fn sockets(text: &mut Text, reading: &Reading) {
    type Value = (&'static str, Kind, fn(&OfListener) -> u64);
    const VALUES: [Value; 3] = [
        ("connection_count", Kind::Gauge, |of| of.open),
        ("connection_creation_total", Kind::Counter, |of| of.accepted),
        ("connection_close_total", Kind::Counter, |of| of.accepted - of.open),
    ];
    let node = &reading.node;
    let by_listener = node.connections.by_listener();
    for (name, kind, value) in VALUES {
        let name = format!("kafka_server_socket_server_metrics_{name}");
        let mut family = text.family(&name, kind, "kafka.server:type=socket-server-metrics");
        for (at, listener) in node.listeners.iter().enumerate() {
            let of = by_listener.get(at).copied().unwrap_or_default();
            family.sample(&[("listener", &listener.name)], value(&of));
        }
    }
    let free_bytes = node.request_bytes.free_bytes();
    let gauges = [
        ("memorypoolavailable", number(free_bytes)),
        ("memorypoolused", number(node.limits.request_bytes.saturating_sub(free_bytes))),
        // What would be killed has authenticated, which nobody has to here.
        ("expiredconnectionskilledcount", 0),
    ];
    text.gauges("kafka_network_socketserver_", "kafka.network:type=SocketServer", &gauges);
}

/// Sessions of fetches, and who waits.
fn sessions(text: &mut Text, reading: &Reading) {
    let (prefix, sessions) = ("kafka_server_fetchsessioncache_", &reading.node.fetch_sessions);
    let help = "kafka.server:type=FetchSessionCache";
    let shard = [("cacheShard", "0")];
    for (name, value) in [
        ("numincrementalfetchsessions", sessions.count()),
        ("numincrementalfetchpartitionscached", sessions.partition_count()),
    ] {
        text.family(&format!("{prefix}{name}"), Kind::Gauge, help).sample(&shard, value);
    }
    let name = format!("{prefix}incrementalfetchsessionevictions_total");
    text.family(&name, Kind::Counter, help).sample(&shard, sessions.evicted());
    let delayed = reading.partitions.iter().map(|of| of.delayed);
    let (produces, fetches) = delayed.fold((0, 0), |sums, of| (sums.0 + of.0, sums.1 + of.1));
    let name = "kafka_server_delayedoperationpurgatory_purgatorysize";
    let help = "kafka.server:type=DelayedOperationPurgatory";
    let mut family = text.family(name, Kind::Gauge, help);
    family.sample(&[("delayedOperation", "Produce")], produces);
    family.sample(&[("delayedOperation", "Fetch")], fetches);
}

/// Clients that have a quota.
fn quotas(text: &mut Text, reading: &Reading) {
    let labels = |kind: Quota| match kind {
        Quota::Produce => "Produce",
        Quota::Fetch => "Fetch",
        Quota::Request => "Request",
        Quota::Mutation => "ControllerMutation",
    };
    let mut put = |name: &str, value: &dyn Fn(&crate::quotas::Usage) -> Option<f64>| {
        let name = format!("kafka_server_quota_{name}");
        let mut family = text.family(&name, Kind::Gauge, "kafka.server:type=Produce|Fetch|Request");
        for of in &reading.usage {
            let Some(value) = value(of) else { continue };
            let (user, client_id) = (of.sharers.user.as_str(), of.sharers.client_id.as_str());
            let all = [("resource", labels(of.kind)), ("user", user), ("clientId", client_id)];
            // What Kafka's MBean does not name has no label.
            let all: Vec<_> = all.into_iter().filter(|(_, value)| !value.is_empty()).collect();
            family.sample(&all, value);
        }
    };
    put("byte_rate", &|of| (of.kind != Quota::Request).then_some(of.rate));
    put("request_time", &|of| (of.kind == Quota::Request).then_some(of.rate));
    put("throttle_time", &|of| Some(of.throttle_ms as f64));
}
