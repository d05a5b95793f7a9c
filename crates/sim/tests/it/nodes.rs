//! Whole nodes under every fault: a few seeds of the mixed workload, each twice.

use dohle_sim::swarm;
use dohle_sim::workload::{self, Plan};

fn check(plan: &str, seeds: impl IntoIterator<Item = u64>) {
    let plan = Plan::named(plan).unwrap();
    for seed in seeds {
        swarm::check_apart(seed, |world| workload::run(world, plan))
            .unwrap_or_else(|finding| panic!("{finding}"));
    }
}

#[test]
fn a_calm_node_serves_everybody() {
    // 2: a checkpoint that was written during a stop forgot where logs began.
    check("calm", 0..3);
}

#[test]
fn seeds_that_failed_once() {
    // 5: after a kill a topic with flush.messages=1 showed nothing, and deleted records were back.
    // 25: a read from a log that had gone was answered without an error and without marks.
    // 35: retention took a producer's batches before the snapshot that remembers it was written.
    check("mixed", [5, 25, 35]);
}

#[test]
fn groups_settle_whatever_befalls_them() {
    // 3: a machine moved in twice, and the second forgot who waited with the first.
    // 10: the wall clock went back, and with it the end of a rebalance.
    check("groups", [3, 10]);
}

#[test]
fn a_transaction_is_everywhere_or_nowhere() {
    check("transactions", 1..3);
}
