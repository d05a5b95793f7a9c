//! `env`'s gather: every slot is answered, the last answer wakes, once.

use crate::executor::{LIMIT, world};
use dohle_env::clock::sleep;
use dohle_env::gather::{Answer, Answers, Gather};
use dohle_env::tasks::Home;
use dohle_sim::executor::Outcome;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Counts wakes.
#[derive(Default)]
pub(crate) struct Wakes(AtomicU32);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wakes {
    pub(crate) fn waker() -> (Arc<Self>, Waker) {
        let wakes = Arc::new(Self::default());
        (wakes.clone(), Waker::from(wakes))
    }

    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }
}

#[test]
fn answers_come_in_the_order_of_the_slots() {
    for seed in 0..30 {
        let (mut world, env) = world(seed);
        let asker = async move {
            let gather = Gather::with_capacity(5);
            for number in 0..5_u64 {
                let slot = gather.slot();
                let (clock, random) = (env.clock.clone(), env.random.clone());
                let task = async move {
                    sleep(&*clock, Duration::from_nanos(random.below(1_000_000))).await;
                    if number != 3 {
                        slot.fill(number);
                    }
                };
                env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
            }
            gather.all().await
        };
        let filled = Answer::Filled;
        let expected = [filled(0), filled(1), filled(2), Answer::Gone, filled(4)];
        assert_eq!(world.complete("a", LIMIT, asker).unwrap().into_vec(), expected);
    }
}

#[test]
fn only_the_last_answer_wakes() {
    let (wakes, waker) = Wakes::waker();
    let mut cx = Context::from_waker(&waker);
    let mut gather = Gather::with_capacity(3);
    let (one, two, three) = (gather.slot(), gather.slot(), gather.slot());
    assert_eq!(gather.poll_complete(&mut cx), Poll::Pending);
    two.fill("two");
    drop(one);
    assert_eq!(wakes.count(), 0);
    three.fill("three");
    assert_eq!(wakes.count(), 1);
    assert_eq!(gather.poll_complete(&mut cx), Poll::Ready(()));
    assert_eq!(
        gather.take().into_vec(),
        [Answer::Gone, Answer::Filled("two"), Answer::Filled("three")]
    );
}

#[test]
fn who_stops_waiting_takes_what_is_there() {
    let (wakes, waker) = Wakes::waker();
    let mut gather = Gather::with_capacity(2);
    let (one, two) = (gather.slot(), gather.slot());
    assert_eq!(gather.poll_complete(&mut Context::from_waker(&waker)), Poll::Pending);
    one.fill(1);
    assert_eq!(gather.take().into_vec(), [Answer::Filled(1), Answer::Missing]);
    two.fill(2);
    assert_eq!(wakes.count(), 0, "nobody waits any more");
    assert_eq!(Gather::<u8>::with_capacity(0).take().into_vec(), []);
}

#[test]
fn nothing_asked_is_answered_at_once_and_nobody_hangs() {
    let (mut world, _env) = world(1);
    let none = world.complete("a", LIMIT, Gather::<u8>::with_capacity(0).all());
    assert_eq!(none, Ok(Answers::new()));
    // A slot that is kept forever is the only way to hang, and it is seen.
    let gather = Gather::<u8>::with_capacity(1);
    let kept = gather.slot();
    assert_eq!(world.complete("a", LIMIT, gather.all()), Err(Outcome::Deadlock));
    drop(kept);
}
