//! Files that are removed a while after nobody needs them: how many wait costs nothing, and a stop
//! does not wait for them.

use crate::place::{LONG, Place};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::DeleteTopicsRequest;
use std::collections::BTreeSet;
use std::time::Duration;

/// Topics that are deleted, and their partitions.
const TOPICS: usize = 8;
const PARTITIONS: usize = 250;
/// `file.delete.delay.ms` of most topics, and of one.
const DELAY: Duration = Duration::from_secs(60);
const SHORT_DELAY: Duration = Duration::from_secs(20);

impl Place {
    fn delete(&mut self, topic: &str) {
        let request = DeleteTopicsRequest {
            topic_names: vec![topic.into()],
            timeout_ms: 30_000,
            ..DeleteTopicsRequest::default()
        };
        let answer = self.ask(5, request);
        assert_eq!(answer.responses[0].error_code, ErrorCode::NONE);
    }

    /// Waits until the world is that old.
    fn wait_until(&mut self, age: Duration) {
        self.wait(age.saturating_sub(self.world.elapsed()));
    }

    /// Folders that wait for their removal, of partitions of `topic`.
    fn deleted(&mut self, topic: &str) -> usize {
        let paths = self.disk().paths();
        let folders =
            paths.iter().filter_map(|(path, _)| path.strip_prefix("/data/")?.split('/').next());
        let own =
            |folder: &&str| folder.starts_with(&format!("{topic}-")) && folder.ends_with("-delete");
        folders.filter(own).collect::<BTreeSet<&str>>().len()
    }
}

#[test]
fn thousands_wait_as_one() {
    let mut place = Place::new(&[]);
    for topic in 0..TOPICS {
        place.create(&format!("late-{topic}"), PARTITIONS as i32, &[]);
    }
    place.create("soon", 1, &[("file.delete.delay.ms", "20000")]);
    place.wait(Duration::from_secs(1));
    let tasks = place.world.task_count("n");
    let began = place.world.elapsed();
    for topic in 0..TOPICS {
        place.delete(&format!("late-{topic}"));
    }
    place.delete("soon");
    place.wait(Duration::from_secs(2));
    let ended = place.world.elapsed();
    assert!(ended - began < SHORT_DELAY, "{:?}", ended - began);
    let all = TOPICS * PARTITIONS;
    assert_eq!((place.deleted("late"), place.deleted("soon")), (all, 1));
    let waiting = place.world.task_count("n");
    assert!(waiting <= tasks, "{tasks} tasks before, {waiting} while files wait");
    // What is due sooner goes sooner, though it came later.
    place.wait_until(ended + SHORT_DELAY);
    assert_eq!((place.deleted("late"), place.deleted("soon")), (all, 0));
    place.wait_until(began + DELAY - Duration::from_millis(1));
    assert_eq!(place.deleted("late"), all, "that was too early");
    place.wait_until(ended + DELAY + Duration::from_secs(5));
    assert_eq!(place.deleted("late"), 0);
}

#[test]
fn a_stop_does_not_wait_and_the_next_start_removes() {
    let mut place = Place::new(&[]);
    place.create("t", 20, &[]);
    place.delete("t");
    place.wait(Duration::from_secs(1));
    assert_eq!(place.deleted("t"), 20);
    let before = place.world.elapsed();
    place.node.stop(&mut place.world, LONG).unwrap();
    assert!(place.world.elapsed() - before < Duration::from_secs(5));
    assert_eq!(place.deleted("t"), 20);
    place.node.start(&mut place.world, LONG).unwrap();
    place.wait(DELAY + Duration::from_secs(2));
    assert_eq!(place.deleted("t"), 0);
}
