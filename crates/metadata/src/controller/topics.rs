//! Topics come and go.

use std::collections::{BTreeMap, BTreeSet};

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::create_topics_request::CreatableTopic;
use dohle_protocol::messages::create_topics_response::{
    CreatableTopicConfigs, CreatableTopicResult,
};
use dohle_protocol::messages::delete_topics_response::DeletableTopicResult;
use dohle_protocol::messages::{
    ConfigRecord, CreateTopicsRequest, CreateTopicsResponse, DeleteTopicsRequest,
    DeleteTopicsResponse, RemoveTopicRecord, TopicRecord,
};
use dohle_protocol::wire::Text;

use super::partitions::{Spread, spread};
use super::permits::Permits;
use super::refusal::{Refusal, parts};
use super::seed::Seed;
use super::settings::Settings;
use super::{partitions, topic_name};
use crate::config::resource::Configs;
use crate::config::{ResourceKind, describe, topic};
use crate::image::Image;
use crate::record::MetadataRecord;

/// The topic that nobody may create: the metadata log itself.
const METADATA_TOPIC: &str = "__cluster_metadata";
/// Most partitions that one request may create.
const PARTITIONS_PER_REQUEST_MAX: i64 = 10_000;

/// Creates topics, each by itself: one that is refused does not hold up the others.
pub(super) fn create(
    image: &Image,
    settings: &Settings,
    seed: &mut Seed,
    permits: &mut Permits,
    request: &CreateTopicsRequest,
) -> (Vec<MetadataRecord>, CreateTopicsResponse) {
    let mut response = CreateTopicsResponse::default();
    let mut records = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for topic in &request.topics {
        *counts.entry(&topic.name).or_default() += 1;
    }
    let is_single = |name: &str| counts.get(name) == Some(&1);
    let too_many = too_many(settings, request);
    for topic in request.topics.iter().filter(|topic| is_single(&topic.name)) {
        let created = match &too_many {
            Some(refusal) => Err(refusal.clone()),
            None => Creation { image, settings }.create(topic, seed, permits),
        };
        let result = match created {
            Ok((new, result)) => {
                records.extend(new);
                result
            }
            Err(refusal) => refused(&topic.name, refusal),
        };
        response.topics.push(result);
    }
    for name in counts.keys().filter(|name| !is_single(name)) {
        response.topics.push(refused(name, Refusal::request("Duplicate topic name.")));
    }
    if request.validate_only {
        records.clear();
    }
    (records, response)
}

fn refused(name: &str, refusal: Refusal) -> CreatableTopicResult {
    CreatableTopicResult {
        name: name.into(),
        error_code: refusal.code,
        error_message: refusal.message,
        num_partitions: -1,
        replication_factor: -1,
        ..CreatableTopicResult::default()
    }
}

fn too_many(settings: &Settings, request: &CreateTopicsRequest) -> Option<Refusal> {
    let count = |topic: &CreatableTopic| match (topic.assignments.len(), topic.num_partitions) {
        (0, -1) => settings.integer("num.partitions"),
        (0, count) => i64::from(count).max(0),
        (assigned, _) => assigned as i64,
    };
    let total: i64 = request.topics.iter().map(count).sum();
    let message = "Excessively large number of partitions per request.";
    (total > PARTITIONS_PER_REQUEST_MAX).then(|| Refusal::new(ErrorCode::POLICY_VIOLATION, message))
}

struct Creation<'a> {
    image: &'a Image,
    settings: &'a Settings,
}

impl Creation<'_> {
    fn create(
        &self,
        topic: &CreatableTopic,
        seed: &mut Seed,
        permits: &mut Permits,
    ) -> Result<(Vec<MetadataRecord>, CreatableTopicResult), Refusal> {
        self.check_name(&topic.name)?;
        let configs = self.check_configs(topic)?;
        let spread = self.spread(topic, seed)?;
        permits.take(spread.len())?;
        let topic_id = seed.uuid();
        let name = topic.name.detached();
        let mut records = Vec::with_capacity(1 + configs.len() + spread.len());
        records.push(TopicRecord { name: name.clone(), topic_id, ..TopicRecord::default() }.into());
        records.extend(configs.iter().map(|(key, value)| {
            let record = ConfigRecord {
                resource_type: ResourceKind::Topic as i8,
                resource_name: name.clone(),
                name: key.as_str().into(),
                value: Some(value.as_str().into()),
                ..ConfigRecord::default()
            };
            record.into()
        }));
        if self.image.keeps_eligible_leaders() && configs.contains_key("min.insync.replicas") {
            records.push(super::configs::clear_elr(&name));
        }
        let factor = spread.first().map_or(-1, |first| first.replicas.len() as i16);
        let result = CreatableTopicResult {
            name,
            topic_id,
            num_partitions: spread.len() as i32,
            replication_factor: factor,
            error_message: None,
            configs: Some(self.effective_configs(&configs)),
            ..CreatableTopicResult::default()
        };
        for (index, one) in spread.into_iter().enumerate() {
            records.push(one.to_record(topic_id, index as i32).into());
        }
        Ok((records, result))
    }

    fn check_name(&self, name: &Text) -> Result<(), Refusal> {
        if &**name == METADATA_TOPIC {
            let message = format!("Creation of internal topic {METADATA_TOPIC} is prohibited.");
            return Err(Refusal::request(message));
        }
        // A name that exists collides with itself; that it exists says more.
        if self.image.topics.by_name(name).is_some() {
            let message = format!("Topic '{name}' already exists.");
            return Err(Refusal::new(ErrorCode::TOPIC_ALREADY_EXISTS, message));
        }
        if let Some(other) = self.image.topics.colliding(name) {
            let message = format!("Topic '{name}' collides with existing topic: {other}");
            return Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message));
        }
        topic_name::check(name)
    }

    fn check_configs(&self, topic: &CreatableTopic) -> Result<Configs, Refusal> {
        let nulls: Vec<&str> = topic
            .configs
            .iter()
            .filter(|config| config.value.is_none())
            .map(|config| &*config.name)
            .collect();
        if !nulls.is_empty() {
            let message =
                format!("Null value not supported for topic configs: {}", nulls.join(","));
            return Err(Refusal::new(ErrorCode::INVALID_CONFIG, message));
        }
        let pair =
            |config: &dohle_protocol::messages::create_topics_request::CreatableTopicConfig| {
                let value = config.value.as_ref().map(Text::to_string).unwrap_or_default();
                (config.name.to_string(), value)
            };
        let configs: Configs = topic.configs.iter().map(pair).collect();
        super::configs::check_sizes(configs.values())?;
        let dynamic = self.settings.dynamic(self.image);
        let remote = self.settings.value("remote.log.storage.system.enable").is_true();
        topic::check(&configs, &Configs::new(), dynamic.layers(), remote)?;
        Ok(configs)
    }

    fn spread(&self, topic: &CreatableTopic, seed: &mut Seed) -> Result<Vec<Spread>, Refusal> {
        if !topic.assignments.is_empty() {
            return self.assigned(topic);
        }
        if topic.replication_factor < -1 || topic.replication_factor == 0 {
            let message =
                "Replication factor must be larger than 0, or -1 to use the default value.";
            return Err(Refusal::new(ErrorCode::INVALID_REPLICATION_FACTOR, message));
        }
        if topic.num_partitions < -1 || topic.num_partitions == 0 {
            let message = "Number of partitions was set to an invalid non-positive value.";
            return Err(Refusal::new(ErrorCode::INVALID_PARTITIONS, message));
        }
        let count = match topic.num_partitions {
            -1 => self.settings.integer("num.partitions"),
            count => i64::from(count),
        };
        let factor = match topic.replication_factor {
            -1 => self.settings.integer("default.replication.factor") as i16,
            factor => factor,
        };
        spread(self.image, count as usize, factor, seed).map_err(|refusal| {
            let why = refusal.message.unwrap_or_default();
            let message = format!("Unable to replicate the partition {factor} time(s): {why}");
            Refusal::new(refusal.code, message)
        })
    }

    /// The places that the request itself gives.
    fn assigned(&self, topic: &CreatableTopic) -> Result<Vec<Spread>, Refusal> {
        if topic.replication_factor != -1 {
            return Err(Refusal::request(
                "A manual partition assignment was specified, but replication factor was not set \
                 to -1.",
            ));
        }
        if topic.num_partitions != -1 {
            return Err(Refusal::request(
                "A manual partition assignment was specified, but numPartitions was not set to -1.",
            ));
        }
        let refuse =
            |message: String| Err(Refusal::new(ErrorCode::INVALID_REPLICA_ASSIGNMENT, message));
        let mut factor = None;
        let mut all = BTreeMap::new();
        for assignment in &topic.assignments {
            let index = assignment.partition_index;
            if all.contains_key(&index) {
                return refuse(format!(
                    "Found multiple manual partition assignments for partition {index}"
                ));
            }
            partitions::check_assignment(self.image, &assignment.broker_ids, factor)?;
            factor = Some(assignment.broker_ids.len());
            all.insert(index, Spread::manual(self.image, &assignment.broker_ids, index)?);
        }
        if all.keys().enumerate().any(|(at, index)| at as i32 != *index) {
            return refuse(
                "partitions should be a consecutive 0-based integer sequence".to_owned(),
            );
        }
        Ok(all.into_values().collect())
    }

    /// What will hold for the topic, by name.
    fn effective_configs(&self, configs: &Configs) -> Vec<CreatableTopicConfigs> {
        let dynamic = self.settings.dynamic(self.image);
        let described = describe::new_topic(configs, dynamic.layers());
        let row = |row: describe::Described| CreatableTopicConfigs {
            name: row.name.into(),
            value: row.value.map(Text::from),
            read_only: false,
            config_source: row.source as i8,
            is_sensitive: row.is_sensitive,
            ..CreatableTopicConfigs::default()
        };
        described.into_iter().map(row).collect()
    }
}

/// Deletes topics, by name or by id.
pub(super) fn delete(
    image: &Image,
    settings: &Settings,
    version: i16,
    permits: &mut Permits,
    request: &DeleteTopicsRequest,
) -> (Vec<MetadataRecord>, DeleteTopicsResponse) {
    let mut response = DeleteTopicsResponse::default();
    let named = request.topic_names.iter().map(|name| (Some(name), Uuid::ZERO));
    let wanted: Vec<(Option<&Text>, Uuid)> =
        named.chain(request.topics.iter().map(|t| (t.name.as_ref(), t.topic_id))).collect();
    let mut answer = |name: Option<&Text>, topic_id: Uuid, result: &Result<(), Refusal>| {
        let (error_code, error_message) = parts(result);
        let name = name.map(Text::detached);
        response.responses.push(DeletableTopicResult {
            name,
            topic_id,
            error_code,
            error_message,
            ..DeletableTopicResult::default()
        });
    };
    if !settings.value("delete.topic.enable").is_true() {
        let refusal = if version < 3 {
            Refusal::request("This version does not support topic deletion.")
        } else {
            Refusal::new(ErrorCode::TOPIC_DELETION_DISABLED, "Topic deletion is disabled.")
        };
        for (name, id) in wanted {
            answer(name, id, &Err(refusal.clone()));
        }
        return (Vec::new(), response);
    }
    let count = |this: &(Option<&Text>, Uuid)| wanted.iter().filter(|w| *w == this).count();
    let mut records: Vec<MetadataRecord> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut deleted = BTreeSet::new();
    // Ids first, as a name may lead to an id that was given too.
    let (by_id, by_name): (Vec<_>, Vec<_>) = wanted.iter().partition(|(name, _)| name.is_none());
    for this @ (name, id) in by_id.into_iter().chain(by_name) {
        if !seen.insert((name.map(|name| name.to_string()), id)) {
            continue;
        }
        let found = match (name, id) {
            (None, Uuid::ZERO) => {
                Err(Refusal::request("Neither topic name nor id were specified."))
            }
            (Some(_), id) if id != Uuid::ZERO => {
                Err(Refusal::request("You may not specify both topic name and topic id."))
            }
            (None, _) if count(&this) > 1 => Err(Refusal::request("Duplicate topic id.")),
            (Some(_), _) if count(&this) > 1 => Err(Refusal::request("Duplicate topic name.")),
            (None, id) => image.topics.by_id(&id).ok_or_else(unknown_id),
            (Some(name), _) => image.topics.by_name(name).ok_or_else(unknown_topic),
        };
        match found {
            Err(refusal) => answer(name, id, &Err(refusal)),
            Ok(topic) if !deleted.insert(topic.id) => {
                let message = "The provided topic name maps to an ID that was already supplied.";
                answer(name, topic.id, &Err(Refusal::request(message)));
            }
            Ok(topic) if let Err(refusal) = permits.take(topic.partitions.len()) => {
                answer(Some(&topic.name), topic.id, &Err(refusal));
            }
            Ok(topic) => {
                let topic_id = topic.id;
                let record = RemoveTopicRecord { topic_id, ..RemoveTopicRecord::default() };
                records.push(record.into());
                answer(Some(&topic.name), topic_id, &Ok(()));
            }
        }
    }
    (records, response)
}

fn unknown_id() -> Refusal {
    Refusal::new(ErrorCode::UNKNOWN_TOPIC_ID, "This server does not host this topic ID.")
}

fn unknown_topic() -> Refusal {
    let message = "This server does not host this topic-partition.";
    Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, message)
}
