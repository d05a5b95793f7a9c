//! Files that are removed a while after nobody needs them (`file.delete.delay.ms`): one queue by due
//! time, with one task and one timer, however many wait. A stop leaves what still waits to the next
//! start, which finds it by its name.

use crate::directory::Directory;
use crate::node::Node;
use dohle_env::clock::{Clock, Instant, Timer};
use dohle_env::tasks::Home;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Removes files; it may block.
pub(crate) type Removal = Box<dyn FnOnce() -> io::Result<()> + Send>;

/// Removals that wait for their time. There are never more than there are files to be removed.
#[derive(Default)]
pub(crate) struct Deletions(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    /// By when they are due, and then in the order in which they came.
    waiting: BTreeMap<(Instant, u64), (Arc<Directory>, Removal)>,
    /// How many ever came.
    count: u64,
    /// Of the task that waits for the first of them.
    waker: Option<Waker>,
}

impl Deletions {
    /// Has `removal` run on the directory's lane, not before `due`.
    pub(crate) fn add(&self, due: Instant, directory: Arc<Directory>, removal: Removal) {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (due, queue.count);
        queue.count += 1;
        queue.waiting.insert(key, (directory, removal));
        let is_first = queue.waiting.first_key_value().is_some_and(|(first, _)| *first == key);
        // The task waits for another one so far, or for none.
        let waker = if is_first { queue.waker.take() } else { None };
        drop(queue);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Takes what is due, in order; pending while nothing is.
    fn poll_due(
        &self,
        clock: &dyn Clock,
        timer: &mut dyn Timer,
        cx: &mut Context<'_>,
    ) -> Poll<Vec<(Arc<Directory>, Removal)>> {
        loop {
            let now = clock.now();
            let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            let later = queue.waiting.split_off(&(now, u64::MAX));
            let due = std::mem::replace(&mut queue.waiting, later);
            if !due.is_empty() {
                return Poll::Ready(due.into_values().collect());
            }
            let next = queue.waiting.first_key_value().map_or(Instant::NEVER, |((due, _), _)| *due);
            queue.waker = Some(cx.waker().clone());
            drop(queue);
            timer.arm(next);
            if timer.poll_expired(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

/// Begins to remove what comes due.
pub(crate) fn start(node: &Node) {
    let removing = run(node.deletions.clone(), node.env.clock.clone());
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(removing));
}

/// Removes what comes due, for as long as the process lives.
async fn run(deletions: Arc<Deletions>, clock: Arc<dyn Clock>) {
    let mut timer = clock.timer();
    loop {
        let due = poll_fn(|cx| deletions.poll_due(&*clock, &mut *timer, cx)).await;
        for (directory, removal) in due {
            directory.remove(removal);
        }
    }
}
