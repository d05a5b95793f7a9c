//! Commands of transcripts as requests.
//!
//! A word is `key=value`; what repeats, repeats. `~` stands for a space in a value.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;

use crate::controller::Request;
use crate::image::Image;

/// The words of a line.
struct Words<'a>(Vec<(&'a str, String)>);

impl<'a> Words<'a> {
    fn new(words: &[&'a str]) -> Self {
        let word = |word: &&'a str| {
            let (key, value) = word.split_once('=').unwrap_or((word, ""));
            (key, value.replace('~', " "))
        };
        Self(words.iter().map(word).collect())
    }

    fn find(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    fn all<'b>(&'b self, key: &'b str) -> impl Iterator<Item = &'b str> {
        self.0.iter().filter(move |(known, _)| *known == key).map(|(_, value)| value.as_str())
    }

    fn has(&self, key: &str) -> bool {
        self.find(key).is_some()
    }

    fn number<N: std::str::FromStr>(&self, key: &str, default: N) -> N {
        self.find(key).and_then(|value| value.parse().ok()).unwrap_or(default)
    }
}

fn numbers(text: &str) -> Vec<i32> {
    text.split(',').filter_map(|number| number.parse().ok()).collect()
}

/// The request of a line, and its version.
pub(super) fn parse(image: &Image, verb: &str, words: &[&str]) -> (i16, Request) {
    let words = &Words::new(words);
    let request = match verb {
        "create-topic" => create_topic(words),
        "delete-topic" => delete_topic(image, words),
        "add-partitions" => add_partitions(words),
        "alter-configs" => alter_configs(words),
        "set-configs" => set_configs(words),
        "register" => register(words),
        "heartbeat" => heartbeat(image, words),
        "unregister" => Request::UnregisterBroker(m::UnregisterBrokerRequest {
            broker_id: words.number("broker", 1),
            ..Default::default()
        }),
        "allocate" => Request::AllocateProducerIds(m::AllocateProducerIdsRequest {
            broker_id: words.number("broker", 1),
            broker_epoch: epoch(image, words),
            ..Default::default()
        }),
        "update-feature" => update_feature(words),
        "elect" => elect(words),
        "assign" => assign(image, words),
        "reassign" => reassign(words),
        "alter-partition" => alter_partition(image, words),
        "alter-quota" => alter_quota(words),
        "scram" => scram(words),
        "register-controller" => {
            Request::ControllerRegistration(m::ControllerRegistrationRequest {
                controller_id: words.number("controller", 1),
                ..Default::default()
            })
        }
        "add-acl" => add_acl(words),
        "delete-acls" => delete_acls(words),
        other => panic!("no command is called {other}"),
    };
    let request = match words.find("left") {
        Some(left) => {
            let left = left.parse().expect("a number of partitions");
            Request::Within { left, request: Box::new(request) }
        }
        None => request,
    };
    (words.number("version", 3), request)
}

fn create_topic(words: &Words<'_>) -> Request {
    use m::create_topics_request::{
        CreatableReplicaAssignment, CreatableTopic, CreatableTopicConfig,
    };
    let assignment = |(index, text): (usize, &str)| CreatableReplicaAssignment {
        partition_index: index as i32,
        broker_ids: numbers(text),
        ..Default::default()
    };
    let assignments: Vec<_> = words.all("replicas").enumerate().map(assignment).collect();
    let config = |text: &str| {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        CreatableTopicConfig {
            name: name.into(),
            value: (value != "null").then(|| value.into()),
            ..Default::default()
        }
    };
    let default = if assignments.is_empty() { 1 } else { -1 };
    let topic = |name: &str| CreatableTopic {
        name: name.into(),
        num_partitions: words.number("partitions", default),
        replication_factor: words.number("factor", default as i16),
        assignments: assignments.clone(),
        configs: words.all("config").map(config).collect(),
        ..Default::default()
    };
    Request::CreateTopics(m::CreateTopicsRequest {
        topics: words.all("name").map(topic).collect(),
        validate_only: words.has("validate-only"),
        ..Default::default()
    })
}

fn delete_topic(image: &Image, words: &Words<'_>) -> Request {
    use m::delete_topics_request::DeleteTopicState;
    let id_of = |name: &str| image.topics.by_name(name).map_or(Uuid::from_u128(999), |t| t.id);
    let by_id = words.all("id-of").map(|name| DeleteTopicState {
        name: None,
        topic_id: id_of(name),
        ..Default::default()
    });
    let by_name = words
        .all("name")
        .map(|name| DeleteTopicState { name: Some(name.into()), ..Default::default() });
    let topics = by_id.chain(by_name).collect();
    Request::DeleteTopics(m::DeleteTopicsRequest { topics, ..Default::default() })
}

fn add_partitions(words: &Words<'_>) -> Request {
    use m::create_partitions_request::{CreatePartitionsAssignment, CreatePartitionsTopic};
    let assignment =
        |text: &str| CreatePartitionsAssignment { broker_ids: numbers(text), ..Default::default() };
    let assignments: Vec<_> = words.all("replicas").map(assignment).collect();
    let topic = |name: &str| CreatePartitionsTopic {
        name: name.into(),
        count: words.number("count", 1),
        assignments: (!assignments.is_empty()).then(|| assignments.clone()),
        ..Default::default()
    };
    Request::CreatePartitions(m::CreatePartitionsRequest {
        topics: words.all("name").map(topic).collect(),
        validate_only: words.has("validate-only"),
        ..Default::default()
    })
}

const KINDS: [(&str, i8); 6] =
    [("topic", 2), ("broker", 4), ("logger", 8), ("client-metrics", 16), ("group", 32), ("bad", 7)];

fn resource(words: &Words<'_>) -> (i8, Text) {
    let found = KINDS.iter().find_map(|(kind, number)| Some((*number, words.find(kind)?.into())));
    found.expect("a resource")
}

fn alter_configs(words: &Words<'_>) -> Request {
    use m::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let (resource_type, resource_name) = resource(words);
    let mut configs = Vec::new();
    for (verb, operation) in [("set", 0), ("delete", 1), ("append", 2), ("subtract", 3)] {
        configs.extend(words.all(verb).map(|text| {
            let (name, value) = text.split_once(':').unwrap_or((text, ""));
            AlterableConfig {
                name: name.into(),
                config_operation: operation,
                value: (value != "null" && operation != 1).then(|| value.into()),
                ..Default::default()
            }
        }));
    }
    let resource =
        AlterConfigsResource { resource_type, resource_name, configs, ..Default::default() };
    Request::IncrementalAlterConfigs(m::IncrementalAlterConfigsRequest {
        resources: vec![resource],
        validate_only: words.has("validate-only"),
        ..Default::default()
    })
}

fn set_configs(words: &Words<'_>) -> Request {
    use m::alter_configs_request::{AlterConfigsResource, AlterableConfig};
    let (resource_type, resource_name) = resource(words);
    let config = |text: &str| {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        AlterableConfig { name: name.into(), value: Some(value.into()), ..Default::default() }
    };
    let configs = words.all("set").map(config).collect();
    let resource =
        AlterConfigsResource { resource_type, resource_name, configs, ..Default::default() };
    Request::AlterConfigs(m::AlterConfigsRequest {
        resources: vec![resource],
        ..Default::default()
    })
}

fn register(words: &Words<'_>) -> Request {
    use m::broker_registration_request::{Feature, Listener};
    let id: i32 = words.number("broker", 1);
    let feature = |name: &str, lowest: i16, highest: i16| Feature {
        name: name.into(),
        min_supported_version: lowest,
        max_supported_version: highest,
        ..Default::default()
    };
    let known = crate::features::FEATURES.iter().map(|f| feature(f.name, f.lowest, f.highest));
    let highest = words.number("metadata-version", 33);
    let mut features: Vec<Feature> = known.collect();
    for feature in &mut features {
        if &*feature.name == "metadata.version" {
            feature.max_supported_version = highest;
        }
    }
    let incarnation = words.number::<u128>("life", 1) * 1000 + id.unsigned_abs() as u128;
    let directories: Vec<u128> = words
        .find("directories")
        .unwrap_or("1")
        .split(',')
        .filter_map(|n| n.parse::<u128>().ok())
        .map(|n| 10_000 * id.unsigned_abs() as u128 + n)
        .collect();
    Request::BrokerRegistration(m::BrokerRegistrationRequest {
        broker_id: id,
        cluster_id: words.find("cluster").unwrap_or("cluster").into(),
        incarnation_id: Uuid::from_u128(incarnation),
        listeners: vec![Listener {
            name: "PLAINTEXT".into(),
            host: "localhost".into(),
            port: 9092,
            ..Default::default()
        }],
        features,
        rack: words.find("rack").map(Text::from),
        log_dirs: directories.into_iter().map(Uuid::from_u128).collect(),
        previous_broker_epoch: words.number("previous-epoch", -1),
        ..Default::default()
    })
}

fn epoch(image: &Image, words: &Words<'_>) -> i64 {
    let known = image.brokers.get(&words.number("broker", 1)).map_or(-1, |broker| broker.epoch);
    words.number("epoch", known)
}

fn heartbeat(image: &Image, words: &Words<'_>) -> Request {
    let directory = |text: &str| {
        let number: u128 = text.parse().expect("a number");
        Uuid::from_u128(10_000 * words.number::<u128>("broker", 1) + number)
    };
    Request::BrokerHeartbeat(m::BrokerHeartbeatRequest {
        broker_id: words.number("broker", 1),
        broker_epoch: epoch(image, words),
        current_metadata_offset: words.number("offset", image.provenance.offset),
        want_fence: words.has("want-fence"),
        want_shut_down: words.has("want-stop"),
        offline_log_dirs: words.all("offline").map(directory).collect(),
        cordoned_log_dirs: None,
        ..Default::default()
    })
}

fn update_feature(words: &Words<'_>) -> Request {
    use m::update_features_request::FeatureUpdateKey;
    let update = FeatureUpdateKey {
        feature: words.find("name").unwrap_or_default().into(),
        max_version_level: words.number("level", 0),
        upgrade_type: words.number("type", 1),
        ..Default::default()
    };
    Request::UpdateFeatures(m::UpdateFeaturesRequest {
        feature_updates: vec![update],
        validate_only: words.has("validate-only"),
        ..Default::default()
    })
}

fn elect(words: &Words<'_>) -> Request {
    use m::elect_leaders_request::TopicPartitions;
    let topic = |name: &str| TopicPartitions {
        topic: name.into(),
        partitions: numbers(words.find("partitions").unwrap_or("0")),
        ..Default::default()
    };
    let topics: Vec<_> = words.all("topic").map(topic).collect();
    Request::ElectLeaders(m::ElectLeadersRequest {
        election_type: i8::from(words.has("unclean")),
        topic_partitions: (!topics.is_empty()).then_some(topics),
        ..Default::default()
    })
}

/// `topic=` and `partition=`, `to=` the replicas; without it the reassignment is cancelled.
fn reassign(words: &Words<'_>) -> Request {
    use m::alter_partition_reassignments_request::{ReassignablePartition, ReassignableTopic};
    let partition = ReassignablePartition {
        partition_index: words.number("partition", 0),
        replicas: words.find("to").map(numbers),
        ..Default::default()
    };
    let topic = ReassignableTopic {
        name: words.find("topic").unwrap_or_default().into(),
        partitions: vec![partition],
        ..Default::default()
    };
    Request::AlterPartitionReassignments(m::AlterPartitionReassignmentsRequest {
        topics: vec![topic],
        allow_replication_factor_change: !words.has("keep-factor"),
        ..Default::default()
    })
}

fn assign(image: &Image, words: &Words<'_>) -> Request {
    use m::assign_replicas_to_dirs_request::{DirectoryData, PartitionData, TopicData};
    let broker_id: i32 = words.number("broker", 1);
    let name = words.find("topic").unwrap_or_default();
    let partition = |index: i32| PartitionData { partition_index: index, ..Default::default() };
    let topic = TopicData {
        topic_id: image.topics.by_name(name).map_or(Uuid::from_u128(999), |topic| topic.id),
        partitions: numbers(words.find("partitions").unwrap_or("0"))
            .into_iter()
            .map(partition)
            .collect(),
        ..Default::default()
    };
    let id = 10_000 * broker_id.unsigned_abs() as u128 + words.number::<u128>("directory", 1);
    let directory =
        DirectoryData { id: Uuid::from_u128(id), topics: vec![topic], ..Default::default() };
    Request::AssignReplicasToDirs(m::AssignReplicasToDirsRequest {
        broker_id,
        broker_epoch: epoch(image, words),
        directories: vec![directory],
        ..Default::default()
    })
}

fn alter_partition(image: &Image, words: &Words<'_>) -> Request {
    use m::alter_partition_request::{BrokerState, PartitionData, TopicData};
    let topic = image.topics.by_name(words.find("topic").unwrap_or_default());
    let index = words.number("partition", 0);
    let now = topic.and_then(|topic| topic.partitions.get(&index));
    let member = |id: i32| BrokerState { broker_id: id, broker_epoch: -1, ..Default::default() };
    let partition = PartitionData {
        partition_index: index,
        leader_epoch: words.number("leader-epoch", now.map_or(0, |p| p.leader_epoch)),
        partition_epoch: words.number("partition-epoch", now.map_or(0, |p| p.partition_epoch)),
        new_isr_with_epochs: numbers(words.find("isr").unwrap_or(""))
            .into_iter()
            .map(member)
            .collect(),
        ..Default::default()
    };
    let topic = TopicData {
        topic_id: topic.map_or(Uuid::from_u128(999), |topic| topic.id),
        partitions: vec![partition],
        ..Default::default()
    };
    Request::AlterPartition(m::AlterPartitionRequest {
        broker_id: words.number("broker", 1),
        broker_epoch: epoch(image, words),
        topics: vec![topic],
        ..Default::default()
    })
}

fn alter_quota(words: &Words<'_>) -> Request {
    use m::alter_client_quotas_request::{EntityData, EntryData, OpData};
    let mut entity = Vec::new();
    for kind in ["user", "client-id", "ip", "tenant"] {
        entity.extend(words.all(kind).map(|name| EntityData {
            entity_type: kind.into(),
            entity_name: (name != "default").then(|| name.into()),
            ..Default::default()
        }));
    }
    let op = |text: &str| {
        let (key, value) = text.split_once(':').unwrap_or((text, ""));
        OpData {
            key: key.into(),
            value: value.parse().unwrap_or(0.0),
            remove: value.is_empty(),
            ..Default::default()
        }
    };
    let entry = EntryData { entity, ops: words.all("set").map(op).collect(), ..Default::default() };
    let request = m::AlterClientQuotasRequest { entries: vec![entry], ..Default::default() };
    Request::AlterClientQuotas(request, words.all("unknown-host").map(Into::into).collect())
}

/// `upsert=user:mechanism:iterations` and `delete=user:mechanism`.
fn scram(words: &Words<'_>) -> Request {
    use m::alter_user_scram_credentials_request::{
        ScramCredentialDeletion, ScramCredentialUpsertion,
    };
    let parts = |text: &str| {
        let mut parts = text.split(':').map(str::to_owned);
        let mut next = || parts.next().unwrap_or_default();
        (next(), next().parse().unwrap_or(0), next().parse().unwrap_or(0))
    };
    let upsertion = |text: &str| {
        let (name, mechanism, iterations) = parts(text);
        let salt = "salt".into();
        let name = name.into();
        let salted_password = "salted".into();
        ScramCredentialUpsertion {
            name,
            mechanism,
            iterations,
            salt,
            salted_password,
            ..Default::default()
        }
    };
    let deletion = |text: &str| {
        let (name, mechanism, _) = parts(text);
        ScramCredentialDeletion { name: name.into(), mechanism, ..Default::default() }
    };
    let upsertions: Vec<_> = words.all("upsert").map(upsertion).collect();
    let deletions = words.all("delete").map(deletion).collect();
    let request =
        m::AlterUserScramCredentialsRequest { deletions, upsertions, ..Default::default() };
    Request::AlterUserScramCredentials(request)
}

fn add_acl(words: &Words<'_>) -> Request {
    let creation = m::create_acls_request::AclCreation {
        resource_type: words.number("type", 2),
        resource_name: words.find("resource").unwrap_or_default().into(),
        resource_pattern_type: words.number("pattern", 3),
        principal: words.find("principal").unwrap_or("User:a").into(),
        host: "*".into(),
        operation: words.number("operation", 3),
        permission_type: words.number("permission", 3),
        ..Default::default()
    };
    Request::CreateAcls(m::CreateAclsRequest { creations: vec![creation], ..Default::default() })
}

fn delete_acls(words: &Words<'_>) -> Request {
    let filter = m::delete_acls_request::DeleteAclsFilter {
        resource_type_filter: words.number("type", 1),
        resource_name_filter: words.find("resource").map(Text::from),
        pattern_type_filter: words.number("pattern", 1),
        principal_filter: words.find("principal").map(Text::from),
        host_filter: None,
        operation: words.number("operation", 1),
        permission_type: words.number("permission", 1),
        ..Default::default()
    };
    Request::DeleteAcls(m::DeleteAclsRequest { filters: vec![filter], ..Default::default() })
}
