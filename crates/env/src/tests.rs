//! What one thread can see of the shared parts.

use crate::ready::Ready;
use std::task::{Context, Poll, Waker};

fn marked(ready: &Ready) -> Option<Vec<u32>> {
    let mut keys = Vec::new();
    match ready.poll_marked(&mut Context::from_waker(Waker::noop()), &mut keys) {
        Poll::Ready(()) => Some(keys),
        Poll::Pending => None,
    }
}

#[test]
fn marks_that_nobody_reads_take_bounded_memory() {
    let ready = Ready::new();
    let marks: Vec<_> = (0..100).map(|key| ready.mark(key)).collect();
    for round in 0..10_000 {
        marks[round % 100].set();
        marks[round * 7 % 100].set();
    }
    let mut keys = marked(&ready).unwrap();
    assert!(keys.len() <= 400, "{} keys kept for 100", keys.len());
    keys.sort_unstable();
    keys.dedup();
    assert!(keys.into_iter().eq(0..100));
    assert_eq!(marked(&ready), None);
    marks[3].set();
    marks[3].set();
    assert_eq!(marked(&ready), Some(vec![3]));
}

#[test]
fn a_mark_outlives_its_reader() {
    let ready = Ready::new();
    let mark = ready.mark(1);
    assert!(mark.is_live());
    drop(ready);
    mark.set();
    assert!(!mark.is_live());
}
