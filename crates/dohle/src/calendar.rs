//! Dates of times.

pub(crate) mod pattern;

/// `yyyy-MM-dd HH:mm:ss:SSS` of milliseconds since 1970, in UTC.
pub(crate) fn utc(timestamp_ms: i64) -> String {
    written(timestamp_ms, ':')
}

/// The same as logs have it: `yyyy-MM-dd HH:mm:ss,SSS`.
pub(crate) fn utc_of_logs(timestamp_ms: i64) -> String {
    written(timestamp_ms, ',')
}

/// The same as ISO 8601 has it, with as many digits behind the seconds as it takes:
/// `yyyy-MM-ddTHH:mm:ss.SSSZ`.
pub(crate) fn utc_iso(timestamp_ms: i64) -> String {
    let text = written(timestamp_ms, '.').replace(' ', "T");
    let fraction = text.split_once('.').map_or("", |(_, digits)| digits.trim_end_matches('0'));
    let seconds = text.split('.').next().unwrap_or_default();
    if fraction.is_empty() { format!("{seconds}Z") } else { format!("{seconds}.{fraction}Z") }
}

fn written(timestamp_ms: i64, mark: char) -> String {
    let Moment { year, month, day, hours, minutes, seconds, millis, .. } = Moment::of(timestamp_ms);
    format!("{year:04}-{month:02}-{day:02} {hours:02}:{minutes:02}:{seconds:02}{mark}{millis:03}")
}

/// A time in the parts that people tell it by, in UTC; months and days are counted from 1 on.
struct Moment {
    /// Since 1970.
    days: i64,
    year: i64,
    month: i64,
    day: i64,
    hours: i64,
    minutes: i64,
    seconds: i64,
    millis: i64,
}

impl Moment {
    fn of(timestamp_ms: i64) -> Self {
        let (seconds, millis) = (timestamp_ms.div_euclid(1000), timestamp_ms.rem_euclid(1000));
        let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        Self { days, year, month, day, hours, minutes, seconds, millis }
    }

    fn day_of_year(&self) -> i64 {
        let begin = days_since_1970(self.year, 1, 1).expect("the year of a time has days");
        self.days - begin + 1
    }
}

/// Days since 1970 of a date of the Gregorian calendar (H. Hinnant, `days_from_civil`).
pub(crate) fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let year = if month <= 2 { year.checked_sub(1)? } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    era.checked_mul(146_097)?.checked_add(of_era - 719_468)
}

/// The date of so many days since 1970 (H. Hinnant, `civil_from_days`).
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let part = (5 * of_year + 2) / 153;
    let day = of_year - (153 * part + 2) / 5 + 1;
    let month = if part < 10 { part + 3 } else { part - 9 };
    (era * 400 + year + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{utc, utc_iso, utc_of_logs};

    #[test]
    fn dates() {
        assert_eq!(utc(0), "1970-01-01 00:00:00:000");
        assert_eq!(utc(1_709_210_096_789), "2024-02-29 12:34:56:789");
        assert_eq!(utc(-1), "1969-12-31 23:59:59:999");
        assert_eq!(utc_of_logs(7), "1970-01-01 00:00:00,007");
        for (timestamp, expected) in [
            (1_709_210_096_789, "2024-02-29T12:34:56.789Z"),
            (1_709_210_090_500, "2024-02-29T12:34:50.5Z"),
            (1_709_210_090_000, "2024-02-29T12:34:50Z"),
        ] {
            assert_eq!(utc_iso(timestamp), expected);
        }
    }
}
