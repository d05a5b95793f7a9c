//! Listeners that come and go while the node serves.

use super::changes::Fate;
use super::{Client, Node};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::{IncrementalAlterConfigsRequest, MetadataRequest};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};

const BROKER: i8 = 4;
const SET: i8 = 0;
const DELETE: i8 = 1;
const KEY: &str = "listeners";
/// Only what is not told to clients may go.
const SETTINGS: &[(&str, &str)] = &[
    ("advertised.listeners", "PLAINTEXT://127.0.0.1:9"),
    (
        "listener.security.protocol.map",
        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO:PLAINTEXT,THREE:PLAINTEXT",
    ),
];

/// The listeners that every node here has, and more.
fn with(more: &str) -> String {
    format!("PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0{more}")
}

/// Sets keys of the broker in one request; without a value they go.
fn set(client: &mut Client, keys: &[(&str, Option<&str>)]) -> ErrorCode {
    let config = |(name, value): &(&str, Option<&str>)| AlterableConfig {
        name: (*name).into(),
        config_operation: if value.is_some() { SET } else { DELETE },
        value: value.map(Into::into),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: BROKER,
        resource_name: "1".into(),
        configs: keys.iter().map(config).collect(),
        ..AlterConfigsResource::default()
    };
    let resources = vec![resource];
    let request = IncrementalAlterConfigsRequest { resources, ..Default::default() };
    client.ask(1, &request).responses[0].error_code
}

fn listen(client: &mut Client, more: &str) {
    assert_eq!(set(client, &[(KEY, Some(&with(more)))]), ErrorCode::NONE, "{more}");
}

impl Node {
    /// Where a listener really listens; `None` if there is none of that name.
    fn listener(&self, name: &str) -> Option<SocketAddr> {
        let running = self.running.as_ref().unwrap();
        running.listeners().find(|(other, _)| other == name).map(|(_, address)| address)
    }
}

fn is_refused(address: SocketAddr) -> bool {
    let refused = TcpStream::connect(address).map_err(|error| error.kind());
    refused.is_err_and(|kind| kind == io::ErrorKind::ConnectionRefused)
}

#[test]
fn a_listener_comes_and_goes_and_the_others_stay() {
    let node = Node::on(2, SETTINGS);
    let (mut admin, mut old) = (node.connect(), node.connect());
    assert_eq!(old.fate(), Fate::Served);
    for _ in 0..2 {
        listen(&mut admin, ",TWO://127.0.0.1:0");
        let address = node.listener("TWO").expect("it is open when that is answered");
        let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(address)).collect();
        clients.iter_mut().for_each(|client| assert_eq!(client.fate(), Fate::Served));
        // It is not advertised, so nobody is sent anywhere by it.
        let told = clients[0].ask(12, &MetadataRequest::default());
        assert_eq!(told.brokers, []);
        listen(&mut admin, "");
        clients.iter_mut().for_each(|client| assert!(client.is_closed()));
        assert!(is_refused(address));
        assert_eq!(node.listener("TWO"), None);
        assert_eq!(old.fate(), Fate::Served);
    }
    let told = old.ask(12, &MetadataRequest::default());
    assert_eq!(told.brokers[0].port, 9);
}

#[test]
fn listeners_go_with_the_value_that_named_them() {
    let node = Node::start(SETTINGS);
    let mut admin = node.connect();
    listen(&mut admin, ",TWO://127.0.0.1:0,THREE://127.0.0.1:0");
    let (two, three) = (node.listener("TWO").unwrap(), node.listener("THREE").unwrap());
    assert!(!is_refused(two) && !is_refused(three));
    assert_eq!(set(&mut admin, &[(KEY, None)]), ErrorCode::NONE);
    assert!(is_refused(two) && is_refused(three));
    assert_eq!(admin.fate(), Fate::Served);
}

#[test]
fn another_address_waits_for_the_next_start_and_another_name_takes_an_address_over() {
    let node = Node::start(SETTINGS);
    let mut admin = node.connect();
    listen(&mut admin, ",TWO://127.0.0.1:0");
    let address = node.listener("TWO").unwrap();
    let mut client = Client::connect(address);
    listen(&mut admin, ",TWO://127.0.0.2:0");
    assert_eq!(node.listener("TWO"), Some(address));
    assert_eq!(client.fate(), Fate::Served);
    listen(&mut admin, &format!(",THREE://{address}"));
    assert_eq!((node.listener("TWO"), node.listener("THREE")), (None, Some(address)));
    assert!(client.is_closed());
    assert_eq!(Client::connect(address).fate(), Fate::Served);
}

#[test]
fn a_new_listener_has_its_own_limits() {
    let node = Node::start(SETTINGS);
    let mut admin = node.connect();
    let own = "listener.name.two.max.connections";
    let value = with(",TWO://127.0.0.1:0");
    assert_eq!(set(&mut admin, &[(own, Some("1")), (KEY, Some(&value))]), ErrorCode::NONE);
    let address = node.listener("TWO").unwrap();
    let mut first = Client::connect(address);
    assert_eq!(first.fate(), Fate::Served);
    let mut second = Client::connect(address);
    assert_eq!(second.fate(), Fate::Waits);
    // Who waits for a place is sent away with the listener.
    assert_eq!(set(&mut admin, &[(KEY, None)]), ErrorCode::NONE);
    first.fate_once(Fate::Closed);
    second.fate_once(Fate::Closed);
    assert!(is_refused(address));
}

#[test]
fn a_listener_that_cannot_be_opened_is_stored_and_the_next_start_fails() {
    let mut node = Node::start(SETTINGS);
    let mut admin = node.connect();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    listen(&mut admin, &format!(",TWO://{at},THREE://127.0.0.1:0"));
    assert_eq!(node.listener("TWO"), None);
    assert_eq!(Client::connect(node.listener("THREE").unwrap()).fate(), Fate::Served);
    let why = node.refused_restart(SETTINGS);
    assert!(why.contains("Listener TWO cannot listen on 127.0.0.1:"), "{why}");
    drop(taken);
    node.restart(SETTINGS);
    for name in ["PLAINTEXT", "TWO", "THREE"] {
        assert_eq!(Client::connect(node.listener(name).unwrap()).fate(), Fate::Served, "{name}");
    }
    assert_eq!(node.listener("TWO"), Some(at));
}

#[test]
fn what_kafka_refuses_leaves_the_listeners_as_they_are() {
    let node = Node::start(SETTINGS);
    let mut admin = node.connect();
    listen(&mut admin, ",TWO://127.0.0.1:0");
    let (two, of_clients) = (node.listener("TWO").unwrap(), node.listener("PLAINTEXT").unwrap());
    for (value, expected) in [
        // Kafka blames the request; what waits for a part that is not built, the config.
        ("TWO://127.0.0.1:0,CONTROLLER://127.0.0.1:0", ErrorCode::INVALID_REQUEST),
        ("PLAINTEXT://127.0.0.1:0", ErrorCode::INVALID_REQUEST),
        (&with(",FOUR://127.0.0.1:0"), ErrorCode::INVALID_REQUEST),
        (&with(",TWO://127.0.0.1:7,THREE://127.0.0.1:7"), ErrorCode::INVALID_REQUEST),
        ("", ErrorCode::INVALID_REQUEST),
    ] {
        assert_eq!(set(&mut admin, &[(KEY, Some(value))]), expected, "{value}");
    }
    let map = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO:PLAINTEXT,FOUR:SSL";
    let secured = with(",TWO://127.0.0.1:0,FOUR://127.0.0.1:0");
    let keys = [("listener.security.protocol.map", Some(map)), (KEY, Some(secured.as_str()))];
    assert_eq!(set(&mut admin, &keys), ErrorCode::INVALID_CONFIG);
    assert_eq!(node.listener("TWO"), Some(two));
    assert_eq!(node.listener("PLAINTEXT"), Some(of_clients));
    assert_eq!(Client::connect(two).fate(), Fate::Served);
}
