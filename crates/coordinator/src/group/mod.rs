//! The group coordinator: groups of both protocols, and their committed offsets.
//!
//! A [`Machine`] over one partition of `__consumer_offsets`. The hard state is what the log says:
//! offsets, classic groups as their last stable generation, consumer groups whole. The soft state
//! is what the coordinator alone knows: who waits in a join, sessions, timers.

mod classic;
mod consumer;
mod counting;
mod deciding;
mod offsets;
mod overview;
mod record;
mod request;
mod settings;
#[cfg(test)]
mod tests;

use crate::coordinated::{Coordinated, KeyValue, RecordError, Surroundings};
use crate::counts::{Counts, GroupsDone};
use crate::timers::Timers;
use bytes::Bytes;
use deciding::Deciding;
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::wire::Text;
use dohle_replication::machine::{After, Entry, Machine, Outcome, ProducerIdAndEpoch};
pub use record::GroupRecord;
pub use request::{Answer, Asked, Client, Request};
pub use settings::Settings;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The group coordinator's machine.
#[derive(Debug)]
pub enum GroupCoordinator {}

/// What the log says.
#[derive(Debug, Default)]
pub struct Groups {
    groups: BTreeMap<Text, Group>,
    offsets: offsets::Offsets,
    /// Share and streams groups that another broker made: their offsets are kept and not touched.
    foreign: BTreeSet<Text>,
    /// The newest entry that was applied.
    newest: Option<Offset>,
}

/// A group as the log knows it. A group whose members never used the membership protocol has
/// offsets only, and no entry here.
#[derive(Debug)]
enum Group {
    /// Members that assign among themselves.
    Classic(classic::Persisted),
    /// Members that the coordinator assigns to (KIP-848).
    Consumer(Box<consumer::ConsumerGroup>),
}

/// What only the coordinator knows, from its load on.
#[derive(Debug, Default)]
pub struct Leadership {
    /// False until [`Command::Surroundings`] has come for the first time.
    is_active: bool,
    image: Image,
    settings: Settings,
    classic: classic::Sessions,
    consumer: consumer::Sessions,
    upkeep: offsets::Upkeep,
    timers: Timers<Timer>,
    /// What was done, for those who watch.
    done: GroupsDone,
}

/// What the machine wakes up for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Classic(classic::Timer),
    Consumer(consumer::Timer),
    /// Offsets are looked through for those that are too old.
    ExpireOffsets,
    /// More offsets of deleted topics are to go.
    ForgetTopics,
}

/// What the machine is told.
#[derive(Debug)]
pub enum Command {
    /// What the cluster looks like.
    Surroundings(Arc<Known>),
    /// The time has come that was asked for.
    Wake,
    /// Somebody asks.
    Ask(Box<Asked>),
    /// Records of the last decision, of these groups, got no place in the log.
    Refused(BTreeSet<Text>),
}

/// What is known of the cluster.
#[derive(Debug)]
pub struct Known {
    image: Image,
    settings: Settings,
    topics_deleted: Vec<Text>,
}

impl Machine for GroupCoordinator {
    type Hard = Groups;
    type Soft = Leadership;
    type Command = Command;
    type Record = GroupRecord;
    type Answer = Answer;
    type Effect = std::convert::Infallible;

    fn decide(
        hard: &Groups,
        soft: &mut Leadership,
        now: Timestamp,
        command: Command,
    ) -> Outcome<Self> {
        let mut deciding = Deciding::new(hard, soft, now);
        match command {
            Command::Surroundings(known) => surround(&mut deciding, &known),
            Command::Wake => wake(&mut deciding),
            Command::Ask(asked) => ask(&mut deciding, *asked),
            Command::Refused(groups) => groups.iter().for_each(|id| reload(&mut deciding, id)),
        }
        let outcome = deciding.finish();
        counting::count(&mut soft.done, &outcome.records);
        outcome
    }

    fn apply(hard: &mut Groups, at: Offset, entry: &Entry<GroupRecord>) {
        hard.newest = Some(at);
        match entry {
            Entry::Record { record, producer, .. } => hard.apply_record(at, record, *producer),
            Entry::Marker { producer, committed } => {
                hard.offsets.end_transaction(producer.id, *committed);
            }
        }
    }

    fn elected(_hard: &Groups, _now: Timestamp) -> Outcome<Self> {
        // Sessions begin when the surroundings are known.
        Outcome::nothing()
    }

    fn woken() -> Command {
        Command::Wake
    }
}

impl Coordinated for GroupCoordinator {
    type Known = Arc<Known>;

    const TOPIC: &'static str = "__consumer_offsets";

    fn encode(record: &GroupRecord) -> KeyValue {
        record.encode()
    }

    fn decode(
        key: Option<Bytes>,
        value: Option<Bytes>,
    ) -> Result<Option<GroupRecord>, RecordError> {
        GroupRecord::decode(key, value)
    }

    fn refused(records: &[GroupRecord]) -> Option<Command> {
        // Of classic groups there is more than the log has, and both kinds have timers, which are taken or
        // cancelled by now. Of offsets there is nothing but the log.
        let groups = records.iter().filter_map(GroupRecord::group_with_timers);
        let groups: BTreeSet<Text> = groups.cloned().collect();
        (!groups.is_empty()).then_some(Command::Refused(groups))
    }

    fn known(surroundings: Surroundings<'_>) -> Arc<Known> {
        Arc::new(Known {
            image: surroundings.image.clone(),
            settings: Settings::of(surroundings.configs),
            topics_deleted: surroundings.topics_deleted.to_vec(),
        })
    }

    fn surround(known: Arc<Known>, _leader_epoch: i32) -> Command {
        Command::Surroundings(known)
    }

    fn counts(hard: &Groups, soft: &Leadership) -> Counts {
        Counts::Groups(counting::counts(hard, soft))
    }
}

impl Groups {
    /// When that is committed which an answer from this state rests on.
    fn seen(&self) -> After {
        self.newest.map_or(After::Now, After::Seen)
    }

    fn apply_record(
        &mut self,
        at: Offset,
        record: &GroupRecord,
        producer: Option<ProducerIdAndEpoch>,
    ) {
        match record {
            GroupRecord::OffsetCommit(key, value) => {
                self.offsets.apply(at, key, value.as_ref(), producer);
            }
            GroupRecord::GroupMetadata(key, value) => {
                classic::apply(&mut self.groups, key, value.as_ref());
            }
            GroupRecord::ConsumerGroupMetadata(..)
            | GroupRecord::ConsumerGroupPartitionMetadata(..)
            | GroupRecord::ConsumerGroupMemberMetadata(..)
            | GroupRecord::ConsumerGroupTargetAssignmentMetadata(..)
            | GroupRecord::ConsumerGroupTargetAssignmentMember(..)
            | GroupRecord::ConsumerGroupCurrentMemberAssignment(..)
            | GroupRecord::ConsumerGroupRegularExpression(..) => {
                consumer::apply(&mut self.groups, record);
            }
            GroupRecord::ShareGroupMetadata(key, value) => {
                self.set_foreign(&key.group_id, value.is_some());
            }
            GroupRecord::StreamsGroupMetadata(key, value) => {
                self.set_foreign(&key.group_id, value.is_some());
            }
        }
    }

    /// Whether another broker made it, as a group that none of the requests here is about. Each of them asks
    /// where it looks for its group: what is wrong with the request itself is said before.
    fn is_foreign(&self, id: &str) -> bool {
        self.foreign.contains(id)
    }

    /// See the field of this name.
    fn set_foreign(&mut self, id: &Text, is_there: bool) {
        if is_there {
            self.foreign.insert(id.detached());
        } else {
            self.foreign.remove(id);
        }
    }
}

/// The first time, sessions of all members begin; later, what has changed takes its effect.
fn surround(deciding: &mut Deciding<'_>, known: &Known) {
    deciding.soft.image = known.image.clone();
    deciding.soft.settings = known.settings.clone();
    if !std::mem::replace(&mut deciding.soft.is_active, true) {
        classic::begin_sessions(deciding);
        consumer::begin_sessions(deciding);
        offsets::begin_expiry(deciding);
    }
    offsets::forget_topics(deciding, &known.topics_deleted);
    consumer::on_metadata(deciding);
}

/// What was decided last of this group got no place in the log.
fn reload(deciding: &mut Deciding<'_>, id: &Text) {
    classic::reload(deciding, id);
    consumer::reload(deciding, id);
}

/// The first that is due and has to be written: what comes of many groups at one time is no one batch,
/// which might be too large for the log. The rest is decided next.
fn wake(deciding: &mut Deciding<'_>) {
    while let Some(timer) = deciding.soft.timers.take_due(deciding.now) {
        match timer {
            Timer::Classic(timer) => classic::on_timer(deciding, timer),
            Timer::Consumer(timer) => consumer::on_timer(deciding, timer),
            Timer::ExpireOffsets => offsets::expire(deciding),
            Timer::ForgetTopics => offsets::forget_more_topics(deciding),
        }
        if deciding.has_written() {
            break;
        }
    }
    if deciding.soft.timers.next().is_some_and(|at| at <= deciding.now) {
        deciding.again(Command::Wake);
    }
}

fn ask(deciding: &mut Deciding<'_>, asked: Asked) {
    let Asked { token, version, seed, client, request } = asked;
    let asking = deciding::Asking { token, version, seed, client };
    match request {
        Request::JoinGroup(request) => classic::join(deciding, asking, request),
        Request::SyncGroup(request) => classic::sync(deciding, asking, request),
        Request::Heartbeat(request) => classic::heartbeat(deciding, asking, request),
        Request::LeaveGroup(request) => classic::leave(deciding, asking, request),
        Request::OffsetCommit(request) => offsets::commit(deciding, asking, request),
        Request::TxnOffsetCommit(request) => {
            offsets::commit_in_transaction(deciding, asking, request);
        }
        Request::OffsetFetch(request, stable) => offsets::fetch(deciding, asking, request, stable),
        Request::OffsetDelete(request) => offsets::delete(deciding, asking, request),
        Request::ListGroups(request) => overview::list(deciding, asking, request),
        Request::DescribeGroup(group) => overview::describe(deciding, asking, group),
        Request::DeleteGroup(group) => overview::delete(deciding, asking, group),
        Request::ConsumerGroupHeartbeat(request) => consumer::heartbeat(deciding, asking, request),
        Request::ConsumerGroupDescribe(group) => consumer::describe(deciding, asking, group),
    }
}
