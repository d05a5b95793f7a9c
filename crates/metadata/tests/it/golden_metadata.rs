//! Kafka's own metadata logs and snapshots: read, written again, and what they come to.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use dohle_metadata::config::resource::Configs;
use dohle_metadata::config::{ConfigResource, ResourceKind};
use dohle_metadata::controller::bootstrap_records;
use dohle_metadata::features::MetadataVersion;
use dohle_metadata::{Changes, Image, MetadataRecord};
use serde_json::Value;

use super::archive::{Archive, Entry};

const ARCHIVES: [&str; 6] =
    ["clean", "killed", "torn", "corrupt", "standalone", "formatted-standalone"];

fn image<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Image {
    let mut image = Image::default();
    for entry in entries {
        image.apply(&entry.record);
    }
    image
}

#[test]
fn records_are_written_as_they_were_read() {
    let (mut count, mut kinds, mut versions) = (0, BTreeSet::new(), 0);
    for name in ARCHIVES {
        let archive = Archive::read(name);
        let all = archive.log().chain(archive.snapshots.values().flatten());
        for entry in all.chain(&archive.bootstrap) {
            assert_eq!(
                entry.record.encode(entry.version),
                entry.bytes,
                "{name} {:?}",
                entry.record
            );
            kinds.insert(entry.record.name());
            count += 1;
            let ours = entry.record.version_at(MetadataVersion::V4_3_IV0);
            assert_eq!(ours, entry.version, "{name} {} {:?}", entry.offset, entry.record);
            versions += 1;
        }
    }
    println!("metadata records equal when written again: {count} of {} types", kinds.len());
    println!("of them with the version that we would write: {versions}");
    assert!(count > 2000);
}

/// Kafka writes a node's listeners and features in the order of a hash map.
fn in_order(image: &Image) -> Image {
    let mut ordered = image.clone();
    for (id, broker) in &image.brokers {
        let mut broker = broker.clone();
        broker.endpoints.sort_by(|a, b| a.listener.cmp(&b.listener));
        broker.features.sort_by(|a, b| a.name.cmp(&b.name));
        ordered.brokers.insert(*id, broker);
    }
    for (id, controller) in &image.controllers {
        let mut controller = controller.clone();
        controller.endpoints.sort_by(|a, b| a.listener.cmp(&b.listener));
        controller.features.sort_by(|a, b| a.name.cmp(&b.name));
        ordered.controllers.insert(*id, controller);
    }
    ordered
}

/// Field by field, so that a difference is short enough to read.
fn assert_same(left: &Image, right: &Image, what: &str) {
    assert_eq!(left.features, right.features, "{what}");
    assert_eq!(left.brokers, right.brokers, "{what}");
    assert_eq!(left.controllers, right.controllers, "{what}");
    assert_eq!(left.topics, right.topics, "{what}");
    assert_eq!(left.configs, right.configs, "{what}");
    assert_eq!(left.quotas, right.quotas, "{what}");
    assert_eq!(left.next_producer_id, right.next_producer_id, "{what}");
    assert_eq!(left.acls, right.acls, "{what}");
    assert!(left == right, "{what}");
}

#[test]
fn replay_comes_to_what_snapshots_say() {
    let mut count = 0;
    for name in ARCHIVES {
        let archive = Archive::read(name);
        let first = archive.segments.keys().next().copied().unwrap_or(0);
        // A log that begins above 0 is read from a snapshot on.
        let mut image = Image::default();
        let mut from = first;
        if first > 0 {
            let (offset, snapshot) =
                archive.snapshots.iter().find(|(offset, _)| **offset >= first).unwrap();
            image = self::image(snapshot);
            from = *offset;
        }
        let mut log = archive.log().filter(|entry| entry.offset >= from).peekable();
        for (end, snapshot) in archive.snapshots.iter().filter(|(end, _)| **end >= from) {
            while let Some(entry) = log.next_if(|entry| entry.offset < *end) {
                image.apply(&entry.record);
            }
            let what = format!("{name}: snapshot at {end}");
            assert_same(&in_order(&image), &in_order(&self::image(snapshot)), &what);
            count += 1;
        }
    }
    println!("snapshots equal to the replay of the log: {count}");
    assert!(count >= 20);
}

#[test]
fn snapshots_hold_the_records_that_we_would_write() {
    let (mut snapshots, mut records) = (0, 0);
    for name in ARCHIVES {
        for (end, snapshot) in Archive::read(name).snapshots {
            // A fresh directory's first snapshot says nothing of metadata.
            if snapshot.is_empty() {
                continue;
            }
            let image = image(&snapshot);
            let level = image.metadata_version();
            let ours = image.records();
            let written: BTreeSet<Bytes> = ours.iter().map(|r| r.encode_at(level)).collect();
            let read: BTreeSet<Bytes> = snapshot.iter().map(|entry| entry.bytes.clone()).collect();
            assert_eq!(written, read, "{name}: snapshot at {end}");
            assert_eq!(ours.len(), snapshot.len(), "{name}: snapshot at {end}");
            assert_eq!(ours[0].encode_at(level), snapshot[0].bytes);
            let mut again = Image::default();
            ours.iter().for_each(|record| again.apply(record));
            assert!(again == image);
            snapshots += 1;
            records += ours.len();
        }
    }
    println!("snapshots whose {records} records we write byte for byte: {snapshots}");
    assert!(snapshots >= 20);
}

#[test]
fn formatting_writes_what_kafka_writes() {
    let archive = Archive::read("clean");
    let written = bootstrap_records(MetadataVersion::V4_3_IV0);
    let read: Vec<&MetadataRecord> = archive.bootstrap.iter().map(|e| &e.record).collect();
    assert_eq!(written.iter().collect::<Vec<_>>(), read);
}

/// What Kafka served after opening a copy: it had started once more, which adds 2 to each epoch.
#[test]
fn manifests_say_the_same() {
    let mut values = 0;
    for name in ["clean", "killed", "torn", "corrupt", "standalone"] {
        let archive = Archive::read(name);
        let manifest: Value =
            serde_json::from_str(&super::shared::text(&format!("golden/data/{name}.json")))
                .unwrap();
        let (end, snapshot) = archive.snapshots.last_key_value().unwrap();
        let mut image = image(snapshot);
        let mut changes = Changes::default();
        for entry in archive.log().filter(|entry| entry.offset >= *end) {
            image.apply_noting(&entry.record, &mut changes);
        }
        values += check_features(&image, &manifest["cluster"]["features"]);
        values += check_configs(&image, &manifest["configs"]);
        values += check_topics(&image, &manifest["topics"], name);
        values += check_acls(&image, &manifest["acls"]);
        values += check_quotas(&image, &manifest["quotas"]);
        values += check_scram(&image, &manifest["scram"]);
    }
    println!("values of manifests found in the images: {values}");
}

fn check_features(image: &Image, manifest: &Value) -> usize {
    let served = manifest.as_object().unwrap();
    let mut known: BTreeMap<String, i64> =
        image.features.iter().map(|(name, level)| (name.to_string(), i64::from(*level))).collect();
    // The quorum keeps this one.
    if let Some(level) = served.get("kraft.version") {
        known.insert("kraft.version".to_owned(), level.as_i64().unwrap());
    }
    let served: BTreeMap<String, i64> =
        served.iter().map(|(name, level)| (name.clone(), level.as_i64().unwrap())).collect();
    assert_eq!(known, served);
    known.len()
}

fn check_configs(image: &Image, manifest: &Value) -> usize {
    let mut count = 0;
    let mut served: BTreeMap<ConfigResource, Configs> = BTreeMap::new();
    for (kind, field) in [
        (ResourceKind::Topic, "topic"),
        (ResourceKind::Broker, "broker"),
        (ResourceKind::Broker, "broker_default"),
        (ResourceKind::ClientMetrics, "client_metrics"),
        (ResourceKind::Group, "group"),
    ] {
        for (name, configs) in manifest[field].as_object().unwrap() {
            let pairs = configs.as_object().unwrap().iter();
            let configs: Configs =
                pairs.map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
            count += configs.len();
            served.insert(ConfigResource::new(kind, name.as_str()), configs);
        }
    }
    let known: BTreeMap<ConfigResource, Configs> = image
        .configs
        .iter()
        .map(|(resource, configs)| (resource.clone(), configs.clone()))
        .collect();
    assert_eq!(known, served);
    count
}

fn check_topics(image: &Image, manifest: &Value, archive: &str) -> usize {
    let served = manifest.as_object().unwrap();
    let known: BTreeSet<&str> = image.topics.iter().map(|topic| &*topic.name).collect();
    assert_eq!(known, served.keys().map(String::as_str).collect());
    let mut count = 0;
    for topic in image.topics.iter() {
        let served = &served[&*topic.name];
        assert_eq!(topic.id.to_string(), served["id"].as_str().unwrap());
        let partitions = served["partitions"].as_array().unwrap();
        assert_eq!(partitions.len(), topic.partitions.len());
        for served in partitions {
            let index = served["partition"].as_i64().unwrap() as i32;
            let partition = topic.partitions.get(&index).unwrap();
            let replicas: Vec<i64> = partition.replicas.iter().map(|id| i64::from(*id)).collect();
            assert_eq!(serde_json::json!(replicas), served["replicas"]);
            let name = format!("{archive} {}-{index}", topic.name);
            let epoch = served["leader_epoch"].as_i64().unwrap();
            // A broker that was stopped cleanly is fenced already: one step less.
            let left = epoch - i64::from(partition.leader_epoch);
            assert!((1..=2).contains(&left), "{name}: {left}");
            count += 2;
        }
    }
    count
}

fn check_acls(image: &Image, manifest: &Value) -> usize {
    let served: BTreeSet<String> =
        manifest.as_array().unwrap().iter().map(Value::to_string).collect();
    let known: BTreeSet<String> = image
        .acls
        .values()
        .map(|acl| {
            let (name, principal, host) = (&*acl.resource_name, &*acl.principal, &*acl.host);
            let pattern = acl.pattern_type;
            let rest = (acl.operation, acl.permission_type);
            serde_json::json!([acl.resource_type, name, pattern, principal, host, rest.0, rest.1])
                .to_string()
        })
        .collect();
    assert_eq!(known, served);
    known.len()
}

fn check_quotas(image: &Image, manifest: &Value) -> usize {
    let served: BTreeSet<String> =
        manifest.as_array().unwrap().iter().map(Value::to_string).collect();
    let known: BTreeSet<String> = image
        .quotas
        .iter()
        .map(|(entity, quotas)| {
            let entity: Vec<Value> = entity
                .0
                .iter()
                .map(|(kind, name)| serde_json::json!([&**kind, name.as_ref().map(|name| &**name)]))
                .collect();
            let quotas: Vec<Value> =
                quotas.iter().map(|(key, value)| serde_json::json!([&**key, value])).collect();
            serde_json::json!([entity, quotas]).to_string()
        })
        .collect();
    assert_eq!(known, served);
    known.len()
}

fn check_scram(image: &Image, manifest: &Value) -> usize {
    let mut known: BTreeSet<(String, i64, i64)> = BTreeSet::new();
    for ((mechanism, user), credential) in &image.scram {
        known.insert((user.to_string(), (*mechanism).into(), credential.iterations.into()));
    }
    let mut served = BTreeSet::new();
    for row in manifest.as_array().unwrap() {
        for one in row[1].as_array().unwrap() {
            let user = row[0].as_str().unwrap().to_owned();
            served.insert((user, one[0].as_i64().unwrap(), one[1].as_i64().unwrap()));
        }
    }
    assert_eq!(known, served);
    known.len()
}
