//! Offsets of partitions: by time, and the removal of records.

use super::Admin;
use crate::cluster::To;
use crate::metadata::TopicPartition;
use crate::wait::all;
use crate::{Client, Error};
use dohle_env::clock::Instant;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsTopic,
};
use dohle_protocol::messages::list_offsets_request::{ListOffsetsPartition, ListOffsetsTopic};
use dohle_protocol::messages::{DeleteRecordsRequest, ListOffsetsRequest};
use std::collections::BTreeMap;

/// Which offset of a partition is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OffsetSpec {
    /// The end of the log.
    Latest,
    /// The start of the log.
    Earliest,
    /// That of the record with the largest timestamp.
    MaxTimestamp,
    /// The start of what lies on the leader's own disk.
    EarliestLocal,
    /// The end of what lies in tiered storage.
    LatestTiered,
    /// The start of what is still to be uploaded to tiered storage.
    EarliestPendingUpload,
    /// The first whose timestamp (in milliseconds since 1970) is not below.
    Timestamp(i64),
}

impl OffsetSpec {
    /// The number that stands for it in requests and on command lines.
    #[must_use]
    pub const fn timestamp(self) -> i64 {
        match self {
            Self::Latest => -1,
            Self::Earliest => -2,
            Self::MaxTimestamp => -3,
            Self::EarliestLocal => -4,
            Self::LatestTiered => -5,
            Self::EarliestPendingUpload => -6,
            Self::Timestamp(timestamp) => timestamp,
        }
    }

    /// What the number stands for.
    #[must_use]
    pub const fn of_timestamp(timestamp: i64) -> Self {
        match timestamp {
            -1 => Self::Latest,
            -2 => Self::Earliest,
            -3 => Self::MaxTimestamp,
            -4 => Self::EarliestLocal,
            -5 => Self::LatestTiered,
            -6 => Self::EarliestPendingUpload,
            timestamp => Self::Timestamp(timestamp),
        }
    }

    /// The first version of ListOffsets that knows it.
    const fn version(self) -> i16 {
        match self {
            Self::Latest | Self::Earliest | Self::Timestamp(_) => 1,
            Self::MaxTimestamp => 7,
            Self::EarliestLocal => 8,
            Self::LatestTiered => 9,
            Self::EarliestPendingUpload => 11,
        }
    }
}

/// An offset that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetAt {
    /// The offset; -1 where no record fits.
    pub offset: i64,
    /// The timestamp of its record, or -1.
    pub timestamp: i64,
    /// The epoch of the leader that wrote it, or -1.
    pub leader_epoch: i32,
}

/// What was asked of each partition, and what was found.
type Found = BTreeMap<TopicPartition, Result<OffsetAt, Error>>;

impl Admin {
    /// Offsets of partitions, each asked of its leader. With `committed_only`, the end is the last
    /// stable offset.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub async fn list_offsets(
        &self,
        wanted: &BTreeMap<TopicPartition, OffsetSpec>,
        committed_only: bool,
    ) -> Result<Found, Error> {
        self.client.list_offsets(wanted, committed_only).await
    }

    /// Removes the records of partitions below an offset (-1: all); where each log begins then.
    ///
    /// # Errors
    /// When nobody could be asked.
    pub async fn delete_records(
        &self,
        below: &BTreeMap<TopicPartition, i64>,
    ) -> Result<BTreeMap<TopicPartition, Result<i64, Error>>, Error> {
        let mut results = BTreeMap::new();
        for (partition, offset) in below {
            results.insert(partition.clone(), self.delete_of_one(partition, *offset).await);
        }
        Ok(results)
    }

    async fn delete_of_one(&self, partition: &TopicPartition, offset: i64) -> Result<i64, Error> {
        let request = DeleteRecordsRequest {
            topics: vec![DeleteRecordsTopic {
                name: partition.topic.clone(),
                partitions: vec![DeleteRecordsPartition {
                    partition_index: partition.partition,
                    offset,
                    ..DeleteRecordsPartition::default()
                }],
                ..DeleteRecordsTopic::default()
            }],
            timeout_ms: self.timeout_ms(),
            ..DeleteRecordsRequest::default()
        };
        let mut retry = self.client.retry();
        loop {
            let error = match self.delete_once(partition, &request, retry.deadline).await {
                Ok(start) => return Ok(start),
                Err(error) => error,
            };
            if error.is_stale_metadata() {
                self.client.forget_topic(&partition.topic);
            }
            if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) {
                return Err(error);
            }
            retry.after(error).await?;
        }
    }

    async fn delete_once(
        &self,
        partition: &TopicPartition,
        request: &DeleteRecordsRequest,
        deadline: Instant,
    ) -> Result<i64, Error> {
        let (leader, _) = self.client.leader(partition, deadline).await?;
        let to = To::Broker(leader);
        let answer = self.client.ask_once(i16::MAX, &to, request, deadline).await?;
        let topic = answer.topics.first();
        let told =
            topic.and_then(|topic| topic.partitions.first()).ok_or_else(super::topics::nothing)?;
        Error::check(told.error_code, None)?;
        Ok(told.low_watermark)
    }
}

impl Client {
    /// As [`Admin::list_offsets`].
    pub(crate) async fn list_offsets(
        &self,
        wanted: &BTreeMap<TopicPartition, OffsetSpec>,
        committed_only: bool,
    ) -> Result<Found, Error> {
        let mut found = Found::new();
        let mut open: Vec<(TopicPartition, OffsetSpec)> =
            wanted.iter().map(|(partition, spec)| (partition.clone(), *spec)).collect();
        let mut retry = self.retry();
        loop {
            let round = self.offsets_once(&open, committed_only, retry.deadline).await;
            let mut again = None;
            for (partition, result) in round {
                if let Err(error) = &result
                    && error.is_retriable()
                    && error.code() != Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                {
                    if error.is_stale_metadata() {
                        self.forget_topic(&partition.topic);
                    }
                    again = Some(error.clone());
                }
                found.insert(partition, result);
            }
            let Some(error) = again else { return Ok(found) };
            if retry.after(error).await.is_err() {
                return Ok(found);
            }
            open.retain(|(partition, _)| {
                found.get(partition).is_none_or(|result| {
                    result.as_ref().is_err_and(|error| {
                        error.is_retriable()
                            && error.code() != Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)
                    })
                })
            });
        }
    }

    async fn offsets_once(
        &self,
        open: &[(TopicPartition, OffsetSpec)],
        committed_only: bool,
        deadline: Instant,
    ) -> Found {
        let mut found = Found::new();
        let mut by_leader: BTreeMap<i32, Vec<(TopicPartition, OffsetSpec)>> = BTreeMap::new();
        for (partition, spec) in open {
            match self.leader(partition, deadline).await {
                Ok((leader, _)) => {
                    by_leader.entry(leader).or_default().push((partition.clone(), *spec));
                }
                Err(error) => {
                    found.insert(partition.clone(), Err(error));
                }
            }
        }
        let asked: Vec<_> = by_leader
            .into_iter()
            .map(|(leader, wanted)| {
                let client = self.clone();
                async move { client.offsets_of(leader, wanted, committed_only, deadline).await }
            })
            .collect();
        for answer in all(self.env(), asked).await.into_iter().flatten() {
            found.extend(answer);
        }
        found
    }

    /// Asks one broker.
    async fn offsets_of(
        &self,
        leader: i32,
        wanted: Vec<(TopicPartition, OffsetSpec)>,
        committed_only: bool,
        deadline: Instant,
    ) -> Found {
        let mut topics: Vec<ListOffsetsTopic> = Vec::new();
        for (partition, spec) in &wanted {
            if topics.last().is_none_or(|topic| topic.name != partition.topic) {
                let name = partition.topic.clone();
                topics.push(ListOffsetsTopic { name, ..ListOffsetsTopic::default() });
            }
            let last = topics.last_mut().expect("one was just added");
            last.partitions.push(ListOffsetsPartition {
                partition_index: partition.partition,
                timestamp: spec.timestamp(),
                ..ListOffsetsPartition::default()
            });
        }
        let request = ListOffsetsRequest {
            replica_id: -1,
            isolation_level: i8::from(committed_only),
            topics,
            timeout_ms: i32::try_from(self.config().request_timeout.as_millis())
                .unwrap_or(i32::MAX),
            ..ListOffsetsRequest::default()
        };
        let needed = wanted.iter().map(|(_, spec)| spec.version()).max().unwrap_or(0);
        let answer = async {
            let connection = self.connection(&To::Broker(leader), deadline).await?;
            let deadline = deadline.min(self.env().clock.now() + self.config().request_timeout);
            let versions = connection.ready(deadline).await?;
            let version = versions.usable::<ListOffsetsRequest>(i16::MAX)?;
            if version < needed {
                let api = dohle_protocol::ApiKey::ListOffsets;
                return Err(Error::UnsupportedVersion { api, offered: versions.offered(api) });
            }
            connection.ask_in(version, &request, deadline).await
        };
        let answer = match answer.await {
            Ok(answer) => answer,
            Err(error) => {
                return wanted.into_iter().map(|(one, _)| (one, Err(error.clone()))).collect();
            }
        };
        let mut found = Found::new();
        for topic in answer.topics {
            for told in topic.partitions {
                let at = OffsetAt {
                    offset: told.offset,
                    timestamp: told.timestamp,
                    leader_epoch: told.leader_epoch,
                };
                let partition = TopicPartition::new(topic.name.detached(), told.partition_index);
                found.insert(partition, Error::check(told.error_code, None).map(|()| at));
            }
        }
        found
    }
}
