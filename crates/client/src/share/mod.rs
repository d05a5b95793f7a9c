//! Consuming in a share group (KIP-932): records are acquired for a while, one by one acknowledged, and given to somebody
//! else where they are not.
//!
//! A [`ShareConsumer`] is polled by one caller. A task of its own heartbeats for it; fetches go out while it is polled,
//! one to each broker that leads something of its assignment, and carry the acknowledgements of what came before.
//! What a fetch has acquired is given by this poll or the next one, whoever has failed or gone away meanwhile.

mod acknowledged;
mod acquired;
mod config;
mod fetcher;
mod membership;
mod refused;
mod scout;
mod session;

pub use acquired::ShareRecord;
pub use config::ShareConsumerConfig;
pub use refused::{Counted, Refused};

use crate::cluster::Client;
use crate::metadata::TopicPartition;
use crate::wait::{all, yield_once};
use crate::{Error, Metadata};
use acknowledged::{Acknowledged, Run};
use acquired::{Acquired, records};
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::share_fetch_response::PartitionData;
use dohle_protocol::messages::{ShareAcknowledgeResponse, ShareFetchResponse};
use dohle_protocol::wire::Text;
use fetcher::{Arrived, Fetcher, is_over};
use membership::Membership;
use scout::Scout;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// What becomes of a record that was acquired.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acknowledgement {
    /// There is no record at this offset: compaction or a transaction left a gap.
    Gap = 0,
    /// It was processed.
    Accept = 1,
    /// It may be given to anybody again.
    Release = 2,
    /// It is never to come again.
    Reject = 3,
}

/// A partition as share sessions name it.
type Place = (Uuid, i32);

/// A member of a share group. It must be closed: what is dropped stays acquired until its locks run out.
pub struct ShareConsumer {
    client: Client,
    config: Arc<ShareConsumerConfig>,
    membership: Membership,
    fetcher: Fetcher,
    scout: Scout,
    /// The names of topics that were ever heard of; an id has one for all its life.
    names: BTreeMap<Uuid, Text>,
    /// What brokers have still to be told.
    acknowledged: BTreeMap<i32, Acknowledged>,
    ready: VecDeque<ShareRecord>,
    refused: Vec<Refused>,
    /// What has turned out to count since the last poll began.
    counted: Vec<Counted>,
    /// What the application is told once it has taken what is ready.
    failure: Option<Error>,
}

impl ShareConsumer {
    /// A member of the group of `config` that reads these topics. It joins now, and needs a task's context for it.
    #[must_use]
    pub fn new(client: Client, config: ShareConsumerConfig, topics: Vec<Text>) -> Self {
        let config = Arc::new(config);
        let membership = Membership::start(&client, config.clone(), topics);
        let (member, bell) = (membership.member_id.clone(), membership.bell.clone());
        Self {
            fetcher: Fetcher::new(client.clone(), config.clone(), member, bell.clone()),
            scout: Scout::new(client.clone(), bell),
            client,
            config,
            membership,
            names: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            ready: VecDeque::new(),
            refused: Vec::new(),
            counted: Vec::new(),
            failure: None,
        }
    }

    /// The next records, at most `max.poll.records`; none if none came in time. Each stays acquired by this member until
    /// it is acknowledged, the group's lock duration is over, or the member closes.
    ///
    /// # Errors
    /// What keeps the member out of its group or away from its topics for good; batches that cannot be read, which are
    /// rejected. What others have given is given first.
    pub async fn poll(&mut self, timeout: Duration) -> Result<Vec<ShareRecord>, Error> {
        self.counted.clear();
        let clock = self.client.env().clock.clone();
        let deadline = clock.now() + timeout;
        loop {
            let count = self.membership.bell.count();
            self.take_arrived();
            if !self.ready.is_empty() {
                let count = self.ready.len().min(self.config.poll_records_max.max(1));
                return Ok(self.ready.drain(..count).collect());
            }
            if let Some(failure) = self.failure.take() {
                return Err(failure);
            }
            self.fetch_on()?;
            if clock.now() >= deadline {
                // Whoever polls again at once lets what is under way go on all the same.
                yield_once().await;
                return Ok(Vec::new());
            }
            self.membership.bell.after(count, &*clock, deadline).await;
        }
    }

    /// Says what becomes of a record that this member was given. The broker hears of it with the next fetch, or when the
    /// member closes.
    pub fn acknowledge(&mut self, record: &ShareRecord, acknowledgement: Acknowledgement) {
        let offset = record.record.offset;
        let acknowledged = self.acknowledged.entry(record.broker).or_default();
        acknowledged.add(record.place, (offset, offset, acknowledgement));
    }

    /// Acknowledgements that did not count, as far as polls have come to know of it since this was asked last.
    pub fn refused(&mut self) -> Vec<Refused> {
        std::mem::take(&mut self.refused)
    }

    /// Acknowledgements that count, as far as that has become known while this was polled last.
    pub fn counted(&mut self) -> Vec<Counted> {
        std::mem::take(&mut self.counted)
    }

    /// Sends what was acknowledged, lets everything else go, and leaves the group. What [`ShareConsumer::refused`] would
    /// say then; other failures are not told, the group does without.
    pub async fn close(mut self) -> Vec<Refused> {
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        let mut acknowledged = std::mem::take(&mut self.acknowledged);
        let mut brokers = self.fetcher.brokers();
        brokers.extend(acknowledged.keys());
        let ends = brokers.into_iter().map(|broker| {
            let fetcher = self.fetcher.clone();
            let acknowledged = acknowledged.remove(&broker).unwrap_or_default();
            async move {
                let answer = fetcher.end(broker, &acknowledged, deadline).await;
                (acknowledged, answer)
            }
        });
        let ends = ends.collect();
        for (acknowledged, answer) in all(self.client.env(), ends).await.into_iter().flatten() {
            self.on_end(acknowledged, answer);
        }
        self.membership.leave(deadline).await;
        self.take_arrived();
        self.refused()
    }

    /// A session has ended.
    fn on_end(
        &mut self,
        mut acknowledged: Acknowledged,
        answer: Result<ShareAcknowledgeResponse, Error>,
    ) {
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return self.refuse_all(&acknowledged, &error),
        };
        for topic in answer.responses {
            for told in topic.partitions {
                let place = (topic.topic_id, told.partition_index);
                let runs = acknowledged.take(place);
                if let Some(error) = Error::refusal(told.error_code, told.error_message) {
                    self.refuse(place, &runs, &error);
                }
            }
        }
        self.refuse_all(&acknowledged, &refused::unanswered());
    }

    fn refuse_all(&mut self, acknowledged: &Acknowledged, error: &Error) {
        for (place, runs) in acknowledged.all() {
            self.refuse(place, &runs, error);
        }
    }

    /// Notes that acknowledgements did not count. Of gaps the application knows nothing.
    fn refuse(&mut self, (id, index): Place, runs: &[Run], error: &Error) {
        let Some(name) = self.names.get(&id) else { return };
        let partition = TopicPartition::new(name.clone(), index);
        self.refused.extend(Refused::of(partition, runs, error));
    }

    /// Notes that acknowledgements count.
    fn count(&mut self, (id, index): Place, runs: &[Run]) {
        let Some(name) = self.names.get(&id) else { return };
        let partition = TopicPartition::new(name.clone(), index);
        self.counted.extend(Counted::of(partition, runs));
    }

    /// Starts fetches to the brokers that have none under way, and asks for what is not known of the topics.
    fn fetch_on(&mut self) -> Result<(), Error> {
        let assigned = self.membership.assigned()?;
        if let Some(failure) = self.scout.take_failure() {
            return Err(failure);
        }
        let mut leaders = self.leaders(&assigned);
        let mut brokers: BTreeSet<i32> = leaders.keys().copied().collect();
        // Sessions that have nothing left go on empty, so that the broker forgets what was theirs.
        brokers.extend(self.fetcher.looking());
        brokers.extend(self.acknowledged.keys());
        for broker in brokers {
            if self.fetcher.is_busy(broker) {
                continue;
            }
            let places = leaders.remove(&broker).unwrap_or_default();
            let mut acknowledged = self.acknowledged.remove(&broker).unwrap_or_default();
            let is_open = self.fetcher.is_open(broker);
            if !is_open && !acknowledged.is_empty() {
                self.refuse_all(&acknowledged, &ErrorCode::NOT_LEADER_OR_FOLLOWER.into());
                acknowledged = Acknowledged::default();
            }
            if is_open || !places.is_empty() {
                self.fetcher.start(broker, places, acknowledged);
            }
        }
        Ok(())
    }

    /// What of an assignment each broker leads, as far as is known; what is not known or old is asked for.
    fn leaders(&mut self, assigned: &BTreeSet<Place>) -> BTreeMap<i32, BTreeSet<Place>> {
        let mut leaders: BTreeMap<i32, BTreeSet<Place>> = BTreeMap::new();
        if assigned.is_empty() {
            return leaders;
        }
        let known: Arc<Metadata> = self.client.known();
        for topic in self.membership.topics().filter_map(|name| known.topics.get(name)) {
            self.names.entry(topic.id).or_insert_with(|| topic.name.clone());
        }
        let mut is_whole = true;
        for (id, index) in assigned {
            let topic = self.names.get(id).and_then(|name| known.topics.get(name));
            let topic = topic.filter(|topic| topic.id == *id);
            match topic.and_then(|topic| topic.partition(*index)?.leader) {
                Some(leader) => {
                    leaders.entry(leader).or_default().insert((*id, *index));
                }
                None => is_whole = false,
            }
        }
        self.scout.look(self.membership.topics(), is_whole);
        leaders
    }

    /// Takes what fetches brought.
    fn take_arrived(&mut self) {
        while let Some(arrived) = self.fetcher.next_arrived() {
            let Arrived { broker, mut acknowledged, outcome } = arrived;
            match outcome {
                Ok(answer) => {
                    self.take(broker, answer, &mut acknowledged);
                    self.refuse_all(&acknowledged, &refused::unanswered());
                }
                Err(error) => {
                    self.refuse_all(&acknowledged, &error);
                    self.on_failure(error);
                }
            }
        }
    }

    /// A broker could not be asked, or has refused the whole fetch.
    fn on_failure(&mut self, error: Error) {
        if is_over(&error) {
            return;
        }
        if error.is_retriable() || matches!(error, Error::TimedOut(_)) {
            self.membership.topics().for_each(|name| self.client.forget_topic(name));
        } else {
            self.failure = Some(error);
        }
    }

    fn take(&mut self, broker: i32, answer: ShareFetchResponse, acknowledged: &mut Acknowledged) {
        for topic in answer.responses {
            for data in topic.partitions {
                let place = (topic.topic_id, data.partition_index);
                let runs = acknowledged.take(place);
                let message = data.acknowledge_error_message.clone();
                match Error::refusal(data.acknowledge_error_code, message) {
                    Some(error) => self.refuse(place, &runs, &error),
                    None => self.count(place, &runs),
                }
                self.take_partition(broker, place, data);
            }
        }
    }

    fn take_partition(&mut self, broker: i32, place: Place, data: PartitionData) {
        let Some(name) = self.names.get(&place.0) else { return };
        let partition = TopicPartition::new(name.clone(), place.1);
        if let Some(error) = Error::refusal(data.error_code, data.error_message.clone()) {
            self.client.forget_topic(&partition.topic);
            if !error.is_retriable() {
                self.failure = Some(error);
            }
            return;
        }
        let Acquired { records, others, damage } = records(&partition, place, broker, data);
        let acknowledged = self.acknowledged.entry(broker).or_default();
        others.into_iter().for_each(|run| acknowledged.add(place, run));
        self.ready.extend(records);
        if damage.is_some() {
            self.failure = damage;
        }
    }
}
