//! Changes of listeners at run time, each with what Apache Kafka 4.3.1 answers to it.

use super::BrokerConfig;
use super::broker::check_dynamic;
use super::properties;
use super::resource::Configs;

const NODE: &str = "process.roles=broker,controller\nnode.id=1\n\
    controller.quorum.voters=1@127.0.0.1:29093\ncontroller.listener.names=CONTROLLER\n";
const MAP: &str = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO:PLAINTEXT,THREE:PLAINTEXT,TLS:SSL";

type Pairs<'a> = &'a [(&'a str, &'a str)];

fn file(more: &str) -> BrokerConfig {
    let text = format!(
        "{NODE}listeners=P://127.0.0.1:1,C://127.0.0.1:2\nlistener.security.protocol.map={MAP}\n{more}\n"
    );
    BrokerConfig::parse(properties::parse(&in_full(&text))).unwrap()
}

/// `P` and `C` stand for the listeners that every node has, so that a case is a line.
fn in_full(text: &str) -> String {
    text.replace("P://", "PLAINTEXT://").replace("C://", "CONTROLLER://")
}

fn configs(pairs: Pairs<'_>) -> Configs {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), in_full(value))).collect()
}

/// Asks a node with this file, on which `now` is set, to have `next` set.
fn ask(file: &BrokerConfig, now: Pairs<'_>, next: Pairs<'_>) -> Result<(), (bool, String)> {
    let (now, next, nothing) = (configs(now), configs(next), Configs::new());
    let (before, after) = (file.layers(&now, &nothing), file.layers(&next, &nothing));
    check_dynamic(&next, true, before, after).map_err(|error| (error.is_bad_request, error.message))
}

const L: &str = "listeners";
const M: &str = "listener.security.protocol.map";
const PREFIX: &str = "Invalid value org.apache.kafka.common.config.ConfigException: ";

/// What is set, what is asked for, and the answer; none is good. All on a node that advertises one
/// listener.
const CASES: &[(Pairs<'_>, Pairs<'_>, &str)] = &[
    // One more, one less, one elsewhere, and nothing set any more.
    (&[], &[(L, "P://127.0.0.1:1,TWO://127.0.0.1:3,C://127.0.0.1:2")], ""),
    (&[(L, "P://h:1,TWO://h:3,C://h:2")], &[(L, "P://h:1,C://h:2")], ""),
    (&[(L, "P://h:1,TWO://h:3,C://h:2")], &[(L, "P://h:1,TWO://h:4,C://h:2")], ""),
    (&[(L, "P://h:1,TWO://h:3,C://h:2")], &[(L, "P://h:1,THREE://h:3,C://h:2")], ""),
    (&[(L, "P://h:1,TWO://h:3,C://h:2")], &[], ""),
    (&[], &[(L, "P://h:7,C://h:8")], ""),
    (&[], &[(L, "P://h:1,C://h:2,TWO://:3")], ""),
    (&[], &[(L, "P://h:1,C://h:2,TWO://0.0.0.0:3")], ""),
    // Names, ports and protocols.
    (
        &[],
        &[(L, "P://h:1,NINE://h:3,C://h:2")],
        "Error creating broker listeners from '[PLAINTEXT://h:1, NINE://h:3, CONTROLLER://h:2]': \
             No security protocol defined for listener NINE",
    ),
    (
        &[],
        &[(M, "PLAINTEXT:PLAINTEXT")],
        "Error creating broker listeners from '[PLAINTEXT://127.0.0.1:1, \
             CONTROLLER://127.0.0.1:2]': No security protocol defined for listener CONTROLLER",
    ),
    (
        &[],
        &[(M, "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,FOO:NONSENSE")],
        "Invalid security protocol `NONSENSE` defined in listener.security.protocol.map",
    ),
    (
        &[],
        &[(L, "P://h:1,THREE://h:1,C://h:2")],
        "Error creating broker listeners from '[PLAINTEXT://h:1, THREE://h:1, CONTROLLER://h:2]': \
             Each listener must have a different port, listeners: \
             [PLAINTEXT://h:1, THREE://h:1, CONTROLLER://h:2]",
    ),
    (
        &[],
        &[(L, "P://1.1.1.1:5,TWO://1.1.1.2:5,C://h:2")],
        "Error creating broker listeners from \
             '[PLAINTEXT://1.1.1.1:5, TWO://1.1.1.2:5, CONTROLLER://h:2]': If you have two listeners \
             on the same port then one needs to be IPv4 and the other IPv6, listeners: \
             [PLAINTEXT://1.1.1.1:5, TWO://1.1.1.2:5, CONTROLLER://h:2], port: 5",
    ),
    (
        &[],
        &[(L, "P://h:1,plaintext://h:3,C://h:2")],
        "Error creating broker listeners from \
             '[PLAINTEXT://h:1, plaintext://h:3, CONTROLLER://h:2]': Each listener must have a \
             different name, listeners: [PLAINTEXT://h:1, plaintext://h:3, CONTROLLER://h:2]",
    ),
    // What has to be there.
    (
        &[],
        &[(L, "TWO://h:3,C://h:2")],
        "requirement failed: advertised.listeners listener names must be equal to or a subset of \
             the ones defined in listeners. Found PLAINTEXT. The valid options based on the current \
             configuration are TWO,CONTROLLER",
    ),
    (
        &[],
        &[(L, "P://h:1")],
        "requirement failed: controller.listener.names must contain at least one value appearing \
             in the 'listeners' configuration when running the KRaft controller role",
    ),
    // What there is stays as it is.
    (
        &[],
        &[(M, "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT")],
        "Security protocol cannot be updated for existing listener ListenerName(PLAINTEXT)",
    ),
    (
        &[("listener.name.plaintext.foo", "1")],
        &[("listener.name.plaintext.foo", "1"), (L, "P://h:1,TWO://h:3,C://h:2")],
        "Configs cannot be updated dynamically for existing listener ListenerName(PLAINTEXT), \
             restart broker or create a new listener for update",
    ),
    (
        &[("listener.name.plaintext.foo", "1")],
        &[("listener.name.plaintext.foo", "1"), ("max.connections", "7")],
        "Configs cannot be updated dynamically for existing listener ListenerName(PLAINTEXT), \
             restart broker or create a new listener for update",
    ),
    (&[], &[("listener.name.plaintext.foo", "1")], ""),
    (
        &[],
        &[("listener.name.plaintext.max.connections", "9"), (L, "P://h:1,TWO://h:3,C://h:2")],
        "",
    ),
    (&[], &[("listener.name.two.foo", "9"), (L, "P://h:1,TWO://h:3,C://h:2")], ""),
];

#[test]
fn listeners_come_and_go_as_kafka_lets_them() {
    let advertises = file("advertised.listeners=P://127.0.0.1:1");
    for (now, next, expected) in CASES {
        let said = ask(&advertises, now, next);
        let is_of_listeners = ["Security protocol cannot", "Configs cannot"];
        let whole = match is_of_listeners.iter().any(|begin| expected.starts_with(begin)) {
            true => format!("{PREFIX}{expected} for configuration Invalid dynamic configuration"),
            false => (*expected).to_owned(),
        };
        let expected = if expected.is_empty() { Ok(()) } else { Err((true, whole)) };
        assert_eq!(said, expected, "{next:?}");
    }
}

#[test]
fn without_advertised_listeners_all_are_advertised_and_none_goes() {
    let node = file("");
    let more = &[(L, "P://h:1,TWO://h:3,C://h:2")];
    assert_eq!(ask(&node, &[], more), Ok(()));
    let whole = format!(
        "{PREFIX}Advertised listeners 'Set(ListenerName(PLAINTEXT), ListenerName(TWO))' must be a \
         subset of listeners 'Set(ListenerName(PLAINTEXT), ListenerName(CONTROLLER))' for \
         configuration Invalid dynamic configuration"
    );
    assert_eq!(ask(&node, more, &[(L, "P://h:1,C://h:2")]), Err((true, whole.clone())));
    let by_deleting = whole.replace("127.0.0.1", "h");
    assert_eq!(ask(&node, more, &[]), Err((true, by_deleting)));
    let (_, said) = ask(&node, more, &[(L, "TWO://h:3,C://h:2")]).unwrap_err();
    let expected = "requirement failed: inter.broker.listener.name must be a listener name defined \
        in advertised.listeners. The valid options based on currently configured listeners are TWO";
    assert_eq!(said, expected);
    let (_, said) = ask(&node, &[], &[(L, "P://h:1,TWO://0.0.0.0:3,C://h:2")]).unwrap_err();
    assert!(
        said.starts_with("requirement failed: advertised.listeners cannot use the nonroutable")
    );
}

#[test]
fn a_listener_that_would_be_open_to_everybody_is_refused() {
    let node = file("advertised.listeners=P://127.0.0.1:1");
    let (is_bad_request, said) = ask(&node, &[], &[(L, "P://h:1,TLS://h:3,C://h:2")]).unwrap_err();
    assert!(!is_bad_request && said.contains("listener TLS speaks SSL"), "{said}");
}
