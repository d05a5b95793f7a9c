//! What a curve does while its x grows, told from its points alone.

use std::fmt;

use crate::number::{count, short};

/// A cost that differs by no more than this is the same.
const FLAT_RATIO_MAX: f64 = 1.5;
/// A line is one if it misses no point by more than this share of the point.
const LINEAR_RESIDUAL_MAX: f64 = 0.25;

/// What a curve's y is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Measure {
    /// A cost of one request, byte, partition: it should be the same for every x.
    Each,
    /// A cost of all x together: each of them should cost the same.
    All,
    /// What is gained, so that more is better.
    Gain,
}

/// A point: how much there was, and what it cost.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Spot {
    pub(crate) x: f64,
    pub(crate) y: f64,
}

/// What a curve does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Shape {
    /// The largest y is `ratio` of the least, at most [`FLAT_RATIO_MAX`].
    Flat { ratio: f64 },
    /// About `constant + slope * x`; `residual` is the worst miss, as a share of the point's y.
    Linear { constant: f64, slope: f64, residual: f64 },
    /// Less, and never more again by more than [`FLAT_RATIO_MAX`].
    Falls { first: f64, last: f64 },
    /// None of these: what each costs has these ends, and at the last x no more than
    /// [`FLAT_RATIO_MAX`] of the least.
    Uneven { least: f64, largest: f64 },
    /// At the last x each costs `ratio` of what it cost at the x where that was least: a defect.
    BendsUpwards { ratio: f64, least: f64, last: f64 },
    /// What is gained at the last x is `ratio` of what is gained at the first.
    Gains { ratio: f64, first: f64, last: f64 },
}

impl Shape {
    /// The shape of these points, which are in the order of their x; of a single one there is none.
    pub(crate) fn of(measure: Measure, spots: &[Spot]) -> Option<Self> {
        let [first, .., last] = spots else { return None };
        if spots.iter().any(|spot| spot.y <= 0.0 || !spot.y.is_finite()) {
            return None;
        }
        let each = |spot: &Spot| each(measure, spot);
        if measure == Measure::Gain {
            return Some(Self::Gains { ratio: last.y / first.y, first: first.x, last: last.x });
        }
        let (least, largest) = ends(spots.iter().map(|spot| spot.y));
        if largest <= least * FLAT_RATIO_MAX {
            return Some(Self::Flat { ratio: largest / least });
        }
        let before = &spots[..spots.len() - 1];
        let cheapest = before.iter().min_by(|a, b| each(a).total_cmp(&each(b)))?;
        let ratio = each(last) / each(cheapest);
        if ratio > FLAT_RATIO_MAX {
            return Some(Self::BendsUpwards { ratio, least: cheapest.x, last: last.x });
        }
        if falls(spots) {
            return Some(Self::Falls { first: first.y, last: last.y });
        }
        match (measure, line(spots)) {
            (Measure::All, Some(line)) => Some(line),
            _ => {
                let (least, largest) = ends(spots.iter().map(each));
                Some(Self::Uneven { least, largest })
            }
        }
    }

    /// Whether more of x costs more than its share.
    pub(crate) const fn bends(self) -> bool {
        matches!(self, Self::BendsUpwards { .. })
    }

    /// If more of x costs more than its share: whether another's, which has these points, does as well
    /// between the same two x.
    pub(crate) fn bends_as(self, measure: Measure, other: &[Spot]) -> Option<Beside> {
        let Self::BendsUpwards { ratio, least, last } = self else { return None };
        let each = |x: f64| {
            let spot = other.iter().find(|spot| spot.x == x)?;
            Some(each(measure, spot))
        };
        let Some((least, last)) = each(least).zip(each(last)) else { return Some(Beside::Alone) };
        let of_other = last / least;
        let as_much = of_other > FLAT_RATIO_MAX && ratio <= of_other * FLAT_RATIO_MAX;
        Some(if as_much { Beside::AsMuch(of_other) } else { Beside::Less(of_other) })
    }
}

/// A curve that bends upwards, held against the floor's of the same work.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Beside {
    /// The floor has none.
    Alone,
    /// The floor's cost of each grows this many times, which is no bend or a lesser one.
    Less(f64),
    /// The floor's grows this many times, which is as much.
    AsMuch(f64),
}

impl fmt::Display for Beside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Alone => Ok(()),
            Self::Less(times) | Self::AsMuch(times) => {
                write!(out, "; the floor's, {} times", short(times))
            }
        }
    }
}

/// What one x costs.
fn each(measure: Measure, spot: &Spot) -> f64 {
    match measure {
        Measure::Each | Measure::Gain => spot.y,
        Measure::All => spot.y / spot.x,
    }
}

/// In words.
impl fmt::Display for Shape {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Flat { ratio } => write!(out, "**flat**: largest : smallest {}", short(ratio)),
            Self::Linear { constant, slope, residual } => write!(
                out,
                "**linear**: {} + {} x, off by {:.0} % at most",
                significant(constant),
                significant(slope),
                residual * 100.0
            ),
            Self::Falls { first, last } => {
                write!(out, "**falls** from {} to {}", short(first), short(last))
            }
            Self::Uneven { least, largest } => write!(
                out,
                "**uneven**: each between {} and {}, at the end near the least",
                significant(least),
                significant(largest)
            ),
            Self::BendsUpwards { ratio, least, last } => write!(
                out,
                "**bends upwards**: at {} each costs {} times what it costs at {}",
                count(last),
                short(ratio),
                count(least)
            ),
            Self::Gains { ratio, first, last } => {
                let (first, last) = (count(first), count(last));
                write!(out, "at {last} it is **{} times** what it is at {first}", short(ratio))
            }
        }
    }
}

fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    values.fold((f64::INFINITY, f64::NEG_INFINITY), |(least, largest), value| {
        (value.min(least), value.max(largest))
    })
}

/// Whether no point is above any before it, as far as two may differ and be the same.
fn falls(spots: &[Spot]) -> bool {
    let mut least = f64::INFINITY;
    spots.iter().all(|spot| {
        least = least.min(spot.y);
        spot.y <= least * FLAT_RATIO_MAX
    })
}

/// The line of the least squares of relative misses: each decade counts as much as the largest.
fn line(spots: &[Spot]) -> Option<Shape> {
    let (mut w, mut wx, mut wxx, mut wy, mut wxy) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &Spot { x, y } in spots {
        let weight = (y * y).recip();
        w += weight;
        wx += weight * x;
        wxx += weight * x * x;
        wy += weight * y;
        wxy += weight * x * y;
    }
    let slope = (w * wxy - wx * wy) / (w * wxx - wx * wx);
    let constant = (wy - slope * wx) / w;
    // Nothing costs less than nothing.
    let (constant, slope) = if constant < 0.0 { (0.0, wxy / wxx) } else { (constant, slope) };
    let miss = |spot: &Spot| ((constant + slope * spot.x - spot.y) / spot.y).abs();
    let residual = spots.iter().map(miss).fold(0.0, f64::max);
    (slope > 0.0 && residual <= LINEAR_RESIDUAL_MAX).then_some(Shape::Linear {
        constant,
        slope,
        residual,
    })
}

/// Three digits that count, however small it is: a slope may be a millionth.
fn significant(value: f64) -> String {
    if value == 0.0 || value.abs() >= 1.0 {
        return short(value);
    }
    let zeros = -value.abs().log10().floor();
    format!("{value:.*}", zeros as usize + 2)
}

#[cfg(test)]
mod tests {
    use super::{Beside, Measure, Shape, Spot, significant};

    const DECADES: [f64; 5] = [1.0, 10.0, 100.0, 1000.0, 10_000.0];

    fn spots(values: &[f64]) -> Vec<Spot> {
        DECADES.iter().zip(values).map(|(&x, &y)| Spot { x, y }).collect()
    }

    fn shape(measure: Measure, values: &[f64]) -> Shape {
        Shape::of(measure, &spots(values)).unwrap()
    }

    fn said(measure: Measure, values: &[f64]) -> String {
        shape(measure, values).to_string()
    }

    #[test]
    fn the_same_at_every_x_is_flat() {
        let text = said(Measure::Each, &[10.0, 12.0, 11.0, 14.0, 15.0]);
        assert_eq!(text, "**flat**: largest : smallest 1.50");
        assert_eq!(said(Measure::All, &[4.0, 4.0, 5.0]), "**flat**: largest : smallest 1.25");
    }

    #[test]
    fn a_cost_that_rises_at_the_end_bends() {
        let text = said(Measure::Each, &[12.0, 10.0, 11.0, 13.0, 16.0]);
        assert_eq!(text, "**bends upwards**: at 10,000 each costs 1.60 times what it costs at 10");
        assert!(shape(Measure::Each, &[12.0, 10.0, 11.0, 13.0, 16.0]).bends());
        // The square of x, above a constant that hides it until the end.
        let square: Vec<f64> = DECADES.iter().map(|x| 100.0 + x + x * x / 2000.0).collect();
        let text = said(Measure::All, &square);
        assert_eq!(
            text,
            "**bends upwards**: at 10,000 each costs 3.76 times what it costs at 1,000"
        );
        assert!(!shape(Measure::All, &[100.0, 110.0, 200.0, 1100.0, 10_100.0]).bends());
    }

    #[test]
    fn what_bends_is_held_against_another() {
        let bent = shape(Measure::Each, &[12.0, 10.0, 11.0, 13.0, 20.0]);
        let beside = |costs: &[f64]| bent.bends_as(Measure::Each, &spots(costs));
        // Only from 10 to 10,000, as the first does.
        assert_eq!(beside(&[9.0, 4.0, 4.0, 5.0, 7.0]), Some(Beside::AsMuch(1.75)));
        // What is flat excuses nothing.
        assert_eq!(beside(&[9.0, 3.0, 3.0, 4.0, 4.5]), Some(Beside::Less(1.5)));
        assert_eq!(beside(&[1.0, 3.0, 3.0, 4.0, 3.0]), Some(Beside::Less(1.0)));
        assert_eq!(bent.bends_as(Measure::Each, &[]), Some(Beside::Alone));
        // Ten times as much for ten times as many is what it should be.
        let all = shape(Measure::All, &[1.0, 10.0, 100.0, 1000.0, 20_000.0]);
        let other = spots(&[2.0, 20.0, 200.0, 2000.0, 35_000.0]);
        assert_eq!(all.bends_as(Measure::All, &other), Some(Beside::AsMuch(1.75)));
        assert_eq!(shape(Measure::Each, &[1.0, 1.0]).bends_as(Measure::Each, &[]), None);
    }

    #[test]
    fn a_constant_and_a_share_for_each_is_linear() {
        let text = said(Measure::All, &[20.05, 20.5, 25.0, 70.0, 520.0]);
        assert_eq!(text, "**linear**: 20.0 + 0.0500 x, off by 0 % at most");
        // Ten percent of noise, and nothing that is fixed.
        let text = said(Measure::All, &[2.2, 18.0, 220.0, 1800.0, 20_000.0]);
        let Shape::Linear { constant, slope, residual } =
            shape(Measure::All, &[2.2, 18.0, 220.0, 1800.0, 20_000.0])
        else {
            panic!("{text}")
        };
        assert!(constant >= 0.0 && (1.8..2.2).contains(&slope) && residual < 0.15, "{text}");

        // Noise at the largest x, which is as large as all else together, hides no constant.
        let values = [2.0, 11.0, 101.0, 900.0, 11_000.0];
        let Shape::Linear { constant, slope, .. } = shape(Measure::All, &values) else {
            panic!("{}", said(Measure::All, &values))
        };
        assert!((0.8..1.2).contains(&constant) && (0.9..1.1).contains(&slope));
    }

    #[test]
    fn a_fixed_cost_that_is_shared_falls() {
        let text = said(Measure::Each, &[100.0, 19.0, 10.9, 10.1, 10.0]);
        assert_eq!(text, "**falls** from 100 to 10.0");
        // What is the same but for noise is no rise.
        let text = said(Measure::Each, &[0.275, 0.077, 0.046, 0.050]);
        assert_eq!(text, "**falls** from 0.275 to 0.050");
    }

    #[test]
    fn what_is_high_only_in_the_middle_is_uneven() {
        let text = said(Measure::Each, &[10.0, 25.0, 12.0, 11.0, 10.0]);
        assert_eq!(text, "**uneven**: each between 10.0 and 25.0, at the end near the least");
        // Less than its share, and no line.
        let text = said(Measure::All, &[1.0, 5.0, 20.0, 60.0, 200.0]);
        assert_eq!(text, "**uneven**: each between 0.0200 and 1.00, at the end near the least");
    }

    #[test]
    fn a_gain_is_compared_with_its_first() {
        let spots = [Spot { x: 1.0, y: 500.0 }, Spot { x: 2.0, y: 900.0 }];
        let shape = Shape::of(Measure::Gain, &spots).unwrap();
        assert_eq!(shape.to_string(), "at 2 it is **1.80 times** what it is at 1");
        assert!(!shape.bends());
        assert_eq!(shape.bends_as(Measure::Gain, &spots), None);
    }

    #[test]
    fn one_point_has_no_shape_nor_has_a_cost_of_nothing() {
        assert_eq!(Shape::of(Measure::Each, &[Spot { x: 1.0, y: 1.0 }]), None);
        let spots = [Spot { x: 1.0, y: 0.0 }, Spot { x: 10.0, y: 3.0 }];
        assert_eq!(Shape::of(Measure::Each, &spots), None);
    }

    #[test]
    fn small_slopes_keep_their_digits() {
        for (value, text) in
            [(0.000_123_4, "0.000123"), (0.5, "0.500"), (0.0, "0.000"), (12.34, "12.3")]
        {
            assert_eq!(significant(value), text);
        }
    }
}
