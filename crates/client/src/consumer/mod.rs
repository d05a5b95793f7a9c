//! A consumer: reads partitions that it was given, or its share of a group's.
//!
//! [`Consumer::poll`] gives what has come and fetches on meanwhile, one request ahead of each
//! broker. Positions belong to the consumer; a group's offsets are committed when asked for, or
//! from time to time with `enable.auto.commit`.

mod auto_commit;
mod classic;
mod config;
mod consumer_protocol;
mod errand;
mod fetcher;
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
use crate::admin::{CommittedOffset, OffsetSpec};
use crate::cluster::Client;
use crate::metadata::TopicPartition;
use crate::wait::{lock, yield_once};
use auto_commit::AutoCommit;
use dohle_env::clock::Instant;
use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Text;
use errand::Errand;
use fetcher::{Fetcher, Place};
use lookup::Lookup;
use membership::{Membership, Step};
use position::Position;
use record::{Fetched, Wanted};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many answers of fetches wait, unread, before no more are asked for.
const FETCHED_MAX: usize = 64;

/// How soon topics that do not exist yet are looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A subscription without a group.
struct AllOf {
    topics: Subscribed,
    look_at: Instant,
    /// Asks which partitions there are.
    looking: Option<Errand<Result<BTreeMap<Text, usize>, Error>>>,
}

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
            let look_at = Instant::default();
            self.all_of = Some(AllOf { topics: to, look_at, looking: None });
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
        position.go_to(offset);
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

    /// Without a group: looks from time to time which partitions there are.
    fn keep_all(&mut self) -> Result<(), Error> {
        let Some(all) = &mut self.all_of else { return Ok(()) };
        let now = self.client.env().clock.now();
        let Some(looking) = &all.looking else {
            if now >= all.look_at {
                let (client, topics) = (self.client.clone(), all.topics.clone());
                let may_create = self.config.may_create_topics;
                let deadline = now + client.config().request_timeout;
                let question = async move {
                    membership::wanted_topics(&client, &topics, may_create, deadline).await
                };
                let bell = self.fetcher.bell.clone();
                all.looking = Some(Errand::begin(&self.client, bell, question));
            }
            return Ok(());
        };
        let Some(found) = looking.take() else { return Ok(()) };
        all.looking = None;
        let found = match found {
            Ok(found) => found,
            Err(error) if error.is_retriable() => BTreeMap::new(),
            Err(error) => return Err(error),
        };
        let age_max = self.client.config().metadata_age_max;
        all.look_at = now + if found.is_empty() { LOOK_AGAIN } else { age_max };
        let partitions: Vec<_> = found
            .iter()
            .flat_map(|(topic, count)| {
                let count = i32::try_from(*count).unwrap_or(i32::MAX);
                (0..count).map(|partition| TopicPartition::new(topic.clone(), partition))
            })
            .collect();
        if !partitions.is_empty() {
            self.set_assignment(&partitions);
        }
        Ok(())
    }

    /// Joins, rejoins and commits where that is due.
    async fn keep_membership(&mut self, deadline: Instant) -> Result<(), Error> {
        let Some(membership) = &self.membership else { return Ok(()) };
        let now = self.client.env().clock.now();
        if self.config.auto_commit && self.auto_commit.is_due(now) {
            let offsets = self.positions();
            if !offsets.is_empty() {
                let commit = membership.commit(&offsets);
                self.auto_commit.begin(now, commit);
            }
        }
        self.auto_commit.go_on().await;
        while let Some(membership) = &mut self.membership {
            match membership.next(deadline).await? {
                Step::Rest => return Ok(()),
                Step::GiveUp { keeps, is_ours } => self.give_up(&keeps, is_ours).await,
                Step::Take(partitions) => {
                    self.set_assignment(&partitions);
                    self.assignments += 1;
                }
            }
        }
        Ok(())
    }

    /// Gives up all but these. What others may have had already is not committed any more.
    async fn give_up(&mut self, keeps: &[TopicPartition], is_ours: bool) {
        self.auto_commit.give_up();
        if is_ours && self.config.auto_commit {
            self.commit_quietly().await;
        }
        self.set_assignment(keeps);
        if let Some(membership) = &mut self.membership {
            membership.gave_up();
        }
    }

    /// Takes what fetches brought.
    fn take_arrived(&mut self) -> Result<(), Error> {
        for told in self.fetcher.arrived() {
            let Some(position) = self.positions.get_mut(&told.partition) else { continue };
            if position.life != told.life || position.fetch != Some(told.asked_offset) {
                continue;
            }
            match told.outcome {
                Ok(news) => {
                    let is_stable = self.config.read_committed && news.last_stable_offset >= 0;
                    position.end =
                        Some(if is_stable { news.last_stable_offset } else { news.high_watermark });
                    if let (Some(end), Some(fetched)) = (news.end, news.fetched) {
                        position.fetch = Some(end.max(told.asked_offset));
                        self.fetched.push_back(fetched);
                    }
                }
                Err(error) if error.code() == Some(ErrorCode::OFFSET_OUT_OF_RANGE) => {
                    // What was fetched before is given first; then this is met again.
                    if self.fetched.iter().any(|one| one.partition == told.partition) {
                        continue;
                    }
                    if self.config.offset_reset == OffsetReset::None {
                        return Err(error);
                    }
                    position.reset();
                }
                Err(error) if error.is_retriable() || error.is_stale_metadata() => {
                    self.client.forget_topic(&told.partition.topic);
                }
                Err(Error::TimedOut(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Starts fetches to the brokers that have none under way, of partitions of which nothing
    /// unread is left.
    fn fetch_on(&mut self) {
        if self.fetched.len() >= FETCHED_MAX {
            return;
        }
        let mut wanted: BTreeMap<i32, BTreeMap<TopicPartition, Place>> = BTreeMap::new();
        for (partition, position) in &self.positions {
            let Some(offset) = position.fetch.filter(|_| !position.is_paused) else { continue };
            let unread = self.fetched.iter().filter(|one| one.partition == *partition).count();
            if unread > 1 {
                continue;
            }
            let Some(topic) = self.client.fresh_topic(&partition.topic) else {
                self.learn_topic(partition);
                continue;
            };
            let found = topic.partition(partition.partition);
            let Some(leader) = found.and_then(|one| one.leader) else {
                self.client.forget_topic(&partition.topic);
                continue;
            };
            if self.fetcher.is_busy(leader) {
                continue;
            }
            let place = Place {
                offset,
                life: position.life,
                leader_epoch: found.map_or(-1, |one| one.leader_epoch),
                topic_id: topic.id,
            };
            wanted.entry(leader).or_default().insert(partition.clone(), place);
        }
        for (leader, places) in wanted {
            self.fetcher.start(leader, places);
        }
    }

    /// Asks for a topic in the background, once for all its partitions; the next polls will know it.
    fn learn_topic(&self, partition: &TopicPartition) {
        let client = self.client.clone();
        let topic = partition.topic.clone();
        if !lock(&self.learning).insert(topic.clone()) {
            return;
        }
        let learning = self.learning.clone();
        let bell = self.fetcher.bell.clone();
        let pause = client.config().retry_backoff;
        let env = client.env().clone();
        let deadline = env.clock.now() + client.config().request_timeout;
        let task = async move {
            // A failure is found again by the next poll.
            if client.topic_once(&topic, false, deadline).await.is_err() {
                dohle_env::clock::sleep(&*client.env().clock, pause).await;
            }
            lock(&learning).remove(&topic);
            bell.ring();
        };
        env.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(task));
    }

    /// Gives what was fetched, oldest fetch first.
    fn take_records(&mut self) -> Result<Vec<Record>, Error> {
        let mut records = Vec::new();
        let limit = self.config.poll_records_max;
        let mut skipped = VecDeque::new();
        let mut damage = None;
        while records.len() < limit {
            let Some(mut fetched) = self.fetched.pop_front() else { break };
            let Some(position) = self.positions.get_mut(&fetched.partition) else { continue };
            if position.life != fetched.life {
                continue;
            }
            if position.is_paused {
                skipped.push_back(fetched);
                continue;
            }
            let wanted = Wanted {
                from: position.consumed.unwrap_or(0),
                read_committed: self.config.read_committed,
                check_crcs: self.config.check_crcs,
            };
            let more = fetched.take(wanted, limit, &mut records);
            position.consumed = Some(fetched.next.max(position.consumed.unwrap_or(0)));
            match more {
                Ok(true) => self.fetched.push_front(fetched),
                Ok(false) => {}
                // It is met again until somebody seeks past it.
                Err(error) => {
                    self.fetched.push_front(fetched);
                    damage = Some(error);
                    break;
                }
            }
        }
        skipped.append(&mut self.fetched);
        self.fetched = skipped;
        // What was read before the damage is given first.
        match damage {
            Some(error) if records.is_empty() => Err(error),
            Some(_) | None => Ok(records),
        }
    }

    /// The positions, as a group would commit them.
    #[must_use]
    pub fn positions(&self) -> BTreeMap<TopicPartition, CommittedOffset> {
        let placed = self.positions.iter().filter_map(|(partition, position)| {
            let offset = position.consumed?;
            let committed = CommittedOffset { offset, leader_epoch: -1, ..Default::default() };
            Some((partition.clone(), committed))
        });
        placed.collect()
    }

    /// Commits the positions to the group, and waits for it.
    ///
    /// # Errors
    /// Without a group, or what its coordinator has against it.
    pub async fn commit(&mut self) -> Result<(), Error> {
        let offsets = self.positions();
        self.commit_offsets(&offsets).await
    }

    /// Commits these offsets to the group, and waits for it.
    ///
    /// # Errors
    /// As [`Consumer::commit`].
    pub async fn commit_offsets(
        &mut self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
    ) -> Result<(), Error> {
        if offsets.is_empty() {
            return Ok(());
        }
        self.auto_commit.give_up();
        match (&self.membership, &self.config.group) {
            (Some(membership), _) => membership.commit(offsets).await,
            (None, Some(group)) => {
                let admin = crate::Admin::new(self.client.clone());
                admin.set_group_offsets(group, offsets).await
            }
            (None, None) => Err(Error::Usage("a group.id is needed to commit offsets".into())),
        }
    }

    /// A commit whose failure changes nothing: the next one says the same.
    async fn commit_quietly(&mut self) {
        let _committed = self.commit().await;
    }

    /// The offsets that its group has committed for these partitions.
    ///
    /// # Errors
    /// Without a group, or what its coordinator has against it.
    pub async fn committed(
        &self,
        partitions: &[TopicPartition],
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, Error> {
        let group = self.config.group.as_ref();
        let group = group.ok_or_else(|| Error::Usage("a group.id is needed".into()))?;
        let seat = self.membership.as_ref().and_then(Membership::reads_as);
        let admin = crate::Admin::new(self.client.clone());
        admin.committed(group, Some(partitions), seat.as_ref()).await
    }

    /// Commits where that is due, and leaves the group.
    pub async fn close(mut self) {
        if self.membership.is_some() && self.config.auto_commit {
            self.commit_quietly().await;
        }
        if let Some(membership) = self.membership.take() {
            membership.leave().await;
        }
    }
}
