//! Consumer groups as Kafka 4.4 wrote them: equal when written again, and what they come to is what
//! Kafka said of them.

use std::collections::BTreeMap;

use dohle_coordinator::Coordinated;
use dohle_coordinator::group::{Answer, GroupCoordinator, Request};
use dohle_metadata::image::Image;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_describe_response::{Assignment, DescribedGroup};
use dohle_protocol::wire::Text;
use serde_json::{Value, json};

use super::groups::{ask, frames, loaded};

#[test]
fn golden_records_are_written_as_they_were_read() {
    let mut count = 0;
    for name in [
        "Metadata",
        "PartitionMetadata",
        "MemberMetadata",
        "TargetAssignmentMetadata",
        "TargetAssignmentMember",
        "CurrentMemberAssignment",
        "RegularExpression",
    ] {
        let keys = frames("group-key-frame", &format!("ConsumerGroup{name}Key"));
        let values = frames("group-value-frame", &format!("ConsumerGroup{name}Value"));
        assert_eq!((keys.len(), values.len()), (2, 2), "{name}");
        for (key, value) in keys.into_iter().zip(values) {
            let record =
                GroupCoordinator::decode(Some(key.clone().into()), Some(value.clone().into()));
            let written =
                GroupCoordinator::encode(&record.expect("a record").expect("a known type"));
            assert_eq!((written.key, written.value), (key.into(), Some(value.into())), "{name}");
            count += 1;
        }
    }
    println!("golden records of consumer groups equal when written again: {count}");
}

#[test]
fn what_the_log_comes_to_is_what_kafka_says() {
    let mut count = 0;
    for archive in ["clean", "killed", "standalone"] {
        let manifest = super::shared::text(&format!("golden/data/{archive}.json"));
        let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
        let image = image(&manifest["topics"]);
        let mut machines = loaded(archive, &image);
        let kafkas = manifest["groups"].as_object().expect("groups").iter();
        for (id, theirs) in kafkas.filter(|(_, group)| group["type"] == "consumer") {
            let described = machines.values_mut().find_map(|(hard, soft)| {
                let request = Request::ConsumerGroupDescribe(Text::from(id.as_str()));
                let Answer::ConsumerGroupDescribe(group) = ask(hard, soft, request) else {
                    panic!("a description")
                };
                (!group.error_code.is_error()).then_some(group)
            });
            let ours = said_of(&described.unwrap_or_else(|| panic!("{archive}: no group {id}")));
            for (key, ours) in ours.as_object().expect("an object") {
                assert_eq!(*ours, theirs[key], "{archive} {id} {key}");
            }
            count += 1;
        }
    }
    println!("consumer groups as Kafka describes them: {count}");
    assert_eq!(count, 7);
}

/// The topics of a manifest; who has their replicas does not matter here.
fn image(topics: &Value) -> Image {
    let mut image = Image::default();
    for (name, topic) in topics.as_object().expect("topics") {
        let topic_id = topic["id"].as_str().expect("an id").parse().expect("an id");
        let name = Text::from(name.as_str());
        image.apply(&m::TopicRecord { name, topic_id, ..Default::default() }.into());
        let count = topic["partitions"].as_array().expect("partitions").len();
        for partition_id in 0..count as i32 {
            let record = m::PartitionRecord { topic_id, partition_id, ..Default::default() };
            image.apply(&record.into());
        }
    }
    image
}

fn said_of(group: &DescribedGroup) -> Value {
    let members = group.members.iter().map(|member| {
        let names: Vec<&str> = member.subscribed_topic_names.iter().map(|name| &**name).collect();
        json!([
            &*member.member_id,
            member.instance_id.as_deref(),
            member.rack_id.as_deref(),
            member.member_epoch,
            &*member.client_id,
            names,
            member.subscribed_topic_regex.as_deref(),
            partitions(&member.assignment),
        ])
    });
    json!({
        "state": &*group.group_state,
        "epoch": group.group_epoch,
        "assignment_epoch": group.assignment_epoch,
        "assignor": &*group.assignor_name,
        "members": members.collect::<Vec<_>>(),
    })
}

fn partitions(assignment: &Assignment) -> Value {
    let topics = assignment.topic_partitions.iter();
    let by_name: BTreeMap<&str, &Vec<i32>> =
        topics.map(|topic| (&*topic.topic_name, &topic.partitions)).collect();
    by_name.into_iter().map(|(name, list)| json!([name, list])).collect()
}
