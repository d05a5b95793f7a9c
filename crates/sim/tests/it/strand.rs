//! `env`'s strands: every command once, in order, one turn at a time, effects when it is free.

use crate::executor::{LIMIT, Lines, world};
use dohle_env::Env;
use dohle_env::clock::sleep;
use dohle_env::gather::{Answer, Gather, Slot};
use dohle_env::strand::{COMMANDS_PER_TURN_MAX, Owned, Strand, Then, Turned};
use dohle_env::tasks::{Home, Lane};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Writes down what it is asked, and does some of it on a lane.
struct Recorder {
    lines: Lines,
    running: Arc<AtomicBool>,
}

enum Ask {
    Note(u64, u64),
    /// On a lane, so many times one after another.
    Work(u64),
    Answer(Slot<u64>),
    /// Submits to the same strand, as an effect.
    Echo,
}

enum Effect {
    Fill(Slot<u64>),
    Submit(Ask),
}

fn job(times: u64) -> Turned<Recorder> {
    let work = move || -> Then<Recorder> {
        Box::new(move |recorder: &mut Recorder, _effects| {
            recorder.lines.add(format!("worked {times}"));
            if times > 1 { job(times - 1) } else { Turned::Done }
        })
    };
    Turned::Job(Lane::Cpu, Box::new(work))
}

impl Owned for Recorder {
    type Command = Ask;
    type Effect = Effect;

    fn turn(&mut self, commands: &mut Vec<Ask>, effects: &mut Vec<Effect>) -> Turned<Self> {
        assert!(!self.running.swap(true, Ordering::Relaxed), "one turn at a time");
        assert!(commands.len() <= COMMANDS_PER_TURN_MAX);
        self.lines.add(format!("turn of {}", commands.len()));
        let mut work = 0;
        for command in commands.drain(..) {
            match command {
                Ask::Note(sender, number) => self.lines.add(format!("{sender}:{number}")),
                Ask::Work(times) => work += times,
                Ask::Answer(slot) => effects.push(Effect::Fill(slot)),
                Ask::Echo => effects.push(Effect::Submit(Ask::Note(9, 9))),
            }
        }
        self.running.store(false, Ordering::Relaxed);
        if work > 0 { job(work) } else { Turned::Done }
    }

    fn perform(strand: &Arc<Strand<Self>>, effect: Effect) {
        match effect {
            Effect::Fill(slot) => slot.fill(1),
            Effect::Submit(ask) => strand.submit(ask),
        }
    }
}

fn recorder(env: &Env) -> (Arc<Strand<Recorder>>, Lines) {
    let lines = Lines::default();
    let state = Recorder { lines: lines.clone(), running: Arc::default() };
    (Strand::new(env.tasks.clone(), state), lines)
}

#[test]
fn every_command_is_handled_once_and_in_each_senders_order() {
    for seed in 0..40 {
        let (world, env) = world(seed);
        let (strand, lines) = recorder(&env);
        for sender in 0..4 {
            let (strand, env) = (strand.clone(), env.clone());
            let home = env.tasks.clone();
            let task = async move {
                for number in 0..25 {
                    strand.submit(Ask::Note(sender, number));
                    match env.random.below(4) {
                        0 => {
                            sleep(&*env.clock, Duration::from_nanos(env.random.below(90_000))).await
                        }
                        1 => strand.submit(Ask::Work(1 + env.random.below(3))),
                        _ => {}
                    }
                }
            };
            home.spawn(Home::LeastLoaded, Box::pin(task));
        }
        world.run_for(LIMIT);
        for sender in 0..4 {
            let prefix = format!("{sender}:");
            let all = lines.all();
            let numbers: Vec<&str> =
                all.iter().filter_map(|line| line.strip_prefix(&prefix)).collect();
            let expected: Vec<String> = (0..25).map(|number| number.to_string()).collect();
            assert_eq!(numbers, expected, "seed {seed}");
        }
    }
}

#[test]
fn what_arrives_in_a_tick_is_one_turn() {
    let (mut world, env) = world(5);
    let (strand, lines) = recorder(&env);
    let task = async move {
        for number in 0..3 {
            strand.submit(Ask::Note(0, number));
        }
    };
    world.complete("a", LIMIT, task).unwrap();
    world.run_for(LIMIT);
    assert_eq!(lines.all(), ["turn of 3", "0:0", "0:1", "0:2"]);
}

#[test]
fn commands_wait_while_a_job_is_away() {
    for seed in 0..20 {
        let (world, env) = world(seed);
        let (strand, lines) = recorder(&env);
        strand.submit(Ask::Work(2));
        while lines.all().is_empty() {
            world.run_for(Duration::from_nanos(100));
        }
        strand.submit(Ask::Note(0, 0));
        strand.submit(Ask::Note(0, 1));
        world.run_for(LIMIT);
        let expected = ["turn of 1", "worked 2", "worked 1", "turn of 2", "0:0", "0:1"];
        assert_eq!(lines.all(), expected, "seed {seed}");
    }
}

#[test]
fn a_flood_is_cut_into_turns_that_others_can_get_between() {
    let (world, env) = world(7);
    let (strand, lines) = recorder(&env);
    let count = COMMANDS_PER_TURN_MAX * 2 + 1;
    for number in 0..count as u64 {
        strand.submit(Ask::Note(0, number));
    }
    world.run_for(LIMIT);
    let all = lines.all();
    let turns: Vec<&String> = all.iter().filter(|line| line.starts_with("turn")).collect();
    let most = format!("turn of {COMMANDS_PER_TURN_MAX}");
    assert_eq!(turns, [&most, &most, "turn of 1"]);
    assert_eq!(all.len(), count + 3);
    assert_eq!(all.last().unwrap(), &format!("0:{}", count - 1));
}

#[test]
fn effects_run_when_the_state_is_free() {
    let (mut world, env) = world(8);
    let (strand, lines) = recorder(&env);
    let asker = {
        let strand = strand.clone();
        async move {
            let gather = Gather::with_capacity(1);
            strand.submit(Ask::Answer(gather.slot()));
            strand.submit(Ask::Echo);
            gather.all().await
        }
    };
    assert_eq!(world.complete("a", LIMIT, asker), Ok([Answer::Filled(1)].into()));
    world.run_for(LIMIT);
    assert_eq!(lines.all(), ["turn of 2", "turn of 1", "9:9"]);
}

#[test]
fn commands_of_an_ended_process_answer_gone() {
    let (mut world, env) = world(9);
    let (strand, lines) = recorder(&env);
    let gather = Gather::with_capacity(1);
    strand.submit(Ask::Answer(gather.slot()));
    // The turn is dropped with the process, the strand with its last owner.
    world.kill("a");
    drop(strand);
    assert_eq!(gather.take().into_vec(), [Answer::Gone]);
    assert!(lines.all().is_empty());
}
