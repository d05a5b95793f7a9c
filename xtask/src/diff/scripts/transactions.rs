//! Transactions: their producers, what takes part, how they end, and what is told of them.

pub(super) mod offsets;
pub(super) mod records;

use std::time::Duration;

use dohle_protocol::messages as m;
use dohle_protocol::messages::add_partitions_to_txn_request::{
    AddPartitionsToTxnTopic, AddPartitionsToTxnTransaction,
};
use dohle_protocol::wire::Text;

use super::groups::await_coordinator;
use crate::diff::world::World;

/// A producer of transactions, as its coordinator knows it.
#[derive(Clone)]
pub(super) struct Producer {
    name: Text,
    id: i64,
    epoch: i16,
}

impl Producer {
    /// One in whom something is wrong.
    fn but(&self, change: Change) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        changed
    }
}

/// What is made wrong in a good one.
type Change = fn(&mut Producer);
/// Partitions by topic.
type Partitions<'a> = &'a [(&'a str, &'a [i32])];

/// What may be wrong in a producer, for any request that names one.
const WRONG: [(&str, Change); 6] = [
    ("no transactional id", |it| it.name = "".into()),
    ("unheard transactional id", |it| it.name = "unheard".into()),
    ("another producer id", |it| it.id += 100_000),
    ("negative producer id", |it| it.id = -1),
    ("stale epoch", |it| it.epoch -= 1),
    ("epoch of the future", |it| it.epoch += 1),
];

fn initiating(name: &str) -> m::InitProducerIdRequest {
    m::InitProducerIdRequest {
        transactional_id: Some(name.into()),
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
        ..Default::default()
    }
}

/// A producer with its second epoch, so that there is a stale one.
pub(super) fn begun(world: &mut World, name: &str) -> Producer {
    let find = m::FindCoordinatorRequest { key: name.into(), key_type: 1, ..Default::default() };
    let mut times = 0;
    for _ in 0..300 {
        let found = world.prepare(2, &find).is_some_and(|answer| answer.error_code.0 == 0);
        let answer = found.then(|| world.prepare(2, &initiating(name))).flatten();
        if let Some(answer) = answer.filter(|answer| answer.error_code.0 == 0) {
            times += 1;
            if times == 2 {
                let (id, epoch) = (answer.producer_id, answer.producer_epoch);
                return Producer { name: name.into(), id, epoch };
            }
            continue;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Producer { name: name.into(), id: -1, epoch: -1 }
}

fn taking_part(topic: &str, partitions: &[i32]) -> AddPartitionsToTxnTopic {
    let partitions = partitions.to_vec();
    AddPartitionsToTxnTopic { name: topic.into(), partitions, ..Default::default() }
}

fn adding(by: &Producer, topics: Partitions<'_>) -> m::AddPartitionsToTxnRequest {
    let topics: Vec<_> = topics.iter().map(|(topic, all)| taking_part(topic, all)).collect();
    let transaction = AddPartitionsToTxnTransaction {
        transactional_id: by.name.clone(),
        producer_id: by.id,
        producer_epoch: by.epoch,
        topics: topics.clone(),
        ..Default::default()
    };
    m::AddPartitionsToTxnRequest {
        transactions: vec![transaction],
        v3_and_below_transactional_id: by.name.clone(),
        v3_and_below_producer_id: by.id,
        v3_and_below_producer_epoch: by.epoch,
        v3_and_below_topics: topics,
        ..Default::default()
    }
}

fn adding_offsets(by: &Producer, group: &str) -> m::AddOffsetsToTxnRequest {
    m::AddOffsetsToTxnRequest {
        transactional_id: by.name.clone(),
        producer_id: by.id,
        producer_epoch: by.epoch,
        group_id: group.into(),
        ..Default::default()
    }
}

fn ending(by: &Producer, committed: bool) -> m::EndTxnRequest {
    m::EndTxnRequest {
        transactional_id: by.name.clone(),
        producer_id: by.id,
        producer_epoch: by.epoch,
        committed,
        ..Default::default()
    }
}

fn describing(names: &[&str]) -> m::DescribeTransactionsRequest {
    let transactional_ids = names.iter().map(|name| Text::from(*name)).collect();
    m::DescribeTransactionsRequest { transactional_ids, ..Default::default() }
}

/// Waits until nothing of the transaction is under way any more.
fn settled(world: &mut World, by: &Producer) {
    for _ in 0..100 {
        let answer = world.prepare(0, &describing(&[&by.name]));
        let state =
            answer.and_then(|it| Some(it.transaction_states.first()?.transaction_state.clone()));
        if state.is_some_and(|state| !state.starts_with("Prepare")) {
            return;
        }
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Ends the transaction as a client of before KIP-890 does, and waits for that end.
fn ended(world: &mut World, by: &Producer, committed: bool) {
    world.prepare(3, &ending(by, committed));
    settled(world, by);
}

pub(super) fn init(world: &mut World) {
    world.topic("tx", 3, &[]);
    begun(world, "init");
    for version in world.versions::<m::InitProducerIdRequest>() {
        let name = format!("init-{version}");
        let mut asked = initiating("");
        world.note("empty id", version, &asked);
        asked.transactional_id = None;
        world.note("idempotent only", version, &asked);
        asked.transaction_timeout_ms = 0;
        world.note("idempotent only, no time", version, &asked);
        for timeout in [0, -1, 900_001, i32::MAX] {
            let mut asked = initiating(&name);
            asked.transaction_timeout_ms = timeout;
            world.note(&format!("timeout {timeout}"), version, &asked);
        }
        let mut by = begun(world, &name);
        if let Some(answer) = world.ask("again", version, &initiating(&name)) {
            (by.id, by.epoch) = (answer.producer_id, answer.producer_epoch);
        }
        if version >= 3 {
            for (what, id, epoch) in [
                ("its own", by.id, by.epoch),
                ("its own, a second time", by.id, by.epoch),
                ("stale", by.id, by.epoch - 1),
                ("of the future", by.id, by.epoch + 9),
                ("another's", by.id + 100_000, by.epoch),
                ("id without epoch", by.id, -1),
                ("epoch without id", -1, by.epoch),
            ] {
                let mut asked = initiating(&name);
                (asked.producer_id, asked.producer_epoch) = (id, epoch);
                world.note(what, version, &asked);
                asked.transactional_id = Some(format!("{name}-unheard-{epoch}").into());
                world.note(&format!("{what}, unheard"), version, &asked);
                asked.transactional_id = None;
                world.note(&format!("{what}, idempotent only"), version, &asked);
            }
        }
        by = begun(world, &name);
        world.prepare(3, &adding(&by, &[("tx", &[0])]));
        world.note("while one is open", version, &initiating(&name));
        settled(world, &by);
        begun(world, &name);
        if version >= 6 {
            for (enable_2_pc, keep_prepared_txn) in [(true, false), (false, true), (true, true)] {
                let mut asked = initiating(&format!("{name}-two-phases"));
                (asked.enable2_pc, asked.keep_prepared_txn) = (enable_2_pc, keep_prepared_txn);
                let what = format!("two phases {enable_2_pc}, kept {keep_prepared_txn}");
                world.note(&what, version, &asked);
            }
        }
    }
}

pub(super) fn add(world: &mut World) {
    world.topic("tx", 3, &[]);
    for version in world.versions::<m::AddPartitionsToTxnRequest>() {
        let by = begun(world, &format!("add-{version}"));
        for (what, change) in WRONG {
            world.note(what, version, &adding(&by.but(change), &[("tx", &[0])]));
        }
        let cases: [(&str, Partitions<'_>); 5] = [
            ("unknown partition beside a good one", &[("tx", &[0, 9])]),
            ("unknown topic beside a good one", &[("tx-none", &[0]), ("tx", &[1])]),
            ("nothing", &[]),
            ("good", &[("tx", &[0, 1])]),
            ("good again, and more", &[("tx", &[0, 2])]),
        ];
        for (what, topics) in cases {
            world.note(what, version, &adding(&by, topics));
        }
        world.note("an internal topic", version, &adding(&by, &[("__transaction_state", &[0])]));
        if version >= 4 {
            let other = begun(world, &format!("add-{version}-other"));
            let fresh = begun(world, &format!("add-{version}-fresh"));
            let stale = other.but(|it| it.epoch -= 1);
            for verify_only in [false, true] {
                let mut asked = adding(&by, &[("tx", &[0])]);
                asked.transactions.extend(adding(&other, &[("tx", &[1])]).transactions);
                asked.transactions.extend(adding(&fresh, &[("tx", &[1])]).transactions);
                asked.transactions.truncate(if verify_only { 3 } else { 2 });
                let bad = adding(&stale, &[("tx", &[0, 1])]).transactions;
                for each in &mut asked.transactions {
                    each.verify_only = verify_only;
                }
                let kind = if verify_only { "verified" } else { "added" };
                world.note(&format!("several {kind}"), version, &asked);
                asked.transactions.truncate(1);
                asked.transactions.extend(bad);
                asked.transactions[0].topics.push(taking_part("tx-none", &[3]));
                world.note(&format!("good and bad {kind}"), version, &asked);
            }
            for (what, change) in WRONG {
                let mut asked = adding(&by.but(change), &[("tx", &[0, 9])]);
                asked.transactions[0].verify_only = true;
                world.note(&format!("verified, {what}"), version, &asked);
            }
            world.note("no transactions", version, &m::AddPartitionsToTxnRequest::default());
            ended(world, &other, true);
        }
        ended(world, &by, true);
        world.note("the next one", version, &adding(&by, &[("tx", &[0])]));
        ended(world, &by, false);
    }
    await_coordinator(world, "txg");
    for version in world.versions::<m::AddOffsetsToTxnRequest>() {
        let by = begun(world, &format!("addo-{version}"));
        for (what, change) in WRONG {
            world.note(what, version, &adding_offsets(&by.but(change), "txg"));
        }
        world.note("no group", version, &adding_offsets(&by, ""));
        world.note("good", version, &adding_offsets(&by, "txg"));
        world.note("good again", version, &adding_offsets(&by, "txg"));
        ended(world, &by, true);
    }
}

pub(super) fn end(world: &mut World) {
    world.topic("tx", 3, &[]);
    for version in world.versions::<m::EndTxnRequest>() {
        for committed in [true, false] {
            let mut by = begun(world, &format!("end-{version}-{committed}"));
            let how = if committed { "commit" } else { "abort" };
            world.note(&format!("{how} of none"), version, &ending(&by, committed));
            settled(world, &by);
            by = begun(world, &by.name);
            world.prepare(3, &adding(&by, &[("tx", &[0])]));
            for (what, change) in WRONG {
                world.note(&format!("{how}, {what}"), version, &ending(&by.but(change), committed));
            }
            for what in ["good", "again", "once more"] {
                world.note(&format!("{how}, {what}"), version, &ending(&by, committed));
                settled(world, &by);
            }
            world.note(&format!("the other way, {how}"), version, &ending(&by, !committed));
            settled(world, &by);
            let next = by.but(|it| it.epoch += 1);
            world.note(&format!("{how} with the next epoch"), version, &ending(&next, committed));
            settled(world, &by);
            let last = by.but(|it| it.epoch += 2);
            world.note(&format!("{how} two epochs on"), version, &ending(&last, committed));
            settled(world, &by);
            world.note(&format!("{how} by v{version}"), 0, &describing(&[&by.name]));
        }
    }
}

pub(super) fn list(world: &mut World) {
    world.topic("tx", 3, &[]);
    let open = begun(world, "listed-open");
    world.topic("ty", 3, &[]);
    world.prepare(3, &adding(&open, &[("tx", &[0]), ("ty", &[2])]));
    let done = begun(world, "listed-done");
    world.prepare(3, &adding(&done, &[("tx", &[0])]));
    ended(world, &done, true);
    let aborted = begun(world, "listed-aborted");
    world.prepare(3, &adding(&aborted, &[("tx", &[0])]));
    ended(world, &aborted, false);
    begun(world, "listed-empty");
    for version in world.versions::<m::DescribeTransactionsRequest>() {
        let names = ["listed-open", "listed-done", "listed-aborted", "listed-empty", "unheard", ""];
        for name in names {
            world.note(name, version, &describing(&[name]));
        }
        world.note("several", version, &describing(&names));
        world.note("none", version, &describing(&[]));
    }
    for version in world.versions::<m::ListTransactionsRequest>() {
        let asked = m::ListTransactionsRequest::default();
        world.note("all", version, &asked);
        for states in [
            &["Ongoing"][..],
            &["ongoing"],
            &["Empty", "CompleteCommit"],
            &["CompleteAbort", "unheard"],
            &["unheard", "more"],
            &["Dead", "PrepareEpochFence", "PrepareCommit"],
            &[""],
        ] {
            let mut asked = asked.clone();
            asked.state_filters = states.iter().map(|state| Text::from(*state)).collect();
            world.note(&format!("states {states:?}"), version, &asked);
        }
        for (what, id) in [("of the open one", open.id), ("unknown", 1 << 40), ("negative", -1)] {
            let mut asked = asked.clone();
            asked.producer_id_filters = vec![id];
            world.note(&format!("producer {what}"), version, &asked);
        }
        for duration in [-1, 0, 3_600_000, i64::MAX, i64::MIN] {
            let mut asked = asked.clone();
            asked.duration_filter = duration;
            world.note(&format!("duration {duration}"), version, &asked);
        }
        for pattern in [
            "listed-.*",
            "listed",
            ".*open",
            "",
            "a)|(b",
            "[",
            "\\Qlisted-open\\E",
            "(?=l)listed-open",
            "listed-open|listed-done",
            "(?i)LISTED-OPEN",
            "*",
        ] {
            let mut asked = asked.clone();
            asked.transactional_id_pattern = Some(pattern.into());
            world.note(&format!("pattern {pattern:?}"), version, &asked);
        }
    }
    ended(world, &open, false);
}
