//! Patterns of dates, as Java's `SimpleDateFormat` has them; in UTC, in English.

use super::Moment;
use std::fmt::Write;

/// How a time is written: `yyyy-MM-dd HH:mm:ss:SSS`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<Part>);

#[derive(Clone, Debug)]
enum Part {
    /// As it stands.
    Text(String),
    /// Something of the time, and by how many letters it is asked for.
    Field(char, usize),
}

const FIELDS: &str = "GyMLdDEuaHkKhmsSzZX";
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// From the day of 1970-01-01 on.
const DAYS: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What Java says of a letter that means nothing, or of a quote that does not end. The letters for weeks of a year or
    /// a month mean nothing here.
    pub(crate) fn read(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut letters = text.chars().peekable();
        while let Some(letter) = letters.next() {
            if letter.is_ascii_alphabetic() {
                if !FIELDS.contains(letter) {
                    return Err(format!("Illegal pattern character '{letter}'"));
                }
                let mut count = 1;
                while letters.next_if_eq(&letter).is_some() {
                    count += 1;
                }
                parts.push(Part::Field(letter, count));
            } else if letter != '\'' {
                parts.push(Part::Text(letter.to_string()));
            } else if letters.next_if_eq(&'\'').is_some() {
                parts.push(Part::Text("'".to_owned()));
            } else {
                parts.push(Part::Text(quoted(&mut letters).ok_or("Unterminated quote")?));
            }
        }
        Ok(Self(parts))
    }

    /// A time, in milliseconds since 1970.
    pub(crate) fn written(&self, timestamp_ms: i64) -> String {
        let moment = Moment::of(timestamp_ms);
        self.0.iter().fold(String::new(), |mut text, part| {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Field(letter, count) => field(&moment, *letter, *count, &mut text),
            }
            text
        })
    }
}

/// What stands up to the quote that ends it; two of them stand for one.
fn quoted(letters: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        match letters.next()? {
            '\'' if letters.next_if_eq(&'\'').is_none() => return Some(text),
            letter => text.push(letter),
        }
    }
}

fn field(moment: &Moment, letter: char, count: usize, text: &mut String) {
    let name = |name: &'static str| if count < 4 { &name[..3] } else { name };
    let number = match letter {
        'G' => return text.push_str("AD"),
        'M' | 'L' if count > 2 => {
            return text.push_str(name(MONTHS[moment.month as usize - 1]));
        }
        'E' => return text.push_str(name(DAYS[moment.days.rem_euclid(7) as usize])),
        'a' => return text.push_str(if moment.hours < 12 { "AM" } else { "PM" }),
        'z' if count > 3 => return text.push_str("Coordinated Universal Time"),
        'z' => return text.push_str("UTC"),
        'Z' => return text.push_str("+0000"),
        'X' => return text.push('Z'),
        'y' if count == 2 => moment.year % 100,
        'y' => moment.year,
        'M' | 'L' => moment.month,
        'd' => moment.day,
        'D' => moment.day_of_year(),
        // Monday is the first.
        'u' => (moment.days + 3).rem_euclid(7) + 1,
        'H' => moment.hours,
        'k' => (moment.hours + 23) % 24 + 1,
        'K' => moment.hours % 12,
        'h' => (moment.hours + 11) % 12 + 1,
        'm' => moment.minutes,
        's' => moment.seconds,
        _ => moment.millis,
    };
    write!(text, "{number:0count$}").expect("a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::Pattern;

    #[test]
    fn times_are_written_as_java_writes_them() {
        // Thursday, 2024-02-29 12:34:56.789.
        const TIME: i64 = 1_709_210_096_789;
        for (pattern, expected) in [
            ("yyyy-MM-dd HH:mm:ss:SSS", "2024-02-29 12:34:56:789"),
            ("yy/M/d h a", "24/2/29 12 PM"),
            ("EEE, d MMM yyyy", "Thu, 29 Feb 2024"),
            ("EEEE MMMM u D", "Thursday February 4 60"),
            ("K k S", "0 12 789"),
            ("yyyy-MM-dd'T'HH:mm:ss''SSSX", "2024-02-29T12:34:56'789Z"),
            ("'o''clock' z Z G", "o'clock UTC +0000 AD"),
        ] {
            assert_eq!(Pattern::read(pattern).unwrap().written(TIME), expected, "{pattern}");
        }
        let midnight = Pattern::read("h:k:K:H").unwrap().written(0);
        assert_eq!(midnight, "12:24:0:0");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        for (pattern, expected) in
            [("nonsense", "Illegal pattern character 'n'"), ("yyyy 'T", "Unterminated quote")]
        {
            assert_eq!(Pattern::read(pattern).unwrap_err(), expected);
        }
    }
}
