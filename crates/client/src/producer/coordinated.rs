//! What a transactional producer asks its coordinators: for its id, to add to a transaction, to end it.

use super::transaction::{End, Transaction, TransactionError};
use super::{Producer, Shared};
use crate::Error;
use crate::admin::CommittedOffset;
use crate::cluster::{CoordinatorKind, To};
use crate::consumer::GroupMetadata;
use crate::metadata::TopicPartition;
use crate::versions::Versions;
use crate::wait::lock;
use dohle_protocol::messages::add_partitions_to_txn_request::AddPartitionsToTxnTopic;
use dohle_protocol::messages::txn_offset_commit_request::{
    TxnOffsetCommitRequestPartition, TxnOffsetCommitRequestTopic,
};
use dohle_protocol::messages::{
    AddOffsetsToTxnRequest, AddPartitionsToTxnRequest, EndTxnRequest, InitProducerIdRequest,
    TxnOffsetCommitRequest,
};
use dohle_protocol::wire::{Request, Text};
use dohle_protocol::{ApiKey, ErrorCode};
use std::collections::{BTreeMap, BTreeSet};

/// The last versions of what clients of the first transactions ask (KIP-890: a newer one means that
/// partitions are added by themselves and epochs change with each transaction).
const LAST_END_V1: i16 = 4;
const LAST_OFFSETS_V1: i16 = 4;
/// The last version of AddPartitionsToTxn that is not for brokers only.
const LAST_ADD: i16 = 3;
/// The version of InitProducerId that can give a new epoch to who has an id (KIP-360).
const FIRST_BUMP: i16 = 3;

/// Whether who says this works by the second kind of transactions (`transaction.version`).
fn is_v2(versions: &Versions) -> bool {
    let level = versions.finalized.iter().find(|one| one.name.as_str() == "transaction.version");
    level.is_some_and(|one| one.levels.1 >= 2)
        && versions.usable::<EndTxnRequest>(i16::MAX).is_ok_and(|version| version > LAST_END_V1)
}

impl Producer {
    /// Takes the place of every other producer with this `transactional.id`, and ends what they left
    /// open. To be called once, before all else.
    ///
    /// # Errors
    /// [`TransactionError`] says what is to be done.
    pub async fn init_transactions(&self) -> Result<(), TransactionError> {
        self.transaction(Transaction::initialize)?;
        self.shared.init_producer(None).await
    }

    /// Begins a transaction: what is sent from now on belongs to it.
    ///
    /// # Errors
    /// [`TransactionError`] says what is to be done.
    pub fn begin_transaction(&self) -> Result<(), TransactionError> {
        self.transaction(Transaction::begin)
    }

    /// Commits offsets of a group within the transaction: what a consumer of that group has read to
    /// make what is sent.
    ///
    /// # Errors
    /// [`TransactionError`] says what is to be done.
    pub async fn send_offsets_to_transaction(
        &self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
        group: &GroupMetadata,
    ) -> Result<(), TransactionError> {
        let is_v2 = self.transaction(|transaction| {
            transaction.check_open()?;
            if !offsets.is_empty() {
                transaction.on_offsets_begun();
            }
            Ok(transaction.is_v2)
        })?;
        if offsets.is_empty() {
            return Ok(());
        }
        if !is_v2 {
            let added = self.shared.add_offsets(&group.group).await;
            if matches!(added, Ok(()) | Err(TransactionError::Retry(_))) {
                self.transaction(|transaction| {
                    transaction.on_begun();
                    Ok(())
                })?;
            }
            added?;
        }
        self.shared.commit_offsets(offsets, group, is_v2).await?;
        self.transaction(|transaction| {
            transaction.on_offsets_sent();
            Ok(())
        })
    }

    /// Sends all that was taken, waits for it, and commits the transaction: its records and offsets
    /// become visible together.
    ///
    /// # Errors
    /// [`TransactionError`] says what is to be done.
    pub async fn commit_transaction(&self) -> Result<(), TransactionError> {
        self.transaction(|transaction| transaction.end(End::Commit))?;
        self.flush().await;
        self.transaction(|transaction| transaction.check_ending())?;
        self.shared.end(End::Commit).await
    }

    /// Aborts the transaction: nothing of it becomes visible. What was not sent yet fails.
    ///
    /// # Errors
    /// [`TransactionError`] says what is to be done.
    pub async fn abort_transaction(&self) -> Result<(), TransactionError> {
        self.transaction(|transaction| transaction.end(End::Abort))?;
        self.flush().await;
        self.transaction(|transaction| transaction.check_ending())?;
        self.shared.end(End::Abort).await
    }

    fn transaction<T>(
        &self,
        change: impl FnOnce(&mut Transaction) -> Result<T, TransactionError>,
    ) -> Result<T, TransactionError> {
        match &mut lock(&self.shared.state).transaction {
            Some(transaction) => change(transaction),
            None => Err(TransactionError::Misuse(
                "Cannot use transactional methods without enabling transactions by setting the \
                 transactional.id configuration property",
            )),
        }
    }
}

/// Who is asked, in which versions at least and at most, and what that is called.
struct Question<'q> {
    coordinator: (CoordinatorKind, Text),
    versions: (i16, i16),
    what: &'q str,
}

impl Shared {
    fn transactional_id(&self) -> Text {
        self.config.transactional_id.clone().unwrap_or_default()
    }

    fn producer(&self) -> (i64, i16) {
        lock(&self.state).producer.unwrap_or((-1, -1))
    }

    /// An id for the producer, or a new epoch for the one that it has.
    async fn init_producer(&self, bumps: Option<(i64, i16)>) -> Result<(), TransactionError> {
        let timeout = self.config.transaction_timeout.as_millis();
        let (producer_id, producer_epoch) = bumps.unwrap_or((-1, -1));
        let request = InitProducerIdRequest {
            transactional_id: Some(self.transactional_id()),
            transaction_timeout_ms: i32::try_from(timeout).unwrap_or(i32::MAX),
            producer_id,
            producer_epoch,
            ..InitProducerIdRequest::default()
        };
        let lowest = if bumps.is_some() { FIRST_BUMP } else { 0 };
        let asked = self.ask((lowest, i16::MAX), "InitProducerId", &request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok((answer.producer_id, answer.producer_epoch))
        });
        let (producer, is_v2) = asked.await?;
        self.be_ready(Some(producer), is_v2);
        Ok(())
    }

    /// Another transaction may begin, as this producer if it is another one now.
    fn be_ready(&self, producer: Option<(i64, i16)>, is_v2: bool) {
        let mut state = lock(&self.state);
        if let Some(producer) = producer {
            state.producer = Some(producer);
            for queue in state.queues.values_mut() {
                let _nothing_waits = queue.renumber();
            }
        }
        if let Some(transaction) = &mut state.transaction {
            transaction.be_ready(is_v2);
        }
        drop(state);
        self.work.ring();
    }

    /// Adds partitions to the transaction, before anything is sent to them.
    pub(super) async fn add_partitions(&self, partitions: BTreeSet<TopicPartition>) {
        let (producer_id, producer_epoch) = self.producer();
        let mut topics: Vec<AddPartitionsToTxnTopic> = Vec::new();
        for one in &partitions {
            if topics.last().is_none_or(|topic| topic.name != one.topic) {
                let name = one.topic.clone();
                topics.push(AddPartitionsToTxnTopic { name, ..Default::default() });
            }
            topics.last_mut().expect("one was just added").partitions.push(one.partition);
        }
        let request = AddPartitionsToTxnRequest {
            v3_and_below_transactional_id: self.transactional_id(),
            v3_and_below_producer_id: producer_id,
            v3_and_below_producer_epoch: producer_epoch,
            v3_and_below_topics: topics,
            ..AddPartitionsToTxnRequest::default()
        };
        let asked = self.ask((0, LAST_ADD), "AddPartitionsToTxn", &request, |answer| {
            let topics = &answer.results_by_topic_v3_and_below;
            let mut told = topics.iter().flat_map(|topic| &topic.results_by_partition);
            told.try_for_each(|one| match one.partition_error_code {
                // Another one says why.
                ErrorCode::OPERATION_NOT_ATTEMPTED => Ok(()),
                code => Error::check(code, None),
            })
        });
        let added = asked.await;
        if let Some(transaction) = &mut lock(&self.state).transaction {
            match added {
                Ok(_) => transaction.add(partitions),
                Err(TransactionError::Retry(error)) => {
                    // The coordinator may know of it.
                    transaction.on_begun();
                    transaction.on_failed(error);
                }
                // The transaction knows.
                Err(_) => {}
            }
        }
        self.work.ring();
    }

    /// Adds the offsets of a group to the transaction.
    async fn add_offsets(&self, group: &Text) -> Result<(), TransactionError> {
        let (producer_id, producer_epoch) = self.producer();
        let request = AddOffsetsToTxnRequest {
            transactional_id: self.transactional_id(),
            producer_id,
            producer_epoch,
            group_id: group.clone(),
            ..AddOffsetsToTxnRequest::default()
        };
        let asked = self.ask((0, i16::MAX), "AddOffsetsToTxn", &request, |answer| {
            Error::check(answer.error_code, None)
        });
        asked.await.map(drop)
    }

    async fn commit_offsets(
        &self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
        group: &GroupMetadata,
        is_v2: bool,
    ) -> Result<(), TransactionError> {
        let (producer_id, producer_epoch) = self.producer();
        let request = TxnOffsetCommitRequest {
            transactional_id: self.transactional_id(),
            group_id: group.group.clone(),
            producer_id,
            producer_epoch,
            generation_id_or_member_epoch: group.generation,
            member_id: group.member_id.clone(),
            group_instance_id: group.instance_id.clone(),
            topics: offsets_by_topic(offsets),
            ..TxnOffsetCommitRequest::default()
        };
        let versions = if is_v2 { (LAST_OFFSETS_V1 + 1, 5) } else { (0, LAST_OFFSETS_V1) };
        let coordinator = (CoordinatorKind::Group, group.group.clone());
        let question = Question { coordinator, versions, what: "TxnOffsetCommit" };
        let asked = self.ask_of(question, &request, |answer| {
            let mut told = answer.topics.iter().flat_map(|topic| &topic.partitions);
            told.try_for_each(|one| Error::check(one.error_code, None))
        });
        asked.await.map(drop)
    }

    /// Ends the transaction; where numbers may have a gap, or the next one is the first of the second kind, with a new
    /// epoch.
    async fn end(&self, end: End) -> Result<(), TransactionError> {
        let (mut is_v2, has_begun, mut needs_bump) = {
            let state = lock(&self.state);
            let transaction = state.transaction.as_ref();
            let told = |one: &Transaction| (one.is_v2, one.has_begun(), one.needs_bump());
            transaction.map_or((false, false, false), told)
        };
        let mut bumped = None;
        if has_begun {
            let (producer_id, producer_epoch) = self.producer();
            let request = EndTxnRequest {
                transactional_id: self.transactional_id(),
                producer_id,
                producer_epoch,
                committed: end == End::Commit,
                ..EndTxnRequest::default()
            };
            let versions = if is_v2 { (LAST_END_V1 + 1, i16::MAX) } else { (0, LAST_END_V1) };
            let asked = self.ask(versions, "EndTxn", &request, |answer| {
                Error::check(answer.error_code, None)?;
                Ok((answer.producer_id >= 0).then_some((answer.producer_id, answer.producer_epoch)))
            });
            let began_as_v2 = is_v2;
            (bumped, is_v2) = asked.await?;
            // What the old epoch has still under way is not to count for the first transaction of the second kind.
            needs_bump |= is_v2 && !began_as_v2;
        }
        if needs_bump && bumped.is_none() {
            if let Some(transaction) = &mut lock(&self.state).transaction {
                transaction.on_ended();
            }
            return self.init_producer(Some(self.producer())).await;
        }
        self.be_ready(bumped, is_v2);
        Ok(())
    }

    /// Asks the coordinator of transactions, within `max.block.ms`: what it says, and whether it works
    /// by the second kind of transactions.
    async fn ask<R: Request, T>(
        &self,
        versions: (i16, i16),
        what: &str,
        request: &R,
        look: impl Fn(R::Response) -> Result<T, Error>,
    ) -> Result<(T, bool), TransactionError> {
        let coordinator = (CoordinatorKind::Transaction, self.transactional_id());
        self.ask_of(Question { coordinator, versions, what }, request, look).await
    }

    async fn ask_of<R: Request, T>(
        &self,
        question: Question<'_>,
        request: &R,
        look: impl Fn(R::Response) -> Result<T, Error>,
    ) -> Result<(T, bool), TransactionError> {
        let Question { coordinator: (kind, key), versions, what } = question;
        let mut retry = self.client.retry_within(self.config.block_max);
        let to = To::Coordinator(kind, key.clone());
        loop {
            let asked = self.ask_once(&to, versions, request, retry.deadline).await;
            let told = asked.and_then(|(answer, is_v2)| Ok((look(answer)?, is_v2)));
            let error = match told {
                Ok(told) => return Ok(told),
                Err(error) => error,
            };
            let may_pass = error.is_retriable() || matches!(error, Error::TimedOut(_));
            if !may_pass {
                let mut state = lock(&self.state);
                let of_end = matches!(R::KEY, ApiKey::EndTxn | ApiKey::InitProducerId);
                let transaction = state.transaction.as_mut();
                let refused = transaction.map(|one| one.refuse(error.clone(), of_end));
                return Err(refused.unwrap_or(TransactionError::Close(error)));
            }
            let stays =
                [ErrorCode::CONCURRENT_TRANSACTIONS, ErrorCode::COORDINATOR_LOAD_IN_PROGRESS];
            if !error.code().is_some_and(|code| stays.contains(&code)) {
                self.client.forget_coordinator(kind, &key);
            }
            if retry.pause(error).await.is_err() {
                let milliseconds = self.config.block_max.as_millis();
                let text = format!("Timeout expired after {milliseconds}ms while awaiting {what}");
                return Err(TransactionError::Retry(Error::TimedOut(text)));
            }
        }
    }

    async fn ask_once<R: Request>(
        &self,
        to: &To,
        (lowest, highest): (i16, i16),
        request: &R,
        deadline: dohle_env::clock::Instant,
    ) -> Result<(R::Response, bool), Error> {
        let connection = self.client.connection(to, deadline).await?;
        let timeout = self.client.config().request_timeout;
        let deadline = deadline.min(self.client.env().clock.now() + timeout);
        let versions = connection.ready(deadline).await?;
        let version = versions.usable::<R>(highest)?;
        if version < lowest {
            return Err(Error::UnsupportedVersion {
                api: R::KEY,
                offered: versions.offered(R::KEY),
            });
        }
        Ok((connection.ask_in(version, request, deadline).await?, is_v2(versions)))
    }
}

fn offsets_by_topic(
    offsets: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Vec<TxnOffsetCommitRequestTopic> {
    let mut topics: Vec<TxnOffsetCommitRequestTopic> = Vec::new();
    for (partition, committed) in offsets {
        if topics.last().is_none_or(|topic| topic.name != partition.topic) {
            let name = partition.topic.clone();
            topics.push(TxnOffsetCommitRequestTopic { name, ..Default::default() });
        }
        let last = topics.last_mut().expect("one was just added");
        last.partitions.push(TxnOffsetCommitRequestPartition {
            partition_index: partition.partition,
            committed_offset: committed.offset,
            committed_leader_epoch: committed.leader_epoch,
            committed_metadata: Some(committed.metadata.clone()),
            ..TxnOffsetCommitRequestPartition::default()
        });
    }
    topics
}
