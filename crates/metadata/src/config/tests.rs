//! Configs: what is read, what is refused, and in which words.

use proptest::prelude::*;

use super::resource::Configs;
use super::{
    BrokerConfig, ConfigError, Key, Layers, NoEffect, ResourceKind, Scope, State, TopicConfig,
    Update, Value, broker, no_effect, properties,
};
use crate::config::topic::StoredCompression;

fn configs(pairs: &[(&str, &str)]) -> Configs {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// Scope, key, text, and what comes of it: the value, or why not.
const VALUES: &[(Scope, &str, &str, &str)] = &[
    (Scope::Broker, "num.io.threads", " 12 ", "12"),
    (
        Scope::Broker,
        "num.io.threads",
        "abc",
        "Invalid value abc for configuration num.io.threads: Not a number of type INT",
    ),
    (
        Scope::Broker,
        "num.io.threads",
        "0",
        "Invalid value 0 for configuration num.io.threads: Value must be at least 1",
    ),
    (
        Scope::Broker,
        "message.max.bytes",
        "2147483648",
        "Invalid value 2147483648 for configuration message.max.bytes: Not a number of type INT",
    ),
    (
        Scope::Broker,
        "offsets.topic.replication.factor",
        "32768",
        "Invalid value 32768 for configuration offsets.topic.replication.factor: Not a number of \
         type SHORT",
    ),
    (Scope::Broker, "delete.topic.enable", "TRUE", "true"),
    (
        Scope::Broker,
        "delete.topic.enable",
        "yes",
        "Invalid value yes for configuration delete.topic.enable: Expected value to be either \
         true or false",
    ),
    (Scope::Topic, "cleanup.policy", "compact , delete", "compact,delete"),
    (Scope::Topic, "cleanup.policy", "", ""),
    (Scope::Topic, "cleanup.policy", "delete,compact,delete", "delete,compact"),
    (
        Scope::Topic,
        "cleanup.policy",
        "delete,",
        "Configuration 'cleanup.policy' values must not be empty.",
    ),
    (
        Scope::Topic,
        "compression.type",
        "zip",
        "Invalid value zip for configuration compression.type: String must be one of: \
         uncompressed, zstd, lz4, snappy, gzip, producer",
    ),
    (
        Scope::Topic,
        "compression.gzip.level",
        "0",
        "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 \
         or equal to -1",
    ),
    (Scope::Topic, "min.cleanable.dirty.ratio", "1e-1", "0.1"),
    (Scope::Topic, "min.cleanable.dirty.ratio", ".5f", "0.5"),
    (
        Scope::Topic,
        "min.cleanable.dirty.ratio",
        "half",
        "Invalid value half for configuration min.cleanable.dirty.ratio: Not a number of type \
         DOUBLE",
    ),
    (
        Scope::Broker,
        "log.cleaner.io.max.bytes.per.second",
        "1.7976931348623157e+308",
        "1.7976931348623157E308",
    ),
    (
        Scope::Broker,
        "process.roles",
        "",
        "Configuration 'process.roles' must not be empty. Valid values include: [broker, \
         controller]",
    ),
    (
        Scope::Broker,
        "controller.quorum.voters",
        "1@host",
        "Failed to parse host name from entry 1@host for the configuration \
         controller.quorum.voters. Each entry should be in the form `{id}@{host}:{port}`.",
    ),
];

#[test]
fn values_are_refused_in_kafkas_words() {
    for &(scope, name, text, expected) in VALUES {
        let key = scope.key(name).expect("a known key");
        let got = key.parse(text).map(|value| value.shown().unwrap_or_default());
        let got = got.unwrap_or_else(|ConfigError { message, .. }| message);
        assert_eq!(got, expected, "{name}={text}");
    }
}

#[test]
fn properties_are_read_as_java_reads_them() {
    let text = "# comment\n ! another\na=1\nb : 2\nc 3\n  d\t=  x y \ne=one,\\\n   two\n\
                f=C\\:\\\\dir\\ttab\\u00e4\\uD83D\\uDE00\ng\nh\\=i\\ j=k=l\na=last\r\nz=end\\";
    let pairs = properties::parse(text);
    let expected = [
        ("a", "1"),
        ("b", "2"),
        ("c", "3"),
        ("d", "x y "),
        ("e", "one,two"),
        ("f", "C:\\dir\ttabä😀"),
        ("g", ""),
        ("h=i j", "k=l"),
        ("a", "last"),
        ("z", "end"),
    ];
    let expected: Vec<(String, String)> =
        expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    assert_eq!(pairs, expected);
}

const NODE: &str = "process.roles=broker,controller\nnode.id=1\n\
    controller.quorum.voters=1@localhost:9093\ncontroller.listener.names=CONTROLLER\n\
    listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://:9093\nlog.dirs=/a,/b\n";

fn node(more: &str) -> Result<BrokerConfig, String> {
    let text = format!("{NODE}{more}\n");
    BrokerConfig::parse(properties::parse(&text)).map_err(|error| error.message)
}

#[test]
fn a_node_is_read() {
    let node = node("broker.rack=r1\nmy.plugin.key=5\nlistener.name.plaintext.max.connections=7")
        .expect("a good file");
    assert_eq!((node.node_id, node.is_broker, node.is_controller), (1, true, true));
    assert_eq!(node.log_dirs, ["/a", "/b"]);
    assert_eq!(node.metadata_log_dir, "/a");
    assert_eq!(node.rack.as_deref(), Some("r1"));
    assert_eq!(node.unknown, ["my.plugin.key"]);
    assert_eq!(node.set.get("broker.id").map(String::as_str), Some("1"));
    let names: Vec<&str> = node.broker_listeners().map(|e| e.listener.as_str()).collect();
    assert_eq!(names, ["PLAINTEXT"]);
    assert_eq!(node.advertised_listeners.len(), 1);
    assert_eq!(node.controller_listeners().next().map(|e| e.port), Some(9093));
    assert_eq!(node.inter_broker_listener, "PLAINTEXT");
    let nothing = Configs::new();
    let layers = node.layers(&nothing, &nothing);
    assert_eq!(layers.listener_value("PLAINTEXT", "max.connections").integer(), 7);
    assert_eq!(layers.listener_value("OTHER", "max.connections").integer(), i64::from(i32::MAX));
    assert_eq!(node.integer("num.partitions"), 1);
}

#[test]
fn the_old_names_of_directories_and_ids_are_read() {
    let read = |lines: &str| {
        let others = NODE.lines().filter(|line| !line.starts_with("log.dirs"));
        let others = others.filter(|line| !line.starts_with("node.id")).collect::<Vec<_>>();
        let text = format!("{}\n{lines}\n", others.join("\n"));
        let node = BrokerConfig::parse(properties::parse(&text)).expect("a good file");
        (node.node_id, node.log_dirs.join(","), node.metadata_log_dir)
    };
    let check = |lines: &str, id: i32, dirs: &str, metadata: &str| {
        assert_eq!(read(lines), (id, dirs.to_owned(), metadata.to_owned()), "{lines}");
    };
    check("broker.id=1\nlog.dir=/x", 1, "/x", "/x");
    check("broker.id=1", 1, "/tmp/kafka-logs", "/tmp/kafka-logs");
    check("node.id=1\nlog.dir=/x\nlog.dirs=/y,/z", 1, "/y,/z", "/y");
    check("node.id=1\nbroker.id=1\nlog.dir=/x\nmetadata.log.dir=/m", 1, "/x", "/m");
}

#[test]
fn a_bad_node_is_refused() {
    let check = |more: &str, expected: &str| {
        let got = node(more).map(|_| "fine").unwrap_or_else(|message| message.leak());
        assert!(got.contains(expected), "{more}: {got}");
    };
    check("", "fine");
    check("num.io.threads=abc", "Invalid value abc for configuration num.io.threads");
    check("node.id=2", "the node id 2 must be included in the set of voters");
    check("broker.id=2", "You must set `node.id` to the same value as `broker.id`.");
    check("log.retention.ms=0", "log.retention.ms must be unlimited (-1) or");
    check("listeners=PLAINTEXT://:9092", "must contain at least one value appearing in");
    check("listeners=PLAINTEXT//:9092", "Unable to parse PLAINTEXT//:9092 to a broker endpoint");
    check(
        "listeners=FOO://:9092,CONTROLLER://:9093",
        "No security protocol defined for listener FOO",
    );
    check("listeners=PLAINTEXT://:9092,CONTROLLER://:9092", "must have a different port");
    check("listeners=PLAINTEXT://:1,PLAINTEXT://:2,CONTROLLER://:9", "must have a different name");
    check(
        "listeners=PLAINTEXT://127.0.0.1:5,SSL://[::1]:5,CONTROLLER://:9",
        "No security protocol",
    );
    check("advertised.listeners=PLAINTEXT://0.0.0.0:9092", "nonroutable meta-address 0.0.0.0");
    check(
        "advertised.listeners=SSL://h:9092",
        "inter.broker.listener.name must be a listener name",
    );
    check(
        "inter.broker.listener.name=PLAINTEXT\nsecurity.inter.broker.protocol=PLAINTEXT",
        "Only one of inter.broker.listener.name and security.inter.broker.protocol should be set.",
    );
    check("inter.broker.listener.name=FOO", "Listener with name FOO defined in");
    check("queued.max.request.bytes=100", "queued.max.request.bytes must be larger or equal");
    check("max.connections.per.ip=0", "max.connections.per.ip can be set to zero only if");
    check("max.connections.per.ip=0\nmax.connections.per.ip.overrides=h:5,10.0.0.1:7", "fine");
    check("max.connections.per.ip.overrides=h:x", "Invalid value x for configuration");
    check("controller.quorum.voters=", "either controller.quorum.bootstrap.servers must contain");
    check(
        "group.consumer.session.timeout.ms=1000",
        "group.consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
    );
    check(
        "group.consumer.max.heartbeat.interval.ms=4999",
        "group.consumer.max.heartbeat.interval.ms must be greater than or equal to group.consumer.min.heartbeat.interval.ms",
    );
    check(
        "group.share.heartbeat.interval.ms=15001",
        "group.share.heartbeat.interval.ms must be less than or equal to group.share.max.heartbeat.interval.ms",
    );
    check(
        "group.consumer.max.heartbeat.interval.ms=45000\ngroup.consumer.heartbeat.interval.ms=45000",
        "group.consumer.heartbeat.interval.ms must be less than group.consumer.session.timeout.ms",
    );
    check("log.dirs=/a,/b\ncordoned.log.dirs=/a,/c,/d", "/c, /d is not among log.dirs");
    check("log.dirs=/a,/b\ncordoned.log.dirs=*,/a", "* stands for all and must be alone");
    check("process.roles=broker,master", "String must be one of: broker, controller");
    check("listener.name.plaintext.max.connections=x", "Not a number of type INT");
    let missing = BrokerConfig::parse(properties::parse("node.id=1")).map_err(|e| e.message);
    assert_eq!(
        missing.err().as_deref(),
        Some("Missing required configuration \"process.roles\" which has no default value.")
    );
}

/// Some value that the key may have and that is not its default, and which `is_good`.
fn another(key: &Key, is_good: impl Fn(&str) -> bool) -> String {
    let number = if let Value::Integer(number) = key.default_value() { number } else { 0 };
    let beside = [1, -1].map(|by| number.saturating_add(by).to_string());
    let words = [
        "true",
        "false",
        "0.3",
        "20000",
        "DEBUG",
        "required",
        "SSL",
        "ES256",
        "a.B",
        "0:1",
        "earliest",
        "read_committed",
        "DISABLED",
    ];
    let mut values = beside.into_iter().chain(words.map(str::to_owned));
    let is_another = |text: &String| {
        key.parse(text).is_ok_and(|value| value != key.default_value()) && is_good(text)
    };
    values.find(is_another).unwrap_or_else(|| panic!("{} takes none of these values", key.name))
}

/// What is said of a key that is set on such a resource, by its state.
fn said_of(key: &Key) -> Option<NoEffect> {
    match key.state {
        State::NotBuilt(part) => Some(NoEffect::NotBuilt(part)),
        State::NoMeaning(why) => Some(NoEffect::NoMeaning(why)),
        State::Effective | State::Refused(_) => None,
    }
}

#[test]
fn what_is_not_built_is_refused_or_warned_of() {
    let (mut refused, mut warned) = (Vec::new(), 0);
    for (scope, prefix) in [(Scope::Broker, ""), (Scope::RemoteMetadata, "rlmm.config.")] {
        for key in scope.keys().filter(|key| key.state != State::Effective) {
            let name = &format!("{prefix}{}", key.name);
            let said = |text: &str| {
                let node = node(&format!("{name}={text}")).expect(name);
                let told = node.without_effect().map(|(name, why)| (name.to_owned(), why));
                (node.check_built().map_err(|error| error.message), told.collect::<Vec<_>>())
            };
            let text = &another(key, |text| node(&format!("{name}={text}")).is_ok());
            let (answer, told) = said(text);
            match (key.state, said_of(key)) {
                (State::Refused(part), _) => {
                    let message = answer.expect_err(name);
                    assert!(message.starts_with(name) && message.contains(part), "{message}");
                    assert!(!key.kind.is_sensitive() || message.contains("[hidden]"), "{message}");
                    assert_eq!(told, []);
                    assert_eq!(set_at_run_time(key, text), Err(key.update == Update::ReadOnly));
                    refused.push(key.name);
                }
                (_, Some(why)) => {
                    assert_eq!((answer, told), (Ok(()), vec![(name.clone(), why)]));
                    warned += 1;
                }
                (_, None) => unreachable!("a key without effect"),
            }
            if let super::Default::Text(text) = key.default {
                assert_eq!(said(text), (Ok(()), vec![]), "{name} at its default");
            }
        }
    }
    assert!(100 < warned);
    for name in ["authorizer.class.name", "delegation.token.secret.key"] {
        assert!(refused.contains(&name), "{name}");
    }
}

/// Whether a broker refuses this at run time, and whether it blames the request.
fn set_at_run_time(key: &Key, text: &str) -> Result<(), bool> {
    let (all, nothing) = (configs(&[(key.name, text)]), Configs::new());
    let layers = Layers { broker: &all, cluster: &nothing, file: &nothing };
    let now = Layers { broker: &nothing, ..layers };
    broker::check_dynamic(&all, true, now, layers).map_err(|error| error.is_bad_request)
}

#[test]
fn what_is_set_at_run_time_and_has_no_effect_is_told() {
    let kinds = [
        (Scope::Broker, Some(ResourceKind::Broker)),
        (Scope::Topic, Some(ResourceKind::Topic)),
        (Scope::Group, Some(ResourceKind::Group)),
        (Scope::ClientMetrics, Some(ResourceKind::ClientMetrics)),
        // Nothing that is set on one of these is stored as a config: all of it must have its effect.
        (Scope::ClientQuota, None),
    ];
    let mut told = 0;
    for (scope, kind) in kinds {
        for key in scope.keys() {
            let Some(kind) = kind else {
                assert_eq!(key.state, State::Effective, "{}", key.name);
                continue;
            };
            // Only what a node refuses to start with is refused at run time: brokers' keys.
            let is_refused = matches!(key.state, State::Refused(_));
            assert!(!is_refused || kind == ResourceKind::Broker, "{}", key.name);
            if key.state == State::Effective {
                // Whatever it is set to.
                assert_eq!(no_effect(kind, key.name, "1"), None, "{}", key.name);
                continue;
            }
            let text = another(key, |_| true);
            assert_eq!(no_effect(kind, key.name, &text), said_of(key), "{}={text}", key.name);
            if let super::Default::Text(text) = key.default {
                assert_eq!(no_effect(kind, key.name, text), None, "{}", key.name);
            }
            told += usize::from(said_of(key).is_some());
        }
    }
    assert!(250 < told, "{told}");
    let of = |kind, name, text| no_effect(kind, name, text).map(|why| why.to_string());
    let (broker, topic) = (ResourceKind::Broker, ResourceKind::Topic);
    assert_eq!(
        of(broker, "listener.name.in.ssl.keystore.password", "x").as_deref(),
        Some("has no effect: it waits for TLS, which is not built yet")
    );
    assert_eq!(
        of(broker, "num.network.threads", "8").as_deref(),
        Some("has no meaning here: reactors, one per core, serve the sockets")
    );
    assert_eq!((of(topic, "no.such", "1"), of(topic, "compression.lz4.level", "x")), (None, None));
}

#[test]
fn a_node_that_would_be_less_than_it_says_does_not_start() {
    let check = |more: &str, expected: &str| {
        let node = node(more).expect(more);
        let got = node.check_built().map_or_else(|error| error.message, |()| "fine".to_owned());
        assert!(got.contains(expected), "{more}: {got}");
    };
    let controller = "CONTROLLER://:9093";
    check("", "fine");
    check(
        &format!(
            "listeners=SSL://:1,{controller}\ninter.broker.listener.name=SSL\n\
                  listener.security.protocol.map=SSL:SSL,CONTROLLER:PLAINTEXT"
        ),
        "listener SSL speaks SSL",
    );
    check(
        &format!(
            "listeners=PLAINTEXT://:1,IN://:2,{controller}\n\
                  listener.security.protocol.map=PLAINTEXT:PLAINTEXT,IN:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "listener IN speaks SASL_PLAINTEXT, and waits for a part that is not built yet (SASL)",
    );
    check(
        &format!(
            "listeners=SSL://:1,{controller}\ninter.broker.listener.name=SSL\n\
                  listener.security.protocol.map=SSL:PLAINTEXT,CONTROLLER:PLAINTEXT"
        ),
        "fine",
    );
    check(
        "controller.quorum.voters=1@a:9093,2@b:9093,3@c:9093",
        "controller.quorum.voters names 3 voters, and waits for",
    );
    check(
        "process.roles=broker\nlisteners=PLAINTEXT://:1\ncontroller.quorum.voters=2@b:9093",
        "process.roles is broker",
    );
    check("process.roles=controller\nlisteners=CONTROLLER://:9093", "process.roles is controller");
    check(
        "listener.name.plaintext.principal.builder.class=a.B",
        "listener.name.plaintext.principal.builder.class is a.B",
    );
    check("listener.name.plaintext.ssl.keystore.location=/x", "fine");
}

#[test]
fn what_a_list_has_twice_counts_once() {
    let node = node("listeners=PLAINTEXT://:1, CONTROLLER://:9093,PLAINTEXT://:1").unwrap();
    assert_eq!(node.listeners.len(), 2);
    assert_eq!(node.repeating().collect::<Vec<_>>(), ["listeners"]);
}

#[test]
fn brokers_use_the_listener_that_is_chosen() {
    let check = |more: &str, expected: &str| {
        let two = "listeners=PLAINTEXT://:1,IN://:2,SSL://:3,CONTROLLER://:9093\n\
                   listener.security.protocol.map=PLAINTEXT:PLAINTEXT,IN:PLAINTEXT,SSL:SSL,CONTROLLER:PLAINTEXT";
        assert_eq!(node(&format!("{two}\n{more}")).unwrap().inter_broker_listener, expected);
    };
    check("", "PLAINTEXT");
    check("inter.broker.listener.name=IN", "IN");
    check("inter.broker.listener.name=in", "IN");
    check("security.inter.broker.protocol=SSL", "SSL");
}

#[test]
fn topics_inherit_from_the_first_synonym_that_is_set() {
    let check =
        |topic: &[(&str, &str)], broker: &[(&str, &str)], cluster: &[(&str, &str)], file: &str| {
            let node = node(file).expect("a good file");
            let (broker, cluster) = (configs(broker), configs(cluster));
            TopicConfig::resolve(&configs(topic), node.layers(&broker, &cluster))
        };
    let hour = 3_600_000;
    let plain = check(&[], &[], &[], "");
    assert_eq!((plain.retention_ms, plain.segment_ms), (168 * hour, 168 * hour));
    assert_eq!((plain.flush_ms, plain.flush_messages), (i64::MAX, i64::MAX));
    assert_eq!((plain.segment_bytes, plain.compression), (1 << 30, StoredCompression::Producer));
    assert!(plain.delete && !plain.compact && !plain.log_append_time);
    assert_eq!(check(&[], &[], &[], "log.retention.hours=2").retention_ms, 2 * hour);
    let minutes = "log.retention.hours=2\nlog.retention.minutes=3";
    assert_eq!(check(&[], &[], &[], minutes).retention_ms, 3 * 60_000);
    let all = "log.retention.hours=2\nlog.retention.minutes=3\nlog.retention.ms=4";
    assert_eq!(check(&[], &[], &[], all).retention_ms, 4);
    assert_eq!(check(&[], &[], &[], "log.retention.minutes=-1").retention_ms, -1);
    assert_eq!(check(&[], &[], &[("log.retention.ms", "5")], all).retention_ms, 5);
    let both = check(&[], &[("log.retention.ms", "6")], &[("log.retention.ms", "5")], all);
    assert_eq!(both.retention_ms, 6);
    assert_eq!(check(&[("retention.ms", "7")], &[], &[], all).retention_ms, 7);
    assert_eq!(check(&[], &[], &[], "log.flush.scheduler.interval.ms=9").flush_ms, 9);
    assert_eq!(check(&[("internal.segment.bytes", "100")], &[], &[], "").segment_bytes, 100);
    // What a newer or older node let in and we cannot read counts as unset.
    assert_eq!(check(&[("retention.ms", "soon")], &[], &[], "").retention_ms, 168 * hour);
}

#[test]
fn run_time_changes_of_brokers_are_checked() {
    let check = |pairs: &[(&str, &str)], per_broker: bool| {
        let (set, nothing) = (configs(pairs), Configs::new());
        let layers = match per_broker {
            true => Layers { broker: &set, cluster: &nothing, file: &nothing },
            false => Layers { broker: &nothing, cluster: &set, file: &nothing },
        };
        let now = Layers { broker: &nothing, cluster: &nothing, file: &nothing };
        broker::check_dynamic(&set, per_broker, now, layers).map_err(|error| error.message)
    };
    assert_eq!(check(&[("num.io.threads", "4"), ("my.key", "x")], false), Ok(()));
    assert_eq!(
        check(&[("log.dirs", "/x"), ("node.id", "4")], true).err().as_deref(),
        Some("Cannot update these configs dynamically: [log.dirs, node.id]")
    );
    assert_eq!(check(&[("listener.name.x.max.connections", "4")], false), Ok(()));
    assert!(check(&[("listener.name.x.ssl.keystore.type", "PEM")], false).is_err());
    let overrides = "max.connections.per.ip.overrides";
    for (name, value, expected) in [
        ("listener.name.x.max.connections", "0", "Invalid max.connections 0"),
        (
            "listener.name.x.max.connection.creation.rate",
            "0",
            "Invalid max.connection.creation.rate 0",
        ),
        ("max.connections.per.ip", "0", "can be set to zero only if"),
        (overrides, "10.0.0.1", "has no colon"),
        (overrides, "10.0.0.1:many", "Invalid value many"),
    ] {
        let said = check(&[(name, value)], true).err().unwrap_or_default();
        assert!(said.contains(expected), "{name}={value}: {said}");
    }
    assert_eq!(check(&[("max.connections.per.ip", "0"), (overrides, "h:5")], false), Ok(()));
    let name = |name| broker::check_name(name, 1).map_err(|error| error.message);
    assert_eq!((name(""), name("1")), (Ok(()), Ok(())));
    assert_eq!(name("7"), Err("Unexpected broker id, expected 1, but received 7".to_owned()));
    assert_eq!(name("x"), Err("Node id must be an integer, but it is: x".to_owned()));
}

proptest! {
    #[test]
    fn nothing_that_is_written_in_a_file_makes_it_panic(text in "\\PC{0,200}", key in 0..400usize) {
        let _ = BrokerConfig::parse(properties::parse(&text));
        let name = Scope::Broker.keys().nth(key).map_or("x", |key| key.name);
        let _ = node(&format!("{name}={text}"));
        for scope in Scope::ALL {
            for key in scope.keys() {
                let _ = key.parse(&text);
            }
        }
    }

    #[test]
    fn what_is_shown_reads_the_same_again(number: i64, real: f64) {
        let long = Scope::Topic.key("flush.messages").expect("a key");
        if let Ok(value) = long.parse(&number.to_string()) {
            prop_assert_eq!(value.shown(), Some(number.to_string()));
        }
        let double = Scope::Broker.key("log.cleaner.io.max.bytes.per.second").expect("a key");
        if real.is_finite() {
            let value = double.parse(&real.to_string()).expect("a number");
            let shown = value.shown().expect("a value");
            prop_assert_eq!(double.parse(&shown), Ok(value));
        }
    }
}
