//! Reactors: a thread per core, each with an event loop, its tasks and the end of its tick.
//!
//! A tick is one pass over what is ready. What a pass brings to strands is run at its end: the
//! tick is itself a task, and waking it puts it at the back of the reactor's queue, behind all
//! that was ready with it. A strand that asks again during the tick runs in the next one.

use super::WorldOptions;
use super::counters::{self, Call};
use super::lanes::{Lanes, Of};
use super::load::{self, Load, Window};
use super::mail::{Mail, Mailbox};
use super::task::{EndProcessOnPanic, ReactorTask};
use dohle_env::tasks::{Home, Job, Lane, Task, Tasks, Turn};
use std::cell::{Cell, OnceCell, RefCell};
use std::future::poll_fn;
use std::io;
use std::mem;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::{self, JoinHandle};
use std::time::Instant;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Notify;

/// What one poll of a task may move through sockets before it lets others run.
const BYTES_PER_POLL: usize = 1 << 20;

/// One reactor, as other threads see it.
pub struct Reactor {
    handle: Handle,
    mailbox: Mailbox,
    tasks: AtomicUsize,
    /// Bytes through sockets since the start; written by the reactor's thread only.
    bytes: AtomicU64,
    window: Mutex<Window>,
    stopped: Notify,
}

impl Reactor {
    fn new(handle: Handle) -> Self {
        Self {
            handle,
            mailbox: Mailbox::default(),
            tasks: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
            window: Mutex::new(Window::new(Instant::now())),
            stopped: Notify::new(),
        }
    }

    /// Tasks that came here because there was the least to do.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.tasks.load(Ordering::Relaxed)
    }

    /// Bytes that have gone through sockets here.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn load(&self) -> Load {
        self.window().load(self.bytes(), self.tasks() as u64, Instant::now())
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    fn spawn(self: &Arc<Self>, task: Task, place: Option<Place>) {
        drop(self.handle.spawn(ReactorTask::new(task, self.clone(), place)));
    }
}

/// A task's share in its reactor's load, until it is dropped.
pub(super) struct Place(Arc<Reactor>);

impl Place {
    fn of(reactor: &Arc<Reactor>) -> Self {
        reactor.tasks.fetch_add(1, Ordering::Relaxed);
        reactor.window().add();
        Self(reactor.clone())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.tasks.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a reactor's own thread keeps.
struct Local {
    reactor: Arc<Reactor>,
    tick: OnceCell<Waker>,
    turns: RefCell<Vec<Arc<dyn Turn>>>,
    /// Empty between ticks; keeps its allocation.
    turns_running: RefCell<Vec<Arc<dyn Turn>>>,
    mail: RefCell<Vec<Mail>>,
    bytes_this_poll: Cell<usize>,
}

thread_local! {
    static LOCAL: OnceCell<Local> = const { OnceCell::new() };
    /// On a lane's thread: the reactor that asked for the job.
    static ASKER: RefCell<Option<Arc<Reactor>>> = const { RefCell::new(None) };
}

impl Local {
    fn at_end_of_tick(&self, turn: Arc<dyn Turn>) {
        let mut turns = self.turns.borrow_mut();
        turns.push(turn);
        if turns.len() == 1
            && let Some(tick) = self.tick.get()
        {
            tick.wake_by_ref();
        }
    }

    fn read_mail(&self) {
        let mut all = mem::take(&mut *self.mail.borrow_mut());
        self.reactor.mailbox.take(&mut all);
        for mail in all.drain(..) {
            match mail {
                Mail::Wake(task) => task.wake_here(),
                Mail::Turn(turn) => self.at_end_of_tick(turn),
            }
        }
        self.mail.replace(all);
    }

    /// One poll of the tick task.
    fn tick(&self, cx: &Context<'_>) {
        let _end = EndProcessOnPanic;
        if self.tick.get().is_none() {
            let waker = self.tick.get_or_init(|| cx.waker().clone());
            self.reactor.mailbox.set_tick(waker.clone());
        }
        if self.reactor.mailbox.is_filled() {
            self.read_mail();
        }
        let mut running = mem::take(&mut *self.turns_running.borrow_mut());
        mem::swap(&mut running, &mut *self.turns.borrow_mut());
        for turn in running.drain(..) {
            turn.run();
        }
        self.turns_running.replace(running);
    }

    fn before_sleep(&self) {
        self.reactor.mailbox.falls_asleep();
        if self.reactor.mailbox.is_filled() {
            self.reactor.mailbox.is_awake();
        }
        self.read_mail();
        counters::count(Call::Wait);
    }
}

/// Runs `with` on this thread's reactor, if it has one.
fn local<T>(with: impl FnOnce(&Local) -> T) -> Option<T> {
    // While a thread ends its reactor may be gone already.
    LOCAL.try_with(|local| local.get().map(with)).ok().flatten()
}

/// Whether this thread is `reactor`'s.
pub(super) fn is_here(reactor: &Arc<Reactor>) -> bool {
    local(|local| Arc::ptr_eq(&local.reactor, reactor)) == Some(true)
}

/// What a reactor does before each task.
pub(super) fn before_task() {
    local(|local| {
        local.bytes_this_poll.set(0);
        if local.reactor.mailbox.is_filled() {
            local.read_mail();
        }
    });
}

/// Counts bytes that went through a socket of this thread.
pub(super) fn moved(bytes: usize) {
    local(|local| {
        local.bytes_this_poll.set(local.bytes_this_poll.get() + bytes);
        let total = &local.reactor.bytes;
        // Only this thread writes it.
        total.store(total.load(Ordering::Relaxed) + bytes as u64, Ordering::Relaxed);
    });
}

/// Whether the running task has moved its share: it should wake itself and return.
pub(super) fn is_share_used() -> bool {
    local(|local| local.bytes_this_poll.get() >= BYTES_PER_POLL) == Some(true)
}

/// Runs a lane's `job`; turns that it asks for go back to `asker`.
pub(super) fn with_asker(asker: Option<Arc<Reactor>>, job: Job) {
    ASKER.set(asker);
    job();
    ASKER.set(None);
}

/// The reactors and lanes of one node.
pub struct Reactors {
    all: Box<[Arc<Reactor>]>,
    lanes: Lanes,
}

impl Reactors {
    /// Starts the threads; each has begun to tick when this returns.
    pub(super) fn start(options: &WorldOptions) -> io::Result<(Arc<Self>, Vec<JoinHandle<()>>)> {
        let mut all = Vec::new();
        let mut threads = Vec::new();
        let (ticks, ticking) = mpsc::channel();
        for index in 0..options.reactors.get() {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .on_thread_park(|| {
                    local(Local::before_sleep);
                })
                .on_thread_unpark(|| {
                    local(|local| local.reactor.mailbox.is_awake());
                })
                .build()?;
            let reactor = Arc::new(Reactor::new(runtime.handle().clone()));
            let named = thread::Builder::new().name(format!("reactor-{index}"));
            let (for_thread, ticks) = (reactor.clone(), ticks.clone());
            threads.push(named.spawn(move || run(&runtime, for_thread, ticks))?);
            all.push(reactor);
        }
        for _ in &all {
            ticking.recv().map_err(io::Error::other)?;
        }
        let lanes = Lanes::new(options);
        Ok((Arc::new(Self { all: all.into(), lanes }), threads))
    }

    /// Each reactor, in the order of their threads' names.
    #[must_use]
    pub fn all(&self) -> &[Arc<Reactor>] {
        &self.all
    }

    /// Jobs of `lane` that no thread has begun yet.
    #[must_use]
    pub fn waiting_jobs(&self, lane: &Lane) -> usize {
        self.lanes.waiting(lane)
    }

    pub(super) fn lanes(&self) -> &Lanes {
        &self.lanes
    }

    /// Asks all reactors to end; their tasks are dropped where they stand.
    pub(super) fn stop(&self) {
        for reactor in &self.all {
            reactor.stopped.notify_one();
        }
    }

    /// The caller's own reactor, if it is one of ours.
    fn here(&self) -> Option<Arc<Reactor>> {
        let reactor = local(|local| local.reactor.clone())?;
        self.all.iter().any(|ours| Arc::ptr_eq(ours, &reactor)).then_some(reactor)
    }

    /// Who asks for a job: a job asked for by a job belongs to the same reactor.
    fn asker(&self) -> Option<Arc<Reactor>> {
        self.here().or_else(|| ASKER.with_borrow(Clone::clone))
    }

    fn least_loaded(&self) -> &Arc<Reactor> {
        let index = load::least(self.all.iter().map(|reactor| reactor.load()));
        &self.all[index.expect("there is at least one reactor")]
    }
}

impl Tasks for Reactors {
    fn spawn(&self, home: Home, task: Task) {
        match home {
            Home::Here => match self.here() {
                Some(reactor) => reactor.spawn(task, None),
                None => self.least_loaded().spawn(task, None),
            },
            Home::LeastLoaded => {
                let reactor = self.least_loaded();
                reactor.spawn(task, Some(Place::of(reactor)));
            }
        }
    }

    fn job(&self, lane: &Lane, job: Job) {
        self.lanes.run(lane, Of::Node, job, self.asker());
    }

    fn client_job(&self, lane: &Lane, job: Job) {
        self.lanes.run(lane, Of::Client, job, self.asker());
    }

    fn is_full(&self, lane: &Lane) -> bool {
        self.lanes.is_full(lane)
    }

    fn at_end_of_tick(&self, strand: Arc<dyn Turn>) {
        if local(|_| ()).is_some() {
            local(|local| local.at_end_of_tick(strand));
            return;
        }
        let asker = ASKER.with_borrow(Clone::clone);
        let reactor = asker.as_ref().unwrap_or_else(|| self.least_loaded());
        reactor.mailbox.send(Mail::Turn(strand));
    }
}

/// A reactor's thread. It says on `ticks` when its tick is there: before that, strands would have
/// nothing that runs them.
fn run(runtime: &Runtime, reactor: Arc<Reactor>, ticks: mpsc::Sender<()>) {
    let _end = EndProcessOnPanic;
    let local_of_thread = Local {
        reactor: reactor.clone(),
        tick: OnceCell::new(),
        turns: RefCell::default(),
        turns_running: RefCell::default(),
        mail: RefCell::default(),
        bytes_this_poll: Cell::new(0),
    };
    LOCAL.with(|local| assert!(local.set(local_of_thread).is_ok()));
    let mut ticks = Some(ticks);
    let _tick = runtime.spawn(poll_fn(move |cx| {
        local(|local| local.tick(cx));
        if let Some(ticks) = ticks.take() {
            // Nobody waits if another reactor could not be started.
            let _told = ticks.send(());
        }
        Poll::<()>::Pending
    }));
    runtime.block_on(reactor.stopped.notified());
}
