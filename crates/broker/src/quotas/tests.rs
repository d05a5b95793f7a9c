//! Clients use too much, wait, and go on.

use super::accepting::AtListener;
use super::*;
use dohle_metadata::MetadataRecord;
use dohle_protocol::messages::ClientQuotaRecord;
use dohle_protocol::messages::client_quota_record::EntityData;

const WINDOWS: Windows = Windows { count: 11, length_ms: 1000 };

fn image(quotas: &[(&str, Option<&str>, &str, f64)]) -> Image {
    let mut image = Image::default();
    for (kind, name, key, value) in quotas {
        let part = EntityData {
            entity_type: (*kind).into(),
            entity_name: name.map(Text::from),
            ..EntityData::default()
        };
        let record = ClientQuotaRecord {
            entity: vec![part],
            key: (*key).into(),
            value: *value,
            ..ClientQuotaRecord::default()
        };
        image.apply(&MetadataRecord::from(record));
    }
    image
}

fn quotas(all: &[(&str, Option<&str>, &str, f64)]) -> Quotas {
    let quotas = Quotas::with_windows(WINDOWS, WINDOWS);
    quotas.follow(&image(all), &Hosts::default());
    quotas
}

fn client(client_id: &str) -> Client {
    Client::anonymous(client_id.into())
}

fn at(ms: u64) -> Instant {
    Instant(ms * 1_000_000)
}

#[test]
fn without_quotas_nothing_is_measured() {
    let quotas = quotas(&[]);
    assert!(!quotas.has(Kind::Produce) && !quotas.has(Kind::Request));
    assert_eq!(quotas.record(Kind::Produce, &client("a"), 1e12, at(0)), 0);
    assert_eq!(quotas.connect(0, "::1".parse().unwrap(), at(0)), 0);
    assert!(quotas.lock().rates.is_empty() && quotas.lock().addresses.is_empty());
}

#[test]
fn who_produces_too_much_waits_and_goes_on() {
    let quotas = quotas(&[("client-id", Some("a"), "producer_byte_rate", 1000.0)]);
    assert!(quotas.has(Kind::Produce) && !quotas.has(Kind::Fetch));
    let (a, b) = (client("a"), client("b"));
    // 10 windows that are over count even if nothing was measured in them: 10,000 bytes are free.
    assert_eq!(quotas.record(Kind::Produce, &a, 10_000.0, at(100_000)), 0);
    assert_eq!(quotas.record(Kind::Produce, &a, 1000.0, at(100_000)), 1000);
    assert_eq!(quotas.record(Kind::Produce, &b, 1e9, at(100_000)), 0, "b has no quota");
    assert_eq!(quotas.record(Kind::Produce, &a, 0.0, at(111_000)), 0, "all windows are over");
    assert_eq!(quotas.most_at_once(Kind::Produce, &a), Some(10_000.0));
    assert_eq!(quotas.most_at_once(Kind::Produce, &b), None);
    // What is taken back does not count, and a quota that grows helps at once.
    assert_eq!(quotas.record(Kind::Produce, &a, 15_000.0, at(111_000)), 5000);
    quotas.unrecord(Kind::Produce, &a, 15_000.0, at(111_000));
    assert_eq!(quotas.record(Kind::Produce, &a, 11_000.0, at(111_000)), 1000);
    quotas
        .follow(&image(&[("client-id", Some("a"), "producer_byte_rate", 1e6)]), &Hosts::default());
    assert_eq!(quotas.record(Kind::Produce, &a, 0.0, at(111_000)), 0);
    quotas.follow(&Image::default(), &Hosts::default());
    assert!(!quotas.has(Kind::Produce));
    assert_eq!(quotas.record(Kind::Produce, &a, 1e12, at(111_000)), 0, "nor counted");
    quotas
        .follow(&image(&[("client-id", Some("a"), "producer_byte_rate", 1e6)]), &Hosts::default());
    assert_eq!(quotas.record(Kind::Produce, &a, 0.0, at(111_000)), 0);
}

#[test]
fn thread_time_makes_nobody_wait_for_longer_than_a_window() {
    let quotas = quotas(&[("user", None, "request_percentage", 1.0)]);
    // A quota of a user is shared by all of its clients.
    assert_eq!(quotas.record(Kind::Request, &client("a"), 10.0, at(0)), 0);
    assert_eq!(quotas.record(Kind::Request, &client("b"), 500.0, at(0)), 1000);
}

#[test]
fn partitions_are_made_until_there_is_a_debt() {
    let quotas = quotas(&[("user", Some("ANONYMOUS"), "controller_mutation_rate", 2.0)]);
    let a = client("a");
    assert_eq!(quotas.mutations_left(&a, at(50)), Some(22.0));
    // 11 windows of 2 tokens: 22 at once, and any number while there is no debt.
    assert_eq!(quotas.mutate(&a, 22.0, at(50)), 0);
    assert_eq!(quotas.mutate(&a, 10.0, at(50)), 5000);
    assert_eq!(quotas.mutations_left(&a, at(2050)), Some(-6.0));
    assert_eq!(quotas.mutate(&a, 0.0, at(2050)), 3000);
    assert_eq!(quotas.mutate(&a, 0.0, at(5050)), 0);
}

#[test]
fn an_address_may_open_so_many_connections() {
    let quotas = quotas(&[("ip", None, "connection_creation_rate", 3.0)]);
    let address: IpAddr = "10.0.0.1".parse().unwrap();
    let opened = (0..40).filter(|_| quotas.connect(0, address, at(9000)) == 0).count();
    assert_eq!(opened, 30);
    let wait_ms = quotas.connect(0, address, at(9000));
    assert!((1..=1000).contains(&wait_ms), "{wait_ms}");
    assert_eq!(quotas.connect(0, "10.0.0.2".parse().unwrap(), at(9000)), 0);
    assert_eq!(quotas.connect(0, address, at(20_000)), 0);
}

#[test]
fn a_node_and_its_listeners_accept_so_many_connections() {
    let quotas = quotas(&[("ip", None, "connection_creation_rate", 30.0)]);
    let set = |common, rates: [(i32, bool); 2]| {
        let of_listeners = rates.map(|(rate, is_protected)| AtListener { rate, is_protected });
        quotas.limit_accepting(AcceptRates { common, of_listeners: of_listeners.to_vec() });
    };
    assert_eq!(quotas.accept(0, at(9000)), 0);
    set(5, [(i32::MAX, false), (i32::MAX, false)]);
    assert_eq!((0..50).map(|_| quotas.accept(0, at(9000))).max(), Some(0));
    assert_eq!(quotas.accept(1, at(9000)), 200);
    // A listener that brokers use is not held to what the others use.
    set(5, [(i32::MAX, false), (2, true)]);
    assert_eq!((0..20).map(|_| quotas.accept(1, at(9000))).max(), Some(0));
    assert_eq!(quotas.accept(1, at(9000)), 500);
    assert_eq!(quotas.accept(0, at(9000)), 400);
    // Nobody is told to wait for longer than a window.
    assert_eq!((0..50).map(|_| quotas.accept(1, at(9000))).max(), Some(1000));
    set(i32::MAX, [(i32::MAX, false), (i32::MAX, false)]);
    assert_eq!(quotas.accept(0, at(9000)), 0);
    // Whom his address sends away does not count.
    set(5, [(i32::MAX, false), (i32::MAX, false)]);
    let address: IpAddr = "10.0.0.9".parse().unwrap();
    assert_eq!((0..300).filter(|_| quotas.connect(0, address, at(60_000)) == 0).count(), 300);
    for _ in 0..500 {
        assert_eq!(quotas.accept(0, at(60_000)), 0);
        assert_ne!(quotas.connect(0, address, at(60_000)), 0);
    }
    // Another listener in its place begins anew.
    set(i32::MAX, [(2, false), (2, false)]);
    assert_eq!((0..30).map(|_| quotas.accept(1, at(90_000))).max(), Some(1000));
    quotas.begin_accepting(1);
    assert_eq!((0..20).map(|_| quotas.accept(1, at(90_000))).max(), Some(0));
}

#[test]
fn who_is_silent_for_an_hour_is_forgotten() {
    let quotas = quotas(&[("client-id", None, "consumer_byte_rate", 1e9)]);
    let count = PURGE_EACH * 2;
    for number in 0..count {
        quotas.record(Kind::Fetch, &client(&number.to_string()), 1.0, at(0));
    }
    assert_eq!(quotas.lock().rates.len(), count);
    for number in 0..count * 2 {
        quotas.record(Kind::Fetch, &client(&format!("new {number}")), 1.0, at(3_600_000));
    }
    assert_eq!(quotas.lock().rates.len(), count * 2);
}
