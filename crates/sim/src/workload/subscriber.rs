//! A member of a group of the consumer protocol (KIP-848): subscribes, takes what it is given, gives
//! up what it is told to, commits, and goes in every way.

use super::seat::{News, PARTITIONS, STABLE_BEATS, Seat, TOPIC};
use crate::checker::{History, Times};
use crate::client::Client;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

pub(super) const GROUP: &str = "subscribers";
/// The epoch of who joins, of who leaves, and of who leaves and means to come back.
const JOIN: i32 = 0;
const LEAVE: i32 = -1;
const LEAVE_FOR_A_WHILE: i32 = -2;

/// What kind of member it is.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its number among the members.
    pub number: u32,
    /// How many there are.
    pub members: u32,
    /// Keeps its membership over its ends (KIP-345).
    pub instance: Option<String>,
    /// Of the heartbeat: in version 0 the coordinator gives out ids.
    pub version: i16,
}

/// Where a member stands in a partition.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// It has not asked yet.
    Unread,
    /// Committed up to here.
    At(i64),
    /// A commit was not answered and may still come: another one might be overtaken by it.
    Unsure,
}

struct Membership {
    epoch: i32,
    owned: BTreeMap<i32, Position>,
    /// The coordinator knows what it owns and wants.
    is_told: bool,
    /// Heartbeats since anything changed.
    beats: u32,
}

struct Subscriber {
    kind: Kind,
    seat: Seat,
    id: Text,
    topic_id: Uuid,
}

/// The membership is over; begin anew.
struct Over;

/// Is a member until the history ends and everybody has settled.
pub async fn run(kind: Kind, client: Client, history: History) {
    let name = format!("subscriber {}", kind.number);
    let seat = Seat::new(name, client, history, (GROUP, |known| &mut known.subscribers));
    let (id, topic_id) = (Text::default(), Uuid::ZERO);
    let mut subscriber = Subscriber { kind, seat, id, topic_id };
    loop {
        subscriber.live_once().await;
        subscriber.seat.group(|group, name| group.set_stable(name, None));
        subscriber.seat.pause(200).await;
    }
}

impl Subscriber {
    /// From a join to the end of the membership.
    async fn live_once(&mut self) {
        if !self.seat.may_join(&mut self.id).await {
            return;
        }
        if self.id.is_empty() && self.kind.version != 0 {
            self.id = format!("{:032x}", self.below_all()).into();
        }
        let mut membership =
            Membership { epoch: JOIN, owned: BTreeMap::new(), is_told: false, beats: 0 };
        let Over = self.serve(&mut membership).await;
    }

    fn below_all(&self) -> u64 {
        self.seat.client.env().random.next_u64()
    }

    fn identity(&self) -> String {
        self.kind.instance.clone().unwrap_or_else(|| self.id.to_string())
    }

    /// Heartbeats and commits until the membership ends.
    async fn serve(&mut self, membership: &mut Membership) -> Over {
        loop {
            if let Err(over) = self.beat(membership).await {
                return over;
            }
            self.seat.pause(300).await;
            let Times { is_closed, is_ending } = self.seat.history.times();
            if is_closed || !self.seat.has_power() {
                return Over;
            }
            let whim = self.seat.client.env().random.below(40);
            if !is_ending && whim == 0 {
                self.seat.history.trace().sometimes("a subscriber vanished");
                self.seat.client.disconnect();
                self.id = Text::default();
                return Over;
            }
            if !is_ending && whim == 1 && membership.epoch != JOIN {
                return self.leave().await;
            }
            if membership.epoch != JOIN {
                self.read_positions(membership).await;
                if let Err(over) = self.commit(membership).await {
                    return over;
                }
            }
            self.tell_settled(membership, is_ending);
        }
    }

    /// One heartbeat. What is not answered is said again.
    async fn beat(&mut self, membership: &mut Membership) -> Result<(), Over> {
        let tells = !membership.is_told;
        let owned = m::consumer_group_heartbeat_request::TopicPartitions {
            topic_id: self.topic_id,
            partitions: membership.owned.keys().copied().collect(),
            ..Default::default()
        };
        let owned = if membership.owned.is_empty() { Vec::new() } else { vec![owned] };
        let request = m::ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: self.id.clone(),
            member_epoch: membership.epoch,
            instance_id: self.kind.instance.as_deref().map(Text::from),
            rebalance_timeout_ms: if tells { 4_000 } else { -1 },
            subscribed_topic_names: tells.then(|| vec![TOPIC.into()]),
            topic_partitions: tells.then_some(owned),
            ..Default::default()
        };
        membership.is_told = false;
        let Some(answer) = self.seat.ask(self.kind.version, &request).await else {
            return Ok(());
        };
        if !self.seat.has_power() {
            return Err(Over);
        }
        if answer.error_code != ErrorCode::NONE {
            return self.refused("a heartbeat", answer.error_code);
        }
        membership.is_told = true;
        if let Some(id) = answer.member_id.filter(|id| !id.is_empty()) {
            self.id = id;
        }
        let epoch = std::mem::replace(&mut membership.epoch, answer.member_epoch);
        if answer.member_epoch < epoch {
            let to = answer.member_epoch;
            self.seat.violate(format!("its epoch goes from {epoch} to {to}"));
        }
        membership.beats = if epoch == answer.member_epoch { membership.beats + 1 } else { 0 };
        if let Some(assignment) = &answer.assignment {
            self.take(membership, assignment);
        }
        let held: Vec<i32> = membership.owned.keys().copied().collect();
        let (epoch, identity) = (membership.epoch, self.identity());
        self.seat.judge(self.seat.group(|group, _| group.on_given(epoch, &identity, &held)));
        Ok(())
    }

    /// Gives up at once what it has no more, and takes what is new. The next heartbeat says so.
    fn take(
        &mut self,
        membership: &mut Membership,
        assignment: &m::consumer_group_heartbeat_response::Assignment,
    ) {
        let mut given = BTreeMap::new();
        for topic in &assignment.topic_partitions {
            if self.topic_id != Uuid::ZERO && self.topic_id != topic.topic_id {
                self.seat.violate(format!("given partitions of topic {}", topic.topic_id));
            }
            self.topic_id = topic.topic_id;
            for partition in &topic.partitions {
                let known = membership.owned.get(partition).copied();
                given.insert(*partition, known.unwrap_or(Position::Unread));
            }
        }
        if given.keys().any(|partition| !(0..PARTITIONS).contains(partition)) {
            self.seat.violate("given a partition that the topic does not have");
        }
        if !given.keys().eq(membership.owned.keys()) {
            self.seat.history.trace().sometimes("a subscriber's share changed");
            (membership.is_told, membership.beats) = (false, 0);
        }
        membership.owned = given;
    }

    /// What an error means; one that must not come is a violation.
    fn refused(&mut self, what: &str, error: ErrorCode) -> Result<(), Over> {
        match self.seat.news_of(what, error) {
            News::Away => Ok(()),
            News::Unknown => Err(Over),
            News::Other => match error {
                ErrorCode::FENCED_MEMBER_EPOCH => Err(Over),
                // Whoever had the instance has not been missed yet.
                ErrorCode::UNRELEASED_INSTANCE_ID => Err(Over),
                // A power loss took the group.
                ErrorCode::GROUP_ID_NOT_FOUND if !self.seat.has_power() => Err(Over),
                // The next heartbeat brings the epoch.
                ErrorCode::STALE_MEMBER_EPOCH => Ok(()),
                other => {
                    self.seat.violate(format!("{what} is answered {other}"));
                    Err(Over)
                }
            },
        }
    }

    async fn read_positions(&mut self, membership: &mut Membership) {
        let unread = membership.owned.iter().filter(|(_, at)| **at == Position::Unread);
        let unread: Vec<i32> = unread.map(|(partition, _)| *partition).collect();
        for partition in unread {
            let floor = self.seat.group(|group, _| group.floor(partition));
            let topic = m::offset_fetch_request::OffsetFetchRequestTopics {
                name: TOPIC.into(),
                partition_indexes: vec![partition],
                ..Default::default()
            };
            let group = m::offset_fetch_request::OffsetFetchRequestGroup {
                group_id: GROUP.into(),
                member_id: Some(self.id.clone()),
                member_epoch: membership.epoch,
                topics: Some(vec![topic]),
                ..Default::default()
            };
            let request = m::OffsetFetchRequest {
                groups: vec![group],
                require_stable: true,
                ..Default::default()
            };
            let Some(answer) = self.seat.ask(9, &request).await else { return };
            let group = answer.groups.first();
            let error = group.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |group| group.error_code);
            if error != ErrorCode::NONE {
                // The next heartbeat will say what to do.
                let _said = self.refused("an offset fetch", error);
                return;
            }
            let topic = group.and_then(|group| group.topics.first());
            let Some(found) = topic.and_then(|topic| topic.partitions.first()) else {
                return self.seat.violate("no partition in an offset fetch");
            };
            let offset = found.committed_offset;
            if self.seat.has_power() {
                self.seat
                    .judge(self.seat.group(|group, _| group.on_read(partition, floor, offset)));
            }
            membership.owned.insert(partition, Position::At(offset));
        }
    }

    /// Commits to one of its partitions.
    async fn commit(&mut self, membership: &mut Membership) -> Result<(), Over> {
        let known: Vec<(i32, i64)> = membership
            .owned
            .iter()
            .filter_map(|(partition, at)| match at {
                Position::At(offset) => Some((*partition, *offset)),
                Position::Unread | Position::Unsure => None,
            })
            .collect();
        if known.is_empty() {
            return Ok(());
        }
        let chosen = self.seat.client.env().random.below(known.len() as u64);
        let (partition, position) = known[usize::try_from(chosen).unwrap_or(0)];
        let offset = position + 1 + i64::from(membership.beats % 3);
        let newest = self.seat.group(|group, _| group.newest_of(partition));
        self.seat.group(|group, _| group.on_committing(partition, offset));
        let request = m::OffsetCommitRequest {
            group_id: GROUP.into(),
            generation_id_or_member_epoch: membership.epoch,
            member_id: self.id.clone(),
            group_instance_id: self.kind.instance.as_deref().map(Text::from),
            topics: vec![self.seat.commit_of(partition, offset)],
            ..Default::default()
        };
        membership.owned.insert(partition, Position::Unsure);
        let Some(answer) = self.seat.ask(9, &request).await else { return Ok(()) };
        let row = answer.topics.first().and_then(|topic| topic.partitions.first());
        let error = row.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |row| row.error_code);
        if error != ErrorCode::NONE {
            membership.owned.insert(partition, Position::At(position));
            return self.refused("a commit", error);
        }
        membership.owned.insert(partition, Position::At(offset));
        if self.seat.has_power() {
            let epoch = membership.epoch;
            let verdict =
                self.seat.group(|group, _| group.on_committed(epoch, newest, partition, offset));
            self.seat.judge(verdict);
            self.seat.history.known().counts.commits += 1;
        }
        Ok(())
    }

    async fn leave(&mut self) -> Over {
        let comes_back = self.kind.instance.is_some() && self.below_all().is_multiple_of(2);
        let request = m::ConsumerGroupHeartbeatRequest {
            group_id: GROUP.into(),
            member_id: std::mem::take(&mut self.id),
            member_epoch: if comes_back { LEAVE_FOR_A_WHILE } else { LEAVE },
            instance_id: self.kind.instance.as_deref().map(Text::from),
            rebalance_timeout_ms: -1,
            ..Default::default()
        };
        self.seat.history.trace().sometimes("a subscriber left");
        let _unheard = self.seat.ask(self.kind.version, &request).await;
        Over
    }

    fn tell_settled(&self, membership: &Membership, is_ending: bool) {
        let is_stable = STABLE_BEATS <= membership.beats && membership.is_told;
        let members = self.kind.members as usize;
        let held: Vec<i32> = membership.owned.keys().copied().collect();
        let has_settled = self.seat.group(|group, name| {
            group.set_stable(name, is_stable.then_some(membership.epoch));
            group.set_held(name, held);
            group.has_settled(members) && group.has_all(PARTITIONS)
        });
        self.seat.tell_settled(is_stable && has_settled, is_ending);
    }
}
