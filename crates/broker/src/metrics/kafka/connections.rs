//! Connections, and what is held for the clients behind them.

use super::super::reading::Reading;
use super::super::text::{Family, Kind, Names, Text};
use super::number;
use crate::connections::OfListener;
use crate::quotas::{Kind as Quota, Usage};

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
    let (listeners, by_listener) = (node.listeners.open(), node.connections.by_listener());
    for (name, kind, value) in VALUES {
        let name = format!("kafka_server_socket_server_metrics_{name}");
        let mut family = text.family(&name, kind, "kafka.server:type=socket-server-metrics");
        for listener in &listeners {
            let of = by_listener.get(listener.index).copied().unwrap_or_default();
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

/// Clients that have a quota. Confluent's rules have the resource in the name.
fn quotas(text: &mut Text, reading: &Reading) {
    type Value = (&'static str, fn(&Usage) -> Option<f64>);
    const VALUES: [Value; 3] = [
        ("byte_rate", |of| (of.kind != Quota::Request).then_some(of.rate)),
        ("request_time", |of| (of.kind == Quota::Request).then_some(of.rate)),
        ("throttle_time", |of| Some(of.throttle_ms as f64)),
    ];
    const KINDS: [Quota; 3] = [Quota::Produce, Quota::Fetch, Quota::Request];
    let help = "kafka.server:type=Produce|Fetch|Request";
    for (name, value) in VALUES {
        if text.names() == Names::Plain {
            let name = format!("kafka_server_quota_{name}");
            let mut family = text.family(&name, Kind::Gauge, help);
            for of in &reading.usage {
                let labels = [("resource", resource(of.kind)), ("user", user(of))];
                put_client(
                    &mut family,
                    &[labels[0], labels[1], ("clientId", client(of))],
                    value(of),
                );
            }
            continue;
        }
        for kind in KINDS {
            let resource = resource(kind).to_ascii_lowercase();
            let name = format!("kafka_server_{resource}_{name}");
            let mut family = text.family(&name, Kind::Gauge, help);
            for of in reading.usage.iter().filter(|of| of.kind == kind) {
                put_client(
                    &mut family,
                    &[("user", user(of)), ("client_id", client(of))],
                    value(of),
                );
            }
        }
    }
}

fn resource(kind: Quota) -> &'static str {
    match kind {
        Quota::Produce => "Produce",
        Quota::Fetch => "Fetch",
        Quota::Request => "Request",
        Quota::Mutation => "ControllerMutation",
    }
}

fn user(of: &Usage) -> &str {
    of.sharers.user.as_str()
}

fn client(of: &Usage) -> &str {
    of.sharers.client_id.as_str()
}

/// A client's sample, if it has one. What Kafka's MBean does not name has no label.
fn put_client(family: &mut Family<'_>, labels: &[(&str, &str)], value: Option<f64>) {
    let named: Vec<_> = labels.iter().copied().filter(|(_, value)| !value.is_empty()).collect();
    if let Some(value) = value {
        family.sample(&named, value);
    }
}
