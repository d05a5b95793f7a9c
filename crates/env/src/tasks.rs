//! Who runs what: tasks on reactors, jobs on lanes, strands at the end of a tick.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// Where a task lives. It never moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The reactor that runs the caller; from elsewhere as `LeastLoaded`. For what has little to do: it
    /// does not count.
    Here,
    /// The reactor with the least to do. It counts from now on, before it has done anything.
    LeastLoaded,
}

/// A few threads for work that may block or burn.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// Disk work of one log directory: flush, cold reads, recovery, loading.
    Disk(Arc<Path>),
    /// Computation of more than a millisecond.
    Cpu,
}

/// A future that a reactor runs.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;
/// A closure that a lane runs.
pub type Job = Box<dyn FnOnce() + Send>;

/// The threads of a node, as values.
pub trait Tasks: Send + Sync {
    /// Runs `task` until it ends.
    fn spawn(&self, home: Home, task: Task);

    /// Runs `job` on `lane`: work of the node's own, which is begun in the order in which it was
    /// given. It is never refused; who asks has one piece of such work away at a time, so there are
    /// at most as many as there are owners.
    fn job(&self, lane: &Lane, job: Job);

    /// Runs `job`, which a client waits for, once no work of the node's own waits. It is dropped
    /// if the lane is full: its slots then answer `Gone`.
    fn client_job(&self, lane: &Lane, job: Job);

    /// Whether [`Tasks::client_job`] would drop a job now.
    fn is_full(&self, lane: &Lane) -> bool;

    /// Runs `strand` once all that is ready now on this reactor has run. From a thread that is no
    /// reactor: on the one that ran a strand last, or any.
    fn at_end_of_tick(&self, strand: Arc<dyn Turn>);
}

/// Something with a turn to run. See [`crate::strand::Strand`].
pub trait Turn: Send + Sync {
    /// Runs one bounded turn.
    fn run(self: Arc<Self>);
}
