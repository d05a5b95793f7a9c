//! Clocks, timers, random numbers.

use super::{run, world};
use dohle_env::clock::{self, Clock, Instant};
use dohle_env::random::Random;
use dohle_server::world::clock::RealClock;
use dohle_server::world::random::OsRandom;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

#[test]
fn the_wall_clock_is_the_machines() {
    let before = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    let now = u128::try_from(RealClock::new().timestamp()).unwrap();
    let after = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    assert!((before..=after).contains(&now));
}

#[test]
fn a_timer_fires_at_its_last_deadline_and_not_before() {
    let world = world(1);
    let clock = world.env().clock.clone();
    run(world.env(), async move {
        let begun = clock.now();
        let mut timer = clock.timer();
        // From never, to far, to near, to a little later: each arm replaces the one before.
        for (arm_ms, polled) in [(None, true), (Some(60_000), true), (Some(20), true)] {
            timer.arm(arm_ms.map_or(Instant::NEVER, |ms| begun.after_ms(ms)));
            if polled {
                poll_fn(|cx| {
                    assert!(timer.poll_expired(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
            }
        }
        timer.arm(begun.after_ms(45));
        poll_fn(|cx| timer.poll_expired(cx)).await;
        assert!(clock.now() >= begun.after_ms(45));
        // It stays expired, and can be armed again.
        poll_fn(|cx| timer.poll_expired(cx)).await;
        timer.arm(clock.now() + Duration::from_millis(5));
        poll_fn(|cx| timer.poll_expired(cx)).await;
        timer.arm(Instant(0));
        poll_fn(|cx| timer.poll_expired(cx)).await;
    });
}

#[test]
fn a_deadline_far_beyond_all_sums_never_fires() {
    let world = world(1);
    let clock = world.env().clock.clone();
    run(world.env(), async move {
        let mut timer = clock.timer();
        for far in [Instant(u64::MAX - 1), Instant(u64::MAX / 2)] {
            timer.arm(far);
            poll_fn(|cx| {
                assert!(timer.poll_expired(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
    });
}

#[test]
fn sleepers_wake_in_the_order_of_their_deadlines() {
    let world = world(1);
    let clock = world.env().clock.clone();
    let (woke, order) = std::sync::mpsc::channel();
    for ms in [90u64, 30, 60] {
        let (clock, woke) = (clock.clone(), woke.clone());
        let sleeper = async move {
            clock::sleep(&*clock, Duration::from_millis(ms)).await;
            woke.send(ms).unwrap();
        };
        world.env().tasks.spawn(dohle_env::tasks::Home::LeastLoaded, Box::pin(sleeper));
    }
    let seen: Vec<_> = (0..3).map(|_| order.recv_timeout(super::HANG).unwrap()).collect();
    assert_eq!(seen, [30, 60, 90]);
}

#[test]
fn random_numbers_do_not_repeat() {
    let threads: Vec<_> = (0..4)
        .map(|_| std::thread::spawn(|| (0..1000).map(|_| OsRandom.next_u64()).collect::<Vec<_>>()))
        .collect();
    let all: BTreeSet<u64> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
    assert_eq!(all.len(), 4000);
    let uuid = OsRandom.uuid();
    assert_eq!((uuid[6] >> 4, uuid[8] >> 6), (4, 2));
}
