//! The metadata quorum with one voter: this node leads it from its start to its end.
//!
//! The log is durable: a change is committed once it is flushed. What is committed goes to the
//! feed, which makes it real on this node before those who asked are answered.
//!
//! ```text
//!  ask ─► decide ─► stage ─► one write ─► flush (lane) ─► commit ─► feed ─► answer
//! ```

mod open;
mod owner;
mod retention;
mod snapshots;

use crate::feed::Feed;
use crate::metrics::Times;
use dohle_env::clock::{Clock, Instant};
use dohle_env::gather::{Answer as Gathered, Gather, Slot};
use dohle_env::strand::Strand;
use dohle_metadata::controller::{Answer, Request, Settings};
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::io;
use std::sync::Arc;

pub(crate) use open::open;
pub(crate) use owner::MetadataLog;
pub(crate) use snapshots::Written;

/// The name of the metadata log's topic.
pub(crate) const METADATA_TOPIC: &str = "__cluster_metadata";

/// How a node reaches its controller.
#[derive(Clone)]
pub(crate) struct Controller {
    owner: Arc<Strand<MetadataLog>>,
    clock: Arc<dyn Clock>,
}

/// A message to the metadata log's strand.
pub(crate) enum Command {
    /// Begin to lead, and tell the feed of what is committed from here on.
    Lead(Box<Settings>, Feed),
    /// Somebody asks, since then.
    Ask(Instant, i16, Box<Request>, Slot<Answer>),
    /// The machine wants to be woken.
    Wake,
    /// How the quorum stands.
    Describe(Slot<QuorumStatus>),
    /// Write a snapshot if enough has changed since the last.
    Snapshot,
    /// One was written on the lane, or not; the log may begin there now.
    SnapshotWritten(io::Result<Written>),
    /// Flush and close the log.
    Close(Slot<()>),
}

/// How the quorum stands.
#[derive(Clone, Debug)]
pub(crate) struct QuorumStatus {
    pub(crate) leader_id: i32,
    pub(crate) leader_epoch: i32,
    pub(crate) high_watermark: i64,
    pub(crate) log_end_offset: i64,
    /// Of the leader's metadata directory; zero with static voters.
    pub(crate) directory_id: Uuid,
    /// How long requests waited for the log's turn.
    pub(crate) waits: Times,
    /// How long decisions took, until their records were in the log's inbox.
    pub(crate) decisions: Times,
    /// How long it took from a decision to its commit.
    pub(crate) commits: Times,
    /// Records that this leader has appended.
    pub(crate) appended: u64,
    /// The same in a second, over Kafka's two windows of half a minute.
    pub(crate) append_rate: f64,
    /// The newest snapshot that was written since the start: its bytes, and when. Of none the start.
    pub(crate) snapshot: (u64, Instant),
    /// How many were read at the start.
    pub(crate) snapshots_loaded: u64,
}

impl Controller {
    pub(crate) fn new(owner: Arc<Strand<MetadataLog>>, clock: Arc<dyn Clock>) -> Self {
        Self { owner, clock }
    }

    pub(crate) fn submit(&self, command: Command) {
        self.owner.submit(command);
    }

    /// Asks for a change; answered once it is committed and visible on this node. `None` if the
    /// node stops.
    pub(crate) async fn ask(&self, version: i16, request: Request) -> Option<Answer> {
        let asked_at = self.clock.now();
        self.answer(|slot| Command::Ask(asked_at, version, Box::new(request), slot)).await
    }

    /// How the quorum stands. `None` if the node stops.
    pub(crate) async fn describe(&self) -> Option<QuorumStatus> {
        self.answer(Command::Describe).await
    }

    /// Flushes and closes the log; nothing is decided after that.
    pub(crate) async fn close(&self) {
        self.answer(Command::Close).await;
    }

    async fn answer<T>(&self, command: impl FnOnce(Slot<T>) -> Command) -> Option<T> {
        let gather = Gather::with_capacity(1);
        self.owner.submit(command(gather.slot()));
        match gather.all().await.pop() {
            Some(Gathered::Filled(answer)) => Some(answer),
            Some(Gathered::Gone | Gathered::Missing) | None => None,
        }
    }
}

/// The metadata topic's name as messages carry it.
pub(crate) fn metadata_topic() -> Text {
    Text::from_static(METADATA_TOPIC)
}
