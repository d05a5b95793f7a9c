//! What a consumer fetches, one request ahead of each broker, and gives to whoever polls.

use super::Consumer;
use super::OffsetReset;
use super::fetcher::Place;
use super::record::{Record, Wanted};
use crate::Error;
use crate::metadata::TopicPartition;
use crate::wait::lock;
use dohle_protocol::ErrorCode;
use std::collections::{BTreeMap, VecDeque};

/// How many answers of fetches wait, unread, before no more are asked for.
const FETCHED_MAX: usize = 64;

impl Consumer {
    /// Takes what fetches brought.
    pub(super) fn take_arrived(&mut self) -> Result<(), Error> {
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
    pub(super) fn fetch_on(&mut self) {
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
    pub(super) fn take_records(&mut self) -> Result<Vec<Record>, Error> {
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
            position.epoch = fetched.epoch.unwrap_or(position.epoch);
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
}
