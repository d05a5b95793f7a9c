//! Clients ask what to push, and push, in time and out of it.

use super::*;
use dohle_metadata::MetadataRecord;
use dohle_protocol::messages::ConfigRecord;

const CLIENT: Client<'_> = Client {
    client_id: "app",
    software_name: "apache-kafka-java",
    software_version: "4.3.1",
    address: "10.0.0.1",
    port: "1234",
};
const BYTES_MAX: usize = 100;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

/// Subscriptions as `name key value`.
fn image(configs: &[(&str, &str, &str)]) -> Image {
    let mut image = Image::default();
    for (resource, name, value) in configs {
        let record = ConfigRecord {
            resource_type: ResourceKind::ClientMetrics as i8,
            resource_name: (*resource).into(),
            name: (*name).into(),
            value: Some((*value).into()),
            ..ConfigRecord::default()
        };
        image.apply(&MetadataRecord::from(record));
    }
    image
}

fn telemetry(configs: &[(&str, &str, &str)]) -> Telemetry {
    let telemetry = Telemetry::new(BYTES_MAX);
    telemetry.follow(&image(configs));
    telemetry
}

fn push(subscription_id: i32, size_bytes: usize) -> Push {
    // A field that nobody knows, with so many bytes.
    let size = u8::try_from(size_bytes - 2).expect("small");
    let mut metrics = vec![9 << 3 | 2, size];
    metrics.resize(size_bytes, 7);
    Push { subscription_id, is_last: false, compression: 0, metrics: metrics.into() }
}

#[test]
fn subscriptions_of_a_client_add_up() {
    let terms = |configs: &[(&str, &str, &str)]| {
        let terms = telemetry(configs).subscribe(id(200), &CLIENT, 0).expect("the first time");
        (terms.metrics.join(" "), terms.interval_ms)
    };
    assert_eq!(terms(&[]), (String::new(), 300_000));
    let two = [("a", "metrics", "x.,y."), ("b", "metrics", "y.,z."), ("b", "interval.ms", "500")];
    assert_eq!(terms(&two), ("x. y. z.".to_owned(), 500));
    let all = [("a", "metrics", "x."), ("b", "metrics", "*")];
    assert_eq!(terms(&all), ("*".to_owned(), 300_000));
    let other = [("a", "metrics", "x."), ("a", "match", "client_software_name=librdkafka")];
    assert_eq!(terms(&other), (String::new(), 300_000));
    let own = [("a", "metrics", "x."), ("a", "match", "client_source_port=1234,client_id=a.p")];
    assert_eq!(terms(&own), ("x.".to_owned(), 300_000));
}

#[test]
fn clients_come_once_an_interval() {
    let telemetry = telemetry(&[("a", "interval.ms", "1000")]);
    let subscribe = |now| telemetry.subscribe(id(200), &CLIENT, now).map(|it| it.subscription_id);
    let throttled = ErrorCode::THROTTLING_QUOTA_EXCEEDED;
    let subscription_id = subscribe(0).expect("the first time");
    assert_eq!(subscribe(999), Err(throttled));
    let pushed = |push: Push, now| telemetry.push(id(200), &CLIENT, push, now);
    let good = push(subscription_id, 10);
    assert_eq!(pushed(good.clone(), 10), Ok(()), "the first one at any time");
    assert_eq!(pushed(good.clone(), 1009), Err(throttled));
    assert_eq!(subscribe(1009), Err(throttled), "a push counts too");
    assert_eq!(pushed(good.clone(), 1010), Ok(()));
    assert_eq!(subscribe(2010), Ok(subscription_id));
    let last = Push { is_last: true, ..good.clone() };
    assert_eq!(pushed(good.clone(), 2011), Ok(()));
    assert_eq!(pushed(last, 2012), Ok(()), "the last one at any time");
    assert_eq!(pushed(good.clone(), 9000), Err(ErrorCode::INVALID_REQUEST));
    // Who changes a subscription begins anew with everybody.
    telemetry.follow(&image(&[("a", "interval.ms", "2000")]));
    assert_eq!(pushed(good, 9001), Err(ErrorCode::UNKNOWN_SUBSCRIPTION_ID));
    // Who was told that may ask at once, but once.
    let new = subscribe(9002).expect("at once");
    assert_ne!(new, subscription_id);
    assert_eq!(subscribe(9003), Err(throttled));
}

#[test]
fn bad_pushes_are_refused() {
    let telemetry = telemetry(&[]);
    let terms = telemetry.subscribe(id(200), &CLIENT, 0).expect("the first time");
    let good = push(terms.subscription_id, BYTES_MAX);
    let mut now = 0;
    let mut pushed = |id, push: Push| {
        now += 300_000;
        telemetry.push(id, &CLIENT, push, now).err()
    };
    assert_eq!(pushed(id(0), good.clone()), Some(ErrorCode::INVALID_REQUEST));
    assert_eq!(pushed(id(200), good.clone()), None);
    let other = push(terms.subscription_id ^ 1, 2);
    assert_eq!(pushed(id(200), other), Some(ErrorCode::UNKNOWN_SUBSCRIPTION_ID));
    let packed = Push { compression: 5, ..good.clone() };
    assert_eq!(pushed(id(200), packed), Some(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    let large = push(terms.subscription_id, BYTES_MAX + 1);
    assert_eq!(pushed(id(200), large), Some(ErrorCode::TELEMETRY_TOO_LARGE));
    // Terms are told to each client by themselves.
    assert_eq!(pushed(id(201), good), Some(ErrorCode::UNKNOWN_SUBSCRIPTION_ID));
}

/// A field of a message, as protobuf writes it.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    dohle_protocol::varint::write_unsigned(u32::try_from(bytes.len()).expect("small"), &mut out);
    out.extend_from_slice(bytes);
    out
}

fn attribute(key: &str, value: &str) -> Vec<u8> {
    let value = field(2, &field(1, value.as_bytes()));
    [field(1, key.as_bytes()), value].concat()
}

/// A metric of one number: a gauge, or a sum that only grows and is told as a difference.
fn metric(name: &str, is_sum: bool, value: f64, attributes: &[(&str, &str)]) -> Vec<u8> {
    let attributes = attributes.iter().flat_map(|(key, value)| field(7, &attribute(key, value)));
    let mut point: Vec<u8> = attributes.collect();
    point.push(4 << 3 | 1);
    point.extend_from_slice(&value.to_le_bytes());
    let mut data = field(1, &point);
    if is_sum {
        data.extend([2 << 3, 1, 3 << 3, 1]);
    }
    [field(1, name.as_bytes()), field(if is_sum { 7 } else { 5 }, &data)].concat()
}

fn message(metrics: &[Vec<u8>]) -> Vec<u8> {
    let metrics: Vec<u8> = metrics.iter().flat_map(|metric| field(2, metric)).collect();
    let resource = field(1, &field(1, &attribute("group_id", "g")));
    field(1, &[resource, field(2, &metrics)].concat())
}

fn good(subscription_id: i32, metrics: Vec<u8>) -> Push {
    Push { subscription_id, is_last: false, compression: 0, metrics: metrics.into() }
}

#[test]
fn what_is_pushed_is_on_the_page() {
    let telemetry = Telemetry::new(1 << 20);
    telemetry.follow(&image(&[("a", "interval.ms", "1000")]));
    let terms = telemetry.subscribe(id(200), &CLIENT, 0).expect("the first time");
    let metrics = |sent, average| {
        message(&[
            metric("a.b.sent.total", true, sent, &[("topic", "q\"\\"), ("node-id", "1")]),
            metric("a.b.lag.avg", false, average, &[("client_id", "no")]),
        ])
    };
    let mut packed = Vec::new();
    let gzip = dohle_protocol::record::compression::Compression::of(Codec::Gzip);
    dohle_protocol::record::compression::compress(gzip, 2, &metrics(3.0, 0.5), &mut packed)
        .expect("it packs");
    let first = Push { compression: 1, ..good(terms.subscription_id, packed) };
    assert_eq!(telemetry.push(id(200), &CLIENT, first, 1), Ok(()));
    let second = good(terms.subscription_id, metrics(4.0, 0.25));
    assert_eq!(telemetry.push(id(200), &CLIENT, second, 1001), Ok(()));
    telemetry.forget(id(200));
    let client = format!(
        "client_id=\"app\",client_instance_id=\"{}\",client_software_name=\"apache-kafka-java\",\
         client_software_version=\"4.3.1\",group_id=\"g\",",
        id(200)
    );
    let expected = format!(
        "# HELP dohle_telemetry_clients Clients whose metrics are on this page.\n\
         # TYPE dohle_telemetry_clients gauge\ndohle_telemetry_clients 1\n\
         # HELP a_b_lag_avg Pushed by clients.\n# TYPE a_b_lag_avg gauge\n\
         a_b_lag_avg{{{client}}} 0.25\n\
         # HELP a_b_sent_total Pushed by clients.\n# TYPE a_b_sent_total counter\n\
         a_b_sent_total{{{client}topic=\"q\\\"\\\\\",node_id=\"1\",}} 7\n"
    );
    assert_eq!(telemetry.page(61_000), expected);
    assert!(!telemetry.page(61_001).contains("a_b"), "a minute later it is forgotten");
}

#[test]
fn what_is_no_metric_is_refused_and_leaves_nothing() {
    let telemetry = telemetry(&[("a", "interval.ms", "100")]);
    let terms = telemetry.subscribe(id(200), &CLIENT, 0).expect("the first time");
    let whole = message(&[metric("a", false, 1.0, &[]), metric("b", true, 2.0, &[])]);
    let mut now = 0;
    let mut pushed = |metrics: &[u8], compression| {
        now += 300_000;
        let push = Push { compression, ..good(terms.subscription_id, metrics.to_vec()) };
        telemetry.push(id(200), &CLIENT, push, now).err()
    };
    for end in 1..whole.len() {
        assert_eq!(pushed(&whole[..end], 0), Some(ErrorCode::INVALID_RECORD), "{end} bytes");
    }
    assert_eq!(pushed(&whole, 4), Some(ErrorCode::INVALID_RECORD), "it is not packed");
    assert_eq!(pushed(&[0x0b, 0x0c], 0), Some(ErrorCode::INVALID_RECORD), "a group");
    assert_eq!(
        pushed(&field(1, &field(2, &field(2, &field(1, &[0xff])))), 0),
        Some(ErrorCode::INVALID_RECORD)
    );
    assert_eq!(telemetry.lock().latest.sizes(), (0, 0));
    assert_eq!(pushed(&whole, 0), None);
    assert_eq!(pushed(&[], 0), None);
    assert_eq!(telemetry.lock().latest.sizes().0, 1);
}

#[test]
fn what_is_kept_is_bounded() {
    let telemetry = Telemetry::new(8 << 20);
    let name = |number| format!("{number}{}", "n".repeat(200));
    let metrics = (0..5_000).map(|number| metric(&name(number), false, 1.0, &[("a", "b")]));
    let metrics = message(&metrics.collect::<Vec<_>>());
    let mut largest = 0;
    for number in 0..30 {
        let now = i64::try_from(number).expect("it is small");
        let terms = telemetry.subscribe(id(200 + number), &CLIENT, now).expect("the first time");
        let push = good(terms.subscription_id, metrics.clone());
        assert_eq!(telemetry.push(id(200 + number), &CLIENT, push, now), Ok(()));
        let (clients, size_bytes) = telemetry.lock().latest.sizes();
        assert!(size_bytes <= latest::KEPT_BYTES_MAX, "{size_bytes} of {clients} clients");
        largest = largest.max(clients);
    }
    assert!(largest < 30 && 10 < largest, "{largest}");
    assert!(telemetry.page(29).contains(&id(229).to_string()), "the newest is there");
    assert!(!telemetry.page(29).contains(&id(200).to_string()), "the oldest is not");
    let count = |telemetry: &Telemetry| telemetry.lock().instances.len();
    telemetry.forget(id(203));
    assert_eq!(count(&telemetry), 29);
    // Three intervals later all of them are forgotten, when the next one comes.
    let _ = telemetry.subscribe(id(300), &CLIENT, 1_000_000);
    assert_eq!(count(&telemetry), 1);
    let more = u128::try_from(INSTANCES_MAX).expect("it is small") + 10;
    for number in 1000..1000 + more {
        let _ = telemetry.subscribe(id(number), &CLIENT, 1_000_001);
    }
    assert_eq!(count(&telemetry), INSTANCES_MAX);
}
