//! Topics: created, described, grown, deleted, and all ways in which that is refused.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::create_partitions_request::{
    CreatePartitionsAssignment, CreatePartitionsRequest, CreatePartitionsTopic,
};
use dohle_protocol::messages::create_topics_request::{
    CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig, CreateTopicsRequest,
};
use dohle_protocol::messages::delete_topics_request::{DeleteTopicState, DeleteTopicsRequest};
use dohle_protocol::messages::describe_topic_partitions_request::{
    Cursor, DescribeTopicPartitionsRequest, TopicRequest,
};
use dohle_protocol::messages::metadata_request::{MetadataRequest, MetadataRequestTopic};

use crate::diff::world::World;

fn metadata_of(topics: &[(Option<&str>, Uuid)]) -> MetadataRequest {
    let topics = topics
        .iter()
        .map(|(name, topic_id)| MetadataRequestTopic {
            name: name.map(Into::into),
            topic_id: *topic_id,
            ..MetadataRequestTopic::default()
        })
        .collect();
    MetadataRequest { topics: Some(topics), ..MetadataRequest::default() }
}

pub(super) fn metadata(world: &mut World) {
    world.topic("meta-a", 2, &[]);
    let id = world.topic("meta-b", 1, &[]);
    let none = Uuid::ZERO;
    for version in world.versions::<MetadataRequest>() {
        let by_name = metadata_of(&[(Some("meta-a"), none), (Some("meta-b"), none)]);
        world.note("two topics", version, &by_name);
        let mut more = by_name.clone();
        more.include_cluster_authorized_operations = true;
        more.include_topic_authorized_operations = true;
        world.note("authorized operations", version, &more);
        world.note("the same twice", version, &metadata_of(&[(Some("meta-b"), none); 2]));
        world.note("unknown topic", version, &metadata_of(&[(Some("meta-none"), none)]));
        let bad = metadata_of(&[(Some("bad name!"), none), (Some(""), none), (Some(".."), none)]);
        world.note("bad names", version, &bad);
        if version >= 1 {
            world.note("no topics", version, &metadata_of(&[]));
        }
        let created = format!("meta-auto-{version}");
        let mut auto = metadata_of(&[(Some(&created), none)]);
        auto.allow_auto_topic_creation = true;
        world.note("unknown topic, to be created", version, &auto);
        world.await_topic(&created);
        world.note("after creation", version, &auto);
        auto.topics = metadata_of(&[(Some("bad name!"), none)]).topics;
        world.note("bad name, to be created", version, &auto);
        if version >= 10 {
            world.note("by id", version, &metadata_of(&[(None, id)]));
            let unknown = Uuid::from_u128(0xdead_beef_dead_beef_dead_beef_dead_beef);
            world.note("unknown id", version, &metadata_of(&[(None, unknown)]));
            world.note("neither name nor id", version, &metadata_of(&[(None, none)]));
            world.note("name and id", version, &metadata_of(&[(Some("meta-b"), id)]));
        }
    }
}

fn topic(name: &str, partitions: i32, replicas: i16) -> CreatableTopic {
    CreatableTopic {
        name: name.into(),
        num_partitions: partitions,
        replication_factor: replicas,
        ..CreatableTopic::default()
    }
}

fn creation(topics: Vec<CreatableTopic>) -> CreateTopicsRequest {
    CreateTopicsRequest { topics, timeout_ms: 30_000, ..CreateTopicsRequest::default() }
}

fn with(mut topic: CreatableTopic, configs: &[(&str, Option<&str>)]) -> CreatableTopic {
    topic.configs = configs
        .iter()
        .map(|(name, value)| CreatableTopicConfig {
            name: (*name).into(),
            value: value.map(Into::into),
            ..CreatableTopicConfig::default()
        })
        .collect();
    topic
}

fn placed(name: &str, partitions: &[(i32, &[i32])]) -> CreatableTopic {
    let mut topic = topic(name, -1, -1);
    topic.assignments = partitions
        .iter()
        .map(|(partition_index, broker_ids)| CreatableReplicaAssignment {
            partition_index: *partition_index,
            broker_ids: broker_ids.to_vec(),
            ..CreatableReplicaAssignment::default()
        })
        .collect();
    topic
}

pub(super) fn create(world: &mut World) {
    for version in world.versions::<CreateTopicsRequest>() {
        let name = |what: &str| format!("ct-{version}-{what}");
        let good = creation(vec![topic(&name("a"), 3, 1), topic(&name("b"), 1, 1)]);
        world.note("two topics", version, &good);
        world.note("again", version, &good);
        let configs = [("retention.ms", Some("1000")), ("cleanup.policy", Some("compact"))];
        world.note("configs", version, &creation(vec![with(topic(&name("c"), 1, 1), &configs)]));
        if version >= 1 {
            let mut only = creation(vec![topic(&name("v"), 2, 1)]);
            only.validate_only = true;
            world.note("validate only", version, &only);
            world.note("after validate only", version, &creation(vec![topic(&name("v"), 2, 1)]));
        }
        if version >= 4 {
            world.note("defaults", version, &creation(vec![topic(&name("d"), -1, -1)]));
        }
        let two: &[(i32, &[i32])] = &[(0, &[1]), (1, &[1])];
        world.note("assignment", version, &creation(vec![placed(&name("p"), two)]));
        for (what, topics) in refused(&name) {
            world.note(what, version, &creation(topics));
        }
    }
}

fn refused(name: &dyn Fn(&str) -> String) -> Vec<(&'static str, Vec<CreatableTopic>)> {
    let mut both = placed(&name("q"), &[(0, &[1])]);
    both.num_partitions = 2;
    both.replication_factor = 1;
    vec![
        ("no topics", vec![]),
        ("twice in one", vec![topic(&name("t"), 1, 1), topic(&name("t"), 1, 1)]),
        ("good and bad", vec![topic(&name("g"), 1, 1), topic("bad name!", 1, 1)]),
        ("empty name", vec![topic("", 1, 1)]),
        ("dot", vec![topic(".", 1, 1)]),
        ("two dots", vec![topic("..", 1, 1)]),
        ("slash", vec![topic("a/b", 1, 1)]),
        ("long name", vec![topic(&"x".repeat(250), 1, 1)]),
        ("collision", vec![topic(&name("co.l"), 1, 1), topic(&name("co_l"), 1, 1)]),
        ("collision with one there", vec![topic(&name("co_l"), 1, 1)]),
        ("internal topic", vec![topic("__cluster_metadata", 1, 1)]),
        ("no partitions", vec![topic(&name("e"), 0, 1)]),
        ("negative partitions", vec![topic(&name("e"), -2, 1)]),
        ("no replicas", vec![topic(&name("e"), 1, 0)]),
        ("negative replicas", vec![topic(&name("e"), 1, -2)]),
        ("too many replicas", vec![topic(&name("e"), 1, 2)]),
        ("too many partitions", vec![topic(&name("e"), 1_000_000, 1)]),
        ("unknown config", vec![with(topic(&name("e"), 1, 1), &[("no.such", Some("1"))])]),
        ("bad value", vec![with(topic(&name("e"), 1, 1), &[("retention.ms", Some("x"))])]),
        ("out of range", vec![with(topic(&name("e"), 1, 1), &[("segment.bytes", Some("1"))])]),
        ("bad word", vec![with(topic(&name("e"), 1, 1), &[("cleanup.policy", Some("burn"))])]),
        ("null value", vec![with(topic(&name("e"), 1, 1), &[("retention.ms", None)])]),
        ("empty value", vec![with(topic(&name("e"), 1, 1), &[("retention.ms", Some(""))])]),
        ("partitions and assignment", vec![both]),
        ("unknown broker", vec![placed(&name("e"), &[(0, &[7])])]),
        ("broker twice", vec![placed(&name("e"), &[(0, &[1, 1])])]),
        ("no brokers", vec![placed(&name("e"), &[(0, &[])])]),
        ("hole", vec![placed(&name("e"), &[(0, &[1]), (2, &[1])])]),
        ("partition twice", vec![placed(&name("e"), &[(0, &[1]), (0, &[1])])]),
    ]
}

fn deletion(topics: Vec<DeleteTopicState>, names: &[&str]) -> DeleteTopicsRequest {
    DeleteTopicsRequest {
        topics,
        topic_names: names.iter().map(|name| (*name).into()).collect(),
        timeout_ms: 30_000,
        ..DeleteTopicsRequest::default()
    }
}

/// In the form that the version has: names, or names and ids.
fn delete_names(version: i16, names: &[&str]) -> DeleteTopicsRequest {
    if version < 6 {
        return deletion(Vec::new(), names);
    }
    let states = names
        .iter()
        .map(|name| DeleteTopicState { name: Some((*name).into()), ..DeleteTopicState::default() });
    deletion(states.collect(), &[])
}

pub(super) fn delete(world: &mut World) {
    for version in world.versions::<DeleteTopicsRequest>() {
        let (a, b) = (format!("dt-{version}-a"), format!("dt-{version}-b"));
        world.topic(&a, 1, &[]);
        let id = world.topic(&b, 1, &[]);
        world.note("unknown topic", version, &delete_names(version, &["dt-none"]));
        world.note("bad name", version, &delete_names(version, &["bad name!"]));
        world.note("no topics", version, &delete_names(version, &[]));
        world.note("good and unknown", version, &delete_names(version, &[&a, "dt-none"]));
        world.note("again", version, &delete_names(version, &[&a]));
        world.note("twice in one", version, &delete_names(version, &[&b, &b]));
        if version >= 6 {
            let by = |topic_id, name: Option<&str>| {
                let state = DeleteTopicState {
                    name: name.map(Into::into),
                    topic_id,
                    ..DeleteTopicState::default()
                };
                deletion(vec![state], &[])
            };
            world.note("name and id", version, &by(id, Some(&b)));
            world.note("neither", version, &by(Uuid::ZERO, None));
            world.note("unknown id", version, &by(Uuid::from_u128(77 << 64), None));
            world.note("by id", version, &by(id, None));
            world.note("by id again", version, &by(id, None));
        }
    }
}

pub(super) fn partitions(world: &mut World) {
    for version in world.versions::<CreatePartitionsRequest>() {
        let name = format!("cp-{version}");
        world.topic(&name, 2, &[]);
        let grow = |name: &str, count, assignments: Option<Vec<Vec<i32>>>| {
            let assignments = assignments.map(|all| {
                all.into_iter()
                    .map(|broker_ids| CreatePartitionsAssignment {
                        broker_ids,
                        ..CreatePartitionsAssignment::default()
                    })
                    .collect()
            });
            CreatePartitionsTopic {
                name: name.into(),
                count,
                assignments,
                ..CreatePartitionsTopic::default()
            }
        };
        let request = |topics| CreatePartitionsRequest {
            topics,
            timeout_ms: 30_000,
            ..CreatePartitionsRequest::default()
        };
        let mut only = request(vec![grow(&name, 4, None)]);
        only.validate_only = true;
        world.note("validate only", version, &only);
        for (what, topics) in [
            ("fewer", vec![grow(&name, 1, None)]),
            ("as many", vec![grow(&name, 2, None)]),
            ("negative", vec![grow(&name, -1, None)]),
            ("no topics", vec![]),
            ("unknown topic", vec![grow("cp-none", 3, None)]),
            ("twice in one", vec![grow(&name, 3, None), grow(&name, 4, None)]),
            ("too few assignments", vec![grow(&name, 4, Some(vec![vec![1]]))]),
            ("unknown broker", vec![grow(&name, 3, Some(vec![vec![9]]))]),
            ("broker twice", vec![grow(&name, 3, Some(vec![vec![1, 1]]))]),
            ("good", vec![grow(&name, 4, None)]),
            ("with assignment", vec![grow(&name, 6, Some(vec![vec![1], vec![1]]))]),
        ] {
            world.note(what, version, &request(topics));
        }
    }
}

pub(super) fn describe(world: &mut World) {
    world.topic("dtp-a", 3, &[]);
    world.topic("dtp-b", 2, &[]);
    for version in world.versions::<DescribeTopicPartitionsRequest>() {
        let request = |names: &[&str], limit, cursor: Option<(&str, i32)>| {
            let topics = names
                .iter()
                .map(|name| TopicRequest { name: (*name).into(), ..TopicRequest::default() })
                .collect();
            let cursor = cursor.map(|(topic, partition_index)| Cursor {
                topic_name: topic.into(),
                partition_index,
                ..Cursor::default()
            });
            DescribeTopicPartitionsRequest {
                topics,
                response_partition_limit: limit,
                cursor,
                ..DescribeTopicPartitionsRequest::default()
            }
        };
        for (what, asked) in [
            ("two topics", request(&["dtp-a", "dtp-b"], 2000, None)),
            ("unordered", request(&["dtp-b", "dtp-a"], 2000, None)),
            ("unknown", request(&["dtp-none", "dtp-a"], 2000, None)),
            ("bad name", request(&["bad name!"], 2000, None)),
            ("limit", request(&["dtp-a", "dtp-b"], 2, None)),
            ("cursor", request(&["dtp-a", "dtp-b"], 2, Some(("dtp-a", 2)))),
            ("cursor behind", request(&["dtp-a", "dtp-b"], 2000, Some(("dtp-c", 0)))),
            ("cursor past the partitions", request(&["dtp-a"], 2000, Some(("dtp-a", 9)))),
            ("negative cursor", request(&["dtp-a"], 2000, Some(("dtp-a", -1)))),
            ("no limit", request(&["dtp-a"], 0, None)),
        ] {
            world.note(what, version, &asked);
        }
    }
}
