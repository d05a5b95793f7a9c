//! The threads that copy, as tasks: how many there are, and what each does with a move.

use super::{Entry, Move};
use crate::checkpoints;
use crate::node::Node;
use crate::partition::ask;
use crate::partition::command::Command;
use crate::partition::moving::{Moved, Original, Swap};
use dohle_env::clock;
use dohle_env::gather::{Answer, Gather};
use dohle_env::tasks::Home;
use dohle_storage::LogReader;
use dohle_storage::moving::CopyError;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

/// The most that one step copies: some milliseconds of a lane.
const STEP_BYTES: i64 = 1024 * 1024;
/// A copy is flushed after so many bytes, and when it is level: a flush for each segment would make
/// it slower than who writes to the log.
const FLUSH_BYTES: u64 = 32 * 1024 * 1024;
/// How long to wait before something is looked at again that another has to do: the controller, the
/// cleaner, the end of a throttle.
const AGAIN_AFTER: Duration = Duration::from_millis(20);

/// Begins to carry what there is and what will be asked for, if the node has where to.
pub(crate) fn start(node: &Arc<Node>) {
    let directories = node.directories.len();
    if directories < 2 {
        return;
    }
    let threads = match node.config.integer("num.replica.alter.log.dirs.threads") {
        0 => directories,
        threads => usize::try_from(threads).unwrap_or(0),
    };
    for _ in 0..threads {
        node.env.tasks.spawn(Home::LeastLoaded, Box::pin(work(node.clone())));
    }
}

async fn work(node: Arc<Node>) {
    while !node.is_stopping() {
        let (run, next) = poll_fn(|cx| node.moves.poll_next(cx)).await;
        let key = next.key.clone();
        let left = match carry(&node, next).await {
            End::Later(left) => node.moves.put_back(&key, Entry::Waiting(left)),
            End::Stuck(left) => node.moves.put_back(&key, Entry::Stuck(left)),
            End::GivenUp(left) => Some(Entry::Stuck(left)),
            End::Done => {
                node.moves.end(&key, run);
                save(&node).await;
                continue;
            }
            End::Failed => {
                node.moves.end(&key, run);
                continue;
            }
        };
        if let Some(Entry::Waiting(left) | Entry::Stuck(left)) = left {
            left.discard(&node).await;
            node.moves.end(&key, run);
        }
    }
}

/// How it ended with a move.
enum End {
    /// The copy is the log.
    Done,
    /// The node stops.
    Later(Box<Move>),
    /// The log cannot be read.
    Stuck(Box<Move>),
    /// Nobody wants it any more.
    GivenUp(Box<Move>),
    /// A disk failed, or the node is gone: the copy stays where it is.
    Failed,
}

/// What a step has come to.
enum Next {
    /// Go on.
    On(Box<Move>),
    /// Go on when another has done something.
    Wait(Box<Move>),
    /// The copy was level.
    Level(Box<Move>),
    End(End),
}

async fn carry(node: &Arc<Node>, mut it: Box<Move>) -> End {
    let clock = &*node.env.clock;
    tracing::info!(
        topic = %it.key.0, partition = it.key.1, from = it.copy.end_offset(),
        "moves to {}", it.directory.log_dir.path().display()
    );
    loop {
        if node.moves.is_cancelled(&it.key) {
            return End::GivenUp(it);
        }
        if node.is_stopping() {
            return End::Later(it);
        }
        let bound = bound(node);
        let next = if node.moves.has_room(bound, clock.now()) {
            step(node, it, bound).await
        } else {
            Next::Wait(it)
        };
        it = match next {
            Next::On(it) => it,
            Next::Level(it) => match settle(node, it).await {
                Next::On(it) | Next::Level(it) => it,
                Next::Wait(it) => {
                    clock::sleep(clock, AGAIN_AFTER).await;
                    it
                }
                Next::End(end) => return end,
            },
            Next::Wait(it) => {
                clock::sleep(clock, AGAIN_AFTER).await;
                it
            }
            Next::End(end) => return end,
        };
    }
}

/// `replica.alter.log.dirs.io.max.bytes.per.second`.
fn bound(node: &Node) -> i64 {
    const KEY: &str = "replica.alter.log.dirs.io.max.bytes.per.second";
    let view = node.view();
    node.with_layers(&view.image, |layers| layers.value(KEY).integer())
}

/// Copies some batches.
async fn step(node: &Arc<Node>, it: Box<Move>, bound: i64) -> Next {
    let original = ask(&it.partition, |partition, _| {
        let is_moving = partition.moving.is_some();
        (partition.original(), is_moving)
    });
    let reader = match original.await {
        Some((Original::Here(reader), true)) => reader,
        Some((Original::Compacting, true)) => return Next::Wait(it),
        Some((Original::Offline, _)) => return Next::End(End::Failed),
        Some((Original::Gone, _)) if node.is_stopping() => return Next::End(End::Later(it)),
        Some((Original::Here(_) | Original::Compacting | Original::Gone, _)) => {
            return Next::End(End::GivenUp(it));
        }
        None => return Next::End(End::Failed),
    };
    copy(node, it, reader, bound).await
}

async fn copy(node: &Arc<Node>, mut it: Box<Move>, reader: LogReader, bound: i64) -> Next {
    let bytes_max = bound.clamp(1, STEP_BYTES).unsigned_abs();
    let now = node.env.clock.timestamp();
    let (on, directory) = (it.directory.clone(), it.directory.clone());
    let stepped = on.on_lane(move || {
        let mut copied = it.copy.copy_from(&reader, bytes_max, now);
        it.unflushed_bytes += copied.as_ref().map_or(0, |copied| copied.size_bytes);
        // Once it is level all is flushed, so that little is left to do when it is swapped.
        let is_level = copied.as_ref().is_ok_and(|copied| copied.is_level);
        if (is_level || FLUSH_BYTES <= it.unflushed_bytes)
            && let Some(work) = it.copy.flush_work()
        {
            it.unflushed_bytes = 0;
            match work.run() {
                Ok(flushed) => it.copy.on_flushed(flushed, now),
                Err(error) => copied = Err(CopyError::Copy(error)),
            }
        }
        it.progress.tell(&it.copy);
        (copied, it)
    });
    let Some((copied, it)) = stepped.await else { return Next::End(End::Failed) };
    match copied {
        Ok(copied) => {
            node.moves.record(copied.size_bytes, node.env.clock.now());
            if copied.is_level { Next::Level(it) } else { Next::On(it) }
        }
        Err(CopyError::Outrun) => Next::On(it),
        Err(CopyError::Copy(error)) => {
            directory.fail("Copying a log", &error);
            ask(&it.partition, |partition, _| partition.moving = None).await;
            Next::End(End::Failed)
        }
        Err(error @ (CopyError::Unreadable { .. } | CopyError::Log(_))) => {
            tracing::error!(
                topic = %it.key.0, partition = it.key.1,
                "cannot be moved: {error}; the copy waits for another request or the next start"
            );
            Next::End(End::Stuck(it))
        }
    }
}

/// The copy has all there was: the controller is told, and once it knows, the copy takes the log's
/// place.
async fn settle(node: &Arc<Node>, mut it: Box<Move>) -> Next {
    let view = node.view();
    let Some(state) = view.image.topics.partition(&it.topic_id, it.key.1) else {
        return Next::End(End::GivenUp(it));
    };
    let target = it.directory.log_dir.id();
    let is_known = state.directory_of(node.id) == Some(target)
        || !view.image.metadata_version().has_directories();
    if !it.is_told {
        it.is_told = true;
        if !is_known {
            node.assignments.note((it.topic_id, it.key.1), target);
        }
        // A start that was promised must not go back with the folder's name.
        if it.copy.has_own_start_offset() && !checkpoints::write_log_starts(node).await {
            return Next::End(End::Failed);
        }
    }
    if is_known { swap(node, it).await } else { Next::Wait(it) }
}

async fn swap(node: &Arc<Node>, it: Box<Move>) -> Next {
    let gather = Gather::with_capacity(1);
    let Move { key, topic_id, partition, directory, copy, progress, is_told, unflushed_bytes } =
        *it;
    let delay_ms = copy.config().file_delete_delay_ms;
    partition.submit(Command::Swap(Swap {
        copy,
        directory: directory.clone(),
        random: node.env.random.clone(),
        slot: gather.slot(),
    }));
    match gather.all().await.pop() {
        Some(Answer::Filled(Moved::Done(removal, from))) => {
            directory.add_partitions(1);
            tracing::info!(
                topic = %key.0, partition = key.1,
                "has moved from {} to {}",
                from.log_dir.path().display(), directory.log_dir.path().display()
            );
            node.moves.lock().is_unsaved = true;
            let disk = node.env.disk.clone();
            node.remove_later(from, delay_ms, Box::new(move || removal.run(&*disk)));
            Next::End(End::Done)
        }
        Some(Answer::Filled(Moved::Behind(copy))) => Next::Wait(Box::new(Move {
            key,
            topic_id,
            partition,
            directory,
            copy,
            progress,
            is_told,
            unflushed_bytes,
        })),
        Some(Answer::Filled(Moved::Failed) | Answer::Gone | Answer::Missing) | None => {
            Next::End(End::Failed)
        }
    }
}

/// Has the checkpoints say where logs lie now, unless more of them are about to move.
async fn save(node: &Arc<Node>) {
    let is_due = {
        let mut state = node.moves.lock();
        let more = state.open.values().any(|entry| matches!(entry, Entry::Waiting(_)));
        !more && std::mem::take(&mut state.is_unsaved)
    };
    if is_due {
        checkpoints::write_all(node).await;
    }
}
