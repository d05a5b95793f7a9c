//! Strands on real threads.

use super::{HANG, run, world};
use dohle_env::gather::{Answer, Gather, Slot};
use dohle_env::strand::{Owned, Strand, Turned};
use dohle_env::tasks::{Home, Lane};
use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::Poll;

/// Writes down what it is told, now and then by way of a lane.
#[derive(Default)]
struct Ledger {
    entries: Vec<(usize, usize)>,
    turns: usize,
}

enum Told {
    Entry(usize, usize),
    Read(Slot<(Vec<(usize, usize)>, usize)>),
}

enum Effect {
    Fill(Slot<(Vec<(usize, usize)>, usize)>, (Vec<(usize, usize)>, usize)),
}

impl Owned for Ledger {
    type Command = Told;
    type Effect = Effect;

    fn turn(&mut self, commands: &mut Vec<Told>, effects: &mut Vec<Effect>) -> Turned<Self> {
        self.turns += 1;
        for command in commands.drain(..) {
            match command {
                Told::Entry(from, number) => self.entries.push((from, number)),
                Told::Read(slot) => {
                    effects.push(Effect::Fill(slot, (self.entries.clone(), self.turns)));
                }
            }
        }
        if self.turns % 16 != 3 {
            return Turned::Done;
        }
        let turns = self.turns;
        Turned::Job(
            Lane::Cpu,
            Box::new(move || {
                Box::new(move |ledger: &mut Ledger, _effects| {
                    assert_eq!(ledger.turns, turns, "a turn ran while the job was away");
                    Turned::Done
                })
            }),
        )
    }

    fn perform(_strand: &Arc<Strand<Self>>, effect: Effect) {
        let Effect::Fill(slot, entries) = effect;
        slot.fill(entries);
    }
}

type Entries = (Vec<(usize, usize)>, usize);

fn read(strand: &Arc<Strand<Ledger>>, env: &dohle_env::Env) -> Entries {
    let gather = Gather::with_capacity(1);
    strand.submit(Told::Read(gather.slot()));
    match run(env, gather.all()).remove(0) {
        Answer::Filled(entries) => entries,
        Answer::Gone | Answer::Missing => panic!("the strand lost a slot"),
    }
}

#[test]
fn each_command_once_and_each_submitters_in_order() {
    const SUBMITTERS: usize = 6;
    const COMMANDS: usize = 5_000;
    let world = world(2);
    let env = world.env().clone();
    let strand = Strand::new(env.tasks.clone(), Ledger::default());
    let (done, ended) = mpsc::channel();
    for from in 0..SUBMITTERS {
        let (strand, done) = (strand.clone(), done.clone());
        if from % 2 == 0 {
            std::thread::spawn(move || {
                (0..COMMANDS).for_each(|number| strand.submit(Told::Entry(from, number)));
                done.send(()).unwrap();
            });
        } else {
            let submitter = async move {
                for number in 0..COMMANDS {
                    strand.submit(Told::Entry(from, number));
                    if number % 7 == 0 {
                        pass().await;
                    }
                }
                done.send(()).unwrap();
            };
            env.tasks.spawn(Home::LeastLoaded, Box::pin(submitter));
        }
    }
    (0..SUBMITTERS).for_each(|_| ended.recv_timeout(HANG).unwrap());
    let (entries, turns) = read(&strand, &env);
    assert_eq!(entries.len(), SUBMITTERS * COMMANDS);
    for from in 0..SUBMITTERS {
        let numbers = entries.iter().filter(|(f, _)| *f == from).map(|(_, n)| *n);
        assert!(numbers.eq(0..COMMANDS), "submitter {from}");
    }
    println!("{} commands in {turns} turns", entries.len());
}

/// Lets everything else that is ready run once.
async fn pass() {
    let mut passed = false;
    poll_fn(|cx| {
        if std::mem::replace(&mut passed, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[test]
fn what_is_ready_together_is_one_turn() {
    let world = world(1);
    let env = world.env().clone();
    let strand = Strand::new(env.tasks.clone(), Ledger::default());
    let for_tasks = strand.clone();
    let tasks = env.tasks.clone();
    run(&env, async move {
        // Ten tasks that become ready in the same tick.
        for number in 0..10 {
            let strand = for_tasks.clone();
            tasks.spawn(Home::Here, Box::pin(async move { strand.submit(Told::Entry(0, number)) }));
        }
        // Until the end of that tick is over.
        for _ in 0..3 {
            pass().await;
        }
    });
    let (entries, turns) = read(&strand, &env);
    assert_eq!((entries.len(), turns), (10, 2), "ten entries in one turn, the reading in another");
}

/// Asks for another turn at the end of each.
struct Restless {
    left: usize,
    end: Option<Slot<usize>>,
    others: Arc<AtomicUsize>,
}

enum Again {
    Once,
    Fill(Slot<usize>, usize),
}

impl Owned for Restless {
    type Command = ();
    type Effect = Again;

    fn turn(&mut self, commands: &mut Vec<()>, effects: &mut Vec<Again>) -> Turned<Self> {
        commands.clear();
        self.left -= 1;
        effects.push(match self.end.take_if(|_| self.left == 0) {
            None => Again::Once,
            Some(slot) => Again::Fill(slot, self.others.load(Ordering::Relaxed)),
        });
        Turned::Done
    }

    fn perform(strand: &Arc<Strand<Self>>, effect: Again) {
        match effect {
            Again::Once => strand.submit(()),
            Again::Fill(slot, others) => slot.fill(others),
        }
    }
}

#[test]
fn a_strand_that_asks_again_waits_for_the_next_tick() {
    const TURNS: usize = 1_000;
    let world = world(1);
    let env = world.env().clone();
    let others = Arc::new(AtomicUsize::new(0));
    let gather = Gather::with_capacity(1);
    let end = Some(gather.slot());
    let restless = Restless { left: TURNS, end, others: others.clone() };
    let strand = Strand::new(env.tasks.clone(), restless);
    let tasks = env.tasks.clone();
    let answers = run(&env, async move {
        let other = async move {
            loop {
                others.fetch_add(1, Ordering::Relaxed);
                pass().await;
            }
        };
        tasks.spawn(Home::Here, Box::pin(other));
        strand.submit(());
        gather.all().await
    });
    let Answer::Filled(passes) = answers[0] else { panic!("the strand lost its slot") };
    assert!(passes >= TURNS - 2, "another task ran {passes} times in {TURNS} ticks");
}

/// Wakes across reactors: a token goes round through slots filled on strands of four reactors.
#[test]
fn wakes_between_reactors_are_never_lost() {
    let world = world(4);
    let env = world.env().clone();
    let strands: Vec<_> =
        (0..4).map(|_| Strand::new(env.tasks.clone(), Ledger::default())).collect();
    let rounds: Vec<_> = (0..8)
        .map(|from| {
            let strands = strands.clone();
            super::start(&env, Home::LeastLoaded, async move {
                for number in 0..2_000 {
                    let strand = &strands[(from + number) % strands.len()];
                    strand.submit(Told::Entry(from, number));
                    if number % 20 == 0 {
                        let gather = Gather::with_capacity(1);
                        strand.submit(Told::Read(gather.slot()));
                        assert!(matches!(gather.all().await[..], [Answer::Filled(_)]));
                    }
                }
            })
        })
        .collect();
    rounds.into_iter().for_each(|round| round.recv_timeout(HANG).unwrap());
}
