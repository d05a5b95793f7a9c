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

use crate::sync::{Mutex, MutexGuard};
use crate::tasks::{Lane, Tasks, Turn};
use std::mem;
use std::sync::{Arc, PoisonError};

/// The most commands in one turn; the rest waits for the next tick, so that other strands run.
pub const COMMANDS_PER_TURN_MAX: usize = 1000;

/// A value that a strand owns.
pub trait Owned: Send + Sized + 'static {
    /// What can be asked of it.
    type Command: Send;
    /// What a turn wants done once the state is free: fill a slot, mark a watch, submit elsewhere.
    type Effect: Send;

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
    state: Mutex<State<O>>,
    tasks: Arc<dyn Tasks>,
}

struct Inbox<O: Owned> {
    commands: Vec<O::Command>,
    /// What a lane brought back; run before the commands.
    returned: Option<Then<O>>,
    /// A turn is due, running, or away on a lane. Only who sets it may run the state.
    scheduled: bool,
    /// A job is away: commands wait.
    away: bool,
}

struct State<O: Owned> {
    owned: O,
    // Kept between turns, so that a turn allocates nothing.
    commands: Vec<O::Command>,
    effects: Vec<O::Effect>,
}

impl<O: Owned> Strand<O> {
    /// A strand that owns `owned`, with nothing to do.
    pub fn new(tasks: Arc<dyn Tasks>, owned: O) -> Arc<Self> {
        let inbox = Inbox { commands: Vec::new(), returned: None, scheduled: false, away: false };
        let state = State { owned, commands: Vec::new(), effects: Vec::new() };
        Arc::new(Self { inbox: Mutex::new(inbox), state: Mutex::new(state), tasks })
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
        let mut state = lock(&self.state);
        let state_now = &mut *state;
        let returned = {
            let mut inbox = lock(&self.inbox);
            assert!(inbox.scheduled && !inbox.away);
            let returned = inbox.returned.take();
            if returned.is_none() {
                take_some(&mut inbox.commands, &mut state_now.commands);
            }
            returned
        };
        let turned = match returned {
            Some(then) => then(&mut state_now.owned, &mut state_now.effects),
            None => state_now.owned.turn(&mut state_now.commands, &mut state_now.effects),
        };
        assert!(state_now.commands.is_empty(), "a turn takes all its commands");
        let mut effects = mem::take(&mut state_now.effects);
        drop(state);
        for effect in effects.drain(..) {
            O::perform(&self, effect);
        }
        lock(&self.state).effects = effects;
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

/// Moves at most [`COMMANDS_PER_TURN_MAX`] commands, keeping their order and both allocations.
fn take_some<C>(inbox: &mut Vec<C>, commands: &mut Vec<C>) {
    if inbox.len() <= COMMANDS_PER_TURN_MAX {
        mem::swap(inbox, commands);
    } else {
        commands.extend(inbox.drain(..COMMANDS_PER_TURN_MAX));
    }
}

/// A panic aborts the process in the shell, so a poisoned lock is never seen there; in tests the
/// first panic is the one to report.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
