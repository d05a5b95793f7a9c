//! Configs: described, replaced, changed one by one.

use dohle_protocol::messages::alter_configs_request as replace;
use dohle_protocol::messages::describe_configs_request::{
    DescribeConfigsRequest, DescribeConfigsResource,
};
use dohle_protocol::messages::incremental_alter_configs_request as change;
use dohle_protocol::messages::list_config_resources_request::ListConfigResourcesRequest;

use crate::diff::world::World;

const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;
const LOGGER: i8 = 8;
const METRICS: i8 = 16;
const GROUP: i8 = 32;

pub(super) fn description(kind: i8, name: &str, keys: Option<&[&str]>) -> DescribeConfigsRequest {
    let resource = DescribeConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configuration_keys: keys.map(|keys| keys.iter().map(|key| (*key).into()).collect()),
        ..DescribeConfigsResource::default()
    };
    DescribeConfigsRequest { resources: vec![resource], ..DescribeConfigsRequest::default() }
}

pub(super) fn describe(world: &mut World) {
    world.topic("dc", 1, &[("retention.ms", "12345"), ("segment.bytes", "2000000")]);
    for version in world.versions::<DescribeConfigsRequest>() {
        // What Kafka 3.9 has of brokers and groups is not what later ones have: there the form is compared with few keys.
        let only_old = version == 0;
        for (what, kind, name, keys) in [
            ("topic", TOPIC, "dc", None),
            ("two keys", TOPIC, "dc", Some(&["retention.ms", "cleanup.policy"][..])),
            ("unknown key", TOPIC, "dc", Some(&["no.such"][..])),
            ("no keys", TOPIC, "dc", Some(&[][..])),
            ("unknown topic", TOPIC, "dc-none", None),
            ("bad name", TOPIC, "bad name!", None),
            ("empty name", TOPIC, "", None),
            ("broker", BROKER, "1", Some(&["log.retention.hours", "num.partitions"][..])),
            ("cluster default", BROKER, "", None),
            ("another broker", BROKER, "7", None),
            ("no broker", BROKER, "one", None),
            ("logger of another broker", LOGGER, "7", None),
            ("unknown type", 3, "x", None),
            ("type 0", 0, "x", None),
            ("group", GROUP, "some-group", None),
        ] {
            if kind != GROUP || !only_old {
                world.note(what, version, &description(kind, name, keys));
            }
        }
        let mut more = description(TOPIC, "dc", None);
        more.include_synonyms = true;
        world.note("synonyms", version, &more);
        let mut more = description(BROKER, "1", None);
        if !only_old {
            world.note("whole broker", version, &more);
        }
        more.resources = description(BROKER, "1", Some(&["log.retention.ms"])).resources;
        more.include_synonyms = true;
        world.note("synonyms of a broker's config", version, &more);
        if version >= 3 {
            let keys = Some(&["retention.ms"][..]);
            let mut more = description(TOPIC, "dc", keys);
            more.include_documentation = true;
            world.note("documentation", version, &more);
        }
        more.resources.clear();
        world.note("no resources", version, &more);
    }
}

pub(super) fn alter(world: &mut World) {
    for version in world.versions::<replace::AlterConfigsRequest>() {
        let topic = format!("ac-{version}");
        world.topic(&topic, 1, &[("retention.ms", "777")]);
        let request = |kind, name: &str, configs: &[(&str, Option<&str>)]| {
            let configs = configs
                .iter()
                .map(|(name, value)| replace::AlterableConfig {
                    name: (*name).into(),
                    value: value.map(Into::into),
                    ..replace::AlterableConfig::default()
                })
                .collect();
            let resource = replace::AlterConfigsResource {
                resource_type: kind,
                resource_name: name.into(),
                configs,
                ..replace::AlterConfigsResource::default()
            };
            replace::AlterConfigsRequest {
                resources: vec![resource],
                ..replace::AlterConfigsRequest::default()
            }
        };
        for (what, kind, name, configs) in [
            ("one", TOPIC, topic.as_str(), &[("max.message.bytes", Some("5000"))][..]),
            ("unknown key", TOPIC, &topic, &[("no.such", Some("1"))]),
            ("bad value", TOPIC, &topic, &[("retention.ms", Some("x"))]),
            ("null value", TOPIC, &topic, &[("retention.ms", None)]),
            (
                "twice in one",
                TOPIC,
                &topic,
                &[("retention.ms", Some("1")), ("retention.ms", Some("2"))],
            ),
            ("unknown topic", TOPIC, "ac-none", &[("retention.ms", Some("1"))]),
            ("empty name", TOPIC, "", &[("retention.ms", Some("1"))]),
            ("another broker", BROKER, "7", &[("log.cleaner.threads", Some("2"))]),
            ("read-only config", BROKER, "1", &[("log.dirs", Some("/x"))]),
            ("logger", LOGGER, "1", &[("root", Some("INFO"))]),
            ("unknown type", 3, "x", &[("a", Some("b"))]),
        ] {
            world.note(what, version, &request(kind, name, configs));
        }
        let mut only = request(TOPIC, &topic, &[("retention.ms", Some("999"))]);
        only.validate_only = true;
        world.note("validate only", version, &only);
        let after = description(TOPIC, &topic, Some(&["retention.ms", "max.message.bytes"]));
        world.note(&format!("after AlterConfigs v{version}"), 2, &after);
    }
}

/// Limits of connections and what else of listeners may change: what is asked, of which broker, key, value.
const CONNECTIONS: &[(&str, &str, &str, &str)] = &[
    ("most connections", "", "max.connections", "500"),
    ("no connections", "", "max.connections", "-1"),
    ("most connections of a listener", "1", "listener.name.plaintext.max.connections", "500"),
    ("a listener of all brokers", "", "listener.name.plaintext.max.connections", "500"),
    ("a listener without connections", "1", "listener.name.plaintext.max.connections", "0"),
    ("rate of a listener", "1", "listener.name.plaintext.max.connection.creation.rate", "500"),
    ("no rate of a listener", "1", "listener.name.plaintext.max.connection.creation.rate", "0"),
    ("rate", "", "max.connection.creation.rate", "500"),
    ("no number of connections", "", "max.connections", "many"),
    ("connections of addresses", "", "max.connections.per.ip", "500"),
    ("connections of no address", "", "max.connections.per.ip", "0"),
    (
        "connections of an address",
        "",
        "max.connections.per.ip.overrides",
        "127.0.0.1:500,localhost:7",
    ),
    ("an address without a number", "", "max.connections.per.ip.overrides", "127.0.0.1"),
    ("an address with no number", "", "max.connections.per.ip.overrides", "127.0.0.1:many"),
    ("connections of no host", "", "max.connections.per.ip.overrides", "no.such.host.invalid:5"),
    ("other listeners", "1", "listeners", "PLAINTEXT://127.0.0.1:1"),
    ("another listener's key", "1", "listener.name.plaintext.connections.max.idle.ms", "5"),
];

/// What a whole configuration is held to, asked of a change at run time: (what, broker, key, value).
const WHOLE: &[(&str, &str, &str, &str)] = &[
    ("no retention", "", "log.retention.ms", "0"),
    ("no retention of a broker", "1", "log.retention.ms", "0"),
    ("endless retention", "", "log.retention.ms", "-1"),
    ("retention below endless", "", "log.retention.ms", "-2"),
    ("rolls at once", "", "log.roll.ms", "0"),
    ("rolls before", "", "log.roll.ms", "-1"),
    ("rolls too soon", "", "log.roll.jitter.ms", "-1"),
    ("a small map", "", "log.cleaner.dedupe.buffer.size", "1048576"),
    ("a smaller map", "", "log.cleaner.dedupe.buffer.size", "1000"),
    ("a map that is just enough", "", "log.cleaner.dedupe.buffer.size", "1048577"),
    ("network threads", "1", "num.network.threads", "100"),
    ("network threads of all", "", "num.network.threads", "100"),
    ("no network threads", "", "num.network.threads", "0"),
    ("one network thread", "", "num.network.threads", "1"),
    ("more network threads", "1", "num.network.threads", "4"),
    ("a listener's threads", "1", "listener.name.plaintext.num.network.threads", "100"),
    ("a listener's few threads", "1", "listener.name.plaintext.num.network.threads", "4"),
    ("a listener's threads for all", "", "listener.name.plaintext.num.network.threads", "4"),
    ("threads of no listener", "1", "listener.name.none.num.network.threads", "100"),
    ("io threads", "", "num.io.threads", "100"),
    ("few io threads", "", "num.io.threads", "1"),
    ("background threads", "", "background.threads", "100"),
    ("fetchers", "", "num.replica.fetchers", "100"),
    ("recovery threads", "", "num.recovery.threads.per.data.dir", "100"),
    ("cleaner threads", "", "log.cleaner.threads", "100"),
    ("assignments soon", "", "group.consumer.assignment.interval.ms", "-1"),
    ("assignments late", "", "group.consumer.assignment.interval.ms", "99999999"),
    ("producers expire never", "", "producer.id.expiration.ms", "0"),
    ("small requests", "", "message.max.bytes", "-1"),
    ("few replicas", "", "min.insync.replicas", "0"),
    ("transactions unverified", "", "transaction.partition.verification.enable", "maybe"),
    ("no segments", "", "log.segment.bytes", "1"),
    ("flush never", "", "log.flush.interval.messages", "0"),
    ("local retention", "", "log.local.retention.ms", "999999999999"),
    ("slow cleaner", "", "log.cleaner.io.max.bytes.per.second", "-1"),
    ("cleaner's ratio", "", "log.cleaner.min.cleanable.ratio", "2"),
];

pub(super) fn incremental(world: &mut World) {
    for version in world.versions::<change::IncrementalAlterConfigsRequest>() {
        let topic = format!("ia-{version}");
        world.topic(&topic, 1, &[("retention.ms", "777")]);
        let request = |kind, name: &str, configs: &[(&str, i8, Option<&str>)]| {
            let configs = configs
                .iter()
                .map(|(name, config_operation, value)| change::AlterableConfig {
                    name: (*name).into(),
                    config_operation: *config_operation,
                    value: value.map(Into::into),
                    ..change::AlterableConfig::default()
                })
                .collect();
            let resource = change::AlterConfigsResource {
                resource_type: kind,
                resource_name: name.into(),
                configs,
                ..change::AlterConfigsResource::default()
            };
            change::IncrementalAlterConfigsRequest {
                resources: vec![resource],
                ..change::IncrementalAlterConfigsRequest::default()
            }
        };
        for (what, kind, name, configs) in [
            ("set", TOPIC, topic.as_str(), &[("max.message.bytes", 0, Some("5000"))][..]),
            ("delete", TOPIC, &topic, &[("retention.ms", 1, None)]),
            ("delete what is not set", TOPIC, &topic, &[("segment.ms", 1, None)]),
            ("append to a list", TOPIC, &topic, &[("cleanup.policy", 2, Some("compact"))]),
            ("append again", TOPIC, &topic, &[("cleanup.policy", 2, Some("compact"))]),
            ("subtract from a list", TOPIC, &topic, &[("cleanup.policy", 3, Some("delete"))]),
            ("append to a number", TOPIC, &topic, &[("segment.ms", 2, Some("1"))]),
            ("operation 9", TOPIC, &topic, &[("segment.ms", 9, Some("1"))]),
            ("set null", TOPIC, &topic, &[("segment.ms", 0, None)]),
            ("bad value", TOPIC, &topic, &[("segment.ms", 0, Some("x"))]),
            ("unknown key", TOPIC, &topic, &[("no.such", 0, Some("1"))]),
            (
                "twice in one",
                TOPIC,
                &topic,
                &[("segment.ms", 0, Some("1")), ("segment.ms", 0, Some("2"))],
            ),
            ("unknown topic", TOPIC, "ia-none", &[("segment.ms", 0, Some("1"))]),
            ("cluster default", BROKER, "", &[("log.cleaner.threads", 0, Some("2"))]),
            ("cluster default undone", BROKER, "", &[("log.cleaner.threads", 1, None)]),
            ("own broker", BROKER, "1", &[("log.cleaner.threads", 0, Some("2"))]),
            ("own broker undone", BROKER, "1", &[("log.cleaner.threads", 1, None)]),
            ("another broker", BROKER, "7", &[("log.cleaner.threads", 0, Some("2"))]),
            ("read-only config", BROKER, "1", &[("log.dirs", 0, Some("/x"))]),
            ("unknown broker config", BROKER, "1", &[("no.such", 0, Some("1"))]),
            ("unknown type", 3, "x", &[("a", 0, Some("b"))]),
            ("nothing", TOPIC, &topic, &[]),
        ] {
            world.note(what, version, &request(kind, name, configs));
        }
        let mut twice = change(TOPIC, &topic, "segment.ms", 0, "100000");
        twice.resources.push(twice.resources[0].clone());
        world.note("resource twice", version, &twice);
        let only = change(TOPIC, &topic, "retention.ms", 0, "999");
        world.note("validate only", version, &validated(only));
        for (what, name, key, value) in CONNECTIONS.iter().chain(WHOLE) {
            let only = validated(change(BROKER, name, key, 0, value));
            world.note(&format!("validate only: {what}"), version, &only);
        }
        let keys = ["retention.ms", "max.message.bytes", "cleanup.policy", "segment.ms"];
        let name = format!("after IncrementalAlterConfigs v{version}");
        world.note(&name, 2, &description(TOPIC, &topic, Some(&keys)));
        repeated(world, version, &topic);
    }
}

/// The same, of which nothing is done.
fn validated(
    request: change::IncrementalAlterConfigsRequest,
) -> change::IncrementalAlterConfigsRequest {
    change::IncrementalAlterConfigsRequest { validate_only: true, ..request }
}

/// Lists that have a part twice, of a topic and of all brokers.
fn repeated(world: &mut World, version: i16, topic: &str) {
    let policy = "cleanup.policy";
    let twice = "delete, compact,delete";
    world.note("a part twice", version, &change(TOPIC, topic, policy, 0, twice));
    world.note("a third append", version, &change(TOPIC, topic, policy, 2, "compact"));
    world.note("after a part twice", 2, &description(TOPIC, topic, Some(&[policy])));
    let policy = "log.cleanup.policy";
    world.note("a part twice for all", version, &change(BROKER, "", policy, 0, twice));
    // Kafka says so before its broker has taken it over.
    std::thread::sleep(std::time::Duration::from_millis(500));
    for name in ["", "1"] {
        let after = description(BROKER, name, Some(&[policy]));
        world.note(&format!("after a part twice for all, at {name}"), 2, &after);
    }
    world.note("a part twice for all undone", version, &change(BROKER, "", policy, 1, twice));
}

/// One change of one key: 0 sets it, 1 takes it back, 2 appends to its list.
pub(super) fn change(
    kind: i8,
    name: &str,
    key: &str,
    config_operation: i8,
    value: &str,
) -> change::IncrementalAlterConfigsRequest {
    let config = change::AlterableConfig {
        name: key.into(),
        config_operation,
        value: Some(value.into()),
        ..change::AlterableConfig::default()
    };
    let resource = change::AlterConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configs: vec![config],
        ..change::AlterConfigsResource::default()
    };
    change::IncrementalAlterConfigsRequest {
        resources: vec![resource],
        ..change::IncrementalAlterConfigsRequest::default()
    }
}

/// Changes a broker's config or that of all, notes what is answered, and lets it have its effect.
fn set(world: &mut World, broker: &str, key: &str, operation: i8, value: &str) {
    let what = format!("{key} of {broker:?}, operation {operation}");
    world.note(&what, 1, &change(BROKER, broker, key, operation, value));
    std::thread::sleep(std::time::Duration::from_millis(300));
}

/// Which of a broker's layers wins: its own, that of all brokers, the file, the default.
pub(super) fn precedence(world: &mut World) {
    let keys = ["log.cleaner.backoff.ms", "log.retention.ms", "log.retention.minutes"];
    let (backoff, retention) = (keys[0], keys[1]);
    world.topic("cp", 1, &[]);
    let tell = |world: &mut World, what: &str| {
        for version in world.versions::<DescribeConfigsRequest>() {
            for (kind, name, keys) in
                [(BROKER, "1", &keys[..]), (BROKER, "", &keys), (TOPIC, "cp", &["retention.ms"])]
            {
                let mut request = description(kind, name, Some(keys));
                request.include_synonyms = true;
                world.note(&format!("{what}, {kind} {name:?}"), version, &request);
            }
        }
    };
    tell(world, "of the file");
    set(world, "", backoff, 0, "13000");
    set(world, "", retention, 0, "800000000");
    tell(world, "of all brokers over the file");
    set(world, "1", backoff, 0, "12000");
    set(world, "1", retention, 0, "700000000");
    tell(world, "of the broker over all");
    set(world, "", backoff, 1, "");
    set(world, "", retention, 1, "");
    tell(world, "of the broker over the file");
    set(world, "1", backoff, 1, "");
    set(world, "1", retention, 1, "");
    tell(world, "of the file again");
}

/// Passwords, and keys of which nobody knows whether they are: never shown, wherever they are set.
pub(super) fn hidden(world: &mut World) {
    let own = "listener.name.plaintext.ssl.truststore.password";
    for (broker, key) in [
        ("1", own),
        ("", own),
        ("1", "ssl.truststore.password"),
        ("", "ssl.truststore.password"),
        ("1", "secret.of.one"),
        ("", "secret.of.all"),
    ] {
        set(world, broker, key, 0, "jackdaw");
    }
    let keys = [
        "ssl.keystore.password",
        "ssl.key.password",
        "ssl.truststore.password",
        "listener.name.plaintext.ssl.key.password",
        own,
        "secret.of.file",
        "secret.of.one",
        "secret.of.all",
    ];
    for version in world.versions::<DescribeConfigsRequest>() {
        for (what, broker, keys) in [
            ("hidden keys", "1", Some(&keys[..])),
            ("hidden keys of all", "", Some(&keys[..])),
            ("all of all", "", None),
        ] {
            let mut request = description(BROKER, broker, keys);
            request.include_synonyms = true;
            world.note(what, version, &request);
        }
    }
    for (broker, key) in [("1", own), ("1", "secret.of.one"), ("", "secret.of.all")] {
        set(world, broker, key, 1, "");
    }
}

pub(super) fn resources(world: &mut World) {
    world.topic("lr", 1, &[]);
    let last = [
        (METRICS, "lr-metrics", "interval.ms", "60000"),
        (GROUP, "lr-group", "consumer.session.timeout.ms", "50000"),
    ];
    for version in world.versions::<change::IncrementalAlterConfigsRequest>() {
        for (kind, name, key, value) in last {
            world.note("subscription or group", version, &change(kind, name, key, 0, value));
        }
        for (what, key, value) in [
            ("short interval", "interval.ms", "99"),
            ("long interval", "interval.ms", "3600001"),
            ("no interval", "interval.ms", "soon"),
            ("all metrics", "metrics", "*"),
            ("two metrics", "metrics", "org.apache.kafka.producer.,org.apache.kafka.consumer."),
            ("match", "match", "client_id=lr-.*,client_source_port=1234"),
            ("match of nothing", "match", "client_id="),
            ("match without a pattern", "match", "client_id"),
            ("match by what is not there", "match", "client_shoe_size=43"),
            ("match by no expression", "match", "client_id=(["),
            ("unknown key", "no.such", "1"),
        ] {
            world.note(what, version, &change(METRICS, "lr-metrics", key, 0, value));
        }
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    for version in world.versions::<ListConfigResourcesRequest>() {
        for kinds in [&[][..], &[16], &[32], &[2], &[4], &[8], &[16, 32, 16], &[3], &[2, 3], &[0]] {
            let request = ListConfigResourcesRequest {
                resource_types: if version == 0 { Vec::new() } else { kinds.to_vec() },
                ..ListConfigResourcesRequest::default()
            };
            world.note(&format!("{kinds:?}"), version, &request);
        }
    }
    for version in world.versions::<DescribeConfigsRequest>().into_iter().filter(|it| 1 < *it) {
        world.note("subscription", version, &description(METRICS, "lr-metrics", None));
    }
    for (kind, name, key, _) in last {
        world.prepare(1, &change(kind, name, key, 1, ""));
    }
    for key in ["metrics", "match"] {
        world.prepare(1, &change(METRICS, "lr-metrics", key, 1, ""));
    }
}
