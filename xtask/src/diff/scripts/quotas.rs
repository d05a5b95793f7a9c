//! Client quotas: altered, described, and exceeded.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use dohle_protocol::messages::alter_client_quotas_request::{
    AlterClientQuotasRequest, EntityData, EntryData, OpData,
};
use dohle_protocol::messages::api_versions_request::ApiVersionsRequest;
use dohle_protocol::messages::create_partitions_request::{
    CreatePartitionsRequest, CreatePartitionsTopic,
};
use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreateTopicsRequest};
use dohle_protocol::messages::describe_client_quotas_request::{
    ComponentData, DescribeClientQuotasRequest,
};
use dohle_protocol::messages::fetch_request::FetchRequest;
use dohle_protocol::messages::metadata_request::MetadataRequest;
use dohle_protocol::messages::produce_request::ProduceRequest;
use dohle_protocol::wire::{Message, Request};

use super::{batch, fetch_topic, partition, produce_to};
use crate::diff::world::World;

type Parts<'a> = &'a [(&'a str, Option<&'a str>)];

fn entry(parts: Parts<'_>, ops: &[(&str, Option<f64>)]) -> EntryData {
    let part = |(entity_type, name): &(&str, Option<&str>)| EntityData {
        entity_type: (*entity_type).into(),
        entity_name: name.map(Into::into),
        ..EntityData::default()
    };
    let op = |(key, value): &(&str, Option<f64>)| OpData {
        key: (*key).into(),
        value: value.unwrap_or(0.0),
        remove: value.is_none(),
        ..OpData::default()
    };
    EntryData {
        entity: parts.iter().map(part).collect(),
        ops: ops.iter().map(op).collect(),
        ..EntryData::default()
    }
}

fn alteration(entries: Vec<EntryData>) -> AlterClientQuotasRequest {
    AlterClientQuotasRequest { entries, ..AlterClientQuotasRequest::default() }
}

fn description(
    components: &[(&str, i8, Option<&str>)],
    strict: bool,
) -> DescribeClientQuotasRequest {
    let component = |(entity_type, match_type, name): &(&str, i8, Option<&str>)| ComponentData {
        entity_type: (*entity_type).into(),
        match_type: *match_type,
        r#match: name.map(Into::into),
        ..ComponentData::default()
    };
    DescribeClientQuotasRequest {
        components: components.iter().map(component).collect(),
        strict,
        ..DescribeClientQuotasRequest::default()
    }
}

const USER: &str = "user";
const CLIENT: &str = "client-id";
const IP: &str = "ip";

/// Entities of which each test has quotas while others are described.
const ENTITIES: [Parts<'static>; 9] = [
    &[(USER, Some("dq-u"))],
    &[(USER, None)],
    &[(CLIENT, Some("dq-c"))],
    &[(CLIENT, None)],
    &[(USER, Some("dq-u")), (CLIENT, Some("dq-c"))],
    &[(USER, Some("dq-u")), (CLIENT, None)],
    &[(USER, None), (CLIENT, Some("dq-c"))],
    &[(USER, Some("dq v,=\u{e4}"))],
    &[(IP, Some("10.9.8.7"))],
];

pub(super) fn alter(world: &mut World) {
    for version in world.versions::<AlterClientQuotasRequest>() {
        let user = format!("aq-{version}");
        let user: Parts<'_> = &[(USER, Some(&user))];
        let rate = "producer_byte_rate";
        for (what, parts, ops) in [
            ("set", user, &[(rate, Some(1e9))][..]),
            ("set again", user, &[(rate, Some(1e9))]),
            (
                "set all",
                user,
                &[
                    ("consumer_byte_rate", Some(2e9)),
                    ("request_percentage", Some(250.5)),
                    ("controller_mutation_rate", Some(1000.5)),
                ],
            ),
            ("remove", user, &[(rate, None)]),
            ("remove what is not set", user, &[(rate, None)]),
            ("nothing", user, &[]),
            ("unknown key", user, &[("no.such", Some(1.0))]),
            ("remove an unknown key", user, &[("no.such", None)]),
            ("key of addresses", user, &[("connection_creation_rate", Some(1.0))]),
            ("zero", user, &[(rate, Some(0.0))]),
            ("negative", user, &[(rate, Some(-1.0))]),
            ("fraction", user, &[(rate, Some(1.5))]),
            ("nearly whole", user, &[(rate, Some(1e9 + 1e-7))]),
            ("too large", user, &[(rate, Some(1e19))]),
            ("not a number", user, &[(rate, Some(f64::NAN))]),
            ("infinite", user, &[("request_percentage", Some(f64::INFINITY))]),
            ("twice in one", user, &[(rate, Some(1e9)), (rate, Some(2e9))]),
            ("set and remove", user, &[(rate, Some(1e9)), (rate, None)]),
            ("one good, one bad", user, &[(rate, Some(1e9)), ("no.such", Some(1.0))]),
            ("address", &[(IP, Some("10.1.2.3"))], &[("connection_creation_rate", Some(100.0))]),
            ("default address", &[(IP, None)], &[("connection_creation_rate", Some(1e6))]),
            ("default address undone", &[(IP, None)], &[("connection_creation_rate", None)]),
            ("fraction of connections", &[(IP, None)], &[("connection_creation_rate", Some(0.5))]),
            ("too many connections", &[(IP, None)], &[("connection_creation_rate", Some(3e9))]),
            ("address, key of users", &[(IP, None)], &[(rate, Some(1e9))]),
            ("a host", &[(IP, Some("localhost"))], &[("connection_creation_rate", Some(1e6))]),
            ("a host undone", &[(IP, Some("localhost"))], &[("connection_creation_rate", None)]),
            (
                "a name for an address",
                &[(IP, Some("no such host!"))],
                &[("connection_creation_rate", Some(100.0))],
            ),
            ("address and user", &[(IP, None), (USER, None)], &[(rate, Some(1e9))]),
            ("unknown part", &[("tenant", Some("x"))], &[(rate, Some(1e9))]),
            ("empty part", &[("", Some("x"))], &[(rate, Some(1e9))]),
            ("empty name", &[(USER, Some(""))], &[(rate, Some(1e9))]),
            ("no parts", &[], &[(rate, Some(1e9))]),
            ("part twice", &[(USER, Some("x")), (USER, Some("y"))], &[(rate, Some(1e9))]),
        ] {
            world.note(what, version, &alteration(vec![entry(parts, ops)]));
        }
        let one = || entry(user, &[(rate, Some(3e9))]);
        world.note("no entries", version, &alteration(vec![]));
        world.note("entity twice", version, &alteration(vec![one(), one()]));
        let bad = entry(&[], &[]);
        world.note("a good and a bad entity", version, &alteration(vec![one(), bad]));
        let mut only = alteration(vec![entry(user, &[(rate, Some(4e9))])]);
        only.validate_only = true;
        world.note("validate only", version, &only);
        std::thread::sleep(Duration::from_millis(200));
        let filter = description(&[(USER, 0, user[0].1)], true);
        world.note(&format!("after AlterClientQuotas v{version}"), 0, &filter);
    }
}

pub(super) fn describe(world: &mut World) {
    let rate = "consumer_byte_rate";
    let key = |parts: Parts<'_>| if parts[0].0 == IP { "connection_creation_rate" } else { rate };
    let set = |value: Option<f64>| {
        ENTITIES.iter().map(|parts| entry(parts, &[(key(parts), value)])).collect()
    };
    world.prepare(1, &alteration(set(Some(1e9))));
    std::thread::sleep(Duration::from_millis(300));
    for version in world.versions::<DescribeClientQuotasRequest>() {
        for (what, components) in [
            ("user", &[(USER, 0, Some("dq-u"))][..]),
            ("user with odd letters", &[(USER, 0, Some("dq v,=\u{e4}"))]),
            ("default user", &[(USER, 1, None)]),
            ("default client", &[(CLIENT, 1, None)]),
            ("any client", &[(CLIENT, 2, None), (USER, 0, Some("dq-u"))]),
            ("user and client", &[(USER, 0, Some("dq-u")), (CLIENT, 0, Some("dq-c"))]),
            ("default and name", &[(USER, 1, None), (CLIENT, 0, Some("dq-c"))]),
            ("address", &[(IP, 0, Some("10.9.8.7"))]),
            ("unknown user", &[(USER, 0, Some("dq-none"))]),
            ("empty name", &[(USER, 0, Some(""))]),
            ("null name", &[(USER, 0, None)]),
            ("default with a name", &[(USER, 1, Some("x"))]),
            ("any with a name", &[(USER, 2, Some("x"))]),
            ("match of type 3", &[(USER, 3, None)]),
            ("part twice", &[(USER, 0, Some("x")), (USER, 2, None)]),
            ("unknown part", &[("tenant", 0, Some("x"))]),
            ("empty part", &[("", 0, Some("x"))]),
            ("address and user", &[(IP, 2, None), (USER, 2, None)]),
        ] {
            world.note(what, version, &description(components, false));
            world.note(&format!("{what}, strictly"), version, &description(components, true));
        }
        world.note("nothing, strictly", version, &description(&[], true));
    }
    world.prepare(1, &alteration(set(None)));
}

/// Sets or removes a quota of this tool, and waits until the broker knows.
fn limit(world: &mut World, key: &str, value: Option<f64>) {
    let request = alteration(vec![entry(&[(CLIENT, Some("diff"))], &[(key, value)])]);
    world.prepare(1, &request);
    std::thread::sleep(Duration::from_millis(300));
}

/// Whether the broker says nothing for a while, as it does after an answer that throttles.
fn waits(world: &mut World, what: &str) {
    let begun = Instant::now();
    world.prepare(0, &ApiVersionsRequest::default());
    world.remark(what, Duration::from_millis(200) < begun.elapsed());
}

/// Whether a throttle time is what the excess takes, as far as the phase of the windows leaves it open.
fn throttles(world: &mut World, what: &str, time_ms: Option<i32>, expected: RangeInclusive<i32>) {
    let name = format!("{what}, {} to {} ms", expected.start(), expected.end());
    world.remark(&name, time_ms.is_some_and(|time_ms| expected.contains(&time_ms)));
}

/// The first and the last version that a run asks for.
fn ends<R: Request>(world: &World) -> Vec<i16> {
    let versions = world.versions::<R>();
    let mut ends: Vec<i16> = versions.first().into_iter().chain(versions.last()).copied().collect();
    ends.dedup();
    ends
}

/// What was used is divided by ten to eleven seconds: ten, and what the newest of them lacks of a whole one.
const WINDOW_S: f64 = 11.5;
/// What is left of those seconds, with some time for the machine.
const REST_MS: RangeInclusive<i32> = 300..=1_600;
/// A quota of requests throttles for one window at most.
const MOST_MS: RangeInclusive<i32> = 1_000..=1_000;
/// One partition above a rate of one a second.
const PARTITION_MS: RangeInclusive<i32> = 500..=1_000;

/// Clients that use more than they may. What they used before counts for ten seconds, so each
/// version's quota is larger than the one before, by what that used.
pub(super) fn exceeded(world: &mut World) {
    world.topic("qe", 1, &[]);
    let records = batch(world, 100);
    for (version, times) in ends::<ProduceRequest>(world).into_iter().zip(1_u8..) {
        let request = produce_to(world, "qe", 0, Some(records.clone()));
        let used = request.encoded_size(version) as f64 * f64::from(times);
        limit(world, "producer_byte_rate", Some((used / WINDOW_S).round()));
        let answer = world.ask("above the quota", version, &request);
        if 1 <= version {
            let time_ms = answer.map(|answer| answer.throttle_time_ms);
            throttles(world, "who produced too much is throttled", time_ms, REST_MS);
        }
        waits(world, "who produced too much waits");
        limit(world, "producer_byte_rate", None);
    }
    for (version, times) in ends::<FetchRequest>(world).into_iter().zip(2_u8..) {
        let topics = vec![fetch_topic(world, "qe", vec![partition(0, 0)])];
        let request = FetchRequest {
            replica_id: -1,
            max_wait_ms: 1000,
            min_bytes: 1,
            max_bytes: 1 << 20,
            session_epoch: -1,
            topics: topics.into(),
            ..FetchRequest::default()
        };
        // Two batches were stored, one a version.
        let used = records.len() as f64 * 2.0 * f64::from(times);
        limit(world, "consumer_byte_rate", Some((used / WINDOW_S).round()));
        world.note("below the quota", version, &request);
        let answer = world.ask("above the quota", version, &request);
        if 1 <= version {
            let time_ms = answer.map(|answer| answer.throttle_time_ms);
            throttles(world, "who fetched too much is throttled", time_ms, REST_MS);
        }
        waits(world, "who fetched too much waits");
        limit(world, "consumer_byte_rate", None);
    }
    partitions(world);
    limit(world, "request_percentage", Some(0.000_01));
    for version in ends::<MetadataRequest>(world) {
        let request = MetadataRequest { topics: Some(Vec::new()), ..MetadataRequest::default() };
        let answer = world.ask("above the quota", version, &request);
        if 3 <= version {
            let time_ms = answer.map(|answer| answer.throttle_time_ms);
            throttles(world, "who took too much time is throttled", time_ms, MOST_MS);
        }
        waits(world, "who took too much time waits");
    }
    for version in ends::<DescribeClientQuotasRequest>(world) {
        world.note("above the quota", version, &description(&[(CLIENT, 0, Some("diff"))], true));
    }
    limit(world, "request_percentage", None);
}

/// Eleven partitions at once, then one a second.
fn partitions(world: &mut World) {
    let create = |name: &str, num_partitions| CreateTopicsRequest {
        topics: vec![CreatableTopic {
            name: name.into(),
            num_partitions,
            replication_factor: 1,
            ..CreatableTopic::default()
        }],
        timeout_ms: 10_000,
        ..CreateTopicsRequest::default()
    };
    let Some(version) = world.versions::<CreateTopicsRequest>().pop().filter(|it| 6 < *it) else {
        return;
    };
    limit(world, "controller_mutation_rate", Some(1.0));
    world.note("partitions within the quota", version, &create("qe-a", 12));
    let answer = world.ask("partitions above the quota", version, &create("qe-b", 1));
    let time_ms = answer.map(|answer| answer.throttle_time_ms);
    throttles(world, "who made too many partitions is throttled", time_ms, PARTITION_MS);
    world.note("partitions above the quota", 5, &create("qe-c", 1));
    world.note("bad name above the quota", version, &create("bad name!", 1));
    let topic = CreatePartitionsTopic {
        name: "qe-a".into(),
        count: 13,
        assignments: None,
        ..CreatePartitionsTopic::default()
    };
    let more = CreatePartitionsRequest {
        topics: vec![topic],
        timeout_ms: 10_000,
        ..CreatePartitionsRequest::default()
    };
    world.note("partitions into a debt", version, &create("qe-d", 3));
    world.note("above the quota", 3, &more);
    limit(world, "controller_mutation_rate", None);
    world.note("without a quota", 3, &more);
}
