//! The least of a failing run that still fails: fewer faults, fewer clients.
//!
//! Each fault draws its own numbers, so leaving one out leaves the others as they are; but all that
//! happens later happens at another time. What is left out therefore stays out only if the run
//! still fails in the same way.

use crate::swarm::Finding;
use crate::workload::Plan;

/// What a failing run was shrunk to.
#[derive(Debug)]
pub struct Shrunk {
    /// The plan, with what it does without.
    pub plan: Plan,
    /// How it fails.
    pub finding: Finding,
    /// Runs that it took.
    pub runs: u32,
}

/// Leaves out of `plan` whatever its failure does not need; `fails` runs it. `None` if it does not
/// fail.
pub fn shrink(plan: &Plan, fails: impl Fn(&Plan) -> Option<Finding>) -> Option<Shrunk> {
    let mut plan = plan.clone();
    let mut finding = fails(&plan)?;
    let mut runs = 1;
    let kind = kind_of(&finding.violation);
    loop {
        let before = plan.without.clone();
        for part in parts(&plan) {
            let mut less = plan.clone();
            part.leave_out(&mut less);
            runs += 1;
            if let Some(again) = fails(&less).filter(|again| kind_of(&again.violation) == kind) {
                (plan, finding) = (less, again);
            }
        }
        if plan.without == before {
            return Some(Shrunk { plan, finding, runs });
        }
    }
}

/// What may be left out.
enum Part {
    Faults(std::ops::Range<u32>),
    Client(String),
}

impl Part {
    fn leave_out(self, plan: &mut Plan) {
        match self {
            Self::Faults(numbers) => plan.without.faults.extend(numbers),
            Self::Client(name) => drop(plan.without.clients.insert(name)),
        }
    }
}

/// All that is left in `plan`: halves first, then one by one, the last fault first.
fn parts(plan: &Plan) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut size = plan.faults / 2;
    while 0 < size {
        for from in (0..plan.faults).step_by(size as usize).rev() {
            let numbers = from..plan.faults.min(from + size);
            if numbers.clone().any(|number| !plan.without.faults.contains(&number)) {
                parts.push(Part::Faults(numbers));
            }
        }
        size /= 2;
    }
    let clients = Plan::clients().into_iter();
    let left = clients.filter(|name| !plan.without.clients.contains(name));
    parts.extend(left.map(Part::Client));
    parts
}

/// A violation without what differs between runs that fail alike: words with numbers in them.
fn kind_of(violation: &str) -> String {
    let words = violation.split_whitespace();
    let is_plain = |word: &&str| !word.contains(|letter: char| letter.is_ascii_digit());
    words.filter(is_plain).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{kind_of, shrink};
    use crate::swarm::Finding;
    use crate::workload::Plan;

    fn finding(violation: String) -> Finding {
        Finding { seed: 1, violation, headlines: Vec::new(), tail: Vec::new() }
    }

    #[test]
    fn violations_of_one_kind_differ_in_numbers() {
        let one = kind_of("topic-4-0: marks go back, from 12 to 7");
        assert_eq!(one, kind_of("topic-11-2: marks go back, from 120 to 70"));
        assert_ne!(one, kind_of("topic-4-0: the log starts at 7"));
    }

    /// It fails with faults 2 and 7 and producer 1; without the administrator otherwise.
    #[test]
    fn only_what_the_failure_needs_is_left() {
        let plan = Plan::named("mixed").unwrap_or_else(|| unreachable!("there is one"));
        let needs = |plan: &Plan| {
            let has = |name: &str| !plan.without.clients.contains(name);
            let faults = [2, 7].iter().all(|number| !plan.without.faults.contains(number));
            let left = plan.faults as usize - plan.without.faults.len();
            let other = format!("{} faults were left", if has("admin") { "so many" } else { "no" });
            (faults && has("producer 1")).then(|| finding(format!("{left} {other}")))
        };
        let least = shrink(&plan, needs).map(|least| (least.plan.without, least.finding.violation));
        let (without, violation) = least.unwrap_or_else(|| unreachable!("it fails"));
        let left: Vec<u32> = (0..10).filter(|number| !without.faults.contains(number)).collect();
        assert_eq!(left, [2, 7]);
        let clients = Plan::clients().into_iter();
        let left: Vec<_> = clients.filter(|name| !without.clients.contains(name)).collect();
        assert_eq!(
            (left, violation.as_str()),
            (vec!["admin".to_owned(), "producer 1".to_owned()], "2 so many faults were left")
        );
    }
}
