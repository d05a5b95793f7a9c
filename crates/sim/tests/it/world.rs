//! Nodes: disks that outlive processes, clocks that jump, numbers of their own.

use crate::executor::world;
use dohle_env::disk::Open;
use dohle_sim::clock::START_TIMESTAMP;
use std::io::IoSlice;
use std::path::Path;
use std::time::Duration;

#[test]
fn a_disk_survives_its_process() {
    let (mut world, env) = world(3);
    let file = env.disk.open(Path::new("/f"), Open::Create).unwrap();
    env.disk.sync_directory(Path::new("/")).unwrap();
    file.write_at(0, &[IoSlice::new(b"kept")]).unwrap();
    world.kill("a");
    // What the dead process still does is seen by nobody.
    file.write_at(0, &[IoSlice::new(b"late")]).unwrap();
    assert_eq!(world.disk("a").content(Path::new("/f")).unwrap(), b"kept");
    let env = world.start("a");
    let file = env.disk.open(Path::new("/f"), Open::Write).unwrap();
    file.sync().unwrap();
    file.write_at(4, &[IoSlice::new(&[7; 100])]).unwrap();
    world.crash("a");
    let content = world.disk("a").content(Path::new("/f")).unwrap();
    assert!(content.starts_with(b"kept") && content.len() <= 104);
}

#[test]
fn wall_clocks_jump_and_time_does_not() {
    let (mut world, env) = world(3);
    assert_eq!(env.clock.timestamp(), START_TIMESTAMP);
    world.run_until(Duration::from_secs(1), || false);
    let now = env.clock.now();
    world.jump_clock("a", -1_000_000);
    assert_eq!(env.clock.now(), now);
    assert!(env.clock.timestamp() < START_TIMESTAMP);
    // It is the machine's clock, not the process's.
    world.kill("a");
    assert!(world.start("a").clock.timestamp() < START_TIMESTAMP);
}

#[test]
fn random_numbers_differ_by_node_and_start_and_repeat_by_seed() {
    let draw = |seed, name: &str, starts: u32| {
        let (mut world, mut env) = world(seed);
        for _ in 0..starts {
            world.kill("a");
            env = world.start("a");
        }
        if name != "a" {
            env = world.start(name);
        }
        env.random.next_u64()
    };
    let drawn = [draw(1, "a", 0), draw(2, "a", 0), draw(1, "b", 0), draw(1, "a", 1)];
    for (index, number) in drawn.iter().enumerate() {
        assert!(!drawn[..index].contains(number));
    }
    assert_eq!(drawn[3], draw(1, "a", 1));
}
