//! Times and durations as ISO 8601 writes them and Kafka's tools read them.

use crate::console::Failure;

/// The milliseconds of `PnDTnHnMnS`.
pub(in crate::commands) fn parse(text: &str) -> Result<i64, Failure> {
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

/// The milliseconds since 1970 of `YYYY-MM-DDThh:mm:ss.sss`, in UTC or with `Z`, `+hh:mm`, `-hhmm`.
pub(in crate::commands) fn timestamp(text: &str) -> Result<i64, Failure> {
    let wrong = || Failure::new(format!("Unparseable date: \"{text}\""));
    let (date, time) = text.split_once('T').ok_or_else(wrong)?;
    let numbers = |text: &str, separator: char| {
        let numbers = text.split(separator).map(str::parse::<i64>);
        numbers.collect::<Result<Vec<_>, _>>().map_err(|_| wrong())
    };
    let (time, zone_minutes) = zone(time).ok_or_else(wrong)?;
    let (clock, millis) = match time.split_once('.') {
        Some((clock, part)) => (clock, format!("{part:0<3}").get(..3).map(str::to_owned)),
        None => (time, Some("0".to_owned())),
    };
    let millis: i64 = millis.and_then(|part| part.parse().ok()).ok_or_else(wrong)?;
    match (numbers(date, '-')?.as_slice(), numbers(clock, ':')?.as_slice()) {
        ([year, month, day], [hours, minutes, seconds]) if (1..=12).contains(month) => {
            let minutes = hours * 60 + minutes - zone_minutes;
            let seconds = days_since_1970(*year, *month, *day) * 86_400 + minutes * 60 + seconds;
            Ok(seconds * 1000 + millis)
        }
        _ => Err(wrong()),
    }
}

/// The time without its zone, and the zone in minutes east of UTC.
fn zone(time: &str) -> Option<(&str, i64)> {
    if let Some(time) = time.strip_suffix('Z') {
        return Some((time, 0));
    }
    let Some(place) = time.rfind(['+', '-']) else { return Some((time, 0)) };
    let (time, zone) = time.split_at(place);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).map_or(Some(0), |text| text.parse().ok())?;
    Some((time, sign * (hours * 60 + minutes)))
}

/// Days since 1970 of a date of the Gregorian calendar (H. Hinnant, `days_from_civil`).
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::{parse, timestamp};

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
    fn times() {
        for (text, expected) in [
            ("1970-01-01T00:00:00.000", Some(0)),
            ("2024-02-29T12:34:56.789", Some(1_709_210_096_789)),
            ("2024-02-29T12:34:56.789+02:00", Some(1_709_202_896_789)),
            ("2000-01-01T00:00:00Z", Some(946_684_800_000)),
            ("1969-12-31T23:59:59.999", Some(-1)),
            ("2024-02-29", None),
            ("soon", None),
        ] {
            assert_eq!(timestamp(text).ok(), expected, "{text}");
        }
    }
}
