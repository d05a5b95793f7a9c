//! An administrator: makes, grows, changes and deletes topics, and deletes records.
//!
//! It repeats everything until it is told what became of it, so that what it knows is sure.

use super::application::is_its_topic;
use crate::checker::topic::ANY;
use crate::checker::{History, Key, Life, Policy, Topic};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::alter_replica_log_dirs_request::{
    AlterReplicaLogDir, AlterReplicaLogDirTopic,
};
use dohle_protocol::messages::create_partitions_request::CreatePartitionsTopic;
use dohle_protocol::messages::create_topics_request::{CreatableTopic, CreatableTopicConfig};
use dohle_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use dohle_protocol::messages::delete_topics_request::DeleteTopicState;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::{
    AlterReplicaLogDirsRequest, CreatePartitionsRequest, CreateTopicsRequest, DeleteRecordsRequest,
    DeleteTopicsRequest, IncrementalAlterConfigsRequest, MetadataRequest,
};
use dohle_protocol::wire::Request;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Topics that may be there at once.
const TOPICS_MAX: usize = 5;
const PARTITIONS_MAX: i32 = 4;
/// A segment holds the largest batch of a producer.
const SEGMENT_BYTES_MIN: u64 = 25_000;

/// Administers until the history ends.
pub async fn run(client: Client, history: History, log_dirs: Vec<String>) {
    let unsure = BTreeSet::new();
    let mut admin = Admin { client, history, made: 0, log_dirs, is_repeating: false, unsure };
    while !admin.history.known().is_ending {
        if admin.history.known().is_closed {
            admin.pause(20).await;
            continue;
        }
        admin.act().await;
        let pause = if admin.made < 2 { 20 } else { 600 };
        admin.pause(pause).await;
    }
    admin.history.set_pending("admin", None);
}

struct Admin {
    client: Client,
    history: History,
    /// Topics that it asked for so far.
    made: u32,
    /// The node's directories between which partitions move; none or one: nothing moves.
    log_dirs: Vec<String>,
    /// The last question was sent more than once.
    is_repeating: bool,
    /// (topic, config): a change was sent more than once, so an older one may come last.
    unsure: BTreeSet<(String, &'static str)>,
}

impl Admin {
    fn below(&self, bound: u64) -> u64 {
        self.client.env().random.below(bound.max(1))
    }

    async fn pause(&mut self, milliseconds: u64) {
        let pause = Duration::from_millis(1 + self.below(milliseconds));
        self.client.pause(pause).await;
    }

    async fn act(&mut self) {
        let live: Vec<String> = {
            let known = self.history.known();
            let live =
                known.topics.iter().filter(|(name, topic)| topic.is_live() && !is_its_topic(name));
            live.map(|(name, _)| name.clone()).collect()
        };
        if live.len() < 2 {
            return self.create().await;
        }
        let name = live[usize::try_from(self.below(live.len() as u64)).unwrap_or(0)].clone();
        if 1 < self.log_dirs.len() && self.below(2) == 0 {
            return self.move_partition(&name).await;
        }
        match self.below(12) {
            0..=1 if live.len() < TOPICS_MAX => self.create().await,
            0..=3 => self.grow(&name).await,
            4 if live.len() > 2 => self.delete(&name).await,
            4..=7 => self.change(&name).await,
            _ => self.delete_records(&name).await,
        }
    }

    /// Asks until there is an answer that is not one of those that pass.
    async fn surely<R: Request>(
        &mut self,
        to: To<'_>,
        version: i16,
        request: &R,
        code: impl Fn(&R::Response) -> Option<ErrorCode>,
    ) -> (ErrorCode, R::Response) {
        self.history.set_pending("admin", Some(format!("{:?} is not answered", R::KEY)));
        self.is_repeating = false;
        loop {
            match self.client.ask_to(to, version, request).await {
                Ok(answer) => {
                    let Some(code) = code(&answer) else {
                        self.history.violate(format!("{:?}: an answer without its part", R::KEY));
                        return (ErrorCode::UNKNOWN_SERVER_ERROR, answer);
                    };
                    self.client.on_error(to, code);
                    self.history.on_disk_error("admin", self.client.asked(), code);
                    if !passes(code) {
                        self.history.set_pending("admin", None);
                        return (code, answer);
                    }
                }
                Err(NoAnswer::Wrong(what)) => {
                    self.history.violate(format!("admin got a wrong answer: {what}"));
                }
                Err(NoAnswer::Broken(_) | NoAnswer::Late) => {}
            }
            self.is_repeating = true;
            self.pause(100).await;
            while self.history.known().is_closed {
                self.pause(20).await;
            }
        }
    }

    #[allow(clippy::too_many_lines, reason = "one kind of topic after the other")]
    async fn create(&mut self) {
        let name = format!("topic-{}", self.made);
        self.made += 1;
        let partitions = 1 + i32::try_from(self.below(3)).unwrap_or(0);
        // The first two are one of each kind.
        let is_durable = if self.made <= 2 { self.made == 1 } else { self.below(2) == 0 };
        let is_compacted = self.below(3) == 0;
        let is_deleting = !is_compacted || self.below(3) == 0;
        let has_retention = self.made > 2 && is_deleting && self.below(3) == 0;
        let mut configs = BTreeMap::new();
        let mut set = |name: &str, value: u64| configs.insert(name.to_owned(), value.to_string());
        set("internal.segment.bytes", SEGMENT_BYTES_MIN + self.below(30_000));
        if is_durable {
            set("flush.messages", 1);
        } else if self.below(2) == 0 {
            set("flush.messages", 2 + self.below(20));
        }
        if self.below(2) == 0 {
            set("segment.ms", 200 + self.below(3_000));
        }
        let compaction = is_compacted.then(|| Policy {
            tombstones_ms: i64::try_from(self.below(4_000)).unwrap_or(0),
            lag_ms: i64::try_from(self.below(2) * self.below(1_500)).unwrap_or(0),
        });
        if let Some(policy) = compaction {
            set("delete.retention.ms", policy.tombstones_ms.unsigned_abs());
            set("min.compaction.lag.ms", policy.lag_ms.unsigned_abs());
            if self.below(2) == 0 {
                set("max.compaction.lag.ms", 2_000 + self.below(3_000));
            }
        }
        let mut kept_ms = None;
        if has_retention {
            let age = 500 + self.below(10_000);
            set("retention.ms", age);
            if self.below(2) == 0 {
                set("retention.bytes", 5_000 + self.below(50_000));
            } else if !is_compacted {
                let is_forgotten = self.history.known().forgets_retention;
                kept_ms = i64::try_from(if is_forgotten { 20 * age } else { age }).ok();
            }
        }
        let mut word = |name: &str, value: &str| configs.insert(name.to_owned(), value.to_owned());
        if is_compacted {
            let policy = if is_deleting { "compact,delete" } else { "compact" };
            word("cleanup.policy", policy);
            let ratios = ["0.0", "0.1", "0.4"];
            let ratio = ratios[usize::try_from(self.below(3)).unwrap_or(0)];
            word("min.cleanable.dirty.ratio", ratio);
        }
        let topic = Topic {
            id: Uuid::ZERO,
            life: Life::Wanted,
            partitions,
            partitions_wanted: partitions,
            is_durable,
            has_retention,
            kept_ms,
            is_deleting,
            compaction,
            configs: configs
                .iter()
                .map(|(key, value)| (key.clone(), [value.clone()].into()))
                .collect(),
        };
        self.history.known().topics.insert(name.clone(), topic);
        let configs = configs.iter().map(|(name, value)| CreatableTopicConfig {
            name: name.as_str().into(),
            value: Some(value.as_str().into()),
            ..CreatableTopicConfig::default()
        });
        let topic = CreatableTopic {
            name: name.as_str().into(),
            num_partitions: partitions,
            replication_factor: 1,
            configs: configs.collect(),
            ..CreatableTopic::default()
        };
        let request =
            CreateTopicsRequest { topics: vec![topic], timeout_ms: 2_000, ..Default::default() };
        let code = |answer: &<CreateTopicsRequest as Request>::Response| {
            answer.topics.first().map(|topic| topic.error_code)
        };
        let (code, answer) = self.surely(To::Any, 7, &request, code).await;
        let id = match code {
            ErrorCode::NONE => answer.topics.first().map(|topic| topic.topic_id),
            ErrorCode::TOPIC_ALREADY_EXISTS => self.find(&name).await,
            other => {
                self.history.violate(format!("creating {name} is answered {other}: {answer:?}"));
                None
            }
        };
        if let Some(id) = id {
            let mut leaders = Vec::new();
            for index in 0..partitions {
                leaders.push(self.client.route(To::Leader(&name, index)).await.ok());
            }
            self.history.trace().line(format_args!("{name} is {id}, durable: {is_durable}"));
            let mut known = self.history.known();
            let Some(topic) = known.topics.get_mut(&name) else { return };
            (topic.id, topic.life) = (id, Life::Live);
            let topic = topic.clone();
            for (index, leader) in (0..).zip(leaders) {
                known.partitions.insert((id, index), topic.new_partition(&name, leader));
            }
        }
    }

    /// The id of a topic that is there.
    async fn find(&mut self, name: &str) -> Option<Uuid> {
        let topic =
            MetadataRequestTopic { name: Some(name.into()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest { topics: Some(vec![topic]), ..MetadataRequest::default() };
        let code = |answer: &<MetadataRequest as Request>::Response| {
            answer.topics.first().map(|topic| topic.error_code)
        };
        let (code, answer) = self.surely(To::Any, 12, &request, code).await;
        if code != ErrorCode::NONE {
            self.history.violate(format!("{name} exists already, and Metadata says {code}"));
            return None;
        }
        answer.topics.first().map(|topic| topic.topic_id)
    }

    async fn delete(&mut self, name: &str) {
        if let Some(topic) = self.history.known().topics.get_mut(name) {
            topic.life = Life::Leaving;
        }
        let topic = DeleteTopicState { name: Some(name.into()), ..DeleteTopicState::default() };
        let request =
            DeleteTopicsRequest { topics: vec![topic], timeout_ms: 2_000, ..Default::default() };
        let code = |answer: &<DeleteTopicsRequest as Request>::Response| {
            answer.responses.first().map(|topic| topic.error_code)
        };
        let (code, _) = self.surely(To::Any, 6, &request, code).await;
        match code {
            ErrorCode::NONE | ErrorCode::UNKNOWN_TOPIC_OR_PARTITION => {
                self.history.trace().sometimes("topic deleted");
                if let Some(topic) = self.history.known().topics.get_mut(name) {
                    topic.life = Life::Gone;
                }
            }
            other => self.history.violate(format!("deleting {name} is answered {other}")),
        }
    }

    async fn grow(&mut self, name: &str) {
        let count = {
            let mut known = self.history.known();
            let Some(topic) = known.topics.get_mut(name) else { return };
            if topic.partitions >= PARTITIONS_MAX {
                return;
            }
            topic.partitions_wanted = topic.partitions + 1;
            topic.partitions_wanted
        };
        let topic = CreatePartitionsTopic {
            name: name.into(),
            count,
            assignments: None,
            ..Default::default()
        };
        let request = CreatePartitionsRequest {
            topics: vec![topic],
            timeout_ms: 2_000,
            ..Default::default()
        };
        let code = |answer: &<CreatePartitionsRequest as Request>::Response| {
            answer.results.first().map(|topic| topic.error_code)
        };
        let (code, _) = self.surely(To::Any, 3, &request, code).await;
        match code {
            // Asked a second time the first may have been done.
            ErrorCode::NONE | ErrorCode::INVALID_PARTITIONS => {
                self.history.trace().sometimes("topic grown");
                let leader = self.client.route(To::Leader(name, count - 1)).await.ok();
                let mut known = self.history.known();
                let Some(topic) = known.topics.get_mut(name) else { return };
                topic.partitions = count;
                let (id, partition) = (topic.id, topic.new_partition(name, leader));
                known.partitions.insert((id, count - 1), partition);
            }
            other => self.history.violate(format!("growing {name} is answered {other}")),
        }
    }

    async fn change(&mut self, name: &str) {
        let (key, value) = match self.below(3) {
            0 => ("segment.ms", 100 + self.below(5_000)),
            1 => ("internal.segment.bytes", SEGMENT_BYTES_MIN + self.below(60_000)),
            _ => ("max.message.bytes", 1_000_000 + self.below(1_000)),
        };
        let value = value.to_string();
        {
            let mut known = self.history.known();
            let Some(topic) = known.topics.get_mut(name) else { return };
            let values =
                topic.configs.entry(key.to_owned()).or_insert_with(|| [ANY.to_owned()].into());
            values.insert(value.clone());
        }
        let config = AlterableConfig {
            name: key.into(),
            config_operation: 0,
            value: Some(value.as_str().into()),
            ..AlterableConfig::default()
        };
        let resource = AlterConfigsResource {
            resource_type: 2,
            resource_name: name.into(),
            configs: vec![config],
            ..AlterConfigsResource::default()
        };
        let request =
            IncrementalAlterConfigsRequest { resources: vec![resource], ..Default::default() };
        let code = |answer: &<IncrementalAlterConfigsRequest as Request>::Response| {
            answer.responses.first().map(|resource| resource.error_code)
        };
        let (code, _) = self.surely(To::Any, 1, &request, code).await;
        if self.is_repeating {
            self.unsure.insert((name.to_owned(), key));
        }
        match code {
            ErrorCode::NONE => {
                let mut known = self.history.known();
                if let Some(topic) = known.topics.get_mut(name)
                    && !self.unsure.contains(&(name.to_owned(), key))
                {
                    topic.configs.insert(key.to_owned(), [value].into());
                }
            }
            other => self.history.violate(format!("setting {key} of {name} is answered {other}")),
        }
    }

    /// Wants a partition in one of the directories, wherever it is.
    async fn move_partition(&mut self, name: &str) {
        let count = self.history.known().topics.get(name).map_or(1, |topic| topic.partitions);
        let index = i32::try_from(self.below(count.unsigned_abs().into())).unwrap_or(0);
        let path = usize::try_from(self.below(self.log_dirs.len() as u64)).unwrap_or(0);
        let topic = AlterReplicaLogDirTopic {
            name: name.into(),
            partitions: vec![index],
            ..AlterReplicaLogDirTopic::default()
        };
        let dir = AlterReplicaLogDir {
            path: self.log_dirs[path].as_str().into(),
            topics: vec![topic],
            ..AlterReplicaLogDir::default()
        };
        let request = AlterReplicaLogDirsRequest { dirs: vec![dir], ..Default::default() };
        let code = |answer: &<AlterReplicaLogDirsRequest as Request>::Response| {
            answer.results.first()?.partitions.first().map(|partition| partition.error_code)
        };
        let (code, _) = self.surely(To::Leader(name, index), 2, &request, code).await;
        match code {
            ErrorCode::NONE => self.history.trace().sometimes("partition moved"),
            // Others want it elsewhere all the time: its last request was not answered.
            ErrorCode::REPLICA_NOT_AVAILABLE => {}
            other => self.history.violate(format!("moving {name}-{index} is answered {other}")),
        }
    }

    async fn delete_records(&mut self, name: &str) {
        let (key, offset, is_deleting): (Key, i64, bool) = {
            let mut known = self.history.known();
            let Some(topic) = known.topics.get(name) else { return };
            let is_deleting = topic.is_deleting;
            let index = i32::try_from(self.below(topic.partitions.unsigned_abs().into()));
            let key = (topic.id, index.unwrap_or(0));
            let Some(partition) = known.partitions.get_mut(&key) else { return };
            let marks = partition.marks();
            let above = u64::try_from(marks.high_watermark - marks.log_start).unwrap_or(0);
            // Rather little, so that something is left to be read.
            let offset = marks.log_start + i64::try_from(self.below(above / 2 + 1)).unwrap_or(0);
            if is_deleting {
                partition.deletable_to = partition.deletable_to.max(offset);
            }
            (key, offset, is_deleting)
        };
        let partition = DeleteRecordsPartition {
            partition_index: key.1,
            offset,
            ..DeleteRecordsPartition::default()
        };
        let topic = DeleteRecordsTopic {
            name: name.into(),
            partitions: vec![partition],
            ..DeleteRecordsTopic::default()
        };
        let request =
            DeleteRecordsRequest { topics: vec![topic], timeout_ms: 2_000, ..Default::default() };
        let Some(asked) = self.history.ask(key) else { return };
        let code = |answer: &<DeleteRecordsRequest as Request>::Response| {
            let topic = answer.topics.first()?;
            topic.partitions.first().map(|partition| partition.error_code)
        };
        let (code, _) = self.surely(To::Leader(name, key.1), 2, &request, code).await;
        match code {
            // Of a topic that is only compacted nobody deletes records.
            ErrorCode::POLICY_VIOLATION if !is_deleting => {}
            ErrorCode::NONE if is_deleting => {
                self.history.trace().sometimes("records deleted");
                if self.history.holds(key, asked, false) {
                    self.history.look(key, |partition, _| {
                        partition.on_deleted(asked, offset);
                        Ok(())
                    });
                }
            }
            // A power loss may have taken what was to be deleted.
            ErrorCode::OFFSET_OUT_OF_RANGE if !self.history.holds(key, asked, false) => {}
            other => {
                self.history.violate(format!("deleting records of {name} is answered {other}"));
            }
        }
    }
}

/// Whether asking again may help.
fn passes(code: ErrorCode) -> bool {
    code == ErrorCode::REQUEST_TIMED_OUT
        || code == ErrorCode::NOT_CONTROLLER
        || code == ErrorCode::KAFKA_STORAGE_ERROR
        || code == ErrorCode::NOT_LEADER_OR_FOLLOWER
        || code == ErrorCode::UNKNOWN_SERVER_ERROR
        || code == ErrorCode::LEADER_NOT_AVAILABLE
        // While the only broker is fenced.
        || code == ErrorCode::INVALID_REPLICATION_FACTOR
}
