//! Loom: what threads share, under every order in which two or three threads can meet.

use crate::budget::Budget;
use crate::gather::{Answer, Gather};
use crate::ready::Ready;
use crate::strand::{Owned, Strand, Turned};
use crate::tasks::{Home, Job, Lane, Task, Tasks, Turn};
use loom::sync::{Condvar, Mutex};
use loom::thread;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake};

/// Runs `body` in every order with at most three preemptions; more find nothing new in practice
/// and take hours.
fn every_order(body: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(body);
}

/// Where a thread waits for its task's wake. A lost wake is a deadlock, which loom reports.
struct Parker {
    woken: Mutex<bool>,
    changed: Condvar,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        *self.woken.lock().unwrap() = true;
        self.changed.notify_one();
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let parker = Arc::new(Parker { woken: Mutex::new(false), changed: Condvar::new() });
    let waker = parker.clone().into();
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return value;
        }
        let mut woken = parker.woken.lock().unwrap();
        while !*woken {
            woken = parker.changed.wait(woken).unwrap();
        }
        *woken = false;
    }
}

#[test]
fn a_gather_wakes_for_its_last_slot() {
    every_order(|| {
        let gather = Gather::with_capacity(2);
        let (filled, gone) = (gather.slot(), gather.slot());
        let filler = thread::spawn(move || filled.fill(7));
        let dropper = thread::spawn(move || drop(gone));
        assert_eq!(block_on(gather.all())[..], [Answer::Filled(7), Answer::Gone]);
        filler.join().unwrap();
        dropper.join().unwrap();
    });
}

#[test]
fn a_gather_left_early_takes_late_answers() {
    every_order(|| {
        let gather = Gather::with_capacity(2);
        let (first, second) = (gather.slot(), gather.slot());
        let filler = thread::spawn(move || {
            first.fill(1);
            second.fill(2);
        });
        let answers = gather.take();
        let known = |answer| matches!(answer, Answer::Missing);
        assert!(!known(answers[0]) || known(answers[1]), "the second came before the first");
        filler.join().unwrap();
    });
}

#[test]
fn every_mark_is_seen() {
    every_order(|| {
        let ready = Ready::new();
        let markers: Vec<_> = [1, 2]
            .map(|key| ready.mark(key))
            .into_iter()
            .map(|mark| thread::spawn(move || mark.set()))
            .collect();
        let mut seen = Vec::new();
        while seen.len() < 2 {
            block_on(poll_fn(|cx| ready.poll_marked(cx, &mut seen)));
        }
        seen.sort_unstable();
        assert_eq!(seen, [1, 2]);
        markers.into_iter().for_each(|marker| marker.join().unwrap());
    });
}

#[test]
fn permits_go_round() {
    every_order(|| {
        let budget = Budget::new(2);
        let askers: Vec<_> = [2, 1]
            .into_iter()
            .map(|size_bytes| {
                let budget = budget.clone();
                thread::spawn(move || {
                    let mut ticket = budget.ask(size_bytes);
                    drop(block_on(poll_fn(|cx| ticket.poll_permit(cx))));
                })
            })
            .collect();
        let mut ticket = budget.ask(1);
        drop(block_on(poll_fn(|cx| ticket.poll_permit(cx))));
        askers.into_iter().for_each(|asker| asker.join().unwrap());
        assert_eq!(budget.free_bytes(), 2);
    });
}

#[test]
fn who_leaves_the_queue_stops_nobody() {
    every_order(|| {
        let budget = Budget::new(2);
        let mut first = budget.ask(1);
        let held = block_on(poll_fn(|cx| first.poll_permit(cx)));
        let leaver = {
            let budget = budget.clone();
            thread::spawn(move || {
                let mut ticket = budget.ask(2);
                block_on(poll_fn(|cx| {
                    // Asks once, takes what may come, and leaves.
                    drop(ticket.poll_permit(cx));
                    Poll::Ready(())
                }));
            })
        };
        let waiter = {
            let budget = budget.clone();
            thread::spawn(move || {
                let mut ticket = budget.ask(1);
                drop(block_on(poll_fn(|cx| ticket.poll_permit(cx))));
            })
        };
        drop(held);
        leaver.join().unwrap();
        waiter.join().unwrap();
        assert_eq!(budget.free_bytes(), 2);
    });
}

/// Two threads that take turns and jobs from one queue: harsher than reactors, which keep theirs.
#[derive(Default)]
struct Pool(Mutex<VecDeque<Work>>);

enum Work {
    Turn(Arc<dyn Turn>),
    Job(Job),
}

impl Pool {
    fn run_all(&self) {
        loop {
            let work = self.0.lock().unwrap().pop_front();
            match work {
                None => return,
                Some(Work::Turn(turn)) => turn.run(),
                Some(Work::Job(job)) => job(),
            }
        }
    }
}

impl Tasks for Pool {
    fn spawn(&self, _home: Home, _task: Task) {
        panic!("a strand spawns nothing");
    }

    fn job(&self, _lane: &Lane, job: Job) {
        self.0.lock().unwrap().push_back(Work::Job(job));
    }

    fn client_job(&self, lane: &Lane, job: Job) {
        self.job(lane, job);
    }

    fn is_full(&self, _lane: &Lane) -> bool {
        false
    }

    fn at_end_of_tick(&self, strand: Arc<dyn Turn>) {
        self.0.lock().unwrap().push_back(Work::Turn(strand));
    }
}

/// Keeps what it was told; number 1 takes the way over a lane.
#[derive(Default)]
struct Told {
    numbers: Vec<u32>,
    away: bool,
    slots: Vec<crate::gather::Slot<usize>>,
}

enum Command {
    Number(u32),
    Count(crate::gather::Slot<usize>),
}

impl Owned for Told {
    type Command = Command;
    type Effect = (crate::gather::Slot<usize>, usize);

    fn turn(
        &mut self,
        commands: &mut Vec<Command>,
        effects: &mut Vec<Self::Effect>,
    ) -> Turned<Self> {
        assert!(!self.away, "a turn ran while the job was away");
        for command in commands.drain(..) {
            match command {
                Command::Number(number) => {
                    self.away |= number == 1;
                    self.numbers.push(number);
                }
                Command::Count(slot) => self.slots.push(slot),
            }
        }
        if self.away {
            return Turned::Job(
                Lane::Cpu,
                Box::new(|| {
                    Box::new(|told: &mut Self, _effects| {
                        told.away = false;
                        told.numbers.push(100);
                        Turned::Done
                    })
                }),
            );
        }
        let count = self.numbers.len();
        effects.extend(self.slots.drain(..).map(|slot| (slot, count)));
        Turned::Done
    }

    fn perform(_strand: &Arc<Strand<Self>>, (slot, count): Self::Effect) {
        slot.fill(count);
    }
}

fn each_command_once(per_thread: [&'static [u32]; 2], count: usize) {
    every_order(move || {
        let pool = Arc::new(Pool::default());
        let strand = Strand::new(pool.clone(), Told::default());
        let threads = per_thread.map(|numbers| {
            let (pool, strand) = (pool.clone(), strand.clone());
            thread::spawn(move || {
                for number in numbers {
                    strand.submit(Command::Number(*number));
                }
                pool.run_all();
            })
        });
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // What one thread left in the queue while the other had already looked.
        pool.run_all();
        let gather = Gather::with_capacity(1);
        strand.submit(Command::Count(gather.slot()));
        pool.run_all();
        assert_eq!(gather.take()[..], [Answer::Filled(count)]);
    });
}

#[test]
fn a_strand_takes_each_command_once() {
    each_command_once([&[10, 11], &[20]], 3);
}

#[test]
fn a_strand_whose_job_is_away_keeps_what_comes() {
    // Number 1 comes back from its lane with one more.
    each_command_once([&[1], &[20, 21]], 4);
}
