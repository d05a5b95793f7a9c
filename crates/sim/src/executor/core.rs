//! The queues of the executor, behind its one lock; no code of a process runs under it.

use crate::disk::SimulatedDisk;
use crate::random::Generator;
use crate::trace::Trace;
use dohle_env::clock::Instant;
use dohle_env::tasks::{Job, Lane, Task, Turn};
use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::sync::Arc;
use std::task::Waker;
use std::time::Duration;

/// One run of a program, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ProcessId(pub(crate) u32);

pub(crate) type Call = Box<dyn FnOnce() + Send>;

/// When an event is due; among those of one instant the seed decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct EventKey {
    at: Instant,
    draw: u32,
    number: u64,
}

pub(super) struct Event {
    process: Option<ProcessId>,
    what: What,
}

pub(super) enum What {
    Wake(Waker),
    Call(Call),
    Job(Lane, Of, Job),
    /// What a job woke, due when its cost has passed.
    Enqueue(Vec<(Place, Ready)>),
}

/// A reactor of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    process: ProcessId,
    reactor: usize,
}

pub(super) enum Ready {
    Task(u64),
    Turn(Arc<dyn Turn>),
}

#[derive(Default)]
struct Reactor {
    queue: VecDeque<Ready>,
    busy_until: Instant,
}

struct Process {
    reactors: Vec<Reactor>,
    lanes: BTreeMap<Lane, Workers>,
    /// So many of a lane's jobs that clients wait for may wait to be begun.
    client_jobs_max: usize,
    paused: bool,
    /// Events that came due while it was paused.
    parked: Vec<What>,
    disk: SimulatedDisk,
}

/// Who a job is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// The node itself: never refused.
    Node,
    /// A client: refused where too many wait.
    Client,
}

/// The threads of a lane.
struct Workers {
    /// When each is free.
    free: Vec<Instant>,
    /// Jobs of clients that were given and are not begun.
    client_jobs: usize,
}

impl Default for Workers {
    fn default() -> Self {
        Self { free: vec![Instant(0); LANE_THREADS], client_jobs: 0 }
    }
}

struct Spawned {
    place: Place,
    /// Away while it is polled.
    future: Option<Task>,
    waker: Waker,
    queued: bool,
}

/// What runs at this moment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Running {
    Nothing,
    Reactor(Place),
    Lane(ProcessId),
}

pub(super) enum Step {
    Nothing,
    /// The time, or an event into a queue.
    Moved,
    Task {
        id: u64,
        future: Task,
        waker: Waker,
    },
    Turn(Arc<dyn Turn>),
    Job {
        job: Job,
        lane: Lane,
        worker: usize,
    },
    Wake(Waker),
    Call(Call),
}

/// What is to be dropped without the lock.
#[derive(Default)]
pub(super) struct Garbage {
    _tasks: Vec<Spawned>,
    _events: Vec<Event>,
    _process: Option<Process>,
    _future: Option<Task>,
}

pub(super) struct Core {
    pub(super) now: Instant,
    pub(super) events: BTreeMap<EventKey, Event>,
    next_event: u64,
    processes: BTreeMap<ProcessId, Process>,
    next_process: u32,
    tasks: BTreeMap<u64, Spawned>,
    next_task: u64,
    running: Running,
    /// What the job that runs has woken.
    woken_by_job: Vec<(Place, Ready)>,
    random: Generator,
    trace: Trace,
}

/// More than ever wait.
const CLIENT_JOBS_MANY: usize = 10_000;
/// Threads per lane: those of a log directory, and those for computation.
const LANE_THREADS: usize = 4;

impl Core {
    pub(super) fn new(random: Generator, trace: Trace) -> Self {
        Self {
            now: Instant(0),
            events: BTreeMap::new(),
            next_event: 0,
            processes: BTreeMap::new(),
            next_process: 0,
            tasks: BTreeMap::new(),
            next_task: 0,
            running: Running::Nothing,
            woken_by_job: Vec::new(),
            random,
            trace,
        }
    }

    pub(super) fn begin_process(&mut self, disk: SimulatedDisk) -> ProcessId {
        let id = ProcessId(self.next_process);
        self.next_process += 1;
        let mut reactors = Vec::new();
        reactors.resize_with(1 + self.random.index(3), Reactor::default);
        let lanes = BTreeMap::new();
        // Mostly as good as no limit, as it is in a node whose disk keeps up.
        let few = self.random.one_in(3);
        let client_jobs_max = if few { 1 + self.random.index(3) } else { CLIENT_JOBS_MANY };
        let (paused, parked) = (false, Vec::new());
        let process = Process { reactors, lanes, client_jobs_max, paused, parked, disk };
        self.processes.insert(id, process);
        id
    }

    pub(super) fn end_process(&mut self, id: ProcessId) -> Garbage {
        let of_process = |_: &EventKey, event: &mut Event| event.process == Some(id);
        Garbage {
            _process: self.processes.remove(&id),
            _tasks: self
                .tasks
                .extract_if(.., |_, task| task.place.process == id)
                .map(|(_, task)| task)
                .collect(),
            _events: self.events.extract_if(.., of_process).map(|(_, event)| event).collect(),
            _future: None,
        }
    }

    pub(super) fn task_count(&self, id: ProcessId) -> usize {
        self.tasks.values().filter(|task| task.place.process == id).count()
    }

    pub(super) fn pause_process(&mut self, id: ProcessId, paused: bool) {
        let Some(process) = self.processes.get_mut(&id) else { return };
        process.paused = paused;
        if !paused {
            for what in mem::take(&mut process.parked) {
                self.schedule(Some(id), self.now, what);
            }
        }
    }

    pub(super) fn schedule(
        &mut self,
        process: Option<ProcessId>,
        at: Instant,
        what: What,
    ) -> EventKey {
        let draw = u32::try_from(self.random.next_u64() >> 32).expect("half of it");
        let key = EventKey { at: at.max(self.now), draw, number: self.next_event };
        self.next_event += 1;
        self.events.insert(key, Event { process, what });
        key
    }

    /// The reactor that runs, if it is one of `process`; else any of its reactors. `None` if the
    /// process has ended.
    fn place_here(&mut self, process: ProcessId) -> Option<Place> {
        match self.running {
            Running::Reactor(place) if place.process == process => Some(place),
            Running::Reactor(_) | Running::Lane(_) | Running::Nothing => self.place_any(process),
        }
    }

    fn place_any(&mut self, process: ProcessId) -> Option<Place> {
        let count = self.processes.get(&process)?.reactors.len();
        Some(Place { process, reactor: self.random.index(count) })
    }

    /// Takes a task in, ready to run. Gives it back if its process has ended.
    pub(super) fn add_task(
        &mut self,
        process: ProcessId,
        here: bool,
        future: Task,
        waker: impl FnOnce(u64) -> Waker,
    ) -> Option<Task> {
        let place = if here { self.place_here(process) } else { self.place_any(process) };
        let Some(place) = place else { return Some(future) };
        let id = self.next_task;
        self.next_task += 1;
        let waker = waker(id);
        self.tasks.insert(id, Spawned { place, future: Some(future), waker, queued: false });
        self.wake_task(id);
        None
    }

    pub(super) fn wake_task(&mut self, id: u64) {
        let Some(task) = self.tasks.get_mut(&id) else { return };
        if !mem::replace(&mut task.queued, true) {
            let place = task.place;
            self.enqueue(place, Ready::Task(id));
        }
    }

    /// Gives the turn back if the process has ended.
    pub(super) fn add_turn(
        &mut self,
        process: ProcessId,
        turn: Arc<dyn Turn>,
    ) -> Option<Arc<dyn Turn>> {
        match self.place_here(process) {
            Some(place) => {
                self.enqueue(place, Ready::Turn(turn));
                None
            }
            None => Some(turn),
        }
    }

    /// Gives the job back if the process has ended, or too many wait.
    pub(super) fn add_job(
        &mut self,
        process: ProcessId,
        (lane, of): (Lane, Of),
        job: Job,
    ) -> Option<Job> {
        let Some(of_process) = self.processes.get_mut(&process) else { return Some(job) };
        let client_jobs_max = of_process.client_jobs_max;
        let workers = of_process.lanes.entry(lane.clone()).or_default();
        if of == Of::Client {
            if client_jobs_max <= workers.client_jobs {
                self.trace.sometimes("a lane was full");
                return Some(job);
            }
            workers.client_jobs += 1;
        }
        // Mostly soon; sometimes far later than others that were given after it.
        let limit = if self.random.one_in(4) { 20_000_000 } else { 200_000 };
        let delay = Duration::from_nanos(self.random.below(limit));
        self.schedule(Some(process), self.now + delay, What::Job(lane, of, job));
        None
    }

    /// Whether a client's job would be given back now.
    pub(super) fn is_full(&self, process: ProcessId, lane: &Lane) -> bool {
        let Some(process) = self.processes.get(&process) else { return false };
        let workers = process.lanes.get(lane);
        workers.is_some_and(|workers| process.client_jobs_max <= workers.client_jobs)
    }

    fn enqueue(&mut self, place: Place, ready: Ready) {
        if self.running == Running::Lane(place.process) {
            self.woken_by_job.push((place, ready));
        } else if let Some(process) = self.processes.get_mut(&place.process) {
            process.reactors[place.reactor].queue.push_back(ready);
        }
    }

    pub(super) fn next_step(&mut self, until: Instant) -> Step {
        if let Some(first) = self.events.first_entry()
            && first.key().at <= self.now
        {
            let event = first.remove();
            return self.begin_event(event);
        }
        let mut places = Vec::new();
        let mut next = self.events.first_key_value().map(|(key, _)| key.at);
        for (id, process) in self.processes.iter().filter(|(_, process)| !process.paused) {
            for (index, reactor) in process.reactors.iter().enumerate() {
                if reactor.queue.is_empty() {
                    continue;
                }
                if reactor.busy_until <= self.now {
                    places.push(Place { process: *id, reactor: index });
                } else {
                    let free = reactor.busy_until;
                    next = Some(next.map_or(free, |next| next.min(free)));
                }
            }
        }
        if !places.is_empty() {
            let place = *self.random.pick(&places);
            return self.begin_ready(place);
        }
        let Some(next) = next else { return Step::Nothing };
        self.now = next.min(until).max(self.now);
        self.trace.set_now(self.now);
        Step::Moved
    }

    fn begin_ready(&mut self, place: Place) -> Step {
        let Some(process) = self.processes.get_mut(&place.process) else { return Step::Moved };
        let queue = &mut process.reactors[place.reactor].queue;
        let tasks = queue.iter().position(|ready| matches!(ready, Ready::Turn(_)));
        let choices = tasks.unwrap_or(queue.len()).max(1);
        let ready = queue.remove(self.random.index(choices));
        let Some(ready) = ready else { return Step::Moved };
        let id = match ready {
            Ready::Turn(turn) => {
                self.trace.note(&[1, u64::from(place.process.0), place.reactor as u64]);
                self.running = Running::Reactor(place);
                return Step::Turn(turn);
            }
            Ready::Task(id) => id,
        };
        // A task that has ended may have been woken before.
        let Some(task) = self.tasks.get_mut(&id) else { return Step::Moved };
        task.queued = false;
        let waker = task.waker.clone();
        let Some(future) = task.future.take() else { return Step::Moved };
        self.trace.note(&[2, id]);
        self.running = Running::Reactor(place);
        Step::Task { id, future, waker }
    }

    fn begin_event(&mut self, event: Event) -> Step {
        if let Some(id) = event.process {
            let Some(process) = self.processes.get_mut(&id) else { return Step::Moved };
            if process.paused {
                process.parked.push(event.what);
                return Step::Moved;
            }
        }
        match event.what {
            What::Wake(waker) => Step::Wake(waker),
            What::Call(call) => Step::Call(call),
            What::Enqueue(woken) => {
                woken.into_iter().for_each(|(place, ready)| self.enqueue(place, ready));
                Step::Moved
            }
            What::Job(lane, of, job) => match event.process {
                Some(process) => self.begin_job(process, (lane, of), job),
                None => Step::Moved,
            },
        }
    }

    fn begin_job(&mut self, id: ProcessId, (lane, of): (Lane, Of), job: Job) -> Step {
        let Some(process) = self.processes.get_mut(&id) else { return Step::Moved };
        let workers = process.lanes.entry(lane.clone()).or_default();
        let (worker, free) =
            workers.free.iter().enumerate().min_by_key(|(_, free)| **free).expect("4");
        if *free > self.now {
            let free = *free;
            self.schedule(Some(id), free, What::Job(lane, of, job));
            return Step::Moved;
        }
        if of == Of::Client {
            workers.client_jobs -= 1;
        }
        self.trace.note(&[3, u64::from(id.0), worker as u64]);
        self.running = Running::Lane(id);
        Step::Job { job, lane, worker }
    }

    /// What the disk calls since the last question cost the process.
    fn spent(&self, process: ProcessId) -> Duration {
        self.processes.get(&process).map_or(Duration::ZERO, |process| process.disk.take_spent())
    }

    /// The reactor is busy for what its disk calls cost, and a little.
    fn after_reactor(&mut self) {
        let Running::Reactor(place) = mem::replace(&mut self.running, Running::Nothing) else {
            return;
        };
        let little = Duration::from_nanos(self.random.within(200..4_000));
        let free = self.now + self.spent(place.process) + little;
        if let Some(process) = self.processes.get_mut(&place.process) {
            process.reactors[place.reactor].busy_until = free;
        }
    }

    pub(super) fn after_turn(&mut self) {
        self.after_reactor();
    }

    /// Keeps the task, unless it has ended (`None`) or its process has.
    pub(super) fn after_task(&mut self, id: u64, future: Option<Task>) -> Garbage {
        self.after_reactor();
        let mut garbage = Garbage::default();
        match (future, self.tasks.get_mut(&id)) {
            (Some(future), Some(task)) => task.future = Some(future),
            (None, Some(_)) => garbage._tasks.extend(self.tasks.remove(&id)),
            (future, None) => garbage._future = future,
        }
        garbage
    }

    pub(super) fn after_job(&mut self, lane: &Lane, worker: usize) {
        let Running::Lane(id) = mem::replace(&mut self.running, Running::Nothing) else { return };
        let woken = mem::take(&mut self.woken_by_job);
        let done = self.now + self.spent(id);
        if let Some(workers) =
            self.processes.get_mut(&id).and_then(|process| process.lanes.get_mut(lane))
        {
            workers.free[worker] = done;
        }
        self.schedule(Some(id), done, What::Enqueue(woken));
    }
}
