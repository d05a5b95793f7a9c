//! `__consumer_offsets` as Kafka 4.3.1 wrote it: equal when written again, and what it comes to is
//! what Kafka's own coordinator says of it.

use std::collections::BTreeMap;
use std::io::Read;

use dohle_coordinator::group::{
    Answer, Asked, Client, Command, GroupCoordinator, Groups, Leadership, Request,
};
use dohle_coordinator::{Coordinated, KeyValue, Surroundings};
use dohle_metadata::config::Layers;
use dohle_metadata::config::resource::Configs;
use dohle_metadata::controller::Seed;
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{Entry, Machine, Token};
use serde_json::{Value, json};

use super::archive::{entries, records};

type Machines = GroupCoordinator;

#[test]
fn records_are_written_as_they_were_read() {
    let (mut count, mut unknown) = (0, 0);
    for archive in ["clean", "killed", "corrupt", "standalone"] {
        for entry in records(archive, Machines::TOPIC) {
            let record = Machines::decode(entry.key.clone(), entry.value.clone());
            let record =
                record.unwrap_or_else(|error| panic!("{archive} {}: {error}", entry.offset));
            let Some(record) = record else {
                unknown += 1;
                continue;
            };
            let KeyValue { key, value } = Machines::encode(&record);
            assert_eq!((Some(key), value), (entry.key, entry.value), "{archive} {}", entry.offset);
            count += 1;
        }
    }
    println!("records of groups equal when written again: {count}; of other kinds: {unknown}");
    assert!(count > 150, "{count}");
}

/// Every message of a groups' record that Kafka made, behind its type or version.
#[test]
fn golden_vectors_are_written_as_they_were_read() {
    let mut count = 0;
    for (number, key) in frames("group-key-frame", "OffsetCommitKey")
        .into_iter()
        .chain(frames("group-key-frame", "GroupMetadataKey"))
        .enumerate()
    {
        let record = Machines::decode(Some(key.clone().into()), None).expect("a key");
        let written = Machines::encode(&record.expect("a known type"));
        assert_eq!(written.key, key, "{number}");
        count += 1;
    }
    let newest = [("OffsetCommit", 4_u8), ("GroupMetadata", 3)];
    for (name, version) in newest {
        let keys = frames("group-key-frame", &format!("{name}Key"));
        let key = keys.first().expect("a key");
        let values = frames("group-value-frame", &format!("{name}Value"));
        for value in values.into_iter().filter(|value| value[1] == version) {
            let record = Machines::decode(Some(key.clone().into()), Some(value.clone().into()));
            let written = Machines::encode(&record.expect("a value").expect("a known type"));
            // Tags that are not known are kept.
            assert_eq!(written.value.as_deref(), Some(&*value), "{name}");
            count += 1;
        }
    }
    println!("golden keys and values equal when written again: {count}");
    assert!(count >= 8, "{count}");
}

pub(super) fn frames(kind: &str, name: &str) -> Vec<Vec<u8>> {
    let packed = std::fs::read(super::shared::path("golden/wire/frames.tsv.gz")).expect("a file");
    let mut text = String::new();
    flate2::read::GzDecoder::new(&packed[..]).read_to_string(&mut text).expect("gzip");
    let rows = text.lines().map(|line| line.split('\t').collect::<Vec<_>>());
    let wanted = rows.filter(|row| row[0] == kind && row[1] == name);
    let byte = |hex: &str| u8::from_str_radix(hex, 16).expect("hex");
    wanted
        .map(|row| (0..row[5].len()).step_by(2).map(|at| byte(&row[5][at..at + 2])).collect())
        .collect()
}

/// Every partition's machine, loaded as a coordinator loads it.
pub(super) fn loaded(archive: &str, image: &Image) -> BTreeMap<String, (Groups, Leadership)> {
    let mut machines: BTreeMap<String, (Groups, Leadership)> = BTreeMap::new();
    for entry in entries(archive, Machines::TOPIC) {
        let (hard, _) = machines.entry(entry.folder).or_default();
        let applied = match entry.marker {
            Some(committed) => Entry::Marker {
                producer: entry.producer.expect("a marker is of a producer"),
                committed,
            },
            None => {
                let record = Machines::decode(entry.key, entry.value).expect("Kafka's record");
                let Some(record) = record else { continue };
                let timestamp = Timestamp(entry.timestamp);
                Entry::Record { record, timestamp, producer: entry.producer }
            }
        };
        Machines::apply(hard, Offset(entry.offset), &applied);
    }
    let nothing = Configs::default();
    for (hard, soft) in machines.values_mut() {
        let known = Machines::known(Surroundings {
            image,
            configs: Layers { broker: &nothing, cluster: &nothing, file: &nothing },
            topics_deleted: &[],
        });
        Machines::decide(hard, soft, Timestamp(0), Machines::surround(known, 0));
    }
    machines
}

pub(super) fn ask(hard: &Groups, soft: &mut Leadership, request: Request) -> Answer {
    let asked = Asked {
        token: Token(0),
        version: 5,
        seed: Seed([1, 2]),
        client: Client::default(),
        request,
    };
    let command = Command::Ask(Box::new(asked));
    let outcome = Machines::decide(hard, soft, Timestamp(0), command);
    assert!(outcome.records.is_empty());
    outcome.answers.into_iter().next().expect("an answer").1
}

#[test]
fn what_the_log_comes_to_is_what_kafka_says() {
    let mut count = 0;
    for archive in ["clean", "killed", "standalone"] {
        let manifest = super::shared::text(&format!("golden/data/{archive}.json"));
        let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
        let mut ours = BTreeMap::new();
        for (hard, mut soft) in loaded(archive, &Image::default()).into_values() {
            let all = Request::ListGroups(m::ListGroupsRequest::default());
            let Answer::ListGroups(all) = ask(&hard, &mut soft, all) else { panic!("a list") };
            for group in all {
                let said = said_of(&hard, &mut soft, &group);
                ours.insert(group.group_id.to_string(), said);
            }
        }
        let kafkas = manifest["groups"].as_object().expect("groups");
        for (id, theirs) in kafkas {
            let ours = ours.remove(id);
            if theirs["type"] == "classic" {
                let ours = ours.unwrap_or_else(|| panic!("{archive}: no group {id}"));
                for (key, ours) in ours.as_object().expect("an object") {
                    let theirs = match key.as_str() {
                        "members" => without_hashes(&theirs[key]),
                        _ => theirs[key].clone(),
                    };
                    assert_eq!(*ours, theirs, "{archive} {id} {key}");
                }
                count += 1;
            }
        }
        assert!(ours.is_empty(), "{archive}: {ours:?}");
    }
    println!("classic groups as Kafka describes them: {count}");
    assert!(count >= 10, "{count}");
}

/// What is said of a group, as the manifest has it.
fn said_of(
    hard: &Groups,
    soft: &mut Leadership,
    listed: &m::list_groups_response::ListedGroup,
) -> Value {
    let id = &listed.group_id;
    let answer = ask(hard, soft, Request::DescribeGroup(id.clone()));
    let Answer::DescribeGroup(described) = answer else { panic!("a description") };
    let member = |member: &m::describe_groups_response::DescribedGroupMember| {
        let instance = member.group_instance_id.as_deref();
        json!([&*member.member_id, instance, &*member.client_id, &*member.client_host])
    };
    let members: Vec<Value> = described.members.iter().map(member).collect();
    let unstable = offsets(hard, soft, id, true).into_iter().flat_map(|(topic, partitions)| {
        let unstable = partitions.into_iter().filter(|partition| partition.error_code.0 == 88);
        unstable.map(move |partition| json!([topic.to_string(), partition.partition_index]))
    });
    let unstable: Vec<Value> = unstable.collect();
    let stable = offsets(hard, soft, id, false).into_iter().map(|(topic, partitions)| {
        let row = |partition: m::offset_fetch_response::OffsetFetchResponsePartitions| {
            json!([
                partition.partition_index,
                partition.committed_offset,
                partition.committed_leader_epoch,
                partition.metadata.as_deref()
            ])
        };
        (topic.to_string(), partitions.into_iter().map(row).collect::<Value>())
    });
    let mut said = json!({
        "type": &*listed.group_type,
        "protocol_type": &*listed.protocol_type,
        "state": &*listed.group_state,
        "protocol": &*described.protocol_data,
        "members": members,
        "offsets": stable.collect::<serde_json::Map<_, _>>(),
    });
    if !unstable.is_empty() {
        said["pending_transactional_offsets"] = unstable.into();
    }
    said
}

type Partitions = Vec<m::offset_fetch_response::OffsetFetchResponsePartitions>;

fn offsets(
    hard: &Groups,
    soft: &mut Leadership,
    id: &Text,
    require_stable: bool,
) -> Vec<(Text, Partitions)> {
    let request = m::offset_fetch_request::OffsetFetchRequestGroup {
        group_id: id.clone(),
        topics: None,
        ..Default::default()
    };
    let answer = ask(hard, soft, Request::OffsetFetch(request, require_stable));
    let Answer::OffsetFetch(answer) = answer else { panic!("offsets") };
    answer.topics.into_iter().map(|topic| (topic.name, topic.partitions)).collect()
}

/// Members without the hashes of their bytes, which `records_are_written_as_they_were_read` checks.
fn without_hashes(members: &Value) -> Value {
    let members = members.as_array().expect("members").iter();
    members.map(|member| Value::from(member.as_array().expect("a member")[..4].to_vec())).collect()
}
