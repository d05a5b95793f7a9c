//! Two clusters of one node in one world: each fault strikes one of them, and the other goes on.

use dohle_sim::disk::Defect;
use dohle_sim::swarm;
use dohle_sim::workload::{self, Plan};
use dohle_sim::world::World;
use std::collections::BTreeSet;

/// Names of the nodes.
const NODES: [&str; 2] = ["node", "cluster 1 node"];

fn plan() -> Plan {
    let mut plan = Plan::named("mixed").unwrap();
    (plan.clusters, plan.faults) = (2, 6);
    plan
}

/// A headline of a fault: which node it struck, and how many records each cluster had acknowledged.
fn told(headline: &str) -> Option<(usize, [u64; 2])> {
    let (fault, counts) = headline.split_once(", acknowledged [")?;
    let (_, node) = fault.split_once(", ").filter(|(fault, _)| fault.contains("fault "))?;
    // A fault's name may have a comma.
    let node = NODES.iter().position(|name| node.rsplit(", ").next() == Some(name))?;
    let mut counts = counts.trim_end_matches(']').split(", ").map(|count| count.parse().unwrap());
    Some((node, [counts.next()?, counts.next()?]))
}

#[test]
fn a_run_of_two_clusters_keeps_all_promises() {
    swarm::check_apart(0, |world| workload::run(world, &plan()))
        .unwrap_or_else(|finding| panic!("{finding}"));
}

#[test]
fn a_fault_strikes_one_node_and_the_other_goes_on() {
    let (mut struck, mut went_on) = (BTreeSet::new(), BTreeSet::new());
    for seed in 1..3 {
        let mut world = World::new(seed);
        world.trace().keep_all();
        workload::run(&mut world, &plan()).unwrap_or_else(|what| panic!("seed {seed}: {what}"));
        let (mut now, mut last) = (None, None);
        for line in world.trace().tail() {
            if let Some((node, counts)) = told(&line) {
                if let Some((before, then)) = last.replace((node, counts)) {
                    let other: usize = 1 - before;
                    let then: [u64; 2] = then;
                    went_on.extend((then[other] < counts[other]).then_some(other));
                }
                struck.insert(node);
                now = Some(node);
            }
            // Behind the last fault nodes end as well.
            let is_last = line.contains(&format!("fault {}: ", plan().faults - 1));
            if is_last {
                break;
            }
            let ends = ["is killed", "loses power", "pauses", "clock jumps"];
            let hit = |name: &&str| ends.iter().any(|end| line.contains(&format!(" {name} {end}")));
            if let Some(node) = now
                && let Some(other) = NODES.get(1 - node).filter(|name| hit(name))
                && !line.contains(&format!("cluster 1 {other}"))
            {
                panic!("seed {seed}: {} was to be struck: {line}", NODES[node]);
            }
        }
    }
    assert_eq!((struck, went_on), ([0, 1].into(), [0, 1].into()));
}

#[test]
fn what_is_held_against_one_cluster_is_not_held_against_the_other() {
    let plan = plan().with_defect(Defect::EarlyAcknowledgement);
    let found = swarm::find(0..10, |world| workload::run(world, &plan)).unwrap();
    assert!(found.violation.starts_with("cluster 0: "), "{found}");
    assert!(Defect::EarlyAcknowledgement.is_told_by(&found.violation), "{found}");
}
