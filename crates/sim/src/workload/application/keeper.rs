//! An administrator of the `client` crate: makes the application's topic, grows and changes it, deletes
//! records of it, and makes and deletes topics that nobody uses.

use super::{GROUP, ONCE, Shared, TOPIC};
use crate::checker::topic::ANY;
use crate::checker::{Key, Life, Topic};
use dohle_client::admin::{ConfigChange, NewTopic, ResourceType};
use dohle_client::{Admin, Error, TopicPartition};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const PARTITIONS_MAX: i32 = 6;
/// The config that it changes.
const CHANGED: &str = "segment.ms";

struct Keeper {
    name: String,
    env: Env,
    admin: Admin,
    shared: Shared,
    made: u32,
    /// A change of the config was sent more than once: an older one may come last.
    is_unsure: bool,
}

/// Keeps the topic until the history ends.
pub(super) async fn run(env: Env, name: String, shared: Shared) {
    let admin = Admin::new(shared.client(&env, &name));
    let mut keeper = Keeper { name, env, admin, shared, made: 0, is_unsure: false };
    while !keeper.make(TOPIC, 3).await {}
    while !keeper.shared.is_ending() {
        keeper.pause(600).await;
        keeper.act().await;
    }
    keeper.shared.history.set_pending(&keeper.name, None);
}

impl Keeper {
    async fn pause(&self, milliseconds: u64) {
        let pause = 1 + self.env.random.below(milliseconds);
        sleep(&*self.env.clock, Duration::from_millis(pause)).await;
    }

    async fn act(&mut self) {
        match self.env.random.below(9) {
            0 => self.grow().await,
            1 | 2 => self.change().await,
            3 | 4 => self.delete_records().await,
            5 => self.make_and_delete().await,
            6 => self.list().await,
            _ => self.describe_group().await,
        }
    }

    async fn on_error(&self, what: &str, error: &Error) {
        // While the only broker is fenced.
        let expected = [ErrorCode::INVALID_REPLICATION_FACTOR];
        self.shared.judge(&self.name, what, error, &expected);
        self.pause(200).await;
    }

    /// Makes a topic; false if it is not known whether it is there.
    async fn make(&mut self, name: &str, partitions: i32) -> bool {
        let configs = [("flush.messages", "1"), ("internal.segment.bytes", "40000")];
        let configs: Vec<(String, String)> =
            configs.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
        let of_config = |(key, value): &(String, String)| (key.clone(), [value.clone()].into());
        let topic = Topic {
            id: Uuid::ZERO,
            life: Life::Wanted,
            partitions,
            partitions_wanted: partitions,
            is_durable: true,
            has_retention: false,
            kept_ms: None,
            is_deleting: true,
            compaction: None,
            configs: configs.iter().map(of_config).collect(),
        };
        self.shared.history.known().topics.entry(name.to_owned()).or_insert(topic);
        let topic = NewTopic {
            name: name.to_owned(),
            partitions: Some(partitions),
            replication_factor: Some(1),
            configs,
            ..NewTopic::default()
        };
        let made = match self.admin.create_topic(&topic, false).await {
            Err(error) if error.code() == Some(ErrorCode::TOPIC_ALREADY_EXISTS) => {
                self.id_of(name).await
            }
            made => made,
        };
        let id = match made {
            Ok(id) => id,
            Err(error) => {
                self.on_error("making a topic", &error).await;
                return false;
            }
        };
        self.shared.history.trace().line(format_args!("{name} is {id}"));
        let partition = self.shared.new_partition(name);
        let mut known = self.shared.history.known();
        if let Some(topic) = known.topics.get_mut(name) {
            (topic.id, topic.life) = (id, Life::Live);
        }
        for index in 0..partitions {
            known.partitions.insert((id, index), partition.clone());
        }
        true
    }

    async fn id_of(&self, name: &str) -> Result<Uuid, Error> {
        let described = self.admin.describe_topics(&[name.into()], 100).await?;
        let one = described.into_iter().next().unwrap_or(Err(Error::Closed))?;
        Ok(one.id)
    }

    async fn grow(&mut self) {
        let count = {
            let mut known = self.shared.history.known();
            let Some(topic) = known.topics.get_mut(TOPIC) else { return };
            if topic.partitions >= PARTITIONS_MAX {
                return;
            }
            topic.partitions_wanted = topic.partitions + 1;
            topic.partitions_wanted
        };
        match self.admin.create_partitions(TOPIC, count, &[]).await {
            // Sent again, the first may have been done.
            Err(error) if error.code() != Some(ErrorCode::INVALID_PARTITIONS) => {
                self.on_error("growing the topic", &error).await;
            }
            Ok(()) | Err(_) => {
                self.shared.history.trace().sometimes("an application's topic has grown");
                let partition = self.shared.new_partition(TOPIC);
                let mut known = self.shared.history.known();
                let Some(topic) = known.topics.get_mut(TOPIC) else { return };
                topic.partitions = count;
                let key = (topic.id, count - 1);
                known.partitions.insert(key, partition);
            }
        }
    }

    async fn change(&mut self) {
        let value = (500 + self.env.random.below(5_000)).to_string();
        {
            let mut known = self.shared.history.known();
            let Some(topic) = known.topics.get_mut(TOPIC) else { return };
            let values =
                topic.configs.entry(CHANGED.to_owned()).or_insert_with(|| [ANY.to_owned()].into());
            values.insert(value.clone());
        }
        let changes = [ConfigChange::Set(CHANGED.to_owned(), value.clone())];
        let before = self.env.clock.now();
        let changed = self.admin.alter_configs(ResourceType::Topic, TOPIC, &changes).await;
        self.is_unsure |= changed.is_err() || ONCE <= self.env.clock.now().since(before);
        match changed {
            Ok(()) if !self.is_unsure => {
                let mut known = self.shared.history.known();
                if let Some(topic) = known.topics.get_mut(TOPIC) {
                    topic.configs.insert(CHANGED.to_owned(), [value].into());
                }
            }
            Ok(()) => {}
            Err(error) => self.on_error("changing the topic", &error).await,
        }
    }

    async fn delete_records(&mut self) {
        let keys = self.shared.partitions();
        if keys.is_empty() {
            return;
        }
        let at = usize::try_from(self.env.random.below(keys.len() as u64)).unwrap_or(0);
        let key: Key = keys[at];
        let offset = {
            let mut known = self.shared.history.known();
            let Some(partition) = known.partitions.get_mut(&key) else { return };
            let marks = partition.marks();
            let above = u64::try_from(marks.high_watermark - marks.log_start).unwrap_or(0);
            let some = i64::try_from(self.env.random.below(above / 3 + 1)).unwrap_or(0);
            partition.deletable_to = partition.deletable_to.max(marks.log_start + some);
            marks.log_start + some
        };
        let Some(asked) = self.shared.history.ask(key) else { return };
        let below = [(TopicPartition::new(TOPIC, key.1), offset)].into();
        let deleted = self.admin.delete_records(&below).await;
        match deleted.map(|mut all| all.pop_first().map(|(_, one)| one)) {
            Ok(Some(Ok(start))) => {
                self.shared.history.look(key, |partition, _| {
                    partition.on_deleted(asked, offset);
                    if start < offset {
                        return Err(format!("it was deleted to {offset} and starts at {start}"));
                    }
                    Ok(())
                });
            }
            Ok(Some(Err(error))) | Err(error) => self.on_error("deleting records", &error).await,
            Ok(None) => self.shared.violate(&self.name, "no answer for records to delete"),
        }
    }

    /// A topic comes and goes.
    async fn make_and_delete(&mut self) {
        let name = format!("{TOPIC}-scratch-{}", self.made);
        self.made += 1;
        while !self.make(&name, 2).await {}
        if let Some(topic) = self.shared.history.known().topics.get_mut(&name) {
            topic.life = Life::Leaving;
        }
        loop {
            match self.admin.delete_topic(&name).await {
                // Asked again, it is gone.
                Err(error) if error.code() != Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
                    self.on_error("deleting a topic", &error).await;
                }
                Ok(()) | Err(_) => break,
            }
        }
        if let Some(topic) = self.shared.history.known().topics.get_mut(&name) {
            topic.life = Life::Gone;
        }
        self.shared.history.trace().sometimes("an application made and deleted a topic");
    }

    /// Topics that were made are in the list, under their ids.
    async fn list(&mut self) {
        let wanted: BTreeMap<String, Uuid> = {
            let known = self.shared.history.known();
            let live = known
                .topics
                .iter()
                .filter(|(name, topic)| super::is_its_topic(name) && topic.is_live());
            live.map(|(name, topic)| (name.clone(), topic.id)).collect()
        };
        match self.admin.list_topics().await {
            Ok(topics) => {
                let found: BTreeSet<(&str, Uuid)> =
                    topics.iter().map(|topic| (topic.name.as_str(), topic.id)).collect();
                let mut wanted = wanted.iter();
                if let Some((name, id)) =
                    wanted.find(|(name, id)| !found.contains(&(name.as_str(), **id)))
                {
                    let what = format!("{name}, {id}, is not among {found:?}");
                    self.shared.violate(&self.name, what);
                }
            }
            Err(error) => self.on_error("listing topics", &error).await,
        }
    }

    async fn describe_group(&mut self) {
        match self.admin.describe_group(GROUP).await {
            Ok(_) => self.shared.history.trace().sometimes("an application's group was described"),
            // Nobody was in it, or what it was is lost with the power.
            Err(error) if error.code() == Some(ErrorCode::GROUP_ID_NOT_FOUND) => {}
            Err(error) => self.on_error("describing a group", &error).await,
        }
    }
}
