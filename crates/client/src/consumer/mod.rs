//! A consumer: reads partitions that it was given, or its share of a group's.
//!
//! [`Consumer::poll`] gives what has come and fetches on meanwhile, one request ahead of each
//! broker. Positions belong to the consumer; a group's offsets are committed when asked for, or
//! from time to time with `enable.auto.commit`.

mod all_of;
mod auto_commit;
mod classic;
mod committing;
mod config;
mod consumer_protocol;
mod errand;
mod fetcher;
mod fetching;
mod lookup;
mod membership;
mod placing;
mod position;
pub(crate) mod record;
mod session;

pub use config::{ConsumerConfig, OffsetReset};
pub(crate) use membership::Seat;
pub use membership::{GroupMetadata, GroupProtocol, Subscribed};
pub use record::Record;

use crate::Error;
use crate::admin::OffsetSpec;
use crate::cluster::Client;
use crate::metadata::TopicPartition;
use crate::wait::yield_once;
use all_of::AllOf;
use auto_commit::AutoCommit;
use dohle_protocol::wire::Text;
use fetcher::Fetcher;
use lookup::Lookup;
use membership::Membership;
use position::Position;
use record::Fetched;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A consumer.
pub struct Consumer {
    client: Client,
    config: Arc<ConsumerConfig>,
    positions: BTreeMap<TopicPartition, Position>,
    fetcher: Fetcher,
    fetched: VecDeque<Fetched>,
    lookups: Vec<Lookup>,
    /// Topics that are asked for.
    learning: Arc<Mutex<BTreeSet<Text>>>,
    membership: Option<Membership>,
    /// Subscribed without a group: all partitions are its own.
    all_of: Option<AllOf>,
    /// Counts the lives of positions: what was fetched for an older one is not for us.
    lives: u64,
    /// How often the group has dealt out partitions.
    assignments: u64,
    auto_commit: AutoCommit,
}

impl Consumer {
    /// A consumer that reads with `client`, of nothing yet.
    #[must_use]
    pub fn new(client: Client, config: ConsumerConfig) -> Self {
        let config = Arc::new(config);
        let now = client.env().clock.now();
        let auto_commit = AutoCommit::new(now, config.auto_commit_interval);
        Self {
            fetcher: Fetcher::new(client.clone(), config.clone()),
            client,
            config,
            positions: BTreeMap::new(),
            fetched: VecDeque::new(),
            lookups: Vec::new(),
            learning: Arc::default(),
            membership: None,
            all_of: None,
            lives: 0,
            assignments: 0,
            auto_commit,
        }
    }

    /// Its settings.
    #[must_use]
    pub fn config(&self) -> &ConsumerConfig {
        &self.config
    }

    /// Reads just these partitions. Those that it had keep their positions.
    pub fn assign(&mut self, partitions: impl IntoIterator<Item = TopicPartition>) {
        self.membership = None;
        self.auto_commit.give_up();
        self.all_of = None;
        let partitions: Vec<_> = partitions.into_iter().collect();
        self.set_assignment(&partitions);
    }

    /// Reads its share of these topics as a member of its group, or without a group all of their
    /// partitions, from the next poll on.
    pub fn subscribe(&mut self, to: Subscribed) {
        let Some(group) = self.config.group.clone() else {
            self.all_of = Some(AllOf::new(to));
            return;
        };
        match &mut self.membership {
            Some(membership) => membership.subscribe(to),
            None => {
                self.set_assignment(&[]);
                let (client, config) = (self.client.clone(), self.config.clone());
                let wake = self.fetcher.bell.clone();
                self.membership = Some(Membership::new(client, config, group, to, wake));
            }
        }
    }

    /// What it reads now.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.positions.keys()
    }

    /// Takes over a new assignment; partitions that stay keep their positions.
    fn set_assignment(&mut self, partitions: &[TopicPartition]) {
        self.positions.retain(|partition, _| partitions.contains(partition));
        self.fetched.retain(|fetched| self.positions.contains_key(&fetched.partition));
        for partition in partitions {
            if !self.positions.contains_key(partition) {
                self.lives += 1;
                self.positions.insert(partition.clone(), Position::new(self.lives));
            }
        }
    }

    /// How often its group has dealt out partitions to it, the same ones again included.
    #[must_use]
    pub fn assignments(&self) -> u64 {
        self.assignments
    }

    /// The generation of its group that it joined last, or its epoch as a member
    /// (`ConsumerGroupMetadata.generationId` of Kafka's Java client); -1 outside of a group.
    #[must_use]
    pub fn generation(&self) -> i32 {
        self.membership.as_ref().map_or(-1, Membership::generation)
    }

    /// Who it is in its group, for a producer that commits its offsets within a transaction.
    ///
    /// # Errors
    /// Without a group.
    pub fn group_metadata(&self) -> Result<GroupMetadata, Error> {
        let group = self.config.group.clone();
        let group = group.ok_or_else(|| Error::Usage("a group.id is needed".into()))?;
        let outside = GroupMetadata::of_group(group);
        let Some(seat) = self.membership.as_ref().and_then(Membership::last_seat) else {
            return Ok(outside);
        };
        Ok(GroupMetadata {
            generation: seat.epoch,
            member_id: seat.member_id,
            instance_id: self.config.instance_id.clone(),
            ..outside
        })
    }

    /// Where the next record of a partition will come from; `None` before that is known.
    #[must_use]
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        self.positions.get(partition)?.consumed
    }

    /// The end of a partition as the last fetch told: where a reader would wait.
    #[must_use]
    pub fn end(&self, partition: &TopicPartition) -> Option<i64> {
        self.positions.get(partition)?.end
    }

    /// Reads a partition from `offset` on.
    ///
    /// # Errors
    /// When the partition is not assigned.
    pub fn seek(&mut self, partition: &TopicPartition, offset: i64) -> Result<(), Error> {
        let position = self.move_position(partition)?;
        position.go_to(offset, -1);
        Ok(())
    }

    /// Reads a partition from its start, its end or a time on; looked up with the next poll.
    ///
    /// # Errors
    /// When the partition is not assigned.
    pub fn seek_to(&mut self, partition: &TopicPartition, spec: OffsetSpec) -> Result<(), Error> {
        let position = self.move_position(partition)?;
        position.look_up(spec);
        Ok(())
    }

    fn move_position(&mut self, partition: &TopicPartition) -> Result<&mut Position, Error> {
        self.lives += 1;
        self.fetched.retain(|fetched| fetched.partition != *partition);
        let Some(position) = self.positions.get_mut(partition) else {
            return Err(Error::Usage(format!("No current assignment for partition {partition}")));
        };
        position.life = self.lives;
        Ok(position)
    }

    /// Reads nothing more of these partitions until they are resumed.
    pub fn pause(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, true);
    }

    /// Reads paused partitions again.
    pub fn resume(&mut self, partitions: &[TopicPartition]) {
        self.set_paused(partitions, false);
    }

    fn set_paused(&mut self, partitions: &[TopicPartition], is_paused: bool) {
        for partition in partitions {
            if let Some(position) = self.positions.get_mut(partition) {
                position.is_paused = is_paused;
            }
        }
    }

    /// The next records, at most `max.poll.records` of them; none if none came within `timeout`.
    /// As a member of a group it also joins, commits and hands over partitions here, so it must be
    /// called more often than `max.poll.interval.ms`.
    ///
    /// # Errors
    /// A position that is nowhere, a topic that may not be read; a damaged batch, again and again until
    /// somebody seeks past it.
    pub async fn poll(&mut self, timeout: Duration) -> Result<Vec<Record>, Error> {
        let clock = self.client.env().clock.clone();
        let deadline = clock.now() + timeout;
        loop {
            let count = self.fetcher.bell.count();
            self.keep_all()?;
            self.keep_membership(deadline).await?;
            self.place_all()?;
            self.take_arrived()?;
            self.fetch_on();
            let records = self.take_records()?;
            if !records.is_empty() {
                self.fetch_on();
                return Ok(records);
            }
            let now = clock.now();
            if now >= deadline {
                // Whoever polls again at once lets what is under way go on all the same.
                yield_once().await;
                return Ok(records);
            }
            // A member must look after its group, and metadata after its age, while nothing comes.
            let look_again = deadline.min(now + Duration::from_millis(100));
            let bell = self.fetcher.bell.clone();
            let mut rung = pin!(bell.after(count, &*clock, look_again));
            poll_fn(|cx| {
                self.auto_commit.poll(cx);
                rung.as_mut().poll(cx)
            })
            .await;
        }
    }
}
