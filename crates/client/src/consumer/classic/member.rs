//! Membership of a group in the classic protocol: joining, heartbeats, commits, leaving.
//!
//! ```text
//! outside ──join──► joining ──assignment──► member ──told to rejoin──► joining
//!    ▲                                        │ fenced, unknown, timed out
//!    └────────────────────────────────────────┘ (its id and generation are forgotten)
//! ```

use super::joiner::{Joined, Joiner};
use super::pulse::Pulse;
use crate::Error;
use crate::admin::{CommittedOffset, commits};
use crate::cluster::{Client, CoordinatorKind, To};
use crate::consumer::ConsumerConfig;
use crate::consumer::membership::{Seat, Step, Subscribed, wanted_topics};
use crate::metadata::TopicPartition;
use crate::wait::{one, only, until};
use dohle_env::clock::Instant;
use dohle_env::gather::Gather;
use dohle_env::tasks::Home;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::leave_group_request::MemberIdentity;
use dohle_protocol::messages::{LeaveGroupRequest, OffsetCommitRequest};
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How long a member that leaves tries to tell its group.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a member leaves whose consumer is closed, as its coordinator logs it.
pub(super) const CLOSED: &str = "the consumer is being closed";

/// Who a member is.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    pub(super) member_id: Text,
    /// The generation that it joined; -1 outside.
    pub(super) generation: i32,
}

impl Default for Identity {
    /// Nobody yet.
    fn default() -> Self {
        Self { member_id: Text::default(), generation: -1 }
    }
}

/// A member.
pub(in crate::consumer) struct Member {
    client: Client,
    config: Arc<ConsumerConfig>,
    group: Text,
    subscribed: Subscribed,
    identity: Identity,
    is_member: bool,
    /// What was dealt out to it last.
    dealt: Vec<TopicPartition>,
    /// Others may have had since what it had before.
    is_cut_off: bool,
    pulse: Pulse,
    /// Where it sat last, if anywhere.
    last_seat: Option<Seat>,
    /// What it may not hold while it joins is given up.
    may_join: bool,
    joining: Option<Gather<Result<Joined, Error>>>,
    /// What a join has dealt out, and the consumer has not taken yet.
    to_take: Option<Vec<TopicPartition>>,
    /// The topics and partition counts that its assignment was made from.
    seen: BTreeMap<Text, usize>,
    /// It shared out: nobody else looks whether a topic of the group has changed.
    leads: bool,
    looked_at: Instant,
}

impl Member {
    pub(in crate::consumer) fn new(
        client: Client,
        config: Arc<ConsumerConfig>,
        group: Text,
        subscribed: Subscribed,
    ) -> Self {
        Self {
            client,
            config,
            group,
            subscribed,
            identity: Identity::default(),
            is_member: false,
            dealt: Vec::new(),
            is_cut_off: false,
            pulse: Pulse::default(),
            last_seat: None,
            may_join: false,
            joining: None,
            to_take: None,
            seen: BTreeMap::new(),
            leads: false,
            looked_at: Instant::default(),
        }
    }

    /// Wants other topics from now on.
    pub(in crate::consumer) fn subscribe(&mut self, to: Subscribed) {
        self.subscribed = to;
        self.pulse.tell(|state| state.must_rejoin = true);
    }

    /// The generation that it joined; -1 outside.
    pub(in crate::consumer) fn generation(&self) -> i32 {
        self.identity.generation
    }

    /// As `Membership::last_seat`.
    pub(in crate::consumer) fn last_seat(&self) -> Option<Seat> {
        self.last_seat.clone()
    }

    /// As `Membership::next`.
    pub(in crate::consumer) async fn next(&mut self, deadline: Instant) -> Result<Step, Error> {
        if self.to_take.is_none() {
            if !self.must_join().await? {
                return Ok(Step::Rest);
            }
            if self.joining.is_none() && !self.may_join {
                let keeps = self.is_member && self.config.is_cooperative();
                let keeps = if keeps { self.dealt.clone() } else { Vec::new() };
                return Ok(Step::GiveUp { keeps, is_ours: self.is_member });
            }
            self.join(deadline).await?;
        }
        if self.to_take.is_some() && self.is_cut_off {
            return Ok(Step::GiveUp { keeps: Vec::new(), is_ours: false });
        }
        Ok(self.to_take.take().map_or(Step::Rest, Step::Take))
    }

    /// As `Membership::gave_up`.
    pub(in crate::consumer) fn gave_up(&mut self) {
        match self.to_take {
            Some(_) => self.is_cut_off = false,
            None => self.may_join = true,
        }
    }

    /// Whether it is outside, or was told to come back. Whoever asks looks after the member.
    ///
    /// # Errors
    /// `FENCED_INSTANCE_ID`, for good, when another consumer has taken this one's place.
    async fn must_join(&mut self) -> Result<bool, Error> {
        let now = self.client.env().clock.now();
        let state = self.pulse.tell(|state| state.polled = now);
        if state.is_fenced {
            return Err(ErrorCode::FENCED_INSTANCE_ID.into());
        }
        if self.joining.is_some() || !self.is_member {
            return Ok(true);
        }
        if state.must_forget {
            self.is_member = false;
            self.identity = Identity::default();
            self.dealt.clear();
        }
        Ok(state.must_rejoin || state.must_forget || self.topics_changed().await)
    }

    /// Whether a topic that it has to watch came, went or grew.
    async fn topics_changed(&mut self) -> bool {
        let now = self.client.env().clock.now();
        if now < self.looked_at + self.client.config().metadata_age_max {
            return false;
        }
        let deadline = now + self.client.config().request_timeout;
        let watched = self.watched(deadline).await;
        self.looked_at = now;
        let has_changed = watched.is_ok_and(|watched| watched != self.seen);
        if has_changed {
            // Until it has joined: what it may not hold meanwhile is given up first.
            self.pulse.tell(|state| state.must_rejoin = true);
        }
        has_changed
    }

    /// The topics that it has to watch, with how many partitions each has.
    async fn watched(&self, deadline: Instant) -> Result<BTreeMap<Text, usize>, Error> {
        let mut watched = wanted_topics(&self.client, &self.subscribed, false, deadline).await?;
        if self.leads {
            let others = self.seen.keys().filter(|name| !watched.contains_key(*name));
            let others: Vec<Text> = others.cloned().collect();
            watched.extend(others.iter().map(|name| (name.clone(), 0)));
            if !others.is_empty() {
                let others = Subscribed::Topics(others);
                watched.extend(wanted_topics(&self.client, &others, false, deadline).await?);
            }
        }
        Ok(watched)
    }

    /// Joins, or goes on with a join, until `deadline` at most.
    async fn join(&mut self, deadline: Instant) -> Result<(), Error> {
        if self.joining.is_none() {
            self.joining = Some(self.start_join());
        }
        let clock = self.client.env().clock.clone();
        // Whoever polls may give up at any moment: the join stays where the next poll finds it.
        let Some(joining) = &mut self.joining else { return Ok(()) };
        if until(&*clock, deadline, joining).await.is_none() {
            return Ok(());
        }
        let Some(joining) = self.joining.take() else { return Ok(()) };
        let joined = match only(joining.take()).unwrap_or(Err(Error::Closed)) {
            Ok(joined) => joined,
            Err(error) => {
                self.pulse.tell(|state| state.must_rejoin = true);
                return Err(error);
            }
        };
        let is_same = joined.identity.member_id == self.identity.member_id;
        let later = i64::from(joined.identity.generation) - i64::from(self.identity.generation);
        let is_revoked = self.dealt.iter().any(|one| !joined.assignment.contains(one));
        if is_revoked && self.config.is_cooperative() {
            // What is handed over cooperatively is given to its new owner in one more round.
            self.pulse.tell(|state| state.must_rejoin = true);
        }
        self.identity = joined.identity;
        let Identity { member_id, generation } = self.identity.clone();
        self.last_seat = Some(Seat { member_id, epoch: generation });
        self.dealt.clone_from(&joined.assignment);
        self.seen = joined.seen;
        self.leads = joined.leads;
        self.looked_at = clock.now();
        self.is_member = true;
        // In a generation that it has missed others may have had what it holds.
        self.is_cut_off = !is_same || !(0..=1).contains(&later);
        self.to_take = Some(joined.assignment);
        Ok(())
    }

    fn start_join(&mut self) -> Gather<Result<Joined, Error>> {
        self.may_join = false;
        self.pulse.tell(|state| state.is_over = true);
        self.pulse = Pulse::default();
        self.pulse.tell(|state| state.polled = self.client.env().clock.now());
        let joiner = Joiner {
            client: self.client.clone(),
            config: self.config.clone(),
            group: self.group.clone(),
            subscribed: self.subscribed.clone(),
            identity: self.identity.clone(),
            dealt: self.dealt.clone(),
            pulse: self.pulse.clone(),
        };
        let (slot, joining) = one();
        let task = async move { slot.fill(joiner.join().await) };
        self.client.env().tasks.spawn(Home::Here, Box::pin(task));
        joining
    }

    /// Commits offsets as this member.
    pub(in crate::consumer) fn commit(
        &self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let (client, pulse, is_member) = (self.client.clone(), self.pulse.clone(), self.is_member);
        let request = OffsetCommitRequest {
            group_id: self.group.clone(),
            generation_id_or_member_epoch: self.identity.generation,
            member_id: self.identity.member_id.clone(),
            group_instance_id: self.config.instance_id.clone(),
            topics: commits(offsets),
            ..OffsetCommitRequest::default()
        };
        async move {
            if !is_member {
                // Without a generation it would count as somebody outside, whom an empty group lets in.
                return Err(ErrorCode::UNKNOWN_MEMBER_ID.into());
            }
            let mut retry = client.retry();
            loop {
                let to = To::Coordinator(CoordinatorKind::Group, request.group_id.clone());
                // Version 10 names topics by id; commits here know names.
                let answer = client.ask_once(9, &to, &request, retry.deadline).await;
                let answer = answer.and_then(|answer| {
                    let mut told = answer.topics.iter().flat_map(|topic| &topic.partitions);
                    told.try_for_each(|one| Error::check(one.error_code, None))
                });
                let Err(error) = answer else { return Ok(()) };
                client.forget_coordinator(CoordinatorKind::Group, &request.group_id);
                if error.code() == Some(ErrorCode::REBALANCE_IN_PROGRESS) {
                    pulse.tell(|state| state.must_rejoin = true);
                }
                retry.after(error).await?;
            }
        }
    }

    /// Leaves; a static member stays, so that it may come back.
    pub(in crate::consumer) async fn leave(self) {
        self.pulse.tell(|state| state.is_over = true);
        leave(&self.client, &self.config, &self.group, &self.identity, CLOSED).await;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.pulse.tell(|state| state.is_over = true);
    }
}

/// Tells the group that a member leaves. Nobody is told of one that has no id yet, or that is static
/// and may come back; and who cannot be told finds out by the session's timeout.
pub(super) async fn leave(
    client: &Client,
    config: &ConsumerConfig,
    group: &Text,
    identity: &Identity,
    why: &str,
) {
    if identity.member_id.is_empty() || config.instance_id.is_some() {
        return;
    }
    let request = LeaveGroupRequest {
        group_id: group.clone(),
        member_id: identity.member_id.clone(),
        members: vec![MemberIdentity {
            member_id: identity.member_id.clone(),
            reason: Some(why.into()),
            ..MemberIdentity::default()
        }],
        ..LeaveGroupRequest::default()
    };
    let to = To::Coordinator(CoordinatorKind::Group, group.clone());
    let deadline = client.env().clock.now() + LEAVE_TIMEOUT;
    let _told = client.ask_once(i16::MAX, &to, &request, deadline).await;
}
