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
    let metrics = Bytes::from(vec![7; size_bytes]);
    Push { subscription_id, is_last: false, compression: 4, metrics }
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
    let other = push(terms.subscription_id ^ 1, 1);
    assert_eq!(pushed(id(200), other), Some(ErrorCode::UNKNOWN_SUBSCRIPTION_ID));
    let packed = Push { compression: 5, ..good.clone() };
    assert_eq!(pushed(id(200), packed), Some(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE));
    let large = push(terms.subscription_id, BYTES_MAX + 1);
    assert_eq!(pushed(id(200), large), Some(ErrorCode::TELEMETRY_TOO_LARGE));
    // Terms are told to each client by themselves.
    assert_eq!(pushed(id(201), good), Some(ErrorCode::UNKNOWN_SUBSCRIPTION_ID));
}

#[test]
fn what_is_kept_is_bounded() {
    let size_bytes = KEPT_BYTES_MAX / 4;
    let telemetry = Telemetry::new(size_bytes);
    let pushed = |number, now| {
        let terms = telemetry.subscribe(id(number), &CLIENT, now).expect("the first time");
        let push = push(terms.subscription_id, size_bytes);
        telemetry.push(id(number), &CLIENT, push, now).expect("a good push");
    };
    for number in 0..6_u32 {
        pushed(200 + u128::from(number), i64::from(number));
    }
    let kept = |telemetry: &Telemetry| {
        let known = telemetry.lock();
        let has = |(id, it): (&Uuid, &Instance)| it.pushed.is_some().then_some(*id);
        let kept: BTreeSet<Uuid> = known.instances.iter().filter_map(has).collect();
        assert_eq!(known.kept_bytes, kept.len() * size_bytes);
        assert_eq!(known.pushed.len(), kept.len());
        (kept, known.instances.len())
    };
    assert_eq!(kept(&telemetry), ((202..206).map(id).collect(), 6));
    telemetry.forget(id(203));
    assert_eq!(kept(&telemetry), ([202, 204, 205].map(id).into(), 5));
    // Three intervals later all of them are forgotten, when the next one comes.
    pushed(300, 1_000_000);
    assert_eq!(kept(&telemetry), ([300].map(id).into(), 1));
    let more = u128::try_from(INSTANCES_MAX).expect("it is small") + 10;
    for number in 1000..1000 + more {
        let _ = telemetry.subscribe(id(number), &CLIENT, 1_000_001);
    }
    assert_eq!(kept(&telemetry).1, INSTANCES_MAX);
}
