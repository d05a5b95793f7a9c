//! Moves of partitions between log directories (KIP-113): which there are, and who is at work.
//!
//! ```text
//!  AlterReplicaLogDirs ─► Waiting ─► Running ─► done: the copy is the log
//!  a start that finds a     ▲          │ ├────► Stuck: the log cannot be read; asked again, it waits
//!  copy half done ──────────┘          │ └────► a disk failed: nothing more until the next start
//!                                      └─ cancelled: its folder is removed
//! ```
//!
//! As in Kafka each thread brings one partition to its end before it takes the next one, in the
//! order of their names.

mod carrier;
mod preferred;
mod request;
mod resume;

pub(crate) use carrier::start;
pub(crate) use preferred::Preferred;
pub(crate) use request::{Wish, request};
pub(crate) use resume::{Found, resume};

use crate::directory::Directory;
use crate::node::Node;
use crate::partition::moving::Progress;
use crate::partition::{Partition, ask};
use crate::quotas::rate::{Rate, Windows};
use dohle_env::clock::Instant;
use dohle_env::gather::{Gather, Slot};
use dohle_env::strand::Strand;
use dohle_metadata::config::BrokerConfig;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use dohle_storage::Log;
use dohle_storage::partition_directory::TopicPartition;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A partition by its topic's name and its number: the order in which they move.
pub(crate) type Key = (Text, i32);

/// A copy on its way.
pub(crate) struct Move {
    pub(crate) key: Key,
    pub(crate) topic_id: Uuid,
    pub(crate) partition: Arc<Strand<Partition>>,
    /// Where it goes.
    pub(crate) directory: Arc<Directory>,
    pub(crate) copy: Box<Log>,
    pub(crate) progress: Arc<Progress>,
    /// The controller is being told that the replica is there, or was told.
    pub(crate) is_told: bool,
    /// Bytes that were copied and not flushed.
    pub(crate) unflushed_bytes: u64,
}

impl Move {
    pub(crate) fn name(&self) -> TopicPartition {
        TopicPartition::new(self.key.0.as_str(), self.key.1)
    }
}

/// All moves of a node.
pub(crate) struct Moves {
    windows: Windows,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    open: BTreeMap<Key, Entry>,
    /// Threads without work.
    idle: Vec<Waker>,
    /// Bytes that all of them together copy in a second.
    rate: Rate,
    /// Threads took up so many moves.
    runs: u64,
    /// Nobody begins any more.
    is_closed: bool,
    /// A partition has moved and no checkpoint says so yet.
    is_unsaved: bool,
}

enum Entry {
    Waiting(Box<Move>),
    Stuck(Box<Move>),
    /// With those who wait for its end. Its number: once a copy is the log the partition may be
    /// wanted elsewhere again, before the thread that brought it there is done.
    Running {
        run: u64,
        is_cancelled: bool,
        waiting: Vec<Slot<()>>,
    },
}

impl Moves {
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        let of =
            |name: &str| config.integer(&format!("alter.log.dirs.replication.quota.window.{name}"));
        let windows = Windows::new(of("num"), of("size.seconds").max(1) * 1000);
        Self { windows, state: Mutex::default() }
    }

    /// Gives a move to the threads.
    fn submit(&self, begun: Box<Move>) {
        let mut state = self.lock();
        state.open.insert(begun.key.clone(), Entry::Waiting(begun));
        let idle = std::mem::take(&mut state.idle);
        drop(state);
        idle.into_iter().for_each(Waker::wake);
    }

    /// One that could not go on is tried again.
    fn again(&self, key: &Key) {
        let stuck = {
            let mut state = self.lock();
            match state.open.remove(key) {
                Some(Entry::Stuck(stuck)) => Some(stuck),
                Some(other) => {
                    state.open.insert(key.clone(), other);
                    None
                }
                None => None,
            }
        };
        if let Some(stuck) = stuck {
            self.submit(stuck);
        }
    }

    /// The next move for a thread.
    fn poll_next(&self, cx: &mut Context<'_>) -> Poll<(u64, Box<Move>)> {
        let mut state = self.lock();
        let is_waiting = |entry: &Entry| matches!(entry, Entry::Waiting(_));
        let next = state.open.iter().find(|(_, entry)| is_waiting(entry)).map(|(key, _)| key);
        let Some(key) = next.filter(|_| !state.is_closed).cloned() else {
            state.idle.push(cx.waker().clone());
            return Poll::Pending;
        };
        state.runs += 1;
        let run = state.runs;
        let running = Entry::Running { run, is_cancelled: false, waiting: Vec::new() };
        match state.open.insert(key, running) {
            Some(Entry::Waiting(next)) => Poll::Ready((run, next)),
            Some(Entry::Stuck(_) | Entry::Running { .. }) | None => {
                unreachable!("it was found waiting under the same lock")
            }
        }
    }

    fn is_cancelled(&self, key: &Key) -> bool {
        matches!(self.lock().open.get(key), Some(Entry::Running { is_cancelled: true, .. }))
    }

    /// A thread is done with a move: `left` is what there is to do later. It comes back if
    /// somebody has cancelled the move meanwhile; [`Moves::end`] is still to be called then.
    fn put_back(&self, key: &Key, left: Entry) -> Option<Entry> {
        let mut state = self.lock();
        if matches!(state.open.get(key), Some(Entry::Running { is_cancelled: true, .. })) {
            return Some(left);
        }
        // Who waits for the end is told by the slots that go.
        state.open.insert(key.clone(), left);
        None
    }

    /// The move is over; another of the same partition may have begun.
    fn end(&self, key: &Key, ended: u64) {
        let mut state = self.lock();
        if matches!(state.open.get(key), Some(Entry::Running { run, .. }) if *run == ended) {
            state.open.remove(key);
        }
    }

    /// Stops a move, if there is one, and removes its copy.
    pub(crate) async fn cancel(&self, node: &Arc<Node>, key: &Key) {
        let gather = Gather::with_capacity(1);
        let idle = {
            let mut state = self.lock();
            match state.open.remove(key) {
                None => return,
                Some(Entry::Waiting(idle) | Entry::Stuck(idle)) => Some(idle),
                Some(Entry::Running { run, mut waiting, .. }) => {
                    waiting.push(gather.slot());
                    let running = Entry::Running { run, is_cancelled: true, waiting };
                    state.open.insert(key.clone(), running);
                    None
                }
            }
        };
        match idle {
            Some(idle) => idle.discard(node).await,
            None => drop(gather.all().await),
        }
    }

    /// Waits until no thread is at work, and gives all copies that are half done, to be closed.
    /// Called once, when the node stops.
    pub(crate) async fn close(&self) -> Vec<Box<Move>> {
        let gather = {
            let mut state = self.lock();
            state.is_closed = true;
            let gather = Gather::with_capacity(state.open.len());
            for entry in state.open.values_mut() {
                if let Entry::Running { waiting, .. } = entry {
                    waiting.push(gather.slot());
                }
            }
            gather
        };
        gather.all().await;
        let open = std::mem::take(&mut self.lock().open);
        let half_done = |entry| match entry {
            Entry::Waiting(left) | Entry::Stuck(left) => Some(left),
            Entry::Running { .. } => None,
        };
        open.into_values().filter_map(half_done).collect()
    }

    /// Bytes were copied.
    fn record(&self, size_bytes: u64, now: Instant) {
        let mut state = self.lock();
        state.rate.record(self.windows, size_bytes as f64, now.as_millis());
    }

    /// Whether less was copied lately than `bound` bytes a second.
    fn has_room(&self, bound: i64, now: Instant) -> bool {
        bound == i64::MAX || self.lock().rate.measure(self.windows, now.as_millis()) <= bound as f64
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Move {
    /// Gives the move up: the partition and the controller forget it, the copy is removed.
    async fn discard(self, node: &Arc<Node>) {
        let name = self.name();
        let Self { key, topic_id, partition, directory, copy, is_told, .. } = self;
        let target = directory.clone();
        let stays = ask(&partition, move |partition, _| {
            partition.moving.take_if(|moving| Arc::ptr_eq(&moving.directory, &target));
            partition.directory.log_dir.id()
        });
        if let Some(stays) = stays.await.filter(|_| is_told) {
            node.assignments.note((topic_id, key.1), stays);
        }
        let path = copy.place().directory().to_path_buf();
        let delay_ms = copy.config().file_delete_delay_ms;
        let (random, on) = (node.env.random.clone(), directory.clone());
        let renamed = directory
            .on_lane(move || {
                drop(copy);
                on.log_dir.delete_partition(&path, &name, &*random)
            })
            .await;
        match renamed {
            Some(Ok(removal)) => {
                let disk = node.env.disk.clone();
                node.remove_later(directory, delay_ms, Box::new(move || removal.run(&*disk)));
            }
            Some(Err(offline)) => tracing::error!("{offline}"),
            None => {}
        }
    }
}

/// Removes the folder of a copy that cannot be opened: one that stays would be one of two at the
/// next start, once there is another, and no node starts beside two.
fn remove_copy(node: &Node, directory: &Directory, path: &Path, partition: &TopicPartition) {
    let renamed = directory.log_dir.delete_partition(path, partition, &*node.env.random);
    // What is left of a folder that is to be deleted goes with the next start.
    let removed = renamed.map(|removal| removal.run(&*node.env.disk));
    removed.map_or_else(|offline| tracing::error!("{offline}"), drop);
}
