//! `env`'s tasks on the executor.

use super::Executor;
use super::core::{Core, Of, ProcessId};
use dohle_env::tasks::{Home, Job, Lane, Task, Tasks, Turn};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Wake, Waker};

/// The threads of one process. Once it has ended, whatever is given is dropped.
#[derive(Clone)]
pub struct SimulatedTasks {
    executor: Executor,
    process: ProcessId,
}

impl SimulatedTasks {
    /// The threads of `process`.
    #[must_use]
    pub fn new(executor: Executor, process: ProcessId) -> Self {
        Self { executor, process }
    }
}

/// Puts a task into its queue. Weak: a waker that somebody keeps does not keep the world.
struct TaskWaker {
    core: Weak<Mutex<Core>>,
    id: u64,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if let Some(core) = self.core.upgrade() {
            core.lock().unwrap_or_else(PoisonError::into_inner).wake_task(self.id);
        }
    }
}

/// Gives the task back, to be dropped without a lock, if the process has ended.
pub(super) fn spawn(
    executor: &Executor,
    process: ProcessId,
    here: bool,
    task: Task,
) -> Option<Task> {
    let core = Arc::downgrade(&executor.core);
    executor
        .core()
        .add_task(process, here, task, |id| Waker::from(Arc::new(TaskWaker { core, id })))
}

impl Tasks for SimulatedTasks {
    fn spawn(&self, home: Home, task: Task) {
        let refused = spawn(&self.executor, self.process, home == Home::Here, task);
        drop(refused);
    }

    fn job(&self, lane: &Lane, job: Job) {
        let of = (lane.clone(), Of::Node);
        let refused = self.executor.core().add_job(self.process, of, job);
        drop(refused);
    }

    fn client_job(&self, lane: &Lane, job: Job) {
        let of = (lane.clone(), Of::Client);
        let refused = self.executor.core().add_job(self.process, of, job);
        drop(refused);
    }

    fn is_full(&self, lane: &Lane) -> bool {
        self.executor.core().is_full(self.process, lane)
    }

    fn at_end_of_tick(&self, strand: Arc<dyn Turn>) {
        let refused = self.executor.core().add_turn(self.process, strand);
        drop(refused);
    }
}
