//! A panic on our threads ends the process.

use super::{own_process, world};
use dohle_env::tasks::{Home, Lane};
use std::os::unix::process::ExitStatusExt;

fn dies(test: &str, body: impl FnOnce()) {
    if let Some(status) = own_process(test, body) {
        assert_eq!(status.signal(), Some(6), "{status}");
    }
}

#[test]
fn of_a_task() {
    dies("world::panic::of_a_task", || {
        let world = world(1);
        world.env().tasks.spawn(Home::LeastLoaded, Box::pin(async { panic!("on purpose") }));
        std::thread::park_timeout(super::HANG);
    });
}

#[test]
fn of_a_job() {
    dies("world::panic::of_a_job", || {
        let world = world(1);
        world.env().tasks.job(&Lane::Cpu, Box::new(|| panic!("on purpose")));
        std::thread::park_timeout(super::HANG);
    });
}
