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

/// How far a batch has come.
#[derive(Default)]
enum Progress {
    #[default]
    UnderWay,
    /// Its records are in other batches now, in order; the first record of each by its index.
    Split(Vec<(u32, Arc<Shipment>)>),
    Settled(Result<Fate, Error>),
}

/// The common fate of the records of one batch.
pub(super) struct Shipment {
    pub(super) partition: TopicPartition,
    progress: Mutex<Progress>,
    /// Rings when it is split or settled.
    changed: Bell,
}

impl Shipment {
    pub(super) fn new(partition: TopicPartition) -> Arc<Self> {
        Arc::new(Self { partition, progress: Mutex::default(), changed: Bell::default() })
    }

    pub(super) fn settle(&self, fate: Result<Fate, Error>) {
        self.become_of(Progress::Settled(fate));
    }

    /// Its records have the fates of other batches from now on: so many of each, in order.
    pub(super) fn split(&self, counts: &[u32]) -> Vec<Arc<Self>> {
        let mut first = 0;
        let parts = counts.iter().map(|count| {
            let part = (first, Self::new(self.partition.clone()));
            first += count;
            part
        });
        let parts: Vec<_> = parts.collect();
        self.become_of(Progress::Split(parts.clone()));
        parts.into_iter().map(|(_, part)| part).collect()
    }

    fn become_of(&self, progress: Progress) {
        let mut now = lock(&self.progress);
        if matches!(*now, Progress::UnderWay) {
            *now = progress;
        }
        drop(now);
        self.changed.ring();
    }

    /// The batch in which the record of this index is now, and its index there.
    fn find(self: &Arc<Self>, index: u32) -> (Arc<Self>, u32) {
        let (mut shipment, mut index) = (self.clone(), index);
        loop {
            let part = match &*lock(&shipment.progress) {
                Progress::Split(parts) => {
                    parts.iter().rev().find(|(first, _)| *first <= index).cloned()
                }
                Progress::UnderWay | Progress::Settled(_) => None,
            };
            let Some((first, part)) = part else { return (shipment, index) };
            index -= first;
            shipment = part;
        }
    }

    fn fate(&self) -> Option<Result<Fate, Error>> {
        match &*lock(&self.progress) {
            Progress::Settled(fate) => Some(fate.clone()),
            Progress::UnderWay | Progress::Split(_) => None,
        }
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
        let (shipment, index) = self.shipment.find(self.index);
        let fate = shipment.fate()?;
        Some(fate.map(|fate| Delivered {
            partition: shipment.partition.clone(),
            offset: fate.base_offset.map(|base| base + i64::from(index)),
            log_append_time: fate.log_append_time,
            at: fate.at,
        }))
    }

    /// The batch that it is in, and how often that has rung: before whatever comes next.
    fn where_it_is(&self) -> (Arc<Shipment>, u64) {
        loop {
            let (shipment, _) = self.shipment.find(self.index);
            let count = shipment.changed.count();
            if Arc::ptr_eq(&shipment, &self.shipment.find(self.index).0) {
                return (shipment, count);
            }
        }
    }

    /// Waits until it is known what became of it.
    ///
    /// # Errors
    /// Why the cluster does not have it, as far as we know: after a timeout it may have it all the
    /// same.
    pub async fn wait(&self) -> Result<Delivered, Error> {
        poll_fn(|cx| {
            let (shipment, count) = self.where_it_is();
            match self.get() {
                Some(fate) => Poll::Ready(fate),
                None => {
                    if shipment.changed.poll_after(count, cx).is_ready() {
                        cx.waker().wake_by_ref();
                    }
                    Poll::Pending
                }
            }
        })
        .await
    }
}
