//! `env`'s budget and ready sets.

use crate::executor::{LIMIT, Lines, world};
use crate::gather::Wakes;
use dohle_env::budget::{Budget, Permit, Ticket};
use dohle_env::clock::sleep;
use dohle_env::ready::Ready;
use dohle_env::tasks::Home;
use std::future::poll_fn;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

fn poll(ticket: &mut Ticket) -> Option<Permit> {
    match ticket.poll_permit(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(permit) => Some(permit),
        Poll::Pending => None,
    }
}

#[test]
fn a_budget_serves_in_the_order_of_asking() {
    let budget = Budget::new(10);
    let held = poll(&mut budget.ask(8)).unwrap();
    let mut large = budget.ask(9);
    assert!(poll(&mut large).is_none());
    let mut small = budget.ask(1);
    assert!(poll(&mut small).is_none(), "it would fit, but it came later");
    drop(held);
    assert!(poll(&mut small).is_none());
    let large = poll(&mut large).unwrap();
    let small = poll(&mut small).unwrap();
    assert_eq!(budget.free_bytes(), 0);
    drop((large, small));
    assert_eq!(budget.free_bytes(), 10);
    let whole = poll(&mut budget.ask(usize::MAX)).unwrap();
    assert_eq!(budget.free_bytes(), 0);
    drop(whole);
}

#[test]
fn who_gives_up_makes_way() {
    let budget = Budget::new(10);
    let held = poll(&mut budget.ask(5)).unwrap();
    let mut large = budget.ask(10);
    assert!(poll(&mut large).is_none());
    let (wakes, waker) = Wakes::waker();
    let mut small = budget.ask(5);
    assert!(small.poll_permit(&mut Context::from_waker(&waker)).is_pending());
    drop(large);
    assert_eq!(wakes.count(), 1);
    assert!(poll(&mut small).is_some());
    drop(held);
    assert_eq!(budget.free_bytes(), 10);
}

#[test]
fn everybody_is_served_whatever_the_order() {
    for seed in 0..30 {
        let (world, env) = world(seed);
        let budget = Budget::new(100);
        let served = Lines::default();
        for number in 0..20_u64 {
            let (env, budget, served) = (env.clone(), budget.clone(), served.clone());
            let home = env.tasks.clone();
            let task = async move {
                let mut ticket = budget.ask(1 + (number * 17 % 100) as usize);
                if number % 5 == 4 {
                    // Gives up while waiting.
                    let _ = poll(&mut ticket);
                    sleep(&*env.clock, Duration::from_micros(number)).await;
                    return;
                }
                let permit = poll_fn(|cx| ticket.poll_permit(cx)).await;
                sleep(&*env.clock, Duration::from_micros(env.random.below(100))).await;
                drop(permit);
                served.add("");
            };
            home.spawn(Home::LeastLoaded, Box::pin(task));
        }
        world.run_for(LIMIT);
        assert_eq!(served.all().len(), 16, "seed {seed}");
        assert_eq!(budget.free_bytes(), 100);
    }
}

#[test]
fn marks_wake_once_until_they_are_taken() {
    let ready = Ready::new();
    let (one, two) = (ready.mark(1), ready.mark(2));
    let (wakes, waker) = Wakes::waker();
    let mut cx = Context::from_waker(&waker);
    let mut marked = Vec::new();
    assert!(ready.poll_marked(&mut cx, &mut marked).is_pending());
    two.set();
    two.set();
    one.clone().set();
    assert_eq!(wakes.count(), 1);
    assert!(ready.poll_marked(&mut cx, &mut marked).is_ready());
    assert_eq!(marked, [2, 1]);
    assert!(ready.poll_marked(&mut cx, &mut marked).is_pending());
    one.set();
    assert_eq!(wakes.count(), 2);
    drop(ready);
    assert!(!one.is_live());
    one.set();
    assert_eq!(wakes.count(), 2);
}

#[test]
fn marks_that_nobody_takes_stay_few_and_none_is_missed() {
    let ready = Ready::new();
    let marks: Vec<_> = (0..50).map(|key| ready.mark(key)).collect();
    for round in 0..10_000 {
        marks[round * 7 % 50].set();
    }
    let mut marked = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(ready.poll_marked(&mut cx, &mut marked).is_ready());
    assert!(marked.len() <= 200, "{}", marked.len());
    marked.sort_unstable();
    marked.dedup();
    assert_eq!(marked, (0..50).collect::<Vec<u32>>());
}
