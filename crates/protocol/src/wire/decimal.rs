//! Floating-point numbers as Java prints them (`Double.toString`, `Float.toString`).

use std::fmt::{Debug, UpperExp};

/// A number as Java prints it: at least one digit after the point, an exponent below 10⁻³ and from 10⁷ on.
#[must_use]
pub fn java_double(value: f64) -> String {
    java(value, value)
}

/// The same, with as many digits as tell it from other numbers of its size in memory.
#[must_use]
pub fn java_float(value: f32) -> String {
    java(value, f64::from(value))
}

fn java(value: impl Debug + UpperExp, wide: f64) -> String {
    if wide.is_infinite() {
        return if wide > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if wide.is_nan() || wide == 0.0 || (1e-3..1e7).contains(&wide.abs()) {
        return format!("{value:?}");
    }
    // Where one digit would do, Java takes the two digits nearest to the value.
    let shortest = format!("{value:E}");
    if shortest.contains('.') { shortest } else { format!("{value:.1E}") }
}

#[cfg(test)]
mod tests {
    use super::{java_double, java_float};

    #[test]
    fn numbers_are_printed_as_java_prints_them() {
        for (value, expected) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.25, "0.25"),
            (0.001, "0.001"),
            (0.000_99, "9.9E-4"),
            (0.0005, "5.0E-4"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (1e23, "1.0E23"),
            (f64::MAX, "1.7976931348623157E308"),
            (5e-324, "4.9E-324"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(java_double(value), expected);
        }
        for (value, expected) in [
            (0.1_f32, "0.1"),
            (0.001, "0.001"),
            (1e7, "1.0E7"),
            (f32::MIN_POSITIVE, "1.1754944E-38"),
            (f32::INFINITY, "Infinity"),
        ] {
            assert_eq!(java_float(value), expected);
        }
    }
}
