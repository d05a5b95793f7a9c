//! Configs that are changed while the node runs, and what changes with them.

use super::{Client, HANG, Node};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::alter_client_quotas_request::{EntityData, EntryData, OpData};
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::{
    AlterClientQuotasRequest, ApiVersionsRequest, ConsumerGroupHeartbeatRequest,
    ConsumerGroupHeartbeatResponse, FindCoordinatorRequest, IncrementalAlterConfigsRequest,
};
use std::io::ErrorKind;
use std::time::{Duration, Instant};

const BROKER: i8 = 4;
const GROUP: i8 = 32;
const SET: i8 = 0;
const DELETE: i8 = 1;

/// Changes a key of a resource; an empty value removes it.
pub(super) fn change(client: &mut Client, (kind, name): (i8, &str), key: &str, value: &str) {
    let config = AlterableConfig {
        name: key.into(),
        config_operation: if value.is_empty() { DELETE } else { SET },
        value: (!value.is_empty()).then(|| value.into()),
        ..AlterableConfig::default()
    };
    let resource = AlterConfigsResource {
        resource_type: kind,
        resource_name: name.into(),
        configs: vec![config],
        ..AlterConfigsResource::default()
    };
    let request =
        IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
    let answer = client.ask(1, &request).responses.remove(0);
    assert_eq!(answer.error_code, ErrorCode::NONE, "{key}={value}: {:?}", answer.error_message);
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Served,
    Waits,
    Closed,
}

impl Client {
    /// Says something, and looks for a while what comes of it.
    pub(super) fn fate(&mut self) -> Fate {
        let request = super::encode(0, 1, &ApiVersionsRequest::default());
        if std::io::Write::write_all(&mut self.stream, &request).is_err() {
            return Fate::Closed;
        }
        self.fate_of_said()
    }

    pub(super) fn fate_of_said(&mut self) -> Fate {
        self.stream.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let fate = match self.frame() {
            Ok(_) => Fate::Served,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Fate::Waits,
            Err(_) => Fate::Closed,
        };
        self.stream.set_read_timeout(Some(HANG)).unwrap();
        fate
    }

    /// Like [`Self::fate`], once the node has noticed that others ended.
    pub(super) fn fate_once(&mut self, expected: Fate) {
        let mut fate = self.fate();
        let began = Instant::now();
        while fate != expected && began.elapsed() < HANG {
            fate = if fate == Fate::Waits { self.fate_of_said() } else { self.fate() };
        }
        assert_eq!(fate, expected);
    }
}

#[test]
fn connections_are_as_many_as_are_allowed_now() {
    let node = Node::on(2, &[]);
    let mut admin = node.connect();
    let mut others: Vec<Client> = (0..3).map(|_| node.connect()).collect();
    others.iter_mut().for_each(|client| assert_eq!(client.fate(), Fate::Served));
    // Common or the listener's own, the same comes of it: who is there stays, who comes waits.
    for (resource, key) in [
        ("", "listener.name.plaintext.max.connections"),
        ("1", "listener.name.plaintext.max.connections"),
        ("", "max.connections"),
        ("1", "max.connections"),
    ] {
        change(&mut admin, (BROKER, resource), key, "4");
        let mut waiting = node.connect();
        assert_eq!(waiting.fate(), Fate::Waits, "{key}");
        others.iter_mut().for_each(|client| assert_eq!(client.fate(), Fate::Served));
        change(&mut admin, (BROKER, resource), key, "5");
        assert_eq!(waiting.fate_of_said(), Fate::Served, "{key}");
        change(&mut admin, (BROKER, resource), key, "");
    }
    // With fewer than there are, who was silent for longest has to go.
    others[0].fate_once(Fate::Served);
    change(&mut admin, (BROKER, ""), "max.connections", "2");
    others[1].fate_once(Fate::Closed);
    others[2].fate_once(Fate::Closed);
    others[0].fate_once(Fate::Served);
    assert_eq!(admin.fate(), Fate::Served);
}

#[test]
fn an_address_has_as_many_connections_as_it_may_now() {
    let node = Node::start(&[]);
    let mut admin = node.connect();
    let all = ("max.connections.per.ip", "max.connections.per.ip.overrides");
    change(&mut admin, (BROKER, ""), all.0, "1");
    node.connect().fate_once(Fate::Closed);
    // A name counts for its address.
    for own in ["127.0.0.1:2", "127.0.0.9:9,localhost:2"] {
        change(&mut admin, (BROKER, ""), all.1, own);
        let mut second = node.connect();
        let began = Instant::now();
        while second.fate() == Fate::Closed {
            assert!(began.elapsed() < HANG, "{own}");
            second = node.connect();
        }
        node.connect().fate_once(Fate::Closed);
        drop(second);
        change(&mut admin, (BROKER, ""), all.1, "");
        let began = Instant::now();
        while node.connect().fate() != Fate::Closed {
            assert!(began.elapsed() < HANG, "{own} still holds");
        }
    }
    change(&mut admin, (BROKER, ""), all.0, "");
    node.connect().fate_once(Fate::Served);
}

#[test]
fn connections_come_as_fast_as_they_may_now() {
    let node = Node::start(&[("quota.window.num", "2")]);
    let mut admin = node.connect();
    for key in
        ["max.connection.creation.rate", "listener.name.plaintext.max.connection.creation.rate"]
    {
        let quick = Instant::now();
        (0..6).for_each(|_| node.connect().fate_once(Fate::Served));
        let quick = quick.elapsed();
        change(&mut admin, (BROKER, ""), key, "4");
        let begun = Instant::now();
        (0..6).for_each(|_| node.connect().fate_once(Fate::Served));
        assert!(Duration::from_millis(200) < begun.elapsed(), "{key}: {:?}", begun.elapsed());
        assert!(quick < begun.elapsed(), "{key}");
        change(&mut admin, (BROKER, ""), key, "");
    }
}

#[test]
fn a_quota_of_a_host_is_its_addresses() {
    let node = Node::start(&[("quota.window.num", "2")]);
    let mut admin = node.connect();
    let mut set = |host: &str, value: f64| {
        let part = EntityData {
            entity_type: "ip".into(),
            entity_name: Some(host.into()),
            ..EntityData::default()
        };
        let op = OpData {
            key: "connection_creation_rate".into(),
            value,
            remove: value == 0.0,
            ..OpData::default()
        };
        let entry = EntryData { entity: vec![part], ops: vec![op], ..EntryData::default() };
        let request = AlterClientQuotasRequest { entries: vec![entry], ..Default::default() };
        admin.ask(1, &request).entries.remove(0)
    };
    let unknown = set("no.such.host.invalid", 2.0);
    assert_eq!(unknown.error_code, ErrorCode::INVALID_REQUEST);
    assert_eq!(
        unknown.error_message.as_deref(),
        Some("no.such.host.invalid is not a valid IP or resolvable host.")
    );
    assert_eq!(set("localhost", 2.0).error_code, ErrorCode::NONE);
    let fates: Vec<Fate> = (0..4).map(|_| node.connect().fate()).collect();
    assert_eq!(&fates[..2], [Fate::Served, Fate::Served]);
    assert!(fates[2..].iter().all(|fate| *fate != Fate::Served), "{fates:?}");
    assert_eq!(set("localhost", 0.0).error_code, ErrorCode::NONE);
    node.connect().fate_once(Fate::Served);
}

/// What a member of a group is told, once its coordinator is there.
fn beat(client: &mut Client, member: &str, epoch: i32) -> ConsumerGroupHeartbeatResponse {
    let is_joining = epoch == 0;
    let request = ConsumerGroupHeartbeatRequest {
        group_id: "g".into(),
        member_id: member.into(),
        member_epoch: epoch,
        rebalance_timeout_ms: if is_joining { 60_000 } else { -1 },
        subscribed_topic_names: is_joining.then(|| vec!["t".into()]),
        topic_partitions: is_joining.then(Vec::<TopicPartitions>::new),
        ..ConsumerGroupHeartbeatRequest::default()
    };
    let began = Instant::now();
    loop {
        client.ask(3, &FindCoordinatorRequest { key: "g".into(), ..Default::default() });
        let answer = client.ask(1, &request);
        if answer.error_code == ErrorCode::NONE {
            return answer;
        }
        assert!(began.elapsed() < HANG, "{}", answer.error_code);
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn members_come_as_often_as_their_group_wants_now() {
    let node = Node::start(&[("group.consumer.min.heartbeat.interval.ms", "1000")]);
    let mut client = node.connect();
    assert_eq!(client.create_topic("t", 1, &[]), ErrorCode::NONE);
    let epoch = beat(&mut client, "a", 0).member_epoch;
    let began = Instant::now();
    // Who is settled comes as seldom as the broker's default says.
    while beat(&mut client, "a", epoch).heartbeat_interval_ms != 5_000 {
        assert!(began.elapsed() < HANG, "it does not settle");
        std::thread::sleep(Duration::from_millis(50));
    }
    for (value, expected) in [("7000", 7_000), ("1500", 1_500), ("", 5_000)] {
        change(&mut client, (GROUP, "g"), "consumer.heartbeat.interval.ms", value);
        assert_eq!(beat(&mut client, "a", epoch).heartbeat_interval_ms, expected);
    }
}
