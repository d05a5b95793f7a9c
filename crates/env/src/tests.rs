//! What one thread can see of the shared parts.

use crate::budget::Budget;
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

#[test]
fn a_permit_that_shrinks_lets_the_next_in() {
    let budget = Budget::new(10);
    let mut cx = Context::from_waker(Waker::noop());
    let Poll::Ready(mut first) = budget.ask(8).poll_permit(&mut cx) else {
        panic!("nobody has anything")
    };
    let mut second = budget.ask(5);
    assert!(second.poll_permit(&mut cx).is_pending());
    first.shrink_to(9);
    assert_eq!((first.size_bytes(), budget.free_bytes()), (8, 2), "it does not grow");
    first.shrink_to(5);
    assert_eq!((first.size_bytes(), budget.free_bytes()), (5, 5));
    let second = second.poll_permit(&mut cx);
    assert!(second.is_ready());
    drop((first, second));
    assert_eq!(budget.free_bytes(), 10);
}
