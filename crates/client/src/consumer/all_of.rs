//! A subscription without a group: all partitions are the consumer's own.

use super::Consumer;
use super::errand::Errand;
use super::membership::{Subscribed, wanted_topics};
use crate::Error;
use crate::metadata::TopicPartition;
use dohle_env::clock::Instant;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::time::Duration;

/// How soon topics that do not exist yet are looked for again.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// A subscription without a group.
pub(super) struct AllOf {
    topics: Subscribed,
    look_at: Instant,
    /// Asks which topics there are, and how many partitions each has.
    looking: Option<Errand<Result<BTreeMap<Text, usize>, Error>>>,
}

impl AllOf {
    /// All partitions of these topics; nobody has looked yet which there are.
    pub(super) fn new(topics: Subscribed) -> Self {
        Self { topics, look_at: Instant::default(), looking: None }
    }
}

impl Consumer {
    /// Looks from time to time which partitions there are.
    pub(super) fn keep_all(&mut self) -> Result<(), Error> {
        let Some(all) = &mut self.all_of else { return Ok(()) };
        let now = self.client.env().clock.now();
        let Some(looking) = &all.looking else {
            if now >= all.look_at {
                let (client, topics) = (self.client.clone(), all.topics.clone());
                let may_create = self.config.may_create_topics;
                let deadline = now + client.config().request_timeout;
                let question =
                    async move { wanted_topics(&client, &topics, may_create, deadline).await };
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
}
