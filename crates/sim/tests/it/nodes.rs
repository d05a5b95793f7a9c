//! Whole nodes under every fault: a few seeds of the mixed workload, each twice.

use dohle_sim::swarm;
use dohle_sim::workload::{self, Plan};

/// Seeds that once failed, with what was wrong then.
const REGRESSIONS: [u64; 4] = [
    // After a kill a topic with flush.messages=1 showed nothing until something was appended.
    5,  // Deleted records came back after a kill.
    10, // Retention took the log directory offline while a flush was under way.
    2,  // A consumer's session forgot a partition that did not fit into an answer.
    4,
];

#[test]
fn a_calm_node_serves_everybody() {
    let plan = Plan::named("calm").unwrap();
    for seed in 0..3 {
        swarm::check_apart(seed, |world| workload::run(world, plan))
            .unwrap_or_else(|finding| panic!("{finding}"));
    }
}

#[test]
fn seeds_that_failed_once() {
    let plan = Plan::named("mixed").unwrap();
    for seed in REGRESSIONS {
        swarm::check_apart(seed, |world| workload::run(world, plan))
            .unwrap_or_else(|finding| panic!("{finding}"));
    }
}
