//! Whole nodes under every fault: a few seeds of the mixed workload, each twice.

use dohle_sim::swarm;
use dohle_sim::workload::application::Flaw;
use dohle_sim::workload::{self, Plan};

fn check(plan: &str, seeds: impl IntoIterator<Item = u64>) {
    let plan = Plan::named(plan).unwrap();
    for seed in seeds {
        swarm::check_apart(seed, |world| workload::run(world, &plan))
            .unwrap_or_else(|finding| panic!("{finding}"));
    }
}

#[test]
fn a_calm_node_serves_everybody() {
    check("calm", 0..1);
}

/// One of the seeds that the stage `sim` of CI runs, twice. Seeds under which a defect was found are
/// no regression tests: once a workload grows, the same seed is another run.
#[test]
fn a_mixed_run_keeps_all_promises() {
    check("mixed", 0..1);
}

#[test]
fn groups_settle_whatever_befalls_them() {
    check("groups", 0..1);
}

#[test]
fn a_transaction_is_everywhere_or_nowhere() {
    check("transactions", 0..1);
}

#[test]
fn an_application_of_the_client_crate_keeps_its_promises() {
    check("applications", 0..1);
}

/// Checks of the application that cannot fail prove nothing: each of these must be found.
#[test]
fn flaws_of_an_application_are_found() {
    for flaw in Flaw::ALL {
        let mut plan = Plan::named("applications").unwrap();
        (plan.faults, plan.flaw) = (1, Some(flaw));
        let found = swarm::find(0..3, |world| workload::run(world, &plan));
        let found = found.unwrap_or_else(|| panic!("{flaw:?} is not found"));
        assert!(found.violation.contains("application"), "{flaw:?}: {found}");
    }
}
