//! The curves in words and numbers: a table for all that grows together, and what each curve does.

use std::fmt::Write as _;

use super::shape::{Beside, Measure, Shape, Spot};
use super::{Growth, Point};
use crate::number::count;
use crate::report::{failures, middle, spread, values};
use crate::run::{Plan, Results};
use crate::server::Kind;
use crate::workload::Figure;

/// One figure of one server while something grows.
pub(super) struct Curve {
    pub(super) figure: Figure,
    pub(super) measure: Measure,
    pub(super) kind: Kind,
    pub(super) spots: Vec<Spot>,
    /// Nothing where there are not two points.
    pub(super) shape: Option<Shape>,
}

/// The curves of this that have points.
pub(super) fn curves(growth: &Growth, plan: &Plan, results: &Results) -> Vec<Curve> {
    let mut curves = Vec::new();
    for &(figure, measure) in growth.figures {
        for &kind in &plan.kinds {
            let spots = spots(growth, results, kind, figure);
            if !spots.is_empty() {
                let shape = Shape::of(measure, &spots);
                curves.push(Curve { figure, measure, kind, spots, shape });
            }
        }
    }
    curves
}

fn spots(growth: &Growth, results: &Results, kind: Kind, figure: Figure) -> Vec<Spot> {
    let spot = |point: &Point| {
        let y = middle(&values(results, &point.workload, kind, figure))?;
        Some(Spot { x: point.x, y })
    };
    growth.points.iter().filter_map(spot).collect()
}

/// What bends upwards, a line each.
#[derive(Default, Debug)]
pub(crate) struct Bends {
    /// More than the floor, or where that has no such curve.
    pub(crate) own: Vec<String>,
    /// As the floor does: it is the machine that bends.
    pub(crate) shared: Vec<String>,
}

/// What bends upwards of these.
pub(crate) fn bends(growths: &[Growth], plan: &Plan, results: &Results) -> Bends {
    let mut bends = Bends::default();
    for growth in growths {
        let curves = curves(growth, plan, results);
        for curve in curves.iter().filter(|curve| curve.kind != Kind::Floor) {
            let floor = |other: &&Curve| other.kind == Kind::Floor && other.figure == curve.figure;
            let floor = curves.iter().find(floor).map_or(&[][..], |floor| &floor.spots);
            let Some(shape) = curve.shape else { continue };
            let Some(beside) = shape.bends_as(curve.measure, floor) else { continue };
            let (title, figure, kind) = (growth.title, curve.figure.title(), curve.kind.title());
            let lines = match beside {
                Beside::Alone | Beside::Less(_) => &mut bends.own,
                Beside::AsMuch(_) => &mut bends.shared,
            };
            lines.push(format!("{title}, {figure}, {kind}: {shape}{beside}"));
        }
    }
    bends
}

/// For all that was measured: what was done, the table, and what each curve does.
pub(crate) fn tables(growths: &[Growth], plan: &Plan, results: &Results) -> String {
    let mut text = String::new();
    for growth in growths {
        let curves = curves(growth, plan, results);
        let ran = |point: &&Point| plan.workloads.iter().any(|w| w.name == point.workload.name);
        let points: Vec<&Point> = growth.points.iter().filter(ran).collect();
        if points.is_empty() {
            continue;
        }
        let _ = writeln!(text, "#### {} (`{}`)\n\n{}\n", growth.title, growth.name, growth.held);
        let _ = writeln!(text, "{}", table(growth, &points, &curves, plan, results));
        for curve in &curves {
            let Some(shape) = curve.shape else { continue };
            let _ = writeln!(text, "- {}: {shape}.", named(curve, plan));
        }
        for point in points {
            text.push_str(&failures(&point.workload, plan, results));
        }
        text.push('\n');
    }
    text
}

fn table(
    growth: &Growth,
    points: &[&Point],
    curves: &[Curve],
    plan: &Plan,
    results: &Results,
) -> String {
    let titles: Vec<String> = curves.iter().map(|curve| named(curve, plan)).collect();
    let mut text = format!("| {} | {} |\n", growth.unit, titles.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(titles.len()));
    for Point { x, workload } in points {
        let cell = |curve: &Curve| spread(&values(results, workload, curve.kind, curve.figure), "");
        let cells: Vec<String> = curves.iter().map(cell).collect();
        let _ = writeln!(text, "| {} | {} |", count(*x), cells.join(" | "));
    }
    text
}

/// The figure, and whose it is if there are several servers.
fn named(curve: &Curve, plan: &Plan) -> String {
    match plan.kinds.len() {
        1 => curve.figure.title().to_owned(),
        _ => format!("{}, {}", curve.figure.title(), curve.kind.title()),
    }
}

/// How the curves are to be read, in words.
pub(crate) const READING: &str = "\
A curve is told from its medians. *Flat*: the largest is at most 1.5 times the least. *Linear*: a constant and a share \
for each x, both of them those of the least squares of relative misses. *Falls*: less, and never again more by more than that. *Bends upwards*, \
which is a defect unless the floor does it too: at the last x each costs more than 1.5 times what it costs at the x where \
that is least. *Uneven*: none of these.";

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::{Bends, bends, tables};
    use crate::growth::{GROWTHS, Measure};
    use crate::measure::Figures;
    use crate::run::{Plan, Results};
    use crate::server::Kind;
    use crate::set::GROWTH;
    use crate::workload::Figure;

    /// Results of two rounds in which every cost of one is the same, but one figure of connections.
    pub(crate) fn made_up(kinds: &[Kind], bent: f64) -> (Plan, Results) {
        let mut results = Results::new();
        for growth in GROWTHS {
            for point in growth.points {
                let value = |&(figure, measure): &(Figure, Measure)| {
                    let bends = growth.name == "connections" && figure == Figure::CpuPerRequest;
                    let y = match measure {
                        Measure::All => 10.0 + point.x / 2.0,
                        Measure::Each if bends && point.x > 5000.0 => 10.0 * bent,
                        Measure::Each | Measure::Gain => 10.0,
                    };
                    (figure, y)
                };
                let figures: Figures = growth.figures.iter().map(value).collect();
                let more = figures.iter().map(|(&figure, y)| (figure, y * 1.2)).collect();
                for &kind in kinds {
                    let rounds = vec![Ok(figures.clone()), Ok(Figures::clone(&more))];
                    results.insert((point.workload.name, kind), rounds);
                }
            }
        }
        let plan = Plan {
            set: &GROWTH,
            workloads: GROWTH.workloads(),
            kinds: kinds.to_vec(),
            rounds: 2,
            extent: GROWTH.full.extent,
            warm_up: Duration::ZERO,
            dirt: false,
            awake: true,
        };
        (plan, results)
    }

    #[test]
    fn tables_tell_every_point_and_every_shape() {
        let (plan, mut results) = made_up(&[Kind::Dohle], 2.0);
        let failed = Err("first\nthe server broke".to_owned());
        results.get_mut(&("groups-10", Kind::Dohle)).unwrap()[1] = failed;
        let text = tables(GROWTHS, &plan, &results);
        for line in [
            "#### Connections (`connections`)",
            "| connections | CPU µs/request | KiB per connection |",
            "| 1,000 | 11.0 (10.0–12.0) | 11.0 (10.0–12.0) |",
            "| 10,000 | 22.0 (20.0–24.0) | 11.0 (10.0–12.0) |",
            "- CPU µs/request: **bends upwards**: at 10,000 each costs 2.00 times what it costs at 1.",
            "- KiB per connection: **flat**: largest : smallest 1.00.",
            "- CPU µs/poll of a session: **linear**: 11.0 + 0.550 x, off by 0 % at most.",
            "Dohle, round 2: the server broke",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
        let Bends { own, shared } = bends(GROWTHS, &plan, &results);
        assert_eq!((own.len(), shared.len()), (1, 0), "{own:?} {shared:?}");
        assert!(own[0].starts_with("Connections, CPU µs/request, Dohle: **bends"), "{own:?}");
    }

    #[test]
    fn what_bends_as_the_floor_does_is_told_apart() {
        let (plan, results) = made_up(&[Kind::Floor, Kind::Dohle], 2.0);
        let Bends { own, shared } = bends(GROWTHS, &plan, &results);
        assert!(own.is_empty(), "{own:?}");
        let line = "Connections, CPU µs/request, Dohle: **bends upwards**: at 10,000 each costs 2.00 \
                    times what it costs at 1; the floor's, 2.00 times";
        assert_eq!(shared, [line]);
    }

    #[test]
    fn several_servers_have_columns_of_their_own_and_what_did_not_run_has_none() {
        let (mut plan, results) = made_up(&[Kind::Floor, Kind::Dohle], 1.0);
        plan.workloads.retain(|workload| workload.name.starts_with("records"));
        let text = tables(GROWTHS, &plan, &results);
        let head = "| bytes a record | CPU s/GB, floor | CPU s/GB, Dohle | CPU µs/record, floor |";
        assert!(text.contains(head), "{text}");
        assert!(!text.contains("#### Groups"), "{text}");
        let Bends { own, shared } = bends(GROWTHS, &plan, &results);
        assert!(own.is_empty() && shared.is_empty(), "{own:?} {shared:?}");
    }
}
