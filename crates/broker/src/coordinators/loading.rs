//! Loading a coordinator's machine from its log.
//!
//! The log is read and applied on the directory's lane; meanwhile the partition answers
//! `COORDINATOR_LOAD_IN_PROGRESS`. What was appended meanwhile (a transaction's end, for instance)
//! is read too: the machine moves in when it is level with the log's end. Where the log cannot be
//! read there is no machine until the next leadership, and the partition answers `NOT_COORDINATOR`.

use super::{Served, Surrounded};
use crate::node::Node;
use crate::partition::carrier::Carrier;
use crate::partition::command::Command;
use crate::partition::{Effect, Partition, ask};
use bytes::Bytes;
use dohle_coordinator::Coordinated;
use dohle_coordinator::group::GroupCoordinator;
use dohle_coordinator::transaction::TransactionCoordinator;
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_protocol::ids::{Offset, ProducerEpoch, ProducerId, Timestamp};
use dohle_protocol::record::Batch;
use dohle_protocol::record::check::UNPACKED_BYTES_MAX;
use dohle_protocol::record::control::ControlRecordType;
use dohle_replication::machine::{Entry, ProducerIdAndEpoch};
use dohle_storage::{LogReader, is_given_up};
use std::io;
use std::sync::Arc;

/// Begins to load the machine of a partition that this node leads now, if the topic has machines.
pub(crate) fn load(node: &Arc<Node>, topic: &str, partition: &Arc<Strand<Partition>>, epoch: i32) {
    let (node, partition) = (node.clone(), partition.clone());
    let tasks = node.env.tasks.clone();
    match topic {
        GroupCoordinator::TOPIC => {
            let task = run::<GroupCoordinator>(node, partition, epoch);
            tasks.spawn(Home::LeastLoaded, Box::pin(task));
        }
        TransactionCoordinator::TOPIC => {
            let task = run::<TransactionCoordinator>(node, partition, epoch);
            tasks.spawn(Home::LeastLoaded, Box::pin(task));
        }
        _ => {}
    }
}

/// A machine's state, and how far it has come.
pub(crate) struct Loaded<M: Served> {
    pub(crate) hard: M::Hard,
    next_offset: i64,
}

impl<M: Served> Default for Loaded<M> {
    fn default() -> Self {
        Self { hard: M::Hard::default(), next_offset: 0 }
    }
}

async fn run<M: Served>(node: Arc<Node>, partition: Arc<Strand<Partition>>, epoch: i32) {
    let began = node.env.clock.now();
    let claimed = ask(&partition, move |partition, _| partition.claim_load(epoch));
    if claimed.await != Some(true) {
        return;
    }
    let mut loaded = Loaded::<M>::default();
    loop {
        let snapshot = ask(&partition, move |partition, _| {
            let log = partition.log().ok().filter(|_| partition.leader_epoch == epoch)?;
            let name = format!("{}-{}", partition.topic, partition.index);
            Some((log.reader(), partition.directory.clone(), name))
        });
        let Some((reader, directory, name)) = snapshot.await.flatten() else { return };
        let read = directory.on_lane(move || read_on(loaded, &reader)).await;
        loaded = match read {
            Some(Ok(loaded)) => loaded,
            // The log was compacted meanwhile: from the start, with the segments that it has now.
            Some(Err(error)) if is_given_up(&error) => Loaded::default(),
            Some(Err(error)) => {
                let folder = directory.log_dir.path().join(&name);
                tracing::error!(
                    partition = name,
                    "the coordinator's log cannot be read, so this node does not coordinate what it \
                    holds: {error}; mend or restore {}, then start the node again",
                    folder.display()
                );
                partition.submit(Command::Decide(Box::new(move |partition, _| {
                    partition.fail_load(epoch);
                })));
                return;
            }
            None => return,
        };
        let took = node.env.clock.now().since(began);
        let for_node = node.clone();
        let installed = ask(&partition, move |partition, effects| {
            install(&for_node, partition, effects, epoch, loaded)
        });
        match installed.await {
            Some(Installed::Done) => {
                // What it decided when it moved in is written by the next turn: this one.
                partition.submit(Command::Decide(Box::new(|_, _| {})));
                node.metrics.on_loaded(M::TOPIC, took);
                tracing::debug!(partition = name, ?took, "the coordinator is loaded");
                return;
            }
            Some(Installed::Behind(behind)) => loaded = *behind,
            Some(Installed::Late) | None => return,
        }
    }
}

/// What became of a state that wanted to move in.
enum Installed<M: Served> {
    Done,
    /// The log has grown meanwhile.
    Behind(Box<Loaded<M>>),
    /// The partition has gone, or its leadership has.
    Late,
}

fn install<M: Served>(
    node: &Arc<Node>,
    partition: &mut Partition,
    effects: &mut Vec<Effect>,
    epoch: i32,
    loaded: Loaded<M>,
) -> Installed<M> {
    let next_offset = partition.log().map(dohle_storage::Log::next_offset);
    match next_offset {
        Ok(_) if partition.leader_epoch != epoch => Installed::Late,
        Ok(end) if loaded.next_offset < end => Installed::Behind(Box::new(loaded)),
        Ok(_) => {
            let surrounded = Surrounded::of::<M>(node, &node.view(), &[]);
            let node = Arc::downgrade(node);
            let elect = |partition: &mut Partition| {
                Carrier::<M>::elected(loaded.hard, node, surrounded, partition)
            };
            partition.carry(elect, effects);
            Installed::Done
        }
        Err(_) => Installed::Late,
    }
}

/// Applies what lies behind the state.
pub(crate) fn read_on<M: Served>(
    mut loaded: Loaded<M>,
    reader: &LogReader,
) -> io::Result<Loaded<M>> {
    let mut unpacked = Vec::new();
    let from = loaded.next_offset.max(reader.start_offset());
    reader.batches(from, reader.end_offset(), |bytes| {
        apply::<M>(&mut loaded, &bytes, &mut unpacked)?;
        Ok(true)
    })?;
    loaded.next_offset = reader.end_offset();
    Ok(loaded)
}

fn apply<M: Served>(
    loaded: &mut Loaded<M>,
    bytes: &Bytes,
    unpacked: &mut Vec<u8>,
) -> io::Result<()> {
    let invalid = |error: &dyn std::fmt::Display| {
        io::Error::new(io::ErrorKind::InvalidData, error.to_string())
    };
    let batch = Batch::parse(bytes).map_err(|error| invalid(&error))?;
    let attributes = batch.header.attributes;
    let producer = ProducerIdAndEpoch {
        id: ProducerId(batch.header.producer_id),
        epoch: ProducerEpoch(batch.header.producer_epoch),
    };
    let timestamp = Timestamp(batch.header.max_timestamp);
    let records = batch.records(unpacked, UNPACKED_BYTES_MAX).map_err(|error| invalid(&error))?;
    for record in records {
        let record = record.map_err(|error| invalid(&error))?;
        let at = Offset(record.offset);
        if at.0 < loaded.next_offset {
            continue;
        }
        if attributes.is_control() {
            let kind = ControlRecordType::parse_key(record.key).map_err(|error| invalid(&error))?;
            if kind.is_end_of_transaction() {
                let committed = kind == ControlRecordType::Commit;
                M::apply(&mut loaded.hard, at, &Entry::Marker { producer, committed });
            }
            continue;
        }
        let (key, value) =
            (record.key.map(Bytes::copy_from_slice), record.value.map(Bytes::copy_from_slice));
        match M::decode(key, value) {
            Ok(Some(record)) => {
                let producer = attributes.is_transactional().then_some(producer);
                M::apply(&mut loaded.hard, at, &Entry::Record { record, timestamp, producer });
            }
            Ok(None) => {}
            // One broken record is no reason to lose all others.
            Err(error) => {
                tracing::warn!(offset = at.0, "a coordinator's record is skipped: {error}")
            }
        }
    }
    Ok(())
}
