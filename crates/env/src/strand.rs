//! A value with an inbox, run by one thread at a time.
//!
//! A strand's turn runs on the reactor where the work arrived, at the end of its tick: all that
//! arrived in the tick is one batch. A command for a strand that already waits for its turn (on
//! whatever thread) is left in its inbox and goes out in the same turn.
//!
//! ```text
//!  submit ──► inbox ──► at_end_of_tick ──► turn(commands) ──► effects
//!                ▲                            │ Job
//!                └──── inbox grows ───────────┴──► lane ──► then(state) ──► effects
//! ```

use crate::scratch::Scratch;
use crate::sync::{Mutex, MutexGuard};
use crate::tasks::{Lane, Tasks, Turn};
use std::mem;
use std::sync::{Arc, PoisonError};

/// The most commands in one turn; the rest waits for the next tick, so that other strands run.
pub const COMMANDS_PER_TURN_MAX: usize = 1000;

/// A value that a strand owns.
pub trait Owned: Send + Sized + 'static {
    /// What can be asked of it.
    type Command: Send + 'static;
    /// What a turn wants done once the state is free: fill a slot, mark a watch, submit elsewhere.
    type Effect: Send + 'static;

    /// Handles `commands` (all are taken) and pushes `effects`. It never waits, submits or sends.
    fn turn(
        &mut self,
        commands: &mut Vec<Self::Command>,
        effects: &mut Vec<Self::Effect>,
    ) -> Turned<Self>;

    /// Does one effect. The state is free: submitting to any strand, this one too, is allowed.
    fn perform(strand: &Arc<Strand<Self>>, effect: Self::Effect);
}

/// How a turn ended.
pub enum Turned<O: Owned> {
    /// All commands are handled.
    Done,
    /// Work for a lane; the strand is busy and its inbox grows until it has come back.
    Job(Lane, LaneWork<O>),
}

/// Work away from the state. What it returns runs with the state, as a turn does.
pub type LaneWork<O> = Box<dyn FnOnce() -> Then<O> + Send>;
/// The continuation of [`LaneWork`].
pub type Then<O> = Box<dyn FnOnce(&mut O, &mut Vec<<O as Owned>::Effect>) -> Turned<O> + Send>;

/// A value with an inbox.
pub struct Strand<O: Owned> {
    inbox: Mutex<Inbox<O>>,
    owned: Mutex<O>,
    tasks: Arc<dyn Tasks>,
}

struct Inbox<O: Owned> {
    commands: Scratch<O::Command>,
    /// What a lane brought back; run before the commands.
    returned: Option<Then<O>>,
    /// A turn is due, running, or away on a lane. Only who sets it may run the state.
    scheduled: bool,
    /// A job is away: commands wait.
    away: bool,
}

/// What a turn is for.
enum Due<O: Owned> {
    Returned(Then<O>),
    Commands(Scratch<O::Command>),
}

impl<O: Owned> Strand<O> {
    /// A strand that owns `owned`, with nothing to do.
    pub fn new(tasks: Arc<dyn Tasks>, owned: O) -> Arc<Self> {
        let commands = Scratch::default();
        let inbox = Inbox { commands, returned: None, scheduled: false, away: false };
        Arc::new(Self { inbox: Mutex::new(inbox), owned: Mutex::new(owned), tasks })
    }

    /// Leaves `command` for the next turn.
    pub fn submit(self: &Arc<Self>, command: O::Command) {
        let mut inbox = lock(&self.inbox);
        inbox.commands.push(command);
        let schedule = !mem::replace(&mut inbox.scheduled, true);
        drop(inbox);
        if schedule {
            self.tasks.at_end_of_tick(self.clone());
        }
    }

    fn due(&self) -> Due<O> {
        let mut inbox = lock(&self.inbox);
        assert!(inbox.scheduled && !inbox.away);
        match inbox.returned.take() {
            Some(then) => Due::Returned(then),
            None => Due::Commands(take_some(&mut inbox.commands)),
        }
    }

    fn send_away(self: &Arc<Self>, lane: &Lane, work: LaneWork<O>) {
        let strand = self.clone();
        let job = Box::new(move || {
            let then = work();
            let mut inbox = lock(&strand.inbox);
            assert!(inbox.away);
            inbox.away = false;
            inbox.returned = Some(then);
            drop(inbox);
            // `scheduled` stayed set while the job was away, so the turn is ours to ask for.
            strand.tasks.clone().at_end_of_tick(strand);
        });
        self.tasks.job(lane, job);
    }
}

impl<O: Owned> Turn for Strand<O> {
    fn run(self: Arc<Self>) {
        let mut effects = Scratch::with_room();
        let turned = {
            let mut owned = lock(&self.owned);
            match self.due() {
                Due::Returned(then) => then(&mut owned, &mut effects),
                Due::Commands(mut commands) => {
                    let turned = owned.turn(&mut commands, &mut effects);
                    assert!(commands.is_empty(), "a turn takes all its commands");
                    turned
                }
            }
        };
        for effect in effects.drain(..) {
            O::perform(&self, effect);
        }
        match turned {
            Turned::Job(lane, work) => {
                lock(&self.inbox).away = true;
                self.send_away(&lane, work);
            }
            Turned::Done => {
                let mut inbox = lock(&self.inbox);
                inbox.scheduled = !inbox.commands.is_empty();
                let again = inbox.scheduled;
                drop(inbox);
                if again {
                    self.tasks.clone().at_end_of_tick(self);
                }
            }
        }
    }
}

/// At most [`COMMANDS_PER_TURN_MAX`] commands, the oldest.
fn take_some<C>(inbox: &mut Scratch<C>) -> Scratch<C> {
    if inbox.len() <= COMMANDS_PER_TURN_MAX {
        return mem::take(inbox);
    }
    let mut oldest = Scratch::with_room();
    oldest.extend(inbox.drain(..COMMANDS_PER_TURN_MAX));
    oldest
}

/// A panic aborts the process in the shell, so a poisoned lock is never seen there; in tests the
/// first panic is the one to report.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
