//! A member of a classic group: joins, is given partitions, commits, and goes in every way.

use super::offsets;
use super::seat::{News, PARTITIONS, STABLE_BEATS, Seat, TOPIC};
use crate::checker::{History, Times};
use crate::client::Client;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use std::time::Duration;

pub(super) const GROUP: &str = "readers";

/// What kind of member it is.
#[derive(Clone, Debug)]
pub struct Kind {
    /// Its number among the members.
    pub number: u32,
    /// How many there are.
    pub members: u32,
    /// Keeps its membership over its ends (KIP-345).
    pub instance: Option<String>,
}

/// A place in a generation.
struct Membership {
    generation: i32,
    owned: Vec<(i32, i64)>,
    beats: u32,
}

struct Member {
    kind: Kind,
    seat: Seat,
    id: Text,
}

/// Why a membership ends.
enum End {
    /// Join again under the same id.
    Rebalance,
    /// Join again as somebody new.
    Unknown,
    /// The coordinator cannot be asked now.
    Away,
}

/// Is a member until the history ends and everybody has settled.
pub async fn run(kind: Kind, client: Client, history: History) {
    let name = format!("member {}", kind.number);
    let seat = Seat::new(name, client, history, (GROUP, |known| &mut known.group));
    let mut member = Member { kind, seat, id: Text::default() };
    member.seat.client.patience = Duration::from_secs(12);
    loop {
        member.live_once().await;
        member.seat.group(|group, name| group.set_stable(name, None));
        member.seat.pause(200).await;
    }
}

impl Member {
    /// From a join to the end of the membership.
    async fn live_once(&mut self) {
        if !self.seat.may_join(&mut self.id).await {
            return;
        }
        let end = match self.join().await {
            Ok(mut membership) => self.serve(&mut membership).await,
            Err(end) => end,
        };
        match end {
            End::Rebalance => {}
            End::Unknown => self.id = Text::default(),
            End::Away => self.seat.has_coordinator = false,
        }
    }

    /// What an error means for the membership; one that must not come is a violation.
    fn end_of(&mut self, what: &str, error: ErrorCode) -> End {
        match self.seat.news_of(what, error) {
            News::Unknown => End::Unknown,
            News::Away => End::Away,
            News::Other if error == ErrorCode::REBALANCE_IN_PROGRESS => End::Rebalance,
            News::Other if error == ErrorCode::ILLEGAL_GENERATION => End::Unknown,
            News::Other => {
                self.seat.violate(format!("{what} is answered {error}"));
                End::Unknown
            }
        }
    }

    async fn join(&mut self) -> Result<Membership, End> {
        let protocol = m::join_group_request::JoinGroupRequestProtocol {
            name: "range".into(),
            metadata: self.seat.name.clone().into(),
            ..Default::default()
        };
        let request = m::JoinGroupRequest {
            group_id: GROUP.into(),
            session_timeout_ms: 3_000,
            rebalance_timeout_ms: 3_000,
            member_id: self.id.clone(),
            group_instance_id: self.kind.instance.as_deref().map(Text::from),
            protocol_type: "consumer".into(),
            protocols: vec![protocol],
            ..Default::default()
        };
        let joined = self.seat.ask(7, &request).await.ok_or(End::Away)?;
        if joined.error_code == ErrorCode::MEMBER_ID_REQUIRED {
            self.id = joined.member_id;
            return Err(End::Rebalance);
        }
        if joined.error_code != ErrorCode::NONE {
            return Err(self.end_of("a join", joined.error_code));
        }
        self.id = joined.member_id.clone();
        let request = m::SyncGroupRequest {
            group_id: GROUP.into(),
            generation_id: joined.generation_id,
            member_id: self.id.clone(),
            group_instance_id: self.kind.instance.as_deref().map(Text::from),
            assignments: shares(&joined),
            ..Default::default()
        };
        let synced = self.seat.ask(4, &request).await.ok_or(End::Away)?;
        if synced.error_code != ErrorCode::NONE {
            return Err(self.end_of("a sync", synced.error_code));
        }
        self.take(joined.generation_id, &synced.assignment).await
    }

    /// Takes the partitions that it is given, and reads where they stand.
    async fn take(&mut self, generation: i32, assignment: &[u8]) -> Result<Membership, End> {
        let text = String::from_utf8_lossy(assignment).into_owned();
        let mut words = text.split('|');
        // A static member comes back under another id, to what its instance was given.
        let identity = self.kind.instance.clone().unwrap_or_else(|| self.id.to_string());
        let heading = format!("{generation}:{identity}");
        if words.next() != Some(heading.as_str()) {
            self.seat.history.violate(format!("{}: given {text:?} in {heading}", self.seat.name));
            return Err(End::Unknown);
        }
        let given: Vec<i32> = words.filter_map(|word| word.parse().ok()).collect();
        self.seat.judge(self.seat.group(|group, _| group.on_given(generation, &identity, &given)));
        self.seat.history.trace().sometimes("a member was given its partitions");
        let mut owned = Vec::new();
        for partition in given {
            owned.push((partition, self.read_offset(partition).await?));
        }
        Ok(Membership { generation, owned, beats: 0 })
    }

    async fn read_offset(&mut self, partition: i32) -> Result<i64, End> {
        let floor = self.seat.group(|group, _| group.floor(partition));
        let power = self.seat.power;
        let request = offsets::stable(GROUP, TOPIC, [partition]);
        let answer = self.seat.ask(7, &request).await.ok_or(End::Away)?;
        if answer.error_code != ErrorCode::NONE {
            return Err(self.end_of("an offset fetch", answer.error_code));
        }
        let Some(found) = answer.topics.first().and_then(|topic| topic.partitions.first()) else {
            self.seat
                .history
                .violate(format!("{}: no partition in an offset fetch", self.seat.name));
            return Err(End::Unknown);
        };
        if self.seat.history.known().generation == power {
            let offset = found.committed_offset;
            self.seat.judge(self.seat.group(|group, _| group.on_read(partition, floor, offset)));
        }
        Ok(found.committed_offset)
    }

    /// Heartbeats and commits until the membership ends.
    async fn serve(&mut self, membership: &mut Membership) -> End {
        loop {
            self.seat.pause(300).await;
            let Times { is_closed, is_ending } = self.seat.history.times();
            if is_closed || !self.seat.has_power() {
                return End::Unknown;
            }
            let whim = self.seat.client.env().random.below(40);
            if !is_ending && whim == 0 {
                self.seat.history.trace().sometimes("a member vanished");
                self.seat.client.disconnect();
                return End::Unknown;
            }
            if !is_ending && whim == 1 {
                return self.leave().await;
            }
            if let Err(end) = self.beat(membership).await {
                return end;
            }
            if let Err(end) = self.commit(membership).await {
                return end;
            }
            self.tell_settled(membership, is_ending);
        }
    }

    fn tell_settled(&self, membership: &Membership, is_ending: bool) {
        if membership.beats < STABLE_BEATS {
            return;
        }
        let members = self.kind.members as usize;
        let generation = membership.generation;
        let has_settled = self.seat.group(|group, name| {
            group.set_stable(name, Some(generation));
            group.has_settled(members)
        });
        self.seat.tell_settled(has_settled, is_ending);
    }

    async fn beat(&mut self, membership: &mut Membership) -> Result<(), End> {
        let request = m::HeartbeatRequest {
            group_id: GROUP.into(),
            generation_id: membership.generation,
            member_id: self.id.clone(),
            group_instance_id: self.kind.instance.as_deref().map(Text::from),
            ..Default::default()
        };
        let answer = self.seat.ask(3, &request).await.ok_or(End::Away)?;
        if answer.error_code != ErrorCode::NONE {
            return Err(self.end_of("a heartbeat", answer.error_code));
        }
        membership.beats += 1;
        Ok(())
    }

    async fn commit(&mut self, membership: &mut Membership) -> Result<(), End> {
        let Some((partition, position)) = membership.owned.first().copied() else { return Ok(()) };
        membership.owned.rotate_left(1);
        let offset = position + 1 + i64::from(membership.beats % 3);
        let (newest, power) = (self.seat.group(|group, _| group.newest()), self.seat.power);
        self.seat.group(|group, _| group.on_committing(partition, offset));
        let request = m::OffsetCommitRequest {
            group_id: GROUP.into(),
            generation_id_or_member_epoch: membership.generation,
            member_id: self.id.clone(),
            group_instance_id: self.kind.instance.as_deref().map(Text::from),
            topics: vec![self.seat.commit_of(partition, offset)],
            ..Default::default()
        };
        let answer = self.seat.ask(7, &request).await.ok_or(End::Away)?;
        let row = answer.topics.first().and_then(|topic| topic.partitions.first());
        let error = row.map_or(ErrorCode::UNKNOWN_SERVER_ERROR, |row| row.error_code);
        if error != ErrorCode::NONE {
            return Err(self.end_of("a commit", error));
        }
        if let Some(last) = membership.owned.last_mut() {
            last.1 = offset;
        }
        if self.seat.history.known().generation == power {
            let generation = membership.generation;
            let verdict = self
                .seat
                .group(|group, _| group.on_committed(generation, newest, partition, offset));
            self.seat.judge(verdict);
            self.seat.history.known().counts.commits += 1;
        }
        Ok(())
    }

    async fn leave(&mut self) -> End {
        let identity = m::leave_group_request::MemberIdentity {
            member_id: self.id.clone(),
            group_instance_id: self.kind.instance.as_deref().map(Text::from),
            ..Default::default()
        };
        let request = m::LeaveGroupRequest {
            group_id: GROUP.into(),
            members: vec![identity],
            ..Default::default()
        };
        self.seat.history.trace().sometimes("a member left");
        let _unheard = self.seat.ask(4, &request).await;
        End::Unknown
    }
}

/// The leader shares the partitions out; nobody else says anything.
fn shares(joined: &m::JoinGroupResponse) -> Vec<m::sync_group_request::SyncGroupRequestAssignment> {
    let count = joined.members.len();
    let share = |(at, member): (usize, &m::join_group_response::JoinGroupResponseMember)| {
        let identity = member.group_instance_id.as_ref().unwrap_or(&member.member_id);
        let mut text = format!("{}:{identity}", joined.generation_id);
        for partition in (0..PARTITIONS).skip(at).step_by(count.max(1)) {
            text.push_str(&format!("|{partition}"));
        }
        m::sync_group_request::SyncGroupRequestAssignment {
            member_id: member.member_id.clone(),
            assignment: text.into(),
            ..Default::default()
        }
    };
    joined.members.iter().enumerate().map(share).collect()
}
