//! The report: tables in Markdown, of nothing but figures that were measured.

use std::fmt::Write as _;

use crate::growth::{self, Growth};
use crate::number::{median, short};
use crate::plot;
use crate::process::proc_value;
use crate::run::{Plan, Results};
use crate::server::Kind;
use crate::set::Subject;
use crate::workload::{Figure, Reach, Workload};

/// How the cores were, in words.
const AWAKE: &str = "A process of idle priority on each core kept it from halting: a virtual machine's \
core that halts is given back to the host, and whoever wakes it pays for that, some 20 µs here.";
const HALTING: &str = "Cores that had nothing to do halted, and whoever woke one paid for that.";

/// What stands above the tables.
pub(crate) struct Head {
    /// The command that made the report.
    pub(crate) command: String,
    pub(crate) date: String,
    pub(crate) commit: String,
    /// The plot's file name, beside the report.
    pub(crate) plot: String,
}

/// The values of a figure over the rounds; a round without it has none.
pub(crate) fn values(
    results: &Results,
    workload: &Workload,
    kind: Kind,
    figure: Figure,
) -> Vec<Option<f64>> {
    let rounds = results.get(&(workload.name, kind)).map_or(&[][..], Vec::as_slice);
    let value = |round: &Result<_, String>| match round {
        Ok(figures) => crate::measure::Figures::get(figures, &figure).copied(),
        Err(_) => None,
    };
    rounds.iter().map(value).collect()
}

/// The median of those that are there.
pub(crate) fn middle(values: &[Option<f64>]) -> Option<f64> {
    median(&values.iter().flatten().copied().collect::<Vec<_>>())
}

/// The ratio of both, round by round.
fn ratios(of: &[Option<f64>], to: &[Option<f64>]) -> Vec<Option<f64>> {
    let ratio = |(of, to): (&Option<f64>, &Option<f64>)| Some((*of)? / (*to)?);
    of.iter().zip(to).map(ratio).filter(|ratio| ratio.is_none_or(f64::is_finite)).collect()
}

/// Median and, of several, the least and the largest.
pub(crate) fn spread(values: &[Option<f64>], unit: &str) -> String {
    let there: Vec<f64> = values.iter().flatten().copied().collect();
    let Some(median) = median(&there) else { return "-".into() };
    let least = there.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = there.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let middle = short(median);
    if there.len() == 1 {
        return format!("{middle}{unit}");
    }
    format!("{middle}{unit} ({}–{})", short(least), short(largest))
}

/// What is to be reached, in words, and whether it is.
fn reach(
    reach: Option<Reach>,
    own: Option<f64>,
    to_reference: &[Option<f64>],
    to_floor: &[Option<f64>],
) -> (String, &'static str) {
    let (text, met) = match reach {
        None => return (String::new(), ""),
        Some(Reach::FloorTimes(most)) => {
            (format!("≤ {most} × floor"), middle(to_floor).map(|ratio| ratio <= most))
        }
        Some(Reach::ReferenceTimes(least)) => {
            (format!("≥ {least} × Kafka"), middle(to_reference).map(|ratio| ratio >= least))
        }
        Some(Reach::ReferenceTimesAtMost(most)) => {
            (format!("≤ {most} × Kafka"), middle(to_reference).map(|ratio| ratio <= most))
        }
        Some(Reach::Least(least)) => {
            (format!("≥ {}", short(least)), own.map(|value| value >= least))
        }
        Some(Reach::Most(most)) => (format!("≤ {}", short(most)), own.map(|value| value <= most)),
    };
    (text, met.map_or("", |met| if met { "yes" } else { "no" }))
}

/// What the run came to, for who waits for it.
pub(crate) fn summary(plan: &Plan, results: &Results) -> String {
    match plan.set.subject {
        Subject::Workloads(_) => reached(plan, results),
        Subject::Growth(growths) => {
            let bent = bent(growths, plan, results);
            format!("{}{bent}\n", growth::tables(growths, plan, results))
        }
    }
}

/// The plot of the run.
pub(crate) fn plotted(plan: &Plan, results: &Results) -> String {
    match plan.set.subject {
        Subject::Workloads(_) => plot::svg(plan, results),
        Subject::Growth(growths) => growth::svg(growths, plan, results),
    }
}

/// The table of what is to be reached; without the floor where it can do none of it.
fn reached(plan: &Plan, results: &Results) -> String {
    let with_floor = plan.set.workloads().iter().any(|workload| workload.suits(Kind::Floor));
    let mut text = String::from(if with_floor {
        "| workload | figure | Kafka | floor | Dohle | Dohle : Kafka | Dohle : floor | reach | met |\n\
         |---|---|---|---|---|---|---|---|---|\n"
    } else {
        "| workload | figure | Kafka | Dohle | Dohle : Kafka | reach | met |\n\
         |---|---|---|---|---|---|---|\n"
    });
    for workload in &plan.workloads {
        for &(figure, target) in workload.shown {
            let of = |kind| values(results, workload, kind, figure);
            let [reference, floor, own] = Kind::ALL.map(of);
            let to_reference = ratios(&own, &reference);
            let to_floor = ratios(&own, &floor);
            let (wanted, met) = reach(target, middle(&own), &to_reference, &to_floor);
            let median = |values: &[Option<f64>]| middle(values).map_or_else(|| "-".into(), short);
            let mut cells = vec![workload.title.to_owned(), figure.title().to_owned()];
            cells.push(median(&reference));
            cells.extend(with_floor.then(|| median(&floor)));
            cells.extend([median(&own), spread(&to_reference, " ×")]);
            cells.extend(with_floor.then(|| spread(&to_floor, " ×")));
            cells.extend([wanted, met.to_owned()]);
            let _ = writeln!(text, "| {} |", cells.join(" | "));
        }
    }
    text
}

/// Every figure of every workload, with its spread.
fn details(plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    for workload in &plan.workloads {
        let mut figures: Vec<Figure> = Vec::new();
        for &kind in &plan.kinds {
            for round in results.get(&(workload.name, kind)).into_iter().flatten().flatten() {
                figures.extend(round.keys());
            }
        }
        figures.sort_unstable();
        figures.dedup();
        let _ = writeln!(text, "\n#### {} (`{}`)\n", workload.title, workload.name);
        let kinds = || plan.kinds.iter().filter(|&&kind| workload.suits(kind));
        let titles: Vec<&str> = kinds().map(|kind| kind.title()).collect();
        let _ = writeln!(text, "| figure | {} |", titles.join(" | "));
        let _ = writeln!(text, "|---|{}", "---|".repeat(titles.len()));
        for figure in figures {
            let cell = |&kind: &Kind| spread(&values(results, workload, kind, figure), "");
            let cells: Vec<String> = kinds().map(cell).collect();
            let _ = writeln!(text, "| {} | {} |", figure.title(), cells.join(" | "));
        }
        text.push_str(&failures(workload, plan, results));
    }
    text
}

/// The rounds in which it failed, and why.
pub(crate) fn failures(workload: &Workload, plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    for &kind in &plan.kinds {
        let rounds = results.get(&(workload.name, kind)).map_or(&[][..], Vec::as_slice);
        for (round, error) in rounds.iter().enumerate() {
            if let Err(error) = error {
                let line = error.lines().last().unwrap_or_default();
                let _ = writeln!(text, "\n{}, round {}: {line}", kind.title(), round + 1);
            }
        }
    }
    text
}

/// The curves that bend upwards, in words.
fn bent(growths: &[Growth], plan: &Plan, results: &Results) -> String {
    let growth::Bends { own, shared } = growth::bends(growths, plan, results);
    let list =
        |lines: &[String]| lines.iter().map(|line| format!("\n- {line}")).collect::<String>();
    let mut text = if own.is_empty() {
        "No curve bends upwards by itself.".to_owned()
    } else {
        format!("These bend upwards:\n{}", list(&own))
    };
    if !shared.is_empty() {
        let _ = write!(text, "\n\nThese do as the floor does:\n{}", list(&shared));
    }
    text
}

fn machine() -> String {
    let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load: Vec<&str> = load.split_whitespace().take(3).collect();
    format!(
        "| | |\n|---|---|\n| processor | {}, {cpus} used |\n| memory | {} |\n| kernel | {} |\n\
         | load (1, 5, 15 min) at the end | {} |\n",
        proc_value("cpuinfo", "model name"),
        proc_value("meminfo", "MemTotal"),
        kernel.trim(),
        load.join(", "),
    )
}

/// The section of a set, with its own title.
pub(crate) fn section(plan: &Plan, results: &Results, head: &Head) -> String {
    let Head { command, date, commit, plot } = head;
    let extent = &plan.extent;
    let set = plan.set;
    let warmed = if plan.kinds.contains(&Kind::Reference) {
        let seconds = plan.warm_up.as_secs();
        format!("; the reference was under load for {seconds} s before the first round")
    } else {
        String::new()
    };
    format!(
        "## {}\n\n\
         Written by `{command}` on {date}, at commit {commit}; every figure here was measured in \
         that run.\n\n{}\n\
         This run: {} rounds, each measurement {:.1} s after {:.1} s that do not count{}{warmed}. {}\n\n\
         ### Machine\n\n{}\n\
         ### Results\n\n{}",
        set.title,
        set.method,
        plan.rounds,
        extent.time.as_secs_f64(),
        extent.warm.as_secs_f64(),
        set.ends_sooner(extent),
        if plan.awake { AWAKE } else { HALTING },
        machine(),
        match set.subject {
            Subject::Workloads(_) => compared(plan, results, plot),
            Subject::Growth(growths) => grown(growths, plan, results, plot),
        },
    )
}

/// Servers beside each other.
fn compared(plan: &Plan, results: &Results, plot: &str) -> String {
    format!(
        "Medians over the rounds. Ratios are taken round by round: the median, then the least and \
         the largest.\n\n{}\n\
         ![The first figure of every workload, for each server]({plot})\n\n\
         ### All figures\n\n\
         Median over the rounds, then the least and the largest.\n{}",
        reached(plan, results),
        details(plan, results),
    )
}

/// Curves.
fn grown(growths: &[Growth], plan: &Plan, results: &Results, plot: &str) -> String {
    format!(
        "{} {}\n\n\
         ![Each curve: what grows in decades, the cost of each from zero on, that of all in decades too where it grows much]({plot})\n\n\
         ### Curves\n\n\
         Median over the rounds, then the least and the largest.\n\n{}",
        growth::READING,
        bent(growths, plan, results),
        growth::tables(growths, plan, results),
    )
}

#[cfg(test)]
mod tests {
    use super::{Head, plotted, section};
    use crate::growth::tests::made_up;
    use crate::server::Kind;

    #[test]
    fn the_section_of_growth_tells_how_it_was_made_and_what_bends() {
        let head = Head {
            command: "cargo xtask bench --growth".into(),
            date: "2026-01-01".into(),
            commit: "abc".into(),
            plot: "plot.svg".into(),
        };
        for (bent, told) in
            [(1.0, "No curve bends upwards by itself."), (3.0, "These bend upwards:\n\n- Conn")]
        {
            let (plan, results) = made_up(&[Kind::Dohle], bent);
            let text = section(&plan, &results, &head);
            for part in [told, "## Growth\n", "abc", "plot.svg", "### Machine", "| 10,000 |"] {
                assert!(text.contains(part), "{part}\n{text}");
            }
            assert!(!text.contains("the reference was under load"), "{text}");
            assert!(plotted(&plan, &results).contains("class=\"panel\""));
        }
    }
}
