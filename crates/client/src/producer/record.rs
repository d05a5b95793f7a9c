//! A record to be sent, and what becomes of it.

use crate::Error;
use crate::metadata::TopicPartition;
use crate::wait::{Bell, lock};
use bytes::Bytes;
use dohle_env::clock::Instant;
use dohle_protocol::wire::Text;
use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::task::Poll;

/// A record to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// Where to.
    pub topic: Text,
    /// To which partition; `None`: by the key, or where batches fill best.
    pub partition: Option<i32>,
    /// Its time in milliseconds since 1970; `None`: now.
    pub timestamp: Option<i64>,
    /// Its key.
    pub key: Option<Bytes>,
    /// Its value; `None` deletes the key in a compacted topic.
    pub value: Option<Bytes>,
    /// Its headers, in order; keys are UTF-8 by contract.
    pub headers: Vec<(Bytes, Option<Bytes>)>,
}

impl Record {
    /// A record with a value and nothing else.
    #[must_use]
    pub fn of_value(topic: impl Into<Text>, value: impl Into<Bytes>) -> Self {
        Self { topic: topic.into(), value: Some(value.into()), ..Self::default() }
    }

    /// With a key.
    #[must_use]
    pub fn key(mut self, key: impl Into<Bytes>) -> Self {
        self.key = Some(key.into());
        self
    }
}

/// A record that the cluster has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Where it is.
    pub partition: TopicPartition,
    /// Its offset; `None` where the broker did not say (acks=0, a repeated batch).
    pub offset: Option<i64>,
    /// The broker's time, where it replaced the record's own.
    pub log_append_time: Option<i64>,
    /// When the answer came.
    pub at: Instant,
}

/// What became of a batch.
#[derive(Clone, Debug)]
pub(super) struct Fate {
    pub(super) base_offset: Option<i64>,
    pub(super) log_append_time: Option<i64>,
    pub(super) at: Instant,
}

/// The common fate of the records of one batch.
pub(super) struct Shipment {
    pub(super) partition: TopicPartition,
    fate: Mutex<Option<Result<Fate, Error>>>,
    settled: Bell,
}

impl Shipment {
    pub(super) fn new(partition: TopicPartition) -> Arc<Self> {
        Arc::new(Self { partition, fate: Mutex::default(), settled: Bell::default() })
    }

    pub(super) fn settle(&self, fate: Result<Fate, Error>) {
        lock(&self.fate).get_or_insert(fate);
        self.settled.ring();
    }
}

/// A record on its way. Dropping it changes nothing for the record.
#[derive(Clone)]
pub struct Delivery {
    pub(super) shipment: Arc<Shipment>,
    pub(super) index: u32,
}

impl Delivery {
    /// What became of it, if that is known.
    #[must_use]
    pub fn get(&self) -> Option<Result<Delivered, Error>> {
        let fate = lock(&self.shipment.fate).clone()?;
        Some(fate.map(|fate| Delivered {
            partition: self.shipment.partition.clone(),
            offset: fate.base_offset.map(|base| base + i64::from(self.index)),
            log_append_time: fate.log_append_time,
            at: fate.at,
        }))
    }

    /// Waits until it is known what became of it.
    ///
    /// # Errors
    /// Why the cluster does not have it, as far as we know: after a timeout it may have it all the
    /// same.
    pub async fn wait(&self) -> Result<Delivered, Error> {
        poll_fn(|cx| {
            let count = self.shipment.settled.count();
            match self.get() {
                Some(fate) => Poll::Ready(fate),
                None => {
                    if self.shipment.settled.poll_after(count, cx).is_ready() {
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}
