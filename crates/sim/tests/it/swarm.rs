//! Runs of many seeds: panics, differing runs and coverage are told.

use dohle_sim::swarm;
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

#[test]
fn a_violation_names_its_seed() {
    let finding = swarm::check(0..10, |world| {
        world.trace().line(format_args!("begins"));
        if world.seed() == 7 { Err("seven".to_owned()) } else { Ok(()) }
    });
    let finding = finding.unwrap_err();
    assert_eq!((finding.seed, finding.violation.as_str()), (7, "seven"));
    assert!(
        finding.to_string().contains("begins") && finding.to_string().ends_with("seed 7: seven")
    );
}

#[test]
fn a_panic_is_a_violation() {
    let finding = swarm::find(3..5, |world| {
        let env = world.start("a");
        let task = async { panic!("in a task") };
        env.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(task));
        world.run_for(Duration::from_secs(1));
        Ok(())
    });
    assert_eq!(finding.unwrap().violation, "panic: in a task");
}

#[test]
fn runs_that_differ_are_seen() {
    let outside = Cell::new(0);
    let finding = swarm::check(0..1, |world| {
        outside.set(outside.get() + 1);
        world.trace().line(format_args!("drew {}", outside.get()));
        Ok(())
    });
    let violation = finding.unwrap_err().violation;
    assert!(violation.contains("drew 1") && violation.contains("drew 2"), "{violation}");
}

#[test]
fn a_report_adds_up() {
    let report = swarm::check(0..4, |world| {
        let env = world.start("a");
        if world.seed() % 2 == 0 {
            world.trace().sometimes("even");
        }
        let clock = env.clock.clone();
        let wait = async move { dohle_env::clock::sleep(&*clock, Duration::from_secs(1)).await };
        world.complete("a", Duration::from_secs(9), wait).map_err(|end| format!("{end:?}"))
    });
    let report = report.unwrap();
    assert_eq!((report.seeds, report.coverage["even"]), (4, 2));
    assert!(report.time >= Duration::from_secs(4) && report.time < Duration::from_secs(5));
    assert!(report.events >= 4);
}

#[test]
fn a_world_leaves_nothing_behind() {
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    let report = swarm::check(0..1, move |world| {
        let env = world.start("a");
        let (held, kept) = (held.clone(), env.clone());
        let task = async move {
            std::future::pending::<()>().await;
            drop((held, kept));
        };
        env.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(task));
        world.run_for(Duration::from_secs(1));
        Ok(())
    });
    assert!(report.is_ok());
    assert!(weak.upgrade().is_none(), "tasks end with their world");
}
