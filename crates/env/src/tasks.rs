//! Who runs what: tasks on reactors, jobs on lanes, strands at the end of a tick.

use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;

/// Where a task lives. It never moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The reactor that runs the caller; from elsewhere as `LeastLoaded`.
    Here,
    /// The reactor with the least to do.
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

    /// Runs `job` on `lane`, after those given before where the lane is busy.
    fn job(&self, lane: &Lane, job: Job);

    /// Runs `strand` once all that is ready now on this reactor has run. From a thread that is no
    /// reactor: on the one that ran a strand last, or any.
    fn at_end_of_tick(&self, strand: Arc<dyn Turn>);
}

/// Something with a turn to run. See [`crate::strand::Strand`].
pub trait Turn: Send + Sync {
    /// Runs one bounded turn.
    fn run(self: Arc<Self>);
}
