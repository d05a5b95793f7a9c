//! The plot: for each workload its first figure, a bar for each server, as SVG.

use std::fmt::Write as _;

use crate::number::short;
use crate::report::{middle, values};
use crate::run::{Plan, Results};
use crate::server::Kind;

const WIDTH: usize = 860;
const LABELS: usize = 400;
const BARS: usize = 370;
const BAR: usize = 13;
const GROUP_GAP: usize = 14;
const TOP: usize = 44;

/// Bars as long as their share of the largest in their group.
pub(crate) fn svg(plan: &Plan, results: &Results) -> String {
    let mut body = String::new();
    let mut y = TOP;
    for workload in &plan.workloads {
        let Some(&(figure, _)) = workload.shown.first() else { continue };
        let bars: Vec<(Kind, f64)> = Kind::ALL
            .into_iter()
            .filter_map(|kind| Some((kind, middle(&values(results, workload, kind, figure))?)))
            .collect();
        let largest = bars.iter().map(|bar| bar.1).fold(0.0, f64::max);
        if bars.is_empty() || largest <= 0.0 {
            continue;
        }
        let middle = y + bars.len() * BAR / 2;
        let _ = writeln!(
            body,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\" class=\"unit\">{}</text>",
            LABELS - 8,
            middle - 1,
            escape(workload.title),
            LABELS - 8,
            middle + 12,
            figure.title(),
        );
        for (kind, value) in bars {
            let length = value / largest * (BARS - 60) as f64;
            let _ = writeln!(
                body,
                "<rect x=\"{LABELS}\" y=\"{y}\" width=\"{length:.1}\" height=\"{}\" fill=\"{}\"/>\
                 <text x=\"{:.1}\" y=\"{}\" class=\"value\">{}</text>",
                BAR - 2,
                color(kind),
                LABELS as f64 + length + 5.0,
                y + BAR - 4,
                short(value),
            );
            y += BAR;
        }
        y += GROUP_GAP;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <style>.unit,.value{{font-size:10px;fill:#666}}</style>\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n{}{body}</svg>\n",
        legend(LABELS)
    )
}

/// Which color is whose, from there on.
pub(crate) fn legend(left: usize) -> String {
    let mut text = String::new();
    for (index, kind) in Kind::ALL.into_iter().enumerate() {
        let x = left + index * 90;
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"14\" width=\"11\" height=\"11\" fill=\"{}\"/>\
             <text x=\"{}\" y=\"24\">{}</text>",
            color(kind),
            x + 16,
            kind.title(),
        );
    }
    text
}

pub(crate) const fn color(kind: Kind) -> &'static str {
    match kind {
        Kind::Reference => "#9a9a9a",
        Kind::Floor => "#e0b84c",
        Kind::Dohle => "#2f6690",
    }
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}
