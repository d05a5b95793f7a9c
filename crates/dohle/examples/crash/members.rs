//! SIGKILL under a member of a group and under transactions.
//!
//! The member reads a topic that a producer writes, and commits; what it was told is committed is
//! never behind after a kill. Transactions write their name to two partitions and are committed or
//! aborted in turn; in the end each is in both or in none, those whose commit was acknowledged in
//! both, those whose abort was in none.

use crate::clients::{Clients, Progress};
use crate::scenario::{Dice, Ground, want};
use crate::server::Server;
use crate::wire::{Failure, Wire};
use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{
    EndTxnRequest, FindCoordinatorRequest, InitProducerIdRequest, ProduceRequest,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Where transactions write.
pub(crate) const LEDGER: &str = "ledger";
const TRANSACTIONAL_ID: &str = "accountant";

/// What is known of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Committed,
    Aborted,
    /// Its end was asked for, and no answer came.
    Unknown,
}

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let mut dice = Dice::new(ground.seed ^ 2);
    let mut server = Server::new(&ground.binary, &ground.folder.join("data"))?
        .with("group.initial.rebalance.delay.ms=0");
    server.start()?;
    let address = server.address();
    let clients = Clients::new(&address)?;
    let load = clients.produce();
    let member = clients.follow();
    let is_over = Arc::new(AtomicBool::new(false));
    let accountant = {
        let (address, is_over) = (address.clone(), is_over.clone());
        std::thread::spawn(move || account(&address, &is_over))
    };
    let cycles = ground.cycles.div_ceil(3);
    let mut kept: Option<Progress> = None;
    for _ in 0..cycles {
        std::thread::sleep(Duration::from_millis(600 + dice.below(1_800)));
        server.kill()?;
        let before = member.committed();
        server.start()?;
        let after = clients.committed()?;
        let behind =
            before.iter().filter(|(of, offset)| after.get(of).is_none_or(|it| it < offset));
        let behind: Vec<_> = behind.map(|(of, offset)| format!("{of:?}: {offset}")).collect();
        want(behind.is_empty(), format!("committed offsets are lost: {behind:?}; {after:?}"))?;
        kept = Some(after);
    }
    is_over.store(true, Ordering::Relaxed);
    let fates = accountant.join().map_err(|_| "the accountant has ended")?;
    let sent = load.finish();
    let commits = member.finish();
    let total: i64 = kept.unwrap_or_default().values().sum();
    println!(
        "   {cycles} kills; {} records acknowledged, {commits} commits of the group, offsets up to {total} \
         kept, none lost",
        sent.acknowledged.len()
    );
    want(commits != 0 && total != 0, "the group has committed nothing: this has shown nothing")?;
    judge(&clients, &fates)
}

/// Reads what is committed and holds it against what is known.
fn judge(clients: &Clients, fates: &BTreeMap<u64, Fate>) -> Result<(), String> {
    let read = clients.read_committed(LEDGER, 2)?;
    let mut wrong = Vec::new();
    let count = |fate: Fate| fates.values().filter(|it| **it == fate).count();
    for (number, fate) in fates {
        let places = read.get(number).cloned().unwrap_or_default();
        let is_fine = match fate {
            Fate::Committed => places == [0, 1],
            Fate::Aborted => places.is_empty(),
            Fate::Unknown => places.is_empty() || places == [0, 1],
        };
        if !is_fine {
            wrong.push(format!("{number} {fate:?}: {places:?}"));
        }
    }
    println!(
        "   {} transactions committed, {} aborted, {} whose end nobody knows: {} not as they should be",
        count(Fate::Committed),
        count(Fate::Aborted),
        count(Fate::Unknown),
        wrong.len()
    );
    want(count(Fate::Committed) != 0, "no transaction was committed")?;
    want(wrong.is_empty(), wrong.join("; "))
}

/// Transactions one after the other, over all kills.
fn account(address: &str, is_over: &AtomicBool) -> BTreeMap<u64, Fate> {
    let mut fates = BTreeMap::new();
    let mut number = 0;
    while !is_over.load(Ordering::Relaxed) {
        if introduce(address).and_then(|it| transact(it, is_over, &mut number, &mut fates)).is_err()
        {
            std::thread::sleep(Duration::from_millis(30));
        }
    }
    // One more introduction ends what is open.
    for _ in 0..200 {
        if introduce(address).is_ok() {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    fates
}

/// A producer that is known to the coordinator.
struct Introduced {
    wire: Wire,
    id: i64,
    epoch: i16,
    sequences: [i32; 2],
}

fn introduce(address: &str) -> Result<Introduced, Failure> {
    let mut wire = Wire::dial(address)?;
    match wire.create(LEDGER, 2, &[]) {
        Ok(()) | Err(Failure::Refused(ErrorCode::TOPIC_ALREADY_EXISTS)) => {}
        Err(failure) => return Err(failure),
    }
    let request = FindCoordinatorRequest {
        key: TRANSACTIONAL_ID.into(),
        key_type: 1,
        ..FindCoordinatorRequest::default()
    };
    wire.ask(3, &request)?;
    let request = InitProducerIdRequest {
        transactional_id: Some(TRANSACTIONAL_ID.into()),
        transaction_timeout_ms: 60_000,
        producer_id: -1,
        producer_epoch: -1,
        ..InitProducerIdRequest::default()
    };
    let answer = wire.ask(5, &request)?;
    match answer.error_code {
        ErrorCode::NONE => {}
        code => return Err(Failure::Refused(code)),
    }
    let (id, epoch) = (answer.producer_id, answer.producer_epoch);
    Ok(Introduced { wire, id, epoch, sequences: [0; 2] })
}

fn transact(
    mut it: Introduced,
    is_over: &AtomicBool,
    number: &mut u64,
    fates: &mut BTreeMap<u64, Fate>,
) -> Result<(), Failure> {
    while !is_over.load(Ordering::Relaxed) {
        let name = *number;
        *number += 1;
        // Until its end is asked for, nothing can commit it.
        fates.insert(name, Fate::Aborted);
        for partition in 0..2 {
            it.write(name, partition)?;
        }
        let committed = name % 3 != 2;
        if committed {
            fates.insert(name, Fate::Unknown);
        }
        it.end(committed)?;
        if committed {
            fates.insert(name, Fate::Committed);
        }
    }
    Ok(())
}

impl Introduced {
    fn write(&mut self, name: u64, partition: i32) -> Result<(), Failure> {
        let sequence = &mut self.sequences[usize::from(partition == 1)];
        let builder = BatchBuilder::new(0).producer(self.id, self.epoch, *sequence);
        let value = name.to_string();
        let record = NewRecord {
            timestamp: crate::writer::now_ms(),
            value: Some(value.as_bytes()),
            ..NewRecord::default()
        };
        let mut builder = builder.transactional();
        let failed = |error| Failure::Broken(format!("{error:?}"));
        builder.append(&record).map_err(failed)?;
        let batch: Bytes = builder.build().map_err(failed)?;
        let data = PartitionProduceData {
            index: partition,
            records: Some(Records::Bytes(batch)),
            ..PartitionProduceData::default()
        };
        let topic = TopicProduceData {
            name: LEDGER.into(),
            partition_data: vec![data].into(),
            ..TopicProduceData::default()
        };
        let request = ProduceRequest {
            transactional_id: Some(TRANSACTIONAL_ID.into()),
            acks: -1,
            timeout_ms: 10_000,
            topic_data: vec![topic].into(),
            ..ProduceRequest::default()
        };
        // The transaction before may still be ending.
        for _ in 0..200 {
            let answer = self.wire.ask(12, &request)?;
            let row = answer.responses.first().and_then(|it| it.partition_responses.first());
            match row.map(|row| row.error_code) {
                Some(ErrorCode::NONE) => {
                    *sequence += 1;
                    return Ok(());
                }
                Some(
                    ErrorCode::CONCURRENT_TRANSACTIONS | ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
                ) => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                code => {
                    return Err(Failure::Refused(code.unwrap_or(ErrorCode::UNKNOWN_SERVER_ERROR)));
                }
            }
        }
        Err(Failure::Refused(ErrorCode::CONCURRENT_TRANSACTIONS))
    }

    fn end(&mut self, committed: bool) -> Result<(), Failure> {
        let request = EndTxnRequest {
            transactional_id: TRANSACTIONAL_ID.into(),
            producer_id: self.id,
            producer_epoch: self.epoch,
            committed,
            ..EndTxnRequest::default()
        };
        let answer = self.wire.ask(5, &request)?;
        match answer.error_code {
            ErrorCode::NONE => {
                if (self.id, self.epoch) != (answer.producer_id, answer.producer_epoch) {
                    self.sequences = [0; 2];
                }
                (self.id, self.epoch) = (answer.producer_id, answer.producer_epoch);
                Ok(())
            }
            code => Err(Failure::Refused(code)),
        }
    }
}
