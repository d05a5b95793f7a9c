//! Times and durations as ISO 8601 writes them and Kafka's tools read them.

use crate::calendar::days_since_1970;
use crate::console::Failure;
use std::ops::RangeInclusive;

/// The time that lies so long before `now`, both in milliseconds since 1970.
pub(in crate::commands) fn before(now: i64, duration: &str) -> Result<i64, Failure> {
    let then = now.checked_sub(parse(duration)?);
    then.ok_or_else(|| Failure::new("Instant exceeds minimum or maximum instant"))
}

/// The milliseconds of `PnDTnHnMnS`.
fn parse(text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::new("Text cannot be parsed to a Duration");
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let rest = rest.strip_prefix(['P', 'p']).ok_or_else(wrong)?;
    let (days, time) = match rest.split_once(['T', 't']) {
        Some((days, time)) if !time.is_empty() => (days, time),
        Some(_) => return Err(wrong()),
        None => (rest, ""),
    };
    let mut total = 0.0;
    let mut found = false;
    for (part, units) in
        [(days, &[('D', 86_400.0)][..]), (time, &[('H', 3600.0), ('M', 60.0), ('S', 1.0)])]
    {
        let mut number = String::new();
        for letter in part.chars() {
            if letter.is_ascii_digit() || matches!(letter, '.' | '-' | '+') {
                number.push(letter);
                continue;
            }
            let unit = units.iter().find(|(unit, _)| *unit == letter.to_ascii_uppercase());
            let (_, seconds) = unit.ok_or_else(wrong)?;
            total += number.parse::<f64>().map_err(|_| wrong())? * seconds;
            number.clear();
            found = true;
        }
        if !number.is_empty() {
            return Err(wrong());
        }
    }
    if found { Ok((sign * total * 1000.0).round() as i64) } else { Err(wrong()) }
}

/// The milliseconds since 1970 of `YYYY-MM-DDThh:mm:ss.sss`, in UTC or with `Z`, `+hh:mm`, `-hh`. As Java reads it: what
/// stands behind is not looked at.
pub(in crate::commands) fn timestamp(text: &str) -> Result<i64, Failure> {
    let wrong = |what: &str| Failure::new(format!("java.text.ParseException: {what}"));
    let time = text.split_once('T').map(|(_, time)| time).filter(|time| !time.is_empty());
    let time = time.ok_or_else(|| {
        wrong("Error parsing timestamp. It does not contain a 'T' according to ISO8601 format")
    })?;
    let zone = if time.contains(['+', '-', 'Z']) { "" } else { "Z" };
    let text = format!("{text}{zone}");
    read(&text).ok_or_else(|| wrong(&format!("Unparseable date: \"{text}\"")))
}

fn read(text: &str) -> Option<i64> {
    let (year, rest) = number(text, i64::MIN..=i64::MAX)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 1..=12)?;
    let following = if month == 12 { (year.checked_add(1)?, 1) } else { (year, month + 1) };
    let first = days_since_1970(year, month, 1)?;
    let length = days_since_1970(following.0, following.1, 1)? - first;
    let (day, rest) = number(rest.strip_prefix('-')?, 1..=length)?;
    let (hours, rest) = number(rest.strip_prefix('T')?, 0..=23)?;
    let (minutes, rest) = number(rest.strip_prefix(':')?, 0..=59)?;
    let (seconds, rest) = number(rest.strip_prefix(':')?, 0..=59)?;
    let (millis, rest) = number(rest.strip_prefix('.')?, 0..=999)?;
    let seconds_of_day = (hours * 60 + minutes - zone_minutes(rest)?) * 60 + seconds;
    let days = first + day - 1;
    days.checked_mul(86_400)?.checked_add(seconds_of_day)?.checked_mul(1000)?.checked_add(millis)
}

/// The number that a text begins with, and what follows it.
fn number(text: &str, allowed: RangeInclusive<i64>) -> Option<(i64, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let number = digits.parse().ok().filter(|number| allowed.contains(number))?;
    Some((number, rest))
}

/// The zone in minutes east of UTC.
fn zone_minutes(text: &str) -> Option<i64> {
    if text.starts_with('Z') {
        return Some(0);
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    let text = text.strip_prefix(['+', '-'])?;
    let two_digits = |text: &str, max| {
        let digits = text.get(..2).filter(|two| two.bytes().all(|one| one.is_ascii_digit()))?;
        number(digits, 0..=max).map(|(number, _)| number)
    };
    let hours = two_digits(text, 23)?;
    let minutes = text.get(2..).and_then(|rest| two_digits(rest.strip_prefix(':')?, 59));
    Some(sign * (hours * 60 + minutes.unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::{before, parse, timestamp};

    #[test]
    fn durations() {
        for (text, expected) in [
            ("P1D", Some(86_400_000)),
            ("PT1H30M", Some(5_400_000)),
            ("P1DT0.5S", Some(86_400_500)),
            ("-PT1S", Some(-1000)),
            ("PT", None),
            ("1D", None),
            ("P1H", None),
        ] {
            assert_eq!(parse(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn times_before() {
        assert_eq!(before(1000, "PT1S").ok(), Some(0));
        assert_eq!(before(1000, "-P999999999999D").ok(), None);
    }

    #[test]
    fn times() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000", Some(0)),
            ("2024-02-29T12:34:56.789", Some(1_709_210_096_789)),
            ("2024-02-29T12:34:56.789+02:00", Some(1_709_202_896_789)),
            ("2024-02-29T12:34:56.789-05", Some(1_709_228_096_789)),
            ("2000-01-01T00:00:00.000Z", Some(946_684_800_000)),
            ("2000-1-1T0:0:0.5Z and so on", Some(946_684_800_005)),
            ("2000-12-31T23:59:59.999", Some(978_307_199_999)),
            ("2000-01-01T00:00:00Z", None),
            ("2023-02-29T00:00:00.000", None),
            ("2000-13-01T00:00:00.000", None),
            ("2000-01-01T24:00:00.000", None),
            ("2000-01-01T00:00:00.000+x", None),
            ("9223372036854775807-12-01T00:00:00.000", None),
            ("25252734927766799-03-01T00:00:00.000", None),
            ("2000-01-01T00:00:00.000+5:30", None),
            ("2000-01-01T00:00:00.000+1x", None),
            ("2000-01-01T00:00:00.000+05:3x", Some(946_666_800_000)),
            ("2000T", None),
            ("1969-12-31T23:59:59.999", Some(-1)),
            ("2024-02-29", None),
            ("soon", None),
        ] {
            assert_eq!(timestamp(text).ok(), expected, "{text}");
        }
    }
}
