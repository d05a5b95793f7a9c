//! A member of a classic group: it joins, syncs and heartbeats as a consumer of Kafka's Java
//! client does with its defaults, and assigns ranges where it leads.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::consumer_protocol_assignment::TopicPartition;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::messages::{
    ConsumerProtocolAssignment, ConsumerProtocolSubscription, HeartbeatRequest, JoinGroupRequest,
    JoinGroupResponse, SyncGroupRequest,
};
use dohle_protocol::wire::{Message, Reader, Text};

use super::crowd::{GroupMember, Member};
use super::{Answer, Line, broken};

const JOIN_VERSION: i16 = 9;
const SYNC_VERSION: i16 = 5;
const HEARTBEAT_VERSION: i16 = 4;
/// Of the metadata and assignments that consumers exchange.
const CONSUMER_VERSION: i16 = 1;
const PROTOCOL_TYPE: &str = "consumer";
const PROTOCOL: &str = "range";
/// `heartbeat.interval.ms` of the Java client.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(3);
/// Longer than any measurement, so that a group that is left alone stays as it is.
const SESSION_TIMEOUT_MS: i32 = 300_000;
/// `max.poll.interval.ms` of the Java client.
const REBALANCE_TIMEOUT_MS: i32 = 300_000;
/// Before the coordinator is asked again.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// A topic and how many partitions it has.
#[derive(Clone, Debug)]
pub(crate) struct Subscription {
    pub(crate) topic: Text,
    pub(crate) partitions: i32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// In no group.
    Out,
    Joining,
    Syncing,
    Stable,
}

/// One member; it may be of one group after the other.
pub(crate) struct ClassicMember {
    line: Line,
    subscription: Subscription,
    group: Text,
    member_id: Text,
    generation: i32,
    owned: Vec<i32>,
    stage: Stage,
    due: Option<Instant>,
    /// Part of its metadata: a member that changes it wants a new generation.
    wish: u32,
    /// It joins as soon as its open request is answered.
    wants_to_join: bool,
    /// What it was last answered, if that passes.
    last_error: Option<ErrorCode>,
}

impl ClassicMember {
    pub(crate) fn new(line: Line, subscription: Subscription) -> Self {
        Self {
            line,
            subscription,
            group: Text::default(),
            member_id: Text::default(),
            generation: -1,
            owned: Vec::new(),
            stage: Stage::Out,
            due: None,
            wish: 0,
            wants_to_join: false,
            last_error: None,
        }
    }

    /// Asks its group for a new generation, with changed metadata.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(crate) fn wish_anew(&mut self) -> io::Result<()> {
        self.wish += 1;
        self.rejoin()
    }

    fn rejoin(&mut self) -> io::Result<()> {
        self.owned.clear();
        self.stage = Stage::Joining;
        self.due = None;
        if !self.line.is_idle() {
            self.wants_to_join = true;
            return Ok(());
        }
        let subscription = ConsumerProtocolSubscription {
            topics: vec![self.subscription.topic.clone()],
            user_data: Some(Bytes::copy_from_slice(&self.wish.to_be_bytes())),
            ..ConsumerProtocolSubscription::default()
        };
        let protocol = JoinGroupRequestProtocol {
            name: PROTOCOL.into(),
            metadata: subscription.versioned(CONSUMER_VERSION),
            ..JoinGroupRequestProtocol::default()
        };
        let request = JoinGroupRequest {
            group_id: self.group.clone(),
            session_timeout_ms: SESSION_TIMEOUT_MS,
            rebalance_timeout_ms: REBALANCE_TIMEOUT_MS,
            member_id: self.member_id.clone(),
            protocol_type: PROTOCOL_TYPE.into(),
            protocols: vec![protocol],
            ..JoinGroupRequest::default()
        };
        self.line.ask(JOIN_VERSION, &request)
    }

    fn joined(&mut self, answer: JoinGroupResponse, now: Instant) -> io::Result<()> {
        match answer.error_code {
            ErrorCode::NONE => {}
            ErrorCode::MEMBER_ID_REQUIRED => {
                self.member_id = answer.member_id.detached();
                return self.rejoin();
            }
            ErrorCode::REBALANCE_IN_PROGRESS => return self.rejoin(),
            code => return self.retry(code, now),
        }
        self.member_id = answer.member_id.detached();
        self.generation = answer.generation_id;
        self.last_error = None;
        self.stage = Stage::Syncing;
        let leads = answer.leader == answer.member_id;
        let assignments = if leads { self.assignments(&answer) } else { Vec::new() };
        let request = SyncGroupRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            protocol_type: Some(PROTOCOL_TYPE.into()),
            protocol_name: Some(PROTOCOL.into()),
            assignments,
            ..SyncGroupRequest::default()
        };
        self.line.ask(SYNC_VERSION, &request)
    }

    /// Ranges of the topic for the members in the order of their ids.
    fn assignments(&self, answer: &JoinGroupResponse) -> Vec<SyncGroupRequestAssignment> {
        let mut ids: Vec<&Text> = answer.members.iter().map(|member| &member.member_id).collect();
        ids.sort_unstable();
        let range = |index: usize| ranges(self.subscription.partitions, ids.len(), index);
        let of_member = |(index, id): (usize, &&Text)| {
            let assignment = ConsumerProtocolAssignment {
                assigned_partitions: vec![TopicPartition {
                    topic: self.subscription.topic.clone(),
                    partitions: range(index).collect(),
                }],
                ..ConsumerProtocolAssignment::default()
            };
            SyncGroupRequestAssignment {
                member_id: id.detached(),
                assignment: assignment.versioned(CONSUMER_VERSION),
                ..SyncGroupRequestAssignment::default()
            }
        };
        ids.iter().enumerate().map(of_member).collect()
    }

    fn synced(&mut self, answer: Answer, now: Instant) -> io::Result<()> {
        let answer = answer.read::<SyncGroupRequest>()?;
        match answer.error_code {
            ErrorCode::NONE => {}
            ErrorCode::REBALANCE_IN_PROGRESS | ErrorCode::ILLEGAL_GENERATION => {
                return self.rejoin();
            }
            code => return self.retry(code, now),
        }
        self.owned = assigned(&answer.assignment)?;
        self.stage = Stage::Stable;
        self.due = Some(now + HEARTBEAT_INTERVAL);
        Ok(())
    }

    fn beaten(&mut self, answer: Answer, now: Instant) -> io::Result<()> {
        match answer.read::<HeartbeatRequest>()?.error_code {
            ErrorCode::NONE => {
                self.due = Some(now + HEARTBEAT_INTERVAL);
                Ok(())
            }
            ErrorCode::REBALANCE_IN_PROGRESS => self.rejoin(),
            code => self.retry(code, now),
        }
    }

    /// Joins again a little later, if that error passes.
    fn retry(&mut self, code: ErrorCode, now: Instant) -> io::Result<()> {
        let passing = [
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            ErrorCode::COORDINATOR_NOT_AVAILABLE,
            ErrorCode::NOT_COORDINATOR,
        ];
        if !passing.contains(&code) {
            return Err(broken(format!(
                "{:?} of group {} was answered with {code:?}",
                self.stage, self.group
            )));
        }
        self.last_error = Some(code);
        self.stage = Stage::Joining;
        self.due = Some(now + RETRY_BACKOFF);
        Ok(())
    }
}

impl GroupMember for ClassicMember {
    /// The server names it.
    fn join(&mut self, group: &str, _id: &str) -> io::Result<()> {
        self.group = group.into();
        self.member_id = Text::default();
        self.wish = 0;
        self.rejoin()
    }

    fn member_id(&self) -> &Text {
        &self.member_id
    }

    fn owned(&self) -> Option<(i32, &[i32])> {
        (self.stage == Stage::Stable).then_some((self.generation, self.owned.as_slice()))
    }

    fn into_line(self) -> Line {
        self.line
    }
}

impl Member for ClassicMember {
    fn line(&self) -> &Line {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Line {
        &mut self.line
    }

    fn rest(&mut self) {
        self.due = None;
    }

    fn state(&self) -> String {
        let owned = self.owned.len();
        match self.last_error {
            Some(code) => format!("{:?} after {code:?}", self.stage),
            None => format!("{:?} with {owned} partitions", self.stage),
        }
    }

    fn hear(&mut self, answer: Answer, now: Instant) -> io::Result<()> {
        if std::mem::take(&mut self.wants_to_join) {
            return self.rejoin();
        }
        match self.stage {
            Stage::Joining => self.joined(answer.read::<JoinGroupRequest>()?, now),
            Stage::Syncing => self.synced(answer, now),
            Stage::Stable => self.beaten(answer, now),
            Stage::Out => Err(broken("an answer to a member of no group")),
        }
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }

    fn speak(&mut self) -> io::Result<()> {
        self.due = None;
        if self.stage == Stage::Joining {
            return self.rejoin();
        }
        let request = HeartbeatRequest {
            group_id: self.group.clone(),
            generation_id: self.generation,
            member_id: self.member_id.clone(),
            ..HeartbeatRequest::default()
        };
        self.line.ask(HEARTBEAT_VERSION, &request)
    }
}

/// The partitions of the member at `index` of so many: the first ones take what is left over.
pub(super) fn ranges(partitions: i32, members: usize, index: usize) -> std::ops::Range<i32> {
    let (members, index) = (members as i32, index as i32);
    let (each, more) = (partitions / members, partitions % members);
    let start = index * each + index.min(more);
    start..start + each + i32::from(index < more)
}

/// The partitions of an assignment, which may be empty.
fn assigned(bytes: &Bytes) -> io::Result<Vec<i32>> {
    let Some(version) = bytes.first_chunk() else { return Ok(Vec::new()) };
    let mut reader = Reader::new(bytes.slice(version.len()..));
    let assignment = ConsumerProtocolAssignment::decode(&mut reader, i16::from_be_bytes(*version))
        .map_err(|error| broken(format!("an assignment: {error:?}")))?;
    let topics = assignment.assigned_partitions.into_iter();
    Ok(topics.flat_map(|topic| topic.partitions).collect())
}
