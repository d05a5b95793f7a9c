//! The plot: a small one for each curve, its x in decades, as SVG. A cost of each begins at zero; a cost
//! of all is in decades too, so that a line remains one.

use std::fmt::Write as _;

use super::shape::{Shape, Spot};
use super::tables::{Curve, curves};
use super::{Growth, Measure};
use crate::number::{count, short};
use crate::plot::{color, escape, legend};
use crate::run::{Plan, Results};
use crate::workload::Figure;

const COLUMNS: usize = 4;
const PANEL_WIDTH: f64 = 225.0;
const PANEL_HEIGHT: f64 = 165.0;
/// Around the points: names above, x below.
const LEFT: f64 = 24.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 22.0;
/// Where the largest y is so many times the least, both are seen only in decades.
const DECADES_FROM: f64 = 10.0;
const LEGEND_HEIGHT: f64 = 32.0;
const DEFECT: &str = "#b3261e";

/// A panel for each figure of all that grows.
pub(crate) fn svg(growths: &[Growth], plan: &Plan, results: &Results) -> String {
    let mut body = String::new();
    let (mut number, mut above) = (0, 0.0);
    if plan.kinds.len() > 1 {
        body.push_str(&legend(LEFT as usize));
        above = LEGEND_HEIGHT;
    }
    for growth in growths {
        let curves = curves(growth, plan, results);
        for &(figure, measure) in growth.figures {
            let of_figure: Vec<&Curve> =
                curves.iter().filter(|curve| curve.figure == figure).collect();
            if of_figure.is_empty() {
                continue;
            }
            let left = (number % COLUMNS) as f64 * PANEL_WIDTH;
            let top = above + (number / COLUMNS) as f64 * PANEL_HEIGHT;
            let _ = write!(body, "<g class=\"panel\" transform=\"translate({left},{top})\">");
            body.push_str(&panel(growth, (figure, measure), &of_figure));
            body.push_str("</g>\n");
            number += 1;
        }
    }
    let rows = number.div_ceil(COLUMNS);
    let (width, height) = (COLUMNS as f64 * PANEL_WIDTH, above + rows as f64 * PANEL_HEIGHT + 8.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>.unit,.value{{font-size:10px;fill:#666}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

fn panel(growth: &Growth, (figure, measure): (Figure, Measure), curves: &[&Curve]) -> String {
    let spots = || curves.iter().flat_map(|curve| &curve.spots);
    let frame = Frame {
        from: spots().map(|spot| spot.x).fold(f64::INFINITY, f64::min),
        to: spots().map(|spot| spot.x).fold(0.0, f64::max),
        least: spots().map(|spot| spot.y).fold(f64::INFINITY, f64::min),
        most: spots().map(|spot| spot.y).fold(0.0, f64::max),
        in_decades: false,
    };
    let in_decades = measure == Measure::All && frame.most > frame.least * DECADES_FROM;
    let frame = Frame { in_decades, ..frame };
    let bottom = PANEL_HEIGHT - BOTTOM;
    let mut text = format!(
        "<text x=\"{LEFT}\" y=\"18\">{}</text>\
         <text x=\"{LEFT}\" y=\"32\" class=\"unit\">{}</text>\
         <path d=\"M{LEFT},{bottom}H{}\" stroke=\"#ccc\"/>",
        escape(growth.title),
        escape(figure.title()),
        PANEL_WIDTH - RIGHT,
    );
    for curve in curves {
        text.push_str(&line(curve, &frame));
    }
    // Of several only the last has room for its numbers.
    text.push_str(&curves.last().map_or_else(String::new, |curve| numbers(curve, &frame)));
    text.push_str(&frame.marks(spots()));
    text
}

/// The ends of both axes.
struct Frame {
    from: f64,
    to: f64,
    least: f64,
    most: f64,
    /// Of y too, from the least on, instead of from zero.
    in_decades: bool,
}

impl Frame {
    fn across(&self, x: f64) -> f64 {
        let share = share_of_decades(self.from, self.to, x);
        LEFT + share * (PANEL_WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        let share = match self.in_decades {
            true => share_of_decades(self.least, self.most, y),
            false if self.most > 0.0 => y / self.most,
            false => 0.0,
        };
        PANEL_HEIGHT - BOTTOM - share * (PANEL_HEIGHT - TOP - BOTTOM)
    }

    /// Each x below the line.
    fn marks<'a>(&self, spots: impl Iterator<Item = &'a Spot>) -> String {
        let mut marked: Vec<f64> = spots.map(|spot| spot.x).collect();
        marked.sort_by(f64::total_cmp);
        marked.dedup();
        let mut text = String::new();
        for x in marked {
            let _ = write!(
                text,
                "<text x=\"{:.1}\" y=\"{}\" class=\"unit\" text-anchor=\"middle\">{}</text>",
                self.across(x),
                PANEL_HEIGHT - BOTTOM + 13.0,
                mark(x)
            );
        }
        text
    }
}

/// How far between both ends a value is, in decades; in the middle where there is nothing between.
fn share_of_decades(from: f64, to: f64, value: f64) -> f64 {
    let decades = (to / from).log10();
    if decades > 0.0 && decades.is_finite() { (value / from).log10() / decades } else { 0.5 }
}

/// An x in few signs.
fn mark(x: f64) -> String {
    match x {
        1e6.. => format!("{:.0}M", x / 1e6),
        1e4.. => format!("{:.0}k", x / 1e3),
        _ => count(x),
    }
}

/// A line through the points; those of one that bends upwards are marked.
fn line(curve: &Curve, frame: &Frame) -> String {
    let bends = curve.shape.is_some_and(Shape::bends);
    let (of_line, of_points) = (color(curve.kind), if bends { DEFECT } else { color(curve.kind) });
    let mut line = String::new();
    let mut points = String::new();
    for &Spot { x, y } in &curve.spots {
        let (across, down) = (frame.across(x), frame.down(y));
        let _ = write!(line, "{across:.1},{down:.1} ");
        let _ = write!(
            points,
            "<circle cx=\"{across:.1}\" cy=\"{down:.1}\" r=\"2.5\" fill=\"{of_points}\"/>"
        );
    }
    format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{of_line}\" stroke-width=\"1.5\"/>{points}",
        line.trim_end()
    )
}

/// What each point is, above it.
fn numbers(curve: &Curve, frame: &Frame) -> String {
    let mut text = String::new();
    for &Spot { x, y } in &curve.spots {
        let _ = write!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" class=\"value\" text-anchor=\"middle\">{}</text>",
            frame.across(x),
            frame.down(y) - 6.0,
            short(y)
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{DEFECT, svg};
    use crate::growth::GROWTHS;
    use crate::growth::tables::tests::made_up;
    use crate::server::Kind;

    #[test]
    fn every_figure_has_a_panel_and_every_point_lies_in_it() {
        let (plan, results) = made_up(&[Kind::Dohle], 2.0);
        let text = svg(GROWTHS, &plan, &results);
        let figures: usize = GROWTHS.iter().map(|growth| growth.figures.len()).sum();
        assert_eq!(text.matches("<g class=\"panel\"").count(), figures);
        assert_eq!(text.matches("<polyline").count(), figures);
        // Each point of the curve that bends.
        assert_eq!(text.matches(DEFECT).count(), 5);
        for point in text.split("<circle ").skip(1) {
            let number = |name: &str| -> f64 {
                let (_, rest) = point.split_once(&format!("{name}=\"")).unwrap();
                rest.split_once('"').unwrap().0.parse().unwrap()
            };
            assert!((super::LEFT..=super::PANEL_WIDTH).contains(&number("cx")), "{point}");
            assert!((super::TOP..super::PANEL_HEIGHT).contains(&number("cy")), "{point}");
        }
    }

    #[test]
    fn several_servers_have_a_legend() {
        for (kinds, count) in [(&[Kind::Dohle][..], 0), (&[Kind::Floor, Kind::Dohle], 1)] {
            let (plan, results) = made_up(kinds, 1.0);
            let text = svg(GROWTHS, &plan, &results);
            assert_eq!(text.matches(">floor<").count(), count);
        }
    }

    #[test]
    fn large_counts_are_short() {
        let marks = [1.0, 100.0, 1024.0, 10_000.0, 102_400.0, 1e6].map(super::mark);
        assert_eq!(marks, ["1", "100", "1,024", "10k", "102k", "1M"]);
    }

    #[test]
    fn decades_are_as_far_apart_as_each_other() {
        let mut frame =
            super::Frame { from: 1.0, to: 100.0, least: 2.0, most: 8.0, in_decades: false };
        let middle = f64::midpoint(frame.across(1.0), frame.across(100.0));
        assert!((frame.across(10.0) - middle).abs() < 1e-9);
        assert!((frame.down(8.0) - super::TOP).abs() < 1e-9);
        let bottom = super::PANEL_HEIGHT - super::BOTTOM;
        assert!((frame.down(4.0) - f64::midpoint(super::TOP, bottom)).abs() < 1e-9);
        frame.in_decades = true;
        assert!((frame.down(2.0) - bottom).abs() < 1e-9);
        assert!((frame.down(4.0) - f64::midpoint(super::TOP, bottom)).abs() < 1e-9);
    }
}
