//! A question for offsets at which partitions begin to be read.

use super::errand::Errand;
use crate::Error;
use crate::admin::{CommittedOffset, OffsetAt};
use crate::cluster::Client;
use crate::metadata::TopicPartition;
use crate::wait::Bell;
use dohle_env::clock::sleep;
use std::collections::BTreeMap;
use std::future::Future;

/// What was found.
pub(super) enum Found {
    /// What the group has committed.
    Committed(Result<BTreeMap<TopicPartition, CommittedOffset>, Error>),
    /// Where partitions begin or end, or what was at a time.
    Listed(Result<BTreeMap<TopicPartition, Result<OffsetAt, Error>>, Error>),
}

impl Found {
    /// Whether there is anything that another question might answer better: it is not asked at once.
    fn is_incomplete(&self) -> bool {
        match self {
            Self::Committed(found) => found.is_err(),
            Self::Listed(Ok(found)) => found.values().any(Result::is_err),
            Self::Listed(Err(_)) => true,
        }
    }
}

/// A question that is under way.
pub(super) struct Lookup {
    /// The lives of the positions that are looked for.
    lives: BTreeMap<TopicPartition, u64>,
    found: Errand<Found>,
}

impl Lookup {
    /// Asks; `bell` rings when the answer is there.
    pub(super) fn start(
        client: &Client,
        bell: Bell,
        lives: BTreeMap<TopicPartition, u64>,
        question: impl Future<Output = Found> + Send + 'static,
    ) -> Self {
        let asks = client.clone();
        let found = Errand::begin(client, bell, async move {
            let answer = question.await;
            if answer.is_incomplete() {
                sleep(&*asks.env().clock, asks.config().retry_backoff).await;
            }
            answer
        });
        Self { lives, found }
    }

    /// Whether it looks for this life of a position.
    pub(super) fn is_of(&self, partition: &TopicPartition, life: u64) -> bool {
        self.lives.get(partition) == Some(&life)
    }

    /// What was found, once.
    pub(super) fn take(&self) -> Option<Found> {
        self.found.take()
    }
}
