//! The plot: a small one for each curve, its x in decades and its y from zero, as SVG.

use std::fmt::Write as _;

use super::Growth;
use super::shape::Spot;
use super::tables::{Curve, curves};
use crate::number::{count, short};
use crate::plot::{color, escape};
use crate::run::{Plan, Results};
use crate::workload::Figure;

const COLUMNS: usize = 4;
const PANEL_WIDTH: f64 = 225.0;
const PANEL_HEIGHT: f64 = 165.0;
/// Around the points: names above, x below.
const LEFT: f64 = 18.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 52.0;
const BOTTOM: f64 = 22.0;
const DEFECT: &str = "#b3261e";

/// A panel for each figure of all that grows.
pub(crate) fn svg(growths: &[Growth], plan: &Plan, results: &Results) -> String {
    let mut body = String::new();
    let mut number = 0;
    for growth in growths {
        let curves = curves(growth, plan, results);
        for &(figure, _) in growth.figures {
            let of_figure: Vec<&Curve> =
                curves.iter().filter(|curve| curve.figure == figure).collect();
            if of_figure.is_empty() {
                continue;
            }
            let left = (number % COLUMNS) as f64 * PANEL_WIDTH;
            let top = (number / COLUMNS) as f64 * PANEL_HEIGHT;
            let _ = write!(body, "<g class=\"panel\" transform=\"translate({left},{top})\">");
            body.push_str(&panel(growth, figure, &of_figure));
            body.push_str("</g>\n");
            number += 1;
        }
    }
    let rows = number.div_ceil(COLUMNS);
    let (width, height) = (COLUMNS as f64 * PANEL_WIDTH, rows as f64 * PANEL_HEIGHT + 8.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>.unit,.value{{font-size:10px;fill:#666}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{body}</svg>\n"
    )
}

fn panel(growth: &Growth, figure: Figure, curves: &[&Curve]) -> String {
    let spots = || curves.iter().flat_map(|curve| &curve.spots);
    let frame = Frame {
        from: spots().map(|spot| spot.x).fold(f64::INFINITY, f64::min),
        to: spots().map(|spot| spot.x).fold(0.0, f64::max),
        most: spots().map(|spot| spot.y).fold(0.0, f64::max),
    };
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
        text.push_str(&drawn(curve, &frame));
    }
    text.push_str(&frame.marks(spots()));
    text
}

/// The ends of both axes; y begins at zero.
struct Frame {
    from: f64,
    to: f64,
    most: f64,
}

impl Frame {
    fn across(&self, x: f64) -> f64 {
        let decades = (self.to / self.from).log10();
        let share = if decades > 0.0 { (x / self.from).log10() / decades } else { 0.5 };
        LEFT + share * (PANEL_WIDTH - LEFT - RIGHT)
    }

    fn down(&self, y: f64) -> f64 {
        let share = if self.most > 0.0 { y / self.most } else { 0.0 };
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
                count(x)
            );
        }
        text
    }
}

/// A line through the points, which have their numbers.
fn drawn(curve: &Curve, frame: &Frame) -> String {
    let bends = curve.shape.is_some_and(super::shape::Shape::is_defect);
    let color = if bends { DEFECT } else { color(curve.kind) };
    let mut line = String::new();
    let mut points = String::new();
    for &Spot { x, y } in &curve.spots {
        let (across, down) = (frame.across(x), frame.down(y));
        let _ = write!(line, "{across:.1},{down:.1} ");
        let _ = write!(
            points,
            "<circle cx=\"{across:.1}\" cy=\"{down:.1}\" r=\"2.5\" fill=\"{color}\"/>\
             <text x=\"{across:.1}\" y=\"{:.1}\" class=\"value\" text-anchor=\"middle\">{}</text>",
            down - 6.0,
            short(y)
        );
    }
    format!(
        "<polyline points=\"{}\" fill=\"none\" stroke=\"{color}\" stroke-width=\"1.5\"/>{points}",
        line.trim_end()
    )
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
        // Five points and their line.
        assert_eq!(text.matches(DEFECT).count(), 6);
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
    fn decades_are_as_far_apart_as_each_other() {
        let frame = super::Frame { from: 1.0, to: 100.0, most: 8.0 };
        let middle = f64::midpoint(frame.across(1.0), frame.across(100.0));
        assert!((frame.across(10.0) - middle).abs() < 1e-9);
        assert!((frame.down(8.0) - super::TOP).abs() < 1e-9);
    }
}
