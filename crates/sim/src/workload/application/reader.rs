//! A member of a group, of the `client` crate: it is given records without gaps, commits where it
//! is, leaves or vanishes, and comes back.

use super::{Flaw, Floor, GROUP, ONCE, Shared, TOPIC};
use crate::checker::partition::Marks;
use crate::checker::{Fetched, Key, RecordId};
use crate::random::Generator;
use dohle_client::consumer::{GroupProtocol, OffsetReset, Record, Subscribed};
use dohle_client::group::Strategy;
use dohle_client::{Client, Consumer, ConsumerConfig, Error};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_protocol::ErrorCode;
use std::collections::BTreeMap;
use std::time::Duration;

/// What kind of member it is.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    strategy: Strategy,
    poll_records_max: usize,
    fetch_bytes_max: i32,
    instance: Option<String>,
    protocol: GroupProtocol,
    /// It changes its protocol when it begins anew.
    migrates: bool,
}

/// How the readers of one group get on with each other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    is_cooperative: bool,
    /// All of them speak it, or only those of whom it is drawn.
    protocols: Option<GroupProtocol>,
}

impl Manners {
    pub(super) fn any(random: &mut Generator) -> Self {
        let protocols = [Some(GroupProtocol::Classic), Some(GroupProtocol::Consumer), None];
        Self { is_cooperative: random.one_in(2), protocols: *random.pick(&protocols) }
    }
}

impl Kind {
    /// All members share one strategy.
    pub(super) fn any(number: u32, manners: Manners, random: &mut Generator) -> Self {
        let is_cooperative = manners.is_cooperative;
        let drawn = *random.pick(&[GroupProtocol::Classic, GroupProtocol::Consumer]);
        Self {
            strategy: if is_cooperative { Strategy::CooperativeSticky } else { Strategy::Range },
            protocol: manners.protocols.unwrap_or(drawn),
            migrates: manners.protocols.is_none(),
            poll_records_max: *random.pick(&[3, 50, 500]),
            fetch_bytes_max: *random.pick(&[2_000, 50_000]),
            instance: random.one_in(4).then(|| format!("reader {number}")),
        }
    }

    fn config(&self) -> ConsumerConfig {
        ConsumerConfig {
            group: Some(GROUP.into()),
            instance_id: self.instance.as_deref().map(Into::into),
            group_protocol: self.protocol,
            offset_reset: OffsetReset::Earliest,
            auto_commit: false,
            fetch_bytes_max: self.fetch_bytes_max,
            partition_bytes_max: self.fetch_bytes_max,
            fetch_wait_max: Duration::from_millis(200),
            poll_records_max: self.poll_records_max,
            poll_interval_max: Duration::from_secs(4),
            session_timeout: Duration::from_secs(3),
            heartbeat_interval: Duration::from_millis(300),
            strategies: vec![self.strategy],
            may_create_topics: false,
            ..ConsumerConfig::default()
        }
    }
}

/// Where it must begin with a partition, as far as was known when it was dealt out.
#[derive(Clone, Copy)]
struct Start {
    power: u32,
    generation: i32,
    floor: Floor,
}

struct Reader {
    kind: Kind,
    name: String,
    env: Env,
    client: Client,
    shared: Shared,
    consumer: Consumer,
    assignments: u64,
    /// Per partition the offset that comes next.
    expected: BTreeMap<i32, i64>,
    /// Of partitions that were dealt out and from which nothing has come since.
    starts: BTreeMap<i32, Start>,
    /// A commit of this generation may still be under way, sent more than once.
    is_unsure: bool,
    given: u64,
}

/// Reads until the history ends and everything was read and committed; then it closes.
pub(super) async fn run(kind: Kind, env: Env, name: String, shared: Shared) {
    let client = shared.client(&env, &name);
    let consumer = Consumer::new(client.clone(), kind.config());
    let mut reader = Reader {
        kind,
        name,
        env,
        client,
        shared,
        consumer,
        assignments: 0,
        expected: BTreeMap::new(),
        starts: BTreeMap::new(),
        is_unsure: false,
        given: 0,
    };
    reader.subscribe();
    while !reader.is_over() {
        reader.round().await;
    }
    let pending = Some("its consumer does not close".to_owned());
    reader.shared.history.set_pending(&reader.name, pending);
    reader.consumer.close().await;
    reader.shared.history.set_pending(&reader.name, None);
}

impl Reader {
    fn subscribe(&mut self) {
        self.consumer.subscribe(Subscribed::Topics(vec![TOPIC.into()]));
    }

    /// Whether nobody sends any more, and all was read and committed.
    fn is_over(&self) -> bool {
        if !self.shared.is_ending() {
            return false;
        }
        let ends = self.shared.ends();
        let reached = self.shared.progress().reached.clone();
        let behind =
            ends.iter().find(|(index, end)| reached.get(*index).copied().unwrap_or(0) < **end);
        let known = self.shared.history.known();
        let is_sent = !known.pending.keys().any(|name| name.contains(" sender "));
        drop(known);
        let what = behind.map(|(index, end)| {
            let at = reached.get(index);
            format!(
                "{TOPIC}-{index} is committed to {at:?} of {end}, here it is {:?}",
                self.expected
            )
        });
        let is_over = what.is_none() && is_sent;
        let what = what.unwrap_or_else(|| "others send".to_owned());
        self.shared.history.set_pending(&self.name, Some(what));
        is_over
    }

    async fn round(&mut self) {
        let power = self.shared.history.known().generation;
        let floor = self.shared.progress().floor.clone();
        let polled = self.consumer.poll(Duration::from_millis(100)).await;
        if self.assignments != self.consumer.assignments() {
            self.on_dealt(power, &floor);
        }
        match polled {
            Ok(records) => self.take(records),
            Err(error) => self.on_error("a poll", &error).await,
        }
        if self.shared.history.known().is_violated() {
            return sleep(&*self.env.clock, Duration::from_millis(100)).await;
        }
        let whim = if self.shared.is_ending() { u64::MAX } else { self.env.random.below(120) };
        match whim {
            0 => self.begin_anew(true).await,
            1 => self.begin_anew(false).await,
            2 => sleep(&*self.env.clock, Duration::from_secs(5)).await,
            3..60 => {}
            _ => self.commit().await,
        }
    }

    /// The group has dealt out partitions anew.
    fn on_dealt(&mut self, power: u32, floor: &BTreeMap<i32, Floor>) {
        self.assignments = self.consumer.assignments();
        self.shared.history.trace().sometimes("an application's reader was dealt partitions");
        self.is_unsure = false;
        if self.kind.protocol == GroupProtocol::Consumer {
            self.shared.history.trace().sometimes("an application's reader reconciled");
        }
        let dealt: Vec<i32> = self.consumer.assignment().map(|one| one.partition).collect();
        self.expected.retain(|index, _| dealt.contains(index));
        let generation = self.consumer.generation();
        let start = |index: i32| {
            let floor = floor.get(&index).copied().unwrap_or_default();
            Start { power, generation, floor }
        };
        self.starts = dealt.into_iter().map(|index| (index, start(index))).collect();
    }

    fn take(&mut self, mut records: Vec<Record>) {
        self.given += records.len() as u64;
        if self.given > 200 && records.len() > 2 {
            match self.shared.flaw {
                Some(Flaw::Skipped) => drop(records.remove(1)),
                Some(Flaw::Repeated) => records.push(records[0].clone()),
                Some(Flaw::Unsent | Flaw::Backwards) | None => {}
            }
        }
        let keys = self.shared.partitions();
        for record in records {
            let Some(key) = keys.iter().find(|key| key.1 == record.partition) else {
                let at = (&record.topic, record.partition);
                self.shared.violate(&self.name, format_args!("is given a record of {at:?}"));
                return;
            };
            if let Err(what) = self.on_record(*key, &record) {
                let (index, at) = (key.1, record.offset);
                self.shared.violate(&self.name, format_args!("{TOPIC}-{index} at {at}: {what}"));
                return;
            }
        }
    }

    fn on_record(&mut self, key: Key, record: &Record) -> Result<(), String> {
        let offset = record.offset;
        let deletable_to = self.shared.deletable_to(key);
        let expected = self.expected.insert(key.1, offset + 1);
        let start = self.starts.remove(&key.1);
        match (expected, start) {
            (Some(expected), _) if offset == expected => {}
            // A power loss took what lay there, and it was promised to nobody.
            (Some(expected), None) if offset == self.shared.after_holes(key, expected) => {}
            // Dealt out anew it goes on with what was committed.
            (_, Some(start)) => self.on_start(key, offset, deletable_to, start)?,
            // What lay there was deleted.
            (Some(expected), None) if expected < offset && offset <= deletable_to => {
                self.shared.history.trace().sometimes("an application's reader was out of range");
            }
            (Some(expected), None) => return Err(format!("{expected} was to come")),
            (None, None) => return Err("nobody gave it this partition".to_owned()),
        }
        let id = RecordId::parse(record.value.as_deref())?;
        let Some(asked) = self.shared.history.ask(key) else { return Ok(()) };
        let seen = Fetched {
            // It shows that readers see this far, and nothing more.
            marks: Marks {
                high_watermark: asked.marks.high_watermark.max(offset + 1),
                // Known from other answers, each by itself.
                last_stable: asked.marks.last_stable.max(asked.marks.log_start),
                ..asked.marks
            },
            position: offset,
            records: vec![(offset, id)],
            timestamps: vec![record.timestamp],
            end: offset + 1,
            now: self.shared.history.now(),
        };
        self.shared.history.look(key, |partition, counts| {
            counts.read += 1;
            partition.on_fetched(asked, &seen).map(drop)
        });
        Ok(())
    }

    /// The first record of a partition since it was dealt out.
    fn on_start(
        &self,
        key: Key,
        offset: i64,
        deletable_to: i64,
        start: Start,
    ) -> Result<(), String> {
        let progress = self.shared.progress();
        // Who has overslept a generation learns it with the next heartbeat; what others have
        // committed in it does not bind it till then.
        let is_bound = start.power == progress.power && start.floor.generation <= start.generation;
        if is_bound && offset < start.floor.offset {
            return Err(format!("{:?} was committed before", start.floor));
        }
        let wanted = progress.wanted.get(&key.1).copied().unwrap_or(0);
        drop(progress);
        if self.shared.after_holes(key, wanted).max(deletable_to) < offset {
            return Err(format!("nobody has read beyond {wanted}"));
        }
        Ok(())
    }

    async fn commit(&mut self) {
        let mut positions = self.consumer.positions();
        if positions.is_empty() {
            return;
        }
        if self.shared.flaw == Some(Flaw::Backwards) && self.given > 200 {
            positions.values_mut().for_each(|position| position.offset /= 2);
        }
        let power = {
            let mut progress = self.shared.progress();
            for (of, position) in &positions {
                let wanted = progress.wanted.entry(of.partition).or_default();
                *wanted = position.offset.max(*wanted);
            }
            progress.power
        };
        let generation = self.consumer.generation();
        let before = self.env.clock.now();
        let committed = self.consumer.commit_offsets(&positions).await;
        // What was sent twice may arrive once more, behind what is committed next.
        self.is_unsure |= ONCE <= self.env.clock.now().since(before);
        if let Err(error) = committed {
            self.is_unsure = true;
            return self.on_error("a commit", &error).await;
        }
        let mut guard = self.shared.progress();
        let progress = &mut *guard;
        if progress.power != power {
            return;
        }
        for (of, position) in positions {
            let floor = progress.floor.entry(of.partition).or_default();
            let reached = progress.reached.entry(of.partition).or_default();
            if generation < floor.generation {
                // Late news of a commit that others have gone on from; or the group was empty and
                // began again under the other protocol.
                *reached = position.offset.max(*reached);
                continue;
            }
            if position.offset < floor.offset {
                let what = format!("commits {} of {of}, {floor:?} was committed", position.offset);
                drop(guard);
                return self.shared.violate(&self.name, what);
            }
            *reached = position.offset;
            if !self.is_unsure {
                *floor = Floor { generation, offset: position.offset };
            }
        }
        drop(guard);
        self.shared.history.known().counts.commits += 1;
    }

    async fn on_error(&mut self, what: &str, error: &Error) {
        let expected = [
            ErrorCode::ILLEGAL_GENERATION,
            ErrorCode::UNKNOWN_MEMBER_ID,
            ErrorCode::STALE_MEMBER_EPOCH,
            ErrorCode::FENCED_INSTANCE_ID,
            // The consumer before it is gone, and its group does not know that yet.
            ErrorCode::UNRELEASED_INSTANCE_ID,
            ErrorCode::REBALANCE_IN_PROGRESS,
            // A power loss has taken the group.
            ErrorCode::GROUP_ID_NOT_FOUND,
            // It is not made yet.
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION,
        ];
        self.shared.judge(&self.name, what, error, &expected);
        let is_over = [
            // What is left of the consumer before this one has taken its place.
            ErrorCode::FENCED_INSTANCE_ID,
            ErrorCode::UNRELEASED_INSTANCE_ID,
        ];
        if error.code().is_some_and(|code| is_over.contains(&code)) {
            self.begin_anew(false).await;
        }
        sleep(&*self.env.clock, Duration::from_millis(100)).await;
    }

    /// Another consumer takes this one's place; the old one leaves its group, or is just gone.
    async fn begin_anew(&mut self, leaves: bool) {
        self.client = self.shared.client(&self.env, &self.name);
        if self.kind.migrates && self.env.random.below(2) == 0 {
            self.shared.history.trace().sometimes("an application's reader changed its protocol");
            self.kind.protocol = match self.kind.protocol {
                GroupProtocol::Classic => GroupProtocol::Consumer,
                GroupProtocol::Consumer => GroupProtocol::Classic,
            };
        }
        let next = Consumer::new(self.client.clone(), self.kind.config());
        let old = std::mem::replace(&mut self.consumer, next);
        if leaves {
            self.shared.history.trace().sometimes("an application's reader left");
            old.close().await;
        }
        self.assignments = 0;
        self.is_unsure = false;
        self.expected.clear();
        self.starts.clear();
        self.subscribe();
    }
}
