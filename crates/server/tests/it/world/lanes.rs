//! Lanes: order, threads, and the way back.

use super::{HANG, in_own_process, options, run, world};
use dohle_env::tasks::{Home, Lane, Turn};
use dohle_server::world::{World, WorldOptions};
use std::path::Path;
use std::sync::mpsc;
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

fn disk(path: &str) -> Lane {
    Lane::Disk(Arc::from(Path::new(path)))
}

#[test]
fn jobs_of_one_thread_run_in_order() {
    let world = world(1);
    let (done, results) = mpsc::channel();
    for number in 0..1000 {
        let done = done.clone();
        world.env().tasks.job(&Lane::Cpu, Box::new(move || done.send(number).unwrap()));
    }
    let order: Vec<i32> = (0..1000).map(|_| results.recv_timeout(HANG).unwrap()).collect();
    assert_eq!(order, (0..1000).collect::<Vec<_>>());
}

#[test]
fn four_threads_per_directory_and_none_shared() {
    let world = world(1);
    let meet = Arc::new(Barrier::new(8));
    let (done, results) = mpsc::channel();
    // Eight jobs that all must run at once: only four and four threads let them pass.
    for number in 0..8 {
        let (meet, done) = (meet.clone(), done.clone());
        let lane = disk(if number % 2 == 0 { "/a" } else { "/b" });
        let job = move || {
            meet.wait();
            done.send(thread::current().name().map(str::to_owned)).unwrap();
        };
        world.env().tasks.job(&lane, Box::new(job));
    }
    for _ in 0..8 {
        assert_eq!(results.recv_timeout(HANG).unwrap().as_deref(), Some("disk"));
    }
}

/// Fills the one thread of the cpu lane until the answer is dropped.
fn hold_the_cpu_lane(world: &World) -> mpsc::Sender<()> {
    let (go, wait) = mpsc::channel::<()>();
    let (began, has_begun) = mpsc::channel();
    let job = move || {
        began.send(()).unwrap();
        let _ended = wait.recv();
    };
    world.env().tasks.job(&Lane::Cpu, Box::new(job));
    has_begun.recv_timeout(HANG).unwrap();
    go
}

#[test]
fn the_nodes_own_work_goes_before_what_clients_wait_for() {
    let world = world(1);
    let hold = hold_the_cpu_lane(&world);
    let (done, results) = mpsc::channel();
    for number in 0..4 {
        let (client, own) = (done.clone(), done.clone());
        let tasks = &world.env().tasks;
        tasks.client_job(&Lane::Cpu, Box::new(move || client.send(10 + number).unwrap()));
        tasks.job(&Lane::Cpu, Box::new(move || own.send(number).unwrap()));
    }
    drop(hold);
    let order: Vec<i32> = (0..8).map(|_| results.recv_timeout(HANG).unwrap()).collect();
    assert_eq!(order, [0, 1, 2, 3, 10, 11, 12, 13]);
}

#[test]
fn a_full_lane_refuses_clients_and_nobody_else() {
    let options = WorldOptions { client_jobs_max: 3, ..options(1) };
    let world = World::start(&options).unwrap();
    let hold = hold_the_cpu_lane(&world);
    let (done, results) = mpsc::channel();
    let tasks = &world.env().tasks;
    for number in 0..5 {
        assert_eq!(tasks.is_full(&Lane::Cpu), 3 <= number);
        let done = done.clone();
        tasks.client_job(&Lane::Cpu, Box::new(move || done.send(number).unwrap()));
    }
    for number in 10..20 {
        let done = done.clone();
        tasks.job(&Lane::Cpu, Box::new(move || done.send(number).unwrap()));
    }
    drop((hold, done));
    // Ends when the last job has run or was dropped.
    let all: Vec<i32> = results.iter().collect();
    assert_eq!(all, [10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0, 1, 2]);
}

#[test]
fn clients_leave_one_thread_to_the_node() {
    let world = world(1);
    let (lane, tasks) = (disk("/a"), &world.env().tasks);
    let (began, beginnings) = mpsc::channel();
    let mut holds = Vec::new();
    for number in 0..6 {
        let (began, (hold, wait)) = (began.clone(), mpsc::channel::<()>());
        holds.push(hold);
        let job = move || {
            began.send(number).unwrap();
            let _ended = wait.recv();
        };
        tasks.client_job(&lane, Box::new(job));
    }
    let first: Vec<i32> = (0..3).map(|_| beginnings.recv_timeout(HANG).unwrap()).collect();
    assert_eq!(first.iter().sum::<i32>(), 3, "the first three: {first:?}");
    // All that a client may have is taken: the node's own still runs.
    let (done, ran) = mpsc::channel();
    tasks.job(&lane, Box::new(move || done.send(()).unwrap()));
    ran.recv_timeout(HANG).unwrap();
    assert!(beginnings.try_recv().is_err());
    drop(holds);
    let rest: Vec<i32> = (0..3).map(|_| beginnings.recv_timeout(HANG).unwrap()).collect();
    assert_eq!(rest.iter().sum::<i32>(), 12, "the others: {rest:?}");
}

#[test]
fn idle_threads_end_and_others_take_their_place() {
    in_own_process("world::lanes::idle_threads_end_and_others_take_their_place", || {
        let options = WorldOptions { lane_idle_max: Duration::from_millis(5), ..options(1) };
        let world = World::start(&options).unwrap();
        let alive = || {
            let threads = std::fs::read_dir("/proc/self/task").unwrap();
            threads
                .filter_map(|thread| {
                    std::fs::read_to_string(thread.unwrap().path().join("comm")).ok()
                })
                .filter(|name| name.trim_end() == "disk")
                .count()
        };
        for _ in 0..3 {
            let (done, results) = mpsc::channel();
            let job = move || done.send(()).unwrap();
            world.env().tasks.job(&disk("/a"), Box::new(job));
            results.recv_timeout(HANG).unwrap();
            let deadline = std::time::Instant::now() + HANG;
            while alive() > 0 {
                assert!(std::time::Instant::now() < deadline, "the thread stays");
                thread::yield_now();
            }
        }
    });
}

#[test]
fn a_job_asked_for_by_a_job_goes_back_to_the_same_reactor() {
    let world = world(3);
    for _ in 0..10 {
        let env = world.env().clone();
        let (report, seen) = mpsc::channel();
        let asker = run(world.env(), async move {
            let (tasks, turn) = (env.tasks.clone(), Arc::new(WhereAmI(report)));
            let second = {
                let tasks = tasks.clone();
                move || tasks.at_end_of_tick(turn)
            };
            let first = move || tasks.job(&disk("/a"), Box::new(second));
            env.tasks.job(&Lane::Cpu, Box::new(first));
            thread::current().name().unwrap().to_owned()
        });
        assert_eq!(seen.recv_timeout(HANG).unwrap(), asker);
    }
}

#[test]
fn stopping_waits_for_jobs() {
    let world = world(1);
    let count = Arc::new(Mutex::new(0));
    for _ in 0..100 {
        let count = count.clone();
        world.env().tasks.job(&disk("/a"), Box::new(move || *count.lock().unwrap() += 1));
    }
    assert!(world.stop(HANG));
    assert_eq!(*count.lock().unwrap(), 100);
}

#[test]
fn stopping_does_not_wait_for_ever() {
    let world = world(1);
    let (hold, held) = mpsc::channel::<()>();
    let job = move || {
        let _ended = held.recv();
    };
    world.env().tasks.job(&Lane::Cpu, Box::new(job));
    assert!(!world.stop(Duration::from_millis(20)));
    drop(hold);
}

/// Reports the thread that it runs on.
struct WhereAmI(mpsc::Sender<String>);

impl Turn for WhereAmI {
    fn run(self: Arc<Self>) {
        self.0.send(thread::current().name().unwrap().to_owned()).unwrap();
    }
}

#[test]
fn a_turn_asked_for_on_a_lane_runs_where_the_job_came_from() {
    let world = world(3);
    for _ in 0..20 {
        let env = world.env().clone();
        let (report, seen) = mpsc::channel();
        let asker = run(world.env(), async move {
            let tasks = env.tasks.clone();
            let turn = Arc::new(WhereAmI(report));
            env.tasks.job(&Lane::Cpu, Box::new(move || tasks.at_end_of_tick(turn)));
            thread::current().name().unwrap().to_owned()
        });
        assert_eq!(seen.recv_timeout(HANG).unwrap(), asker);
    }
}

#[test]
fn here_is_the_callers_reactor() {
    let world = world(3);
    for _ in 0..20 {
        let env = world.env().clone();
        let (report, seen) = mpsc::channel();
        let asker = run(world.env(), async move {
            let child = async move {
                report.send(thread::current().name().unwrap().to_owned()).unwrap();
            };
            env.tasks.spawn(Home::Here, Box::pin(child));
            thread::current().name().unwrap().to_owned()
        });
        assert_eq!(seen.recv_timeout(HANG).unwrap(), asker);
    }
}
