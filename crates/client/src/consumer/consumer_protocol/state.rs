//! What a member of a consumer group knows of its place in it (KIP-848), as a value: what its next
//! heartbeat says, what an answer means, what the consumer is to do.
//!
//! ```text
//! joining ──let in──► member ──unknown, fenced, not polled──► lost ──all given up──► joining
//!    └───────────────────┴── what no other try mends ──► failed, for good
//! ```
//!
//! A member reconciles by itself: it gives up what its target has not, takes what its target has
//! more, and its next heartbeat says what it holds then. A heartbeat says only what has changed
//! since the last that was answered.

use crate::Error;
use crate::consumer::membership::{Seat, Step};
use crate::metadata::TopicPartition;
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::messages::{ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse};
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The epoch of a member that leaves.
const LEAVES: i32 = -1;
/// The epoch of a static member that leaves and may come back.
const LEAVES_FOR_A_WHILE: i32 = -2;

const NOT_SUPPORTED: &str = "The cluster does not support the new CONSUMER group protocol. Set \
                             group.protocol=classic on the consumer configs to revert to the CLASSIC \
                             protocol until the cluster is upgraded.";
const NO_EXPRESSIONS: &str = "The cluster does not support regular expressions resolution on \
                              ConsumerGroupHeartbeat API version 0. It must be upgraded to use \
                              ConsumerGroupHeartbeat API version >= 1 to allow to subscribe to a \
                              SubscriptionPattern.";

const WRONG_PATTERN: &str = "Invalid RE2J SubscriptionPattern provided in the call to subscribe. ";

/// What a coordinator that asks for more heartbeats than this is given.
const INTERVAL_MIN: Duration = Duration::from_millis(10);

/// Partitions by their topics' ids.
type Partitions = BTreeMap<Uuid, BTreeSet<i32>>;

/// What a member says of itself when it joins, and never changes.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) group: Text,
    /// What it calls itself in each of its lives.
    pub(super) member_id: Text,
    pub(super) instance_id: Option<Text>,
    pub(super) rack: Option<Text>,
    /// `group.remote.assignor`.
    pub(super) assignor: Option<Text>,
    pub(super) rebalance_timeout_ms: i32,
}

/// What a member wants to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) names: Vec<Text>,
    pub(super) pattern: Option<Text>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Phase {
    /// It asks to be let in.
    Joining,
    /// It is in.
    Member,
    /// The group goes on without it, and others may have what it holds.
    Lost,
    /// Nothing that it can do lets it in again.
    Failed(Error),
}

/// What the coordinator was told, as far as it has answered.
#[derive(Debug, Default)]
struct Told {
    wanted: Option<Wanted>,
    /// It was told everything since the member asked to be let in, or since an answer was missing.
    all: bool,
}

/// What the consumer was asked to give up.
#[derive(Debug)]
enum Giving {
    All,
    AllBut(Partitions),
}

/// What a heartbeat that has failed leaves to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// The next one goes to the same coordinator, after a pause.
    Pause,
    /// The coordinator is to be found again, after a pause.
    FindAgain,
    /// None until the consumer has seen what happened.
    Wait,
}

/// A member's place.
pub(super) struct State {
    facts: Facts,
    phase: Phase,
    epoch: i32,
    /// Where it sat last, if anywhere.
    last_seat: Option<Seat>,
    /// What it wants; `None` until that is known.
    wanted: Option<Wanted>,
    told: Told,
    /// What it holds.
    owned: Partitions,
    /// What the coordinator wants it to hold.
    target: Partitions,
    /// It has taken something since it was let in or gave up anything, and be it nothing.
    has_taken: bool,
    /// What it holds has changed, or may have, since the coordinator was told.
    must_say_owned: bool,
    giving: Option<Giving>,
    names: BTreeMap<Uuid, Text>,
    /// What the consumer is told once, and heartbeats go on.
    complaint: Option<Error>,
    /// How long after an answer the next heartbeat is due, as the coordinator said.
    pub(super) interval: Duration,
}

impl State {
    pub(super) fn new(facts: Facts) -> Self {
        Self {
            facts,
            phase: Phase::Joining,
            epoch: 0,
            last_seat: None,
            wanted: None,
            told: Told::default(),
            owned: Partitions::new(),
            target: Partitions::new(),
            has_taken: false,
            must_say_owned: false,
            giving: None,
            names: BTreeMap::new(),
            complaint: None,
            interval: Duration::ZERO,
        }
    }

    pub(super) fn want(&mut self, wanted: Wanted) {
        self.wanted = Some(wanted);
    }

    /// Where it sits in the group; `None` outside.
    pub(super) fn seat(&self) -> Option<Seat> {
        let seat = Seat { member_id: self.facts.member_id.clone(), epoch: self.epoch };
        (self.phase == Phase::Member).then_some(seat)
    }

    /// As `Membership::last_seat`.
    pub(super) fn last_seat(&self) -> Option<Seat> {
        self.last_seat.clone()
    }

    /// Whether heartbeats are due at all.
    pub(super) fn beats(&self) -> bool {
        self.wanted.is_some() && matches!(self.phase, Phase::Joining | Phase::Member)
    }

    /// Whether there is something to say that does not wait for the interval.
    pub(super) fn has_news(&self) -> bool {
        self.must_say_owned || !self.told.all || self.told.wanted != self.wanted
    }

    /// The next heartbeat.
    pub(super) fn heartbeat(&mut self) -> ConsumerGroupHeartbeatRequest {
        let joins = self.phase == Phase::Joining;
        let says_all = joins || !self.told.all;
        let wanted = self.wanted.clone().unwrap_or_default();
        let told = self.told.wanted.take().filter(|_| !says_all);
        let mut request = self.goodbye(self.epoch);
        if says_all {
            request.rebalance_timeout_ms = self.facts.rebalance_timeout_ms;
            request.server_assignor.clone_from(&self.facts.assignor);
        }
        if joins {
            request.rack_id.clone_from(&self.facts.rack);
        }
        if told.as_ref().is_none_or(|told| told.names != wanted.names) {
            request.subscribed_topic_names = Some(wanted.names.clone());
        }
        match &told {
            Some(told) if told.pattern == wanted.pattern => {}
            // An empty one takes the last one back.
            Some(_) => {
                request.subscribed_topic_regex = Some(wanted.pattern.clone().unwrap_or_default());
            }
            None => request.subscribed_topic_regex.clone_from(&wanted.pattern),
        }
        if says_all || self.must_say_owned {
            let owned = self.owned.iter().map(|(id, partitions)| TopicPartitions {
                topic_id: *id,
                partitions: partitions.iter().copied().collect(),
                ..TopicPartitions::default()
            });
            request.topic_partitions = Some(owned.collect());
        }
        self.must_say_owned = false;
        self.told = Told { wanted: Some(wanted), all: true };
        request
    }

    /// What it says when it leaves; nothing where nobody knows it.
    pub(super) fn leaving(&self) -> Option<ConsumerGroupHeartbeatRequest> {
        let is_known = match self.phase {
            Phase::Joining => self.told.all,
            Phase::Member => true,
            Phase::Lost | Phase::Failed(_) => false,
        };
        let is_static = self.facts.instance_id.is_some();
        let epoch = if is_static { LEAVES_FOR_A_WHILE } else { LEAVES };
        is_known.then(|| self.goodbye(epoch))
    }

    fn goodbye(&self, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        ConsumerGroupHeartbeatRequest {
            group_id: self.facts.group.clone(),
            member_id: self.facts.member_id.clone(),
            member_epoch: epoch,
            instance_id: self.facts.instance_id.clone(),
            ..ConsumerGroupHeartbeatRequest::default()
        }
    }

    /// A heartbeat was answered.
    pub(super) fn on_answer(&mut self, answer: &ConsumerGroupHeartbeatResponse) {
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or(0);
        self.interval = Duration::from_millis(interval).max(INTERVAL_MIN);
        self.phase = Phase::Member;
        self.epoch = answer.member_epoch;
        if let Some(id) = answer.member_id.as_ref().filter(|id| !id.is_empty()) {
            // Coordinators of version 0 may give another one.
            self.facts.member_id = id.detached();
        }
        self.last_seat = self.seat();
        let Some(assignment) = &answer.assignment else { return };
        let topics = assignment.topic_partitions.iter();
        self.target = topics
            .filter(|topic| !topic.partitions.is_empty())
            .map(|topic| (topic.topic_id, topic.partitions.iter().copied().collect()))
            .collect();
    }

    /// A heartbeat has failed. Whether the coordinator has seen it is not known: the next says all.
    pub(super) fn on_failure(&mut self, error: Error) -> After {
        self.told = Told::default();
        match error.code() {
            Some(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS) => After::Pause,
            Some(ErrorCode::TOPIC_AUTHORIZATION_FAILED) => {
                self.complaint = Some(error);
                After::Pause
            }
            Some(ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::FENCED_MEMBER_EPOCH) => self.lose(),
            // The group that it was in is gone. One that it cannot join is not its kind.
            Some(ErrorCode::GROUP_ID_NOT_FOUND) if self.phase == Phase::Member => self.lose(),
            Some(ErrorCode::UNSUPPORTED_VERSION) => {
                self.fail(ErrorCode::UNSUPPORTED_VERSION.into())
            }
            Some(_) if !error.is_retriable() => self.fail(error),
            None if matches!(error, Error::UnsupportedVersion { .. }) => self.fail(error),
            Some(_) | None => After::FindAgain,
        }
    }

    /// Ends it for good, in the words of Kafka's Java client.
    fn fail(&mut self, error: Error) -> After {
        let has_pattern = self.wanted.as_ref().is_some_and(|wanted| wanted.pattern.is_some());
        let error = if matches!(error, Error::UnsupportedVersion { offered: Some(_), .. })
            && has_pattern
        {
            unsupported(NO_EXPRESSIONS)
        } else if let Error::Refused { code: ErrorCode::INVALID_REGULAR_EXPRESSION, message } =
            error
        {
            let text = format!("{WRONG_PATTERN}{}", message.unwrap_or_default());
            let message = Some(text.into());
            Error::Refused { code: ErrorCode::INVALID_REGULAR_EXPRESSION, message }
        } else if error.code() == Some(ErrorCode::UNSUPPORTED_VERSION) || error.code().is_none() {
            unsupported(NOT_SUPPORTED)
        } else {
            error
        };
        self.phase = Phase::Failed(error);
        After::Wait
    }

    /// The group goes on without it: it was told so, or it has left because nobody polled it.
    pub(super) fn lose(&mut self) -> After {
        if !matches!(self.phase, Phase::Failed(_)) {
            self.phase = Phase::Lost;
        }
        After::Wait
    }

    /// The consumer is to be told of this once.
    pub(super) fn complain(&mut self, error: Error) {
        self.complaint = Some(error);
    }

    /// Topics of the target whose names are not known.
    pub(super) fn nameless(&self) -> Vec<Uuid> {
        self.target.keys().filter(|id| !self.names.contains_key(*id)).copied().collect()
    }

    /// A topic's name; an id has one for all its life.
    pub(super) fn name(&mut self, id: Uuid, name: Text) {
        self.names.insert(id, name);
    }

    /// What the consumer is to do next.
    pub(super) fn step(&mut self) -> Result<Step, Error> {
        if let Some(complaint) = self.complaint.take() {
            return Err(complaint);
        }
        match &self.phase {
            Phase::Failed(error) => Err(error.clone()),
            Phase::Lost => {
                self.giving = Some(Giving::All);
                Ok(Step::GiveUp { keeps: Vec::new(), is_ours: false })
            }
            Phase::Joining => Ok(Step::Rest),
            Phase::Member => Ok(self.reconcile()),
        }
    }

    fn reconcile(&mut self) -> Step {
        let known = self.target.iter().filter(|(id, _)| self.names.contains_key(*id));
        let target: Partitions = known.map(|(id, all)| (*id, all.clone())).collect();
        if self.has_taken && target == self.owned {
            return Step::Rest;
        }
        let mut kept = self.owned.clone();
        kept.retain(|id, held| {
            held.retain(|one| target.get(id).is_some_and(|target| target.contains(one)));
            !held.is_empty()
        });
        if kept != self.owned {
            let keeps = self.named(&kept);
            self.giving = Some(Giving::AllBut(kept));
            return Step::GiveUp { keeps, is_ours: true };
        }
        let taken = self.named(&target);
        self.owned = target;
        self.has_taken = true;
        self.must_say_owned = true;
        Step::Take(taken)
    }

    fn named(&self, partitions: &Partitions) -> Vec<TopicPartition> {
        let mut named = Vec::new();
        for (id, partitions) in partitions {
            let Some(name) = self.names.get(id) else { continue };
            named.extend(partitions.iter().map(|one| TopicPartition::new(name.clone(), *one)));
        }
        named
    }

    /// What it was asked to give up is given up.
    pub(super) fn gave_up(&mut self) {
        match self.giving.take() {
            Some(Giving::All) => {
                self.phase = Phase::Joining;
                self.epoch = 0;
                self.told = Told::default();
                self.owned.clear();
                self.target.clear();
                self.has_taken = false;
                self.must_say_owned = false;
            }
            Some(Giving::AllBut(kept)) => {
                self.owned = kept;
                self.has_taken = false;
                self.must_say_owned = true;
            }
            None => {}
        }
    }
}

fn unsupported(message: &'static str) -> Error {
    let message = Some(Text::from_static(message));
    Error::Refused { code: ErrorCode::UNSUPPORTED_VERSION, message }
}
