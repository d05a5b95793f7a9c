//! What must hold whatever clients do, whoever crashes and however late results come.
//!
//! Clients of both versions begin, add and end, with what they know or what they knew once; the
//! coordinator's process ends and reads its log again, and the results of its effects come late,
//! twice or never. Beside it runs a plain book of what was promised.

use std::collections::BTreeMap;

use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::{ProducerEpoch, ProducerId};
use dohle_protocol::messages as m;
use dohle_replication::machine::{ProducerIdAndEpoch, Token};
use proptest::prelude::*;

use super::host::Host;
use crate::transaction::metadata::TransactionMetadata;
use crate::transaction::{
    Answer, Command, Markers, Request, TopicPartition, TransactionRecord, TransactionState,
};

const IDS: [&str; 2] = ["one", "two"];

/// What happens next. Clients are numbers; client `n` uses the id `n % 2`.
#[derive(Clone, Debug)]
enum Event {
    Init {
        client: usize,
        keeps_identity: bool,
    },
    Add {
        client: usize,
        partition: i32,
    },
    Verify {
        client: usize,
        partition: i32,
    },
    End {
        client: usize,
        committed: bool,
    },
    /// The result of one of the effects comes, and again if it is to come twice.
    Written {
        which: usize,
        comes_again: bool,
    },
    Wait {
        ms: i64,
    },
    Crash,
    Features {
        transaction_version: i16,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let client = 0..4_usize;
    prop_oneof![
        3 => (client.clone(), any::<bool>())
            .prop_map(|(client, keeps_identity)| Event::Init { client, keeps_identity }),
        6 => (client.clone(), 0..3).prop_map(|(client, partition)| Event::Add { client, partition }),
        1 => (client.clone(), 0..3)
            .prop_map(|(client, partition)| Event::Verify { client, partition }),
        6 => (client, any::<bool>()).prop_map(|(client, committed)| Event::End { client, committed }),
        6 => (0..4_usize, any::<bool>())
            .prop_map(|(which, comes_again)| Event::Written { which, comes_again }),
        2 => (0..90_000_i64).prop_map(|ms| Event::Wait { ms }),
        1 => Just(Event::Crash),
        1 => (0..3_i16).prop_map(|transaction_version| Event::Features { transaction_version }),
    ]
}

/// A client: the producer that it believes to be.
#[derive(Clone, Copy, Default)]
struct Client {
    producer: Option<(i64, i16)>,
}

/// What an answer is held against.
#[derive(Clone, Copy)]
struct Asked {
    client: usize,
    producer: (i64, i16),
    /// By a client that knows of epochs of transactions.
    is_new: bool,
}

struct World {
    host: Host,
    clients: [Client; 4],
    transaction_version: i16,
    /// Who has asked, and as whom.
    asked: BTreeMap<Token, Asked>,
    /// By transactional id: the producer that was given out last.
    newest: BTreeMap<&'static str, (i64, i16)>,
    /// Results that came already and may come again.
    late: Vec<Markers>,
    checked_to: usize,
    states: BTreeMap<String, TransactionMetadata>,
    /// By producer and epoch of the markers: how the transaction ended.
    ends: BTreeMap<(i64, i16), bool>,
}

impl World {
    fn new(first_epoch: i16) -> Self {
        let mut world = Self {
            host: Host::default(),
            clients: [Client::default(); 4],
            transaction_version: 2,
            asked: BTreeMap::new(),
            newest: BTreeMap::new(),
            late: Vec::new(),
            checked_to: 0,
            states: BTreeMap::new(),
            ends: BTreeMap::new(),
        };
        if first_epoch > 0 {
            for (number, id) in IDS.iter().enumerate() {
                world.host.run(&format!("log id={id} producer={number}:{first_epoch} state=Empty"));
            }
            world.host.reload();
        }
        world.host.surround_with(2);
        world
    }

    /// Clients 0 and 1 speak the new version, if the cluster has it.
    fn is_new(&self, client: usize) -> bool {
        client < 2 && self.transaction_version >= 2
    }

    fn run(&mut self, event: &Event) {
        match *event {
            Event::Init { client, keeps_identity } => self.init(client, keeps_identity),
            Event::Add { client, partition } => self.add(client, partition, false),
            Event::Verify { client, partition } => self.add(client, partition, true),
            Event::End { client, committed } => self.end(client, committed),
            Event::Written { which, comes_again } => self.written(which, comes_again),
            Event::Wait { ms } => {
                self.host.now += ms;
                self.host.decide(Command::Wake);
                self.host.run("draw");
            }
            Event::Crash => {
                let before = std::mem::take(&mut self.host.hard);
                self.host.reload();
                self.asked.clear();
                assert_eq!(before, self.host.hard, "the log says all");
                self.host.surround_with(self.transaction_version);
            }
            Event::Features { transaction_version } => {
                self.transaction_version = transaction_version;
                self.host.surround_with(transaction_version);
            }
        }
        self.check_answers();
        self.check_log();
    }

    fn init(&mut self, client: usize, keeps_identity: bool) {
        let id = IDS[client % 2];
        let known = self.clients[client].producer.filter(|_| keeps_identity);
        let (producer_id, producer_epoch) = known.unwrap_or((-1, -1));
        let request = m::InitProducerIdRequest {
            transactional_id: Some(id.into()),
            transaction_timeout_ms: 60_000,
            producer_id,
            producer_epoch,
            ..Default::default()
        };
        let token = self.host.ask(6, &Request::InitProducerId(request));
        let producer = (producer_id, producer_epoch);
        self.asked.insert(token, Asked { client, producer, is_new: true });
    }

    fn add(&mut self, client: usize, partition: i32, verify_only: bool) {
        let id = IDS[client % 2];
        let Some((producer_id, epoch)) = self.clients[client].producer else { return };
        let request = Request::AddPartitions {
            transactional_id: id.into(),
            producer: ProducerIdAndEpoch {
                id: ProducerId(producer_id),
                epoch: ProducerEpoch(epoch),
            },
            partitions: vec![TopicPartition { topic: "topic".into(), partition }],
            verify_only,
        };
        let version = if self.is_new(client) { 5 } else { 3 };
        let token = self.host.ask(version, &request);
        let producer = (producer_id, epoch);
        self.asked.insert(token, Asked { client, producer, is_new: version == 5 });
    }

    fn end(&mut self, client: usize, committed: bool) {
        let id = IDS[client % 2];
        let Some((producer_id, producer_epoch)) = self.clients[client].producer else { return };
        let request = m::EndTxnRequest {
            transactional_id: id.into(),
            producer_id,
            producer_epoch,
            committed,
            ..Default::default()
        };
        let is_new = self.is_new(client);
        let token = self.host.ask(if is_new { 5 } else { 4 }, &Request::EndTxn(request));
        let producer = (producer_id, producer_epoch);
        self.asked.insert(token, Asked { client, producer, is_new });
    }

    fn check_answers(&mut self) {
        for (token, answer) in std::mem::take(&mut self.host.answered) {
            let asked = self.asked.remove(&token).expect("nobody is answered twice");
            let id = IDS[asked.client % 2];
            match answer {
                Answer::InitProducerId(answer) => {
                    let given = (answer.producer_id, answer.producer_epoch);
                    if let Some(before) = self.newest.insert(id, given) {
                        let is_repeated = asked.producer.0 != -1 && before == given;
                        let grows = before.0 != given.0 || before.1 < given.1;
                        assert!(grows || is_repeated, "{before:?} comes before {given:?}");
                    }
                    self.clients[asked.client].producer = Some(given);
                }
                Answer::AddPartitions(errors) if errors == [ErrorCode::NONE] => {
                    assert_eq!(self.newest[id], asked.producer, "a zombie takes part");
                }
                Answer::EndTxn(answer) => {
                    let given = (answer.producer_id, answer.producer_epoch);
                    let is_again = asked.is_new && self.newest[id] == given;
                    let is_newest = self.newest[id] == asked.producer;
                    assert!(is_newest || is_again, "a zombie ends it");
                    if asked.is_new {
                        // To who ends again the same is given again. Who was fenced by an abort
                        // may ask for one as well, and is then the newest until who fenced it
                        // comes back: so it is in Kafka.
                        self.newest.insert(id, given);
                        // Sometimes the answer is lost, and the client asks again as who it was.
                        if asked.producer.1 % 3 != 0 {
                            self.clients[asked.client].producer = Some(given);
                        }
                    }
                }
                // Who has waited may find that it needs a producer id by now: it asks again.
                Answer::AddPartitions(_) | Answer::Refused(_) | Answer::NeedsProducerId => {}
                Answer::Describe(_) | Answer::List(_) => panic!("{answer:?}"),
            }
        }
    }

    fn written(&mut self, which: usize, comes_again: bool) {
        let pending = &mut self.host.markers;
        let markers = if pending.is_empty() {
            let Some(markers) = self.late.pop() else { return };
            markers
        } else {
            let markers = pending.remove(which % pending.len());
            if comes_again {
                self.late.push(markers.clone());
            }
            markers
        };
        self.host.decide(Command::MarkersWritten(Box::new(markers)));
    }

    /// Each new record is a step of the table, and no transaction ends both ways.
    fn check_log(&mut self) {
        for TransactionRecord { key, value, .. } in &self.host.log[self.checked_to..] {
            let id = key.transactional_id.to_string();
            let Some(value) = value else {
                let gone = self.states.remove(&id).expect("it was there");
                assert!(gone.state.is_idle(), "{id} is forgotten as {gone:?}");
                continue;
            };
            let next = TransactionMetadata::from_record(value).expect("a known state");
            if let Some(before) = self.states.get(&id) {
                assert!(before.state.may_become(next.state), "{before:?} becomes {next:?}");
                let is_same = before.producer_id == next.producer_id;
                assert!(!is_same || before.epoch <= next.epoch, "{before:?} before {next:?}");
                assert!(is_same || next.epoch == 0, "{before:?} before {next:?}");
            }
            self.states.insert(id, next);
        }
        self.checked_to = self.host.log.len();
        for markers in &self.host.markers {
            // Without an epoch for each transaction the next one may end otherwise.
            if markers.transaction_version >= 2 {
                let producer = (markers.producer.id.0, markers.producer.epoch.0);
                let known = *self.ends.entry(producer).or_insert(markers.committed);
                assert_eq!(known, markers.committed, "{producer:?} ends both ways");
            }
        }
    }

    /// Faults stop: what is begun comes to its end.
    fn heal(&mut self) {
        for _ in 0..3 {
            self.host.now += 1_000_000;
            self.host.decide(Command::Wake);
            self.host.run("draw");
            self.host.run("markers");
            self.asked.clear();
            self.check_log();
        }
        for (id, metadata) in &self.states {
            assert!(metadata.state.is_idle(), "{id} is left as {metadata:?}");
            assert!(metadata.partitions.is_empty());
        }
        assert_eq!(self.states.len(), self.host.hard.by_id.len());
        self.host.now += 700_000_000;
        self.host.decide(Command::Wake);
        assert!(self.host.hard.by_id.is_empty(), "ids of long ago are forgotten");
        let steps = super::steps();
        let unlisted: Vec<_> = self.host.steps.difference(&steps).collect();
        assert!(unlisted.is_empty(), "the table lacks {unlisted:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_transaction_ends_both_ways_and_each_ends(
        near_exhaustion in any::<bool>(),
        events in proptest::collection::vec(event(), 1..80),
    ) {
        let mut world = World::new(if near_exhaustion { i16::MAX - 6 } else { 0 });
        for event in &events {
            world.run(event);
        }
        world.heal();
    }
}

#[test]
fn the_table_of_states_is_kafkas() {
    use TransactionState as S;
    let previous =
        |next: S| -> Vec<S> { S::ALL.into_iter().filter(|state| state.may_become(next)).collect() };
    assert_eq!(previous(S::Empty), [S::Empty, S::CompleteCommit, S::CompleteAbort]);
    assert_eq!(previous(S::Ongoing), [S::Empty, S::Ongoing, S::CompleteCommit, S::CompleteAbort]);
    assert_eq!(previous(S::PrepareCommit), [S::Ongoing]);
    let before_abort = [S::Empty, S::Ongoing, S::CompleteCommit, S::CompleteAbort];
    assert_eq!(previous(S::PrepareAbort), before_abort);
    assert_eq!(previous(S::CompleteCommit), [S::PrepareCommit]);
    assert_eq!(previous(S::CompleteAbort), [S::PrepareAbort]);
    for state in S::ALL {
        assert_eq!(S::from_number(state.number()), Some(state));
        assert_eq!(S::from_name(state.name()), Some(state));
    }
    assert_eq!(S::from_number(8), None);
}
