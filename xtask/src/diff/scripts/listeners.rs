//! Listeners that are added and removed while the broker serves, and changes of them that it refuses.

#![allow(clippy::disallowed_types, reason = "a tool of the shell: it looks at real ports")]

use std::net::TcpStream;
use std::time::{Duration, Instant};

use dohle_protocol::messages::incremental_alter_configs_request::AlterableConfig;
use dohle_protocol::messages::{DescribeClusterRequest, MetadataRequest};

use super::configs::{BROKER, change, description};
use crate::compat::server::free_port;
use crate::diff::world::World;

const LISTENERS: &str = "listeners";
const MAP: &str = "listener.security.protocol.map";
/// What all listeners here speak.
const SPEAKS: &str = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO:PLAINTEXT,THREE:PLAINTEXT";
/// Longer than a change takes to have its effect.
const LONG: Duration = Duration::from_secs(20);

/// The broker's own listeners, and two ports where it has none.
struct Ports {
    own: String,
    two: u16,
    three: u16,
}

impl Ports {
    fn of(world: &World) -> Self {
        let port = world.address.rsplit(':').next().and_then(|port| port.parse().ok());
        let port: u16 = port.unwrap_or(0);
        let own = format!("PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{}", port + 1);
        let (two, three) = (free_port().unwrap_or(0), free_port().unwrap_or(0));
        Self { own, two, three }
    }

    /// `OWN` stands for the listeners of this broker, `:2nd` and `:3rd` for the free ports.
    fn full(&self, text: &str) -> String {
        text.replace("OWN", &self.own)
            .replace(":2nd", &format!(":{}", self.two))
            .replace(":3rd", &format!(":{}", self.three))
    }
}

/// Sets keys in one request; an empty value takes one back.
fn set(world: &mut World, ports: &Ports, what: &str, keys: &[(&str, &str)], only: bool) {
    let mut request = change(BROKER, "1", LISTENERS, 0, "");
    request.validate_only = only;
    let config = |(name, value): &(&str, &str)| AlterableConfig {
        name: (*name).into(),
        config_operation: i8::from(value.is_empty()),
        value: Some(ports.full(value).into()),
        ..AlterableConfig::default()
    };
    request.resources[0].configs = keys.iter().map(config).collect();
    world.note(what, 1, &request);
}

/// Notes whether somebody listens there, once it is as it should be or it takes too long.
fn look(world: &mut World, what: &str, port: u16, expected: bool) {
    let is_open = || TcpStream::connect(("127.0.0.1", port)).is_ok();
    let begun = Instant::now();
    while is_open() != expected && begun.elapsed() < LONG {
        std::thread::sleep(Duration::from_millis(50));
    }
    world.remark(&format!("{what}: somebody listens"), is_open());
}

/// Notes whether the broker says that its listeners are these, or does so before it takes too long.
fn tell(world: &mut World, ports: &Ports, what: &str, expected: &str) {
    let (request, expected) = (description(BROKER, "1", Some(&[LISTENERS])), ports.full(expected));
    let begun = Instant::now();
    let mut is_told = false;
    while !is_told && begun.elapsed() < LONG {
        let answer = world.prepare(2, &request).unwrap_or_default();
        let values = answer.results.iter().flat_map(|result| &result.configs);
        let mut values = values.filter_map(|config| config.value.as_ref());
        is_told = values.any(|value| value.as_str() == expected);
    }
    world.remark(&format!("{what}: that is told"), is_told);
}

pub(super) fn all(world: &mut World) {
    let ports = Ports::of(world);
    refused(world, &ports);
    added(world, &ports);
    taken(world, &ports);
    for what in ["take all back", "take nothing back"] {
        set(world, &ports, what, &[(LISTENERS, ""), (MAP, "")], false);
    }
    look(world, "after all", ports.two, false);
    tell(world, &ports, "after all", "OWN");
}

/// Changes that are refused; nothing comes of what is only to be checked.
fn refused(world: &mut World, ports: &Ports) {
    let with_map = |value| [(MAP, SPEAKS), (LISTENERS, value)];
    for (what, keys) in [
        ("one more", &with_map("OWN,TWO://127.0.0.1:2nd")[..]),
        ("a name without a protocol", &[(LISTENERS, "OWN,NINE://127.0.0.1:2nd")]),
        ("no controller", &[(LISTENERS, "PLAINTEXT://127.0.0.1:2nd")]),
        ("not the brokers' own", &with_map("CONTROLLER://127.0.0.1:3rd,TWO://127.0.0.1:2nd")),
        ("a port twice", &with_map("OWN,TWO://127.0.0.1:2nd,THREE://127.0.0.1:2nd")),
        ("a port of two names twice", &with_map("OWN,TWO://one:2nd,THREE://other:2nd")),
        ("a port for IPv4 and IPv6", &with_map("OWN,TWO://127.0.0.1:2nd,THREE://[::1]:2nd")),
        ("a name twice", &with_map("OWN,TWO://127.0.0.1:2nd,two://127.0.0.1:3rd")),
        ("an address without a port", &with_map("OWN,TWO://127.0.0.1")),
        ("no address", &[(LISTENERS, "OWN,nonsense")]),
        ("a port too high", &with_map("OWN,TWO://127.0.0.1:99999")),
        ("every interface", &with_map("OWN,TWO://:2nd")),
        ("every interface in words", &with_map("OWN,TWO://0.0.0.0:2nd")),
        ("a map without a listener", &[(MAP, "PLAINTEXT:PLAINTEXT")]),
        ("a map with nonsense", &[(MAP, "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO:NO")]),
        ("a map without a colon", &[(MAP, "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO")]),
        ("another protocol", &[(MAP, "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT")]),
        ("another protocol of the controller", &[(MAP, "PLAINTEXT:PLAINTEXT,CONTROLLER:SSL")]),
        (
            "with another key of a listener",
            &[
                ("listener.name.plaintext.connections.max.idle.ms", "9"),
                (MAP, SPEAKS),
                (LISTENERS, "OWN,TWO://127.0.0.1:2nd"),
            ],
        ),
        (
            "with a key of the new one",
            &[
                ("listener.name.two.connections.max.idle.ms", "9"),
                (MAP, SPEAKS),
                (LISTENERS, "OWN,TWO://127.0.0.1:2nd"),
            ],
        ),
        ("advertised listeners", &[("advertised.listeners", "PLAINTEXT://127.0.0.1:1")]),
    ] {
        set(world, ports, &format!("validate only: {what}"), keys, true);
    }
    for key in [LISTENERS, MAP] {
        let value = if key == MAP { SPEAKS } else { "OWN" };
        let mut request = change(BROKER, "", key, 0, &ports.full(value));
        request.validate_only = true;
        world.note(&format!("validate only: {key} of all brokers"), 1, &request);
    }
    look(world, "after what was only checked", ports.two, false);
}

/// One comes, is served, and goes; the connection that all this is asked on stays.
fn added(world: &mut World, ports: &Ports) {
    let address = format!("127.0.0.1:{}", ports.two);
    let value = "OWN,TWO://127.0.0.1:2nd";
    for round in ["one more", "the same once more"] {
        set(world, ports, round, &[(MAP, SPEAKS), (LISTENERS, value)], false);
        look(world, round, ports.two, true);
        tell(world, ports, round, value);
        let mut other = World::new(&address, world.plan.clone(), world.now_ms);
        other.note(&format!("through it, {round}"), 12, &MetadataRequest::default());
        other.note(&format!("through it, {round}"), 0, &DescribeClusterRequest::default());
        set(world, ports, &format!("without it, {round}"), &[(LISTENERS, "OWN")], false);
        look(world, &format!("without it, {round}"), ports.two, false);
        // Its connection has ended with it.
        other.note(&format!("through what is gone, {round}"), 12, &MetadataRequest::default());
        world.hear(other);
    }
    set(world, ports, "an address", &[(LISTENERS, value)], false);
    look(world, "an address", ports.two, true);
    set(
        world,
        ports,
        "its address for another",
        &[(LISTENERS, "OWN,THREE://127.0.0.1:2nd")],
        false,
    );
    std::thread::sleep(Duration::from_millis(500));
    look(world, "its address for another", ports.two, true);
    set(world, ports, "another address", &[(LISTENERS, "OWN,THREE://127.0.0.1:3rd")], false);
    std::thread::sleep(Duration::from_millis(500));
    look(world, "the address before", ports.two, true);
    look(world, "the address since", ports.three, false);
    tell(world, ports, "another address", "OWN,THREE://127.0.0.1:3rd");
    set(world, ports, "the address again", &[(LISTENERS, "OWN,THREE://127.0.0.1:2nd")], false);
    set(world, ports, "none of them", &[(LISTENERS, "OWN")], false);
    look(world, "none of them", ports.two, false);
}

/// Where another server listens: it is stored, and others that come with it are opened.
fn taken(world: &mut World, ports: &Ports) {
    let Ok(held) = std::net::TcpListener::bind(("127.0.0.1", ports.two)) else { return };
    let value = "OWN,TWO://127.0.0.1:2nd";
    set(world, ports, "a port that is taken", &[(LISTENERS, value)], false);
    tell(world, ports, "a port that is taken", value);
    let more = "OWN,TWO://127.0.0.1:2nd,THREE://127.0.0.1:3rd";
    set(world, ports, "and one that is free", &[(LISTENERS, more)], false);
    look(world, "one that is free", ports.three, true);
    drop(held);
    set(world, ports, "neither", &[(LISTENERS, "OWN")], false);
    look(world, "neither", ports.three, false);
    set(world, ports, "the port that was taken", &[(LISTENERS, value)], false);
    look(world, "the port that was taken", ports.two, true);
}
