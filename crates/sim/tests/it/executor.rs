//! The executor: order, timers, lanes, processes that end.

use dohle_env::Env;
use dohle_env::clock::{Instant, sleep};
use dohle_env::tasks::{Home, Lane, Turn};
use dohle_sim::disk::{Costs, SimulatedDisk};
use dohle_sim::executor::{Outcome, yield_now};
use dohle_sim::world::World;
use std::collections::BTreeSet;
use std::future::{pending, poll_fn};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A world with the node `a`, running.
pub(crate) fn world(seed: u64) -> (World, Env) {
    let mut world = World::new(seed);
    let env = world.start("a");
    (world, env)
}

/// Lines in the order in which they came.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn seeds_decide_the_order_and_repeat() {
    let run = |seed| {
        let (world, env) = world(seed);
        let lines = Lines::default();
        for number in 0..4 {
            let lines = lines.clone();
            env.tasks.spawn(
                Home::Here,
                Box::pin(async move {
                    lines.add(format!("{number} begins"));
                    yield_now().await;
                    lines.add(format!("{number} ends"));
                }),
            );
        }
        assert_eq!(world.run_for(LIMIT), Outcome::Deadlock);
        (lines.all(), world.trace().hash())
    };
    let orders: BTreeSet<Vec<String>> = (0..50).map(|seed| run(seed).0).collect();
    assert!(orders.len() > 20, "{}", orders.len());
    for seed in 0..10 {
        assert_eq!(run(seed), run(seed));
    }
}

#[test]
fn timers_expire_in_order_and_time_jumps() {
    let (world, env) = world(1);
    let lines = Lines::default();
    for millis in [300, 100, 200, 3_600_000] {
        let (lines, clock) = (lines.clone(), env.clock.clone());
        let task = async move {
            sleep(&*clock, Duration::from_millis(millis)).await;
            assert!(clock.now() >= Instant(millis * 1_000_000));
            lines.add(millis.to_string());
        };
        env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
    }
    assert_eq!(world.run_for(Duration::from_millis(250)), Outcome::TimedOut);
    assert_eq!(lines.all(), ["100", "200"]);
    assert_eq!(env.clock.now(), Instant(250_000_000));
    assert_eq!(world.run_for(Duration::from_secs(7200)), Outcome::Deadlock);
    assert_eq!(lines.all(), ["100", "200", "300", "3600000"]);
}

#[test]
fn a_timer_is_armed_again_and_never() {
    let (mut world, env) = world(1);
    let clock = env.clock.clone();
    let task = async move {
        let mut timer = clock.timer();
        timer.arm(Instant(5_000_000));
        timer.arm(Instant(1_000_000));
        poll_fn(|cx| timer.poll_expired(cx)).await;
        let first = clock.now();
        assert!(first.0 >= 1_000_000 && first.0 < 2_000_000);
        poll_fn(|cx| timer.poll_expired(cx)).await;
        timer.arm(Instant::NEVER);
        poll_fn(|cx| timer.poll_expired(cx)).await;
    };
    assert_eq!(world.complete("a", LIMIT, task), Err(Outcome::Deadlock));
}

#[test]
fn waiting_for_nothing_is_a_deadlock() {
    let (mut world, _env) = world(1);
    assert_eq!(world.complete("a", LIMIT, async { 7 }), Ok(7));
    assert_eq!(world.complete("a", LIMIT, pending::<()>()), Err(Outcome::Deadlock));
}

struct Recorded(Lines, &'static str);

impl Turn for Recorded {
    fn run(self: Arc<Self>) {
        self.0.add(self.1);
    }
}

#[test]
fn a_turn_runs_after_what_was_ready_and_before_what_comes() {
    for seed in 0..50 {
        let (world, env) = world(seed);
        let lines = Lines::default();
        let (tasks, outer) = (env.tasks.clone(), lines.clone());
        let first = async move {
            let add = |line: &'static str| {
                let lines = outer.clone();
                tasks.spawn(Home::Here, Box::pin(async move { lines.add(line) }));
            };
            add("ready");
            add("ready");
            tasks.at_end_of_tick(Arc::new(Recorded(outer.clone(), "turn")));
            add("later");
        };
        env.tasks.spawn(Home::LeastLoaded, Box::pin(first));
        world.run_for(LIMIT);
        assert_eq!(lines.all(), ["ready", "ready", "turn", "later"], "seed {seed}");
    }
}

#[test]
fn jobs_return_in_any_order_and_take_what_their_disk_calls_cost() {
    let lane = Lane::Disk(Path::new("/d").into());
    let mut orders = BTreeSet::new();
    for seed in 0..50 {
        let mut world = World::new(seed);
        let disk = SimulatedDisk::new();
        disk.put(Path::new("/d/f"), b"x").unwrap();
        disk.set_costs(Costs { sync: Duration::from_millis(50), ..Costs::default() });
        world.set_disk("a", disk);
        let env = world.start("a");
        let lines = Lines::default();
        for number in 0..3 {
            let (env, lines) = (env.clone(), lines.clone());
            let job = {
                let (env, lines) = (env.clone(), lines.clone());
                move || {
                    let file = env.disk.open(Path::new("/d/f"), dohle_env::disk::Open::Read);
                    file.unwrap().sync().unwrap();
                    lines.add(format!("job {number}"));
                    let (clock, lines) = (env.clock.clone(), lines.clone());
                    let seen = async move {
                        assert!(clock.now() >= Instant(50_000_000), "the cost has passed");
                        lines.add("seen");
                    };
                    env.tasks.spawn(Home::Here, Box::pin(seen));
                }
            };
            env.tasks.job(&lane, Box::new(job));
        }
        world.run_for(LIMIT);
        let all = lines.all();
        assert_eq!(all.len(), 6);
        assert!(all[..3].iter().all(|line| line.starts_with("job")), "{all:?}");
        orders.insert(all[..3].to_vec());
    }
    assert_eq!(orders.len(), 6, "all orders of three jobs");
}

/// Says when it is dropped, and asks for work then, as destructors do.
struct Dropped(Lines, Env);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.add("dropped");
        let lines = self.0.clone();
        self.1.tasks.spawn(Home::Here, Box::pin(async move { lines.add("ran after the end") }));
    }
}

#[test]
fn an_ended_process_does_nothing_more() {
    let (mut world, env) = world(1);
    let lines = Lines::default();
    let guard = Dropped(lines.clone(), env.clone());
    let clock = env.clock.clone();
    let task = async move {
        let guard = guard;
        sleep(&*clock, Duration::from_secs(1)).await;
        guard.0.add("woke");
    };
    env.tasks.spawn(Home::Here, Box::pin(task));
    env.tasks.job(&Lane::Cpu, {
        let lines = lines.clone();
        Box::new(move || lines.add("job"))
    });
    world.kill("a");
    assert_eq!(lines.all(), ["dropped"]);
    assert!(!world.is_running("a"));
    assert_eq!(world.run_for(LIMIT), Outcome::Deadlock);
    assert_eq!(lines.all(), ["dropped"]);
}

#[test]
fn a_paused_process_goes_on_where_it_was() {
    let (mut world, env) = world(1);
    let lines = Lines::default();
    let (added, clock) = (lines.clone(), env.clock.clone());
    let task = async move {
        for _ in 0..3 {
            sleep(&*clock, Duration::from_secs(1)).await;
            added.add((clock.now().0 / 1_000_000_000).to_string());
        }
    };
    env.tasks.spawn(Home::Here, Box::pin(task));
    world.run_for(Duration::from_millis(1500));
    world.pause("a");
    // The node alone would be a deadlock: another one keeps time.
    let other = world.start("b");
    let clock = other.clock.clone();
    world
        .complete("b", LIMIT, async move { sleep(&*clock, Duration::from_secs(5)).await })
        .unwrap();
    assert_eq!(lines.all(), ["1"]);
    world.resume("a");
    world.run_for(LIMIT);
    assert_eq!(lines.all(), ["1", "6", "7"]);
}
