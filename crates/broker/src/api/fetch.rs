//! Fetch: partitions are asked at once, again when they say that something changed, and their
//! bytes leave as they lie in the log.

use super::fetch_answers::Answers;
use super::fetch_limits::BytesLimit;
use crate::dispatch::Reply;
use crate::fetch_session::{
    Borrowed, FetchKey, FetchSession, SessionClaim, SessionPartition, TopicKey, Wanted,
};
use crate::node::View;
use crate::partition::command::{Command, Read, ReadAnswer};
use crate::quotas::Kind;
use crate::request::Context;
use dohle_env::clock::{Instant, Timer};
use dohle_env::gather::{Answer, Gather, Slot};
use dohle_env::net::{Piece, Pieces};
use dohle_env::ready::Mark;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchRequest};
use dohle_protocol::messages::fetch_response::{
    AbortedTransaction, EpochEndOffset, FetchResponse, FetchableTopicResponse, LeaderIdAndEpoch,
    PartitionData,
};
use dohle_protocol::wire::{Few, Records};
use smallvec::SmallVec;
use std::future::poll_fn;
use std::task::Poll;

/// Topics are named by id from this version on.
const VERSION_TOPIC_IDS: i16 = 13;
/// Below this version a response never exceeds the limits, even if that means no progress.
const VERSION_FIRST_BATCH_WHOLE: i16 = 3;
/// From this version on clients know KAFKA_STORAGE_ERROR.
const VERSION_STORAGE_ERRORS: i16 = 6;
const READ_COMMITTED: i8 = 1;

/// Places in a session.
pub(super) type Places = SmallVec<[u32; 8]>;

pub(crate) async fn handle(context: Context, request: FetchRequest) -> Reply {
    let now = context.node.env.clock.now();
    let claim = SessionClaim {
        id: request.session_id,
        epoch: request.session_epoch,
        by_id: VERSION_TOPIC_IDS <= context.version,
    };
    let random = context.node.env.random.next_u64();
    let mut borrowed = match context.node.fetch_sessions.borrow(claim, now, random) {
        Ok(borrowed) => borrowed,
        Err(error_code) => {
            return context.answer(FetchResponse { error_code, ..FetchResponse::default() });
        }
    };
    update(&mut borrowed, &request, claim.by_id);
    let deadline = now.after_ms(i64::from(request.max_wait_ms));
    let bytes_max = context.node.limits.fetch_bytes_max.min(request.max_bytes);
    let bytes_max = within_quota(&context, bytes_max);
    let mut fetch = Fetch { context, request, bytes_max, answers: Answers::default() };
    fetch.collect(&mut borrowed, deadline).await;
    fetch.respond(&mut borrowed).await
}

/// Brings the session up to what the request says.
fn update(session: &mut FetchSession, request: &FetchRequest, by_id: bool) {
    for forgotten in &request.forgotten_topics_data {
        let topic = topic_key(by_id, &forgotten.topic, forgotten.topic_id);
        for index in &forgotten.partitions {
            session.forget(&FetchKey { topic: topic.clone(), index: *index });
        }
    }
    for topic in &request.topics {
        let key = topic_key(by_id, &topic.topic, topic.topic_id);
        for partition in &topic.partitions {
            let key = FetchKey { topic: key.clone(), index: partition.partition };
            session.want(key, wanted(partition));
        }
    }
}

fn topic_key(
    by_id: bool,
    name: &dohle_protocol::wire::Text,
    id: dohle_protocol::ids::Uuid,
) -> TopicKey {
    if by_id { TopicKey::Id(id) } else { TopicKey::Name(name.clone()) }
}

fn wanted(partition: &FetchPartition) -> Wanted {
    Wanted {
        fetch_offset: partition.fetch_offset,
        size_bytes_max: partition.partition_max_bytes,
        current_leader_epoch: partition.current_leader_epoch,
        last_fetched_epoch: partition.last_fetched_epoch,
    }
}

/// A request, and what was read for it so far.
pub(super) struct Fetch {
    pub(super) context: Context,
    pub(super) request: FetchRequest,
    /// Bytes of all partitions together.
    pub(super) bytes_max: i32,
    pub(super) answers: Answers,
}

impl Fetch {
    /// Reads until there is enough, something to tell at once, or no more time.
    async fn collect(&mut self, session: &mut FetchSession, deadline: Instant) {
        let mut places: Places = session
            .partitions
            .iter()
            .filter(|(_, partition)| !partition.watched)
            .map(|(place, _)| *place)
            .collect();
        let mut marked = Places::new();
        // What changed since the last request of this session.
        poll_fn(|cx| Poll::Ready(session.ready.poll_marked(cx, &mut marked))).await.is_ready();
        places.extend(unwatch(session, &mut marked));
        places.sort_unstable();
        places.dedup();
        let mut timer = None;
        loop {
            self.read(session, &places).await;
            if session.partitions.is_empty() || self.is_enough() {
                return;
            }
            let clock = &self.context.node.env.clock;
            if deadline <= clock.now() {
                return;
            }
            let timer = timer.get_or_insert_with(|| armed(clock.timer(), deadline));
            let in_time = poll_fn(|cx| match session.ready.poll_marked(cx, &mut marked) {
                Poll::Ready(()) => Poll::Ready(true),
                Poll::Pending => timer.poll_expired(cx).map(|()| false),
            });
            if !in_time.await {
                return;
            }
            places = unwatch(session, &mut marked);
        }
    }

    fn is_enough(&self) -> bool {
        let wanted = usize::try_from(self.request.min_bytes.min(self.bytes_max)).unwrap_or(0);
        let bytes = self.answers.iter().map(|answer| answer.size_bytes).sum::<usize>();
        let tells =
            |answer: &ReadAnswer| answer.error != ErrorCode::NONE || answer.diverging.is_some();
        wanted <= bytes || self.answers.iter().any(tells)
    }

    /// Asks the partitions at `places` and keeps their answers.
    async fn read(&mut self, session: &mut FetchSession, places: &[u32]) {
        let view = self.context.view();
        let gather = Gather::with_capacity(places.len());
        let mut asked = Places::new();
        let mut refused = Few::new();
        for place in places {
            let Some(partition) = session.partitions.get(place) else { continue };
            let found = find(&view, &partition.key).and_then(|strand| {
                self.check_asker(partition.wanted.size_bytes_max).map(|()| strand)
            });
            match found {
                Err(error) => {
                    refused.push((*place, ReadAnswer::refused(error)));
                }
                Ok(strand) => {
                    asked.push(*place);
                    let limit = BytesLimit {
                        bytes: self.partition_bytes_max(partition.wanted.size_bytes_max),
                        at_least_one_batch: VERSION_FIRST_BATCH_WHOLE <= self.context.version,
                    };
                    let mark = session.ready.mark(*place);
                    let read = self.read_of(partition, limit, mark, gather.slot());
                    strand.submit(Command::Read(read));
                }
            }
        }
        let answers = asked.into_iter().zip(gather.all().await).map(|(place, answer)| {
            let answer = match answer {
                Answer::Filled(answer) => answer,
                Answer::Gone | Answer::Missing => {
                    ReadAnswer::refused(ErrorCode::NOT_LEADER_OR_FOLLOWER)
                }
            };
            if let Some(partition) = session.partitions.get_mut(&place) {
                // What is served is read again until the client moves on: it may not have got it.
                partition.watched = answer.watched && answer.size_bytes == 0;
                partition.next = answer.next;
            }
            (place, answer)
        });
        self.answers.put(answers.chain(refused));
    }

    /// What is asked of a partition.
    pub(super) fn read_of(
        &self,
        partition: &SessionPartition,
        limit: BytesLimit,
        mark: Mark,
        slot: Slot<ReadAnswer>,
    ) -> Read {
        Read {
            cursor: partition.cursor,
            current_leader_epoch: partition.wanted.current_leader_epoch,
            last_fetched_epoch: partition.wanted.last_fetched_epoch,
            committed_only: self.request.isolation_level == READ_COMMITTED,
            size_bytes_max: limit.bytes,
            at_least_one_batch: limit.at_least_one_batch,
            mark,
            slot,
        }
    }

    /// Followers have no place on a node without replicas, and a limit below zero is none.
    fn check_asker(&self, partition_bytes_max: i32) -> Result<(), ErrorCode> {
        if 0 <= self.request.replica_id.max(self.request.replica_state.replica_id) {
            return Err(ErrorCode::NOT_LEADER_OR_FOLLOWER);
        }
        if partition_bytes_max < 0 || self.request.max_bytes < 0 {
            return Err(ErrorCode::UNKNOWN_SERVER_ERROR);
        }
        Ok(())
    }

    fn partition_bytes_max(&self, wanted: i32) -> usize {
        usize::try_from(wanted.min(self.bytes_max)).unwrap_or(0)
    }

    async fn respond(mut self, borrowed: &mut Borrowed) -> Reply {
        self.cut_to_limit(borrowed).await;
        if self.context.version < 4 {
            super::fetch_legacy::convert(&self.context, borrowed, &mut self.answers).await;
        }
        let wait_ms = self.charge();
        if 0 < wait_ms {
            return self.throttled(borrowed, wait_ms);
        }
        let by_id = VERSION_TOPIC_IDS <= self.context.version;
        let mut response = FetchResponse { session_id: borrowed.id, ..FetchResponse::default() };
        let mut elsewhere = Few::new();
        let mut served = Places::new();
        let full = borrowed.full;
        for (place, answer) in self.answers.take() {
            let Some(partition) = borrowed.partitions.get_mut(&place) else { continue };
            let told = told(&answer);
            let news = answer.size_bytes != 0
                || answer.error != ErrorCode::NONE
                || answer.diverging.is_some()
                || told != partition.told;
            if !news && !full {
                continue;
            }
            partition.told = if answer.error == ErrorCode::NONE { told } else { (-1, -1) };
            if answer.size_bytes != 0 {
                served.push(place);
            }
            let data = self.partition_data(partition.key.index, answer, &mut elsewhere);
            topic_response(&mut response, &partition.key.topic, by_id).partitions.push(data);
        }
        // A session of one request has no next one whose order could matter.
        if borrowed.id != 0 {
            for place in served {
                borrowed.move_to_end(place);
            }
        }
        self.context.respond_with(&response, elsewhere)
    }

    /// Charges the client for what it gets; how long it has to wait, in milliseconds.
    fn charge(&self) -> i32 {
        let bytes = self.answers.iter().map(|answer| answer.size_bytes).sum::<usize>() as f64;
        let for_time = self.context.charge_time();
        let wait_ms = for_time.max(self.context.charge(Kind::Fetch, bytes));
        if 0 < wait_ms {
            // It gets nothing now, and comes again.
            let (node, client) = (&self.context.node, self.context.client());
            node.quotas.unrecord(Kind::Fetch, &client, bytes, node.env.clock.now());
        }
        wait_ms
    }

    /// Nothing, and how long to wait; a session that is new is not opened (KIP-219).
    fn throttled(self, borrowed: &mut Borrowed, throttle_time_ms: i32) -> Reply {
        let session_id = if borrowed.full { 0 } else { borrowed.id };
        if borrowed.full {
            borrowed.end();
        }
        for (place, answer) in self.answers.iter_with_places() {
            if let Some(partition) = borrowed.partitions.get_mut(&place) {
                partition.watched &= answer.size_bytes == 0 && told(answer) == partition.told;
            }
        }
        let response = FetchResponse { throttle_time_ms, session_id, ..FetchResponse::default() };
        self.context.respond(&response).throttled(throttle_time_ms)
    }

    fn partition_data(
        &self,
        index: i32,
        answer: ReadAnswer,
        elsewhere: &mut Few<Pieces>,
    ) -> PartitionData {
        let mut data = PartitionData {
            partition_index: index,
            error_code: answer.error,
            high_watermark: answer.high_watermark,
            last_stable_offset: answer.last_stable_offset,
            log_start_offset: answer.log_start_offset,
            records: Some(records(answer.pieces, answer.size_bytes, elsewhere)),
            ..PartitionData::default()
        };
        if let Some((epoch, end_offset)) = answer.diverging {
            data.diverging_epoch =
                EpochEndOffset { epoch, end_offset, ..EpochEndOffset::default() };
        }
        let is_hint = answer.error == ErrorCode::NOT_LEADER_OR_FOLLOWER
            || answer.error == ErrorCode::FENCED_LEADER_EPOCH;
        if is_hint && 0 <= answer.leader_epoch {
            data.current_leader = LeaderIdAndEpoch {
                leader_id: self.context.node.id,
                leader_epoch: answer.leader_epoch,
                ..LeaderIdAndEpoch::default()
            };
        }
        let is_told = match answer.error {
            ErrorCode::NONE => {
                self.request.isolation_level == READ_COMMITTED && answer.diverging.is_none()
            }
            // As in Kafka, where these come from elsewhere than all other errors.
            error => {
                error == ErrorCode::UNKNOWN_TOPIC_OR_PARTITION
                    || error == ErrorCode::UNKNOWN_TOPIC_ID
            }
        };
        data.aborted_transactions = is_told.then(|| answer.aborted.iter().map(aborted).collect());
        // Clients of then know no storage errors; they are to look for the leader again.
        if self.context.version < VERSION_STORAGE_ERRORS
            && data.error_code == ErrorCode::KAFKA_STORAGE_ERROR
        {
            data.error_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
        }
        data
    }
}

/// What a session remembers of an answer.
fn told(answer: &ReadAnswer) -> (i64, i64) {
    (answer.high_watermark, answer.log_start_offset)
}

/// A client with a quota gets no more than it may use at once.
fn within_quota(context: &Context, bytes_max: i32) -> i32 {
    let quotas = &context.node.quotas;
    if !quotas.has(Kind::Fetch) {
        return bytes_max;
    }
    let most = quotas.most_at_once(Kind::Fetch, &context.client());
    most.map_or(bytes_max, |most| bytes_max.min(most as i32))
}

fn aborted(of: &dohle_storage::AbortedTransaction) -> AbortedTransaction {
    AbortedTransaction {
        producer_id: of.producer_id,
        first_offset: of.first_offset,
        ..AbortedTransaction::default()
    }
}

fn armed(mut timer: Box<dyn Timer>, deadline: Instant) -> Box<dyn Timer> {
    timer.arm(deadline);
    timer
}

/// Takes the marked places, each to be read again. A partition that has moved or was forgotten may
/// have left a mark for the place that it had.
fn unwatch(session: &mut FetchSession, marked: &mut Places) -> Places {
    marked.sort_unstable();
    marked.dedup();
    marked.retain(|place| {
        let partition = session.partitions.get_mut(place);
        partition.map(|partition| partition.watched = false).is_some()
    });
    std::mem::take(marked)
}

/// The partition, or why it cannot be asked.
pub(super) fn find<'a>(
    view: &'a View,
    key: &FetchKey,
) -> Result<&'a std::sync::Arc<dohle_env::strand::Strand<crate::partition::Partition>>, ErrorCode> {
    let topic = match &key.topic {
        TopicKey::Name(name) => view.topic(name).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?,
        TopicKey::Id(id) => view.topic_by_id(*id).ok_or(ErrorCode::UNKNOWN_TOPIC_ID)?,
    };
    topic.find(key.index)
}

/// The response's entry for the topic: the last one if it is the same, as Kafka groups them.
fn topic_response<'a>(
    response: &'a mut FetchResponse,
    topic: &TopicKey,
    by_id: bool,
) -> &'a mut FetchableTopicResponse {
    let same = response.responses.last().is_some_and(|last| match topic {
        TopicKey::Name(name) => !by_id && last.topic == *name,
        TopicKey::Id(id) => by_id && last.topic_id == *id,
    });
    if !same {
        let mut entry = FetchableTopicResponse::default();
        match topic {
            TopicKey::Name(name) => entry.topic = name.clone(),
            TopicKey::Id(id) => entry.topic_id = *id,
        }
        response.responses.push(entry);
    }
    response.responses.last_mut().expect("it was pushed if there was none")
}

/// Pieces as a field of a message: few bytes go into it, the rest is sent from where it lies.
fn records(mut pieces: Pieces, size_bytes: usize, elsewhere: &mut Few<Pieces>) -> Records {
    if let [Piece::Bytes(_)] | [] = &*pieces {
        return match pieces.pop() {
            Some(Piece::Bytes(bytes)) => Records::Bytes(bytes),
            Some(Piece::File { .. }) | None => Records::default(),
        };
    }
    let key = u32::try_from(elsewhere.len()).expect("a response has fewer partitions");
    let size_bytes = u32::try_from(size_bytes).expect("limited by fetch.max.bytes, an int");
    elsewhere.push(pieces);
    Records::Elsewhere { size_bytes, key }
}
