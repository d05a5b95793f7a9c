//! Java's properties text: what `server.properties` and `meta.properties` are written in.
//!
//! Reading follows `java.util.Properties.load(InputStream)`: bytes are Latin-1, `\uXXXX` is a
//! UTF-16 unit, a line that ends in an odd number of backslashes goes on in the next. Writing
//! follows `store(Writer, "")`.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Why a text is no properties file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PropertiesError {
    /// The line on which the bad entry starts, from 1.
    pub(super) line: usize,
}

impl fmt::Display for PropertiesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: malformed \\uxxxx encoding", self.line)
    }
}

impl std::error::Error for PropertiesError {}

/// The entries of a properties file. Of two with one key the later wins, as in Java.
pub(super) fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>, PropertiesError> {
    let mut entries = BTreeMap::new();
    let mut lines = Lines { rest: bytes, number: 0 };
    while let Some((number, line)) = lines.next_logical() {
        let (key, value) = split(&line);
        let (Some(key), Some(value)) = (unescape(key), unescape(value)) else {
            return Err(PropertiesError { line: number });
        };
        entries.insert(key, value);
    }
    Ok(entries)
}

/// The text that Java's `store` writes: an empty comment, the date, then one line per entry in
/// the order given. `now` in milliseconds since 1970; the date is shown in UTC.
#[must_use]
pub(super) fn text(entries: &[(&str, &str)], now: i64) -> String {
    let mut text = format!("#\n#{}\n", JavaDate(now));
    for (key, value) in entries {
        escape(key, true, &mut text);
        text.push('=');
        escape(value, false, &mut text);
        text.push('\n');
    }
    text
}

struct Lines<'a> {
    rest: &'a [u8],
    number: usize,
}

impl<'a> Lines<'a> {
    fn next_natural(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end =
            self.rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(self.rest.len());
        let (line, mut rest) = self.rest.split_at(end);
        rest = match rest {
            [b'\r', b'\n', rest @ ..] | [_, rest @ ..] => rest,
            [] => rest,
        };
        self.rest = rest;
        Some(trim_start(line))
    }

    /// The next line that holds an entry, with its continuations joined, and its number.
    fn next_logical(&mut self) -> Option<(usize, Vec<u8>)> {
        loop {
            let mut line = self.next_natural()?;
            if line.is_empty() || matches!(line[0], b'#' | b'!') {
                continue;
            }
            let number = self.number;
            let mut whole = Vec::with_capacity(line.len());
            while continues(line) {
                whole.extend_from_slice(&line[..line.len() - 1]);
                line = self.next_natural().unwrap_or_default();
            }
            whole.extend_from_slice(line);
            return Some((number, whole));
        }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\x0c')
}

fn trim_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|b| !is_blank(*b)).unwrap_or(line.len());
    &line[start..]
}

fn continues(line: &[u8]) -> bool {
    line.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1
}

/// Key and value, both still escaped. The key ends at the first bare `=`, `:` or blank.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let mut escaped = false;
    let mut end = line.len();
    for (index, byte) in line.iter().enumerate() {
        if !escaped && (matches!(byte, b'=' | b':') || is_blank(*byte)) {
            end = index;
            break;
        }
        escaped = !escaped && *byte == b'\\';
    }
    let (key, rest) = line.split_at(end);
    let rest = trim_start(rest);
    let value = match rest {
        [b'=' | b':', value @ ..] => trim_start(value),
        value => value,
    };
    (key, value)
}

fn unescape(bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'\\' {
            units.push(u16::from(*first));
            continue;
        }
        let [escaped, after @ ..] = rest else { break };
        rest = after;
        units.push(match escaped {
            b't' => 9,
            b'n' => 10,
            b'f' => 12,
            b'r' => 13,
            b'u' => {
                let digits = rest.get(..4)?;
                rest = &rest[4..];
                let mut unit = 0;
                for digit in digits {
                    unit = unit << 4 | char::from(*digit).to_digit(16)?;
                }
                u16::try_from(unit).ok()?
            }
            other => u16::from(*other),
        });
    }
    Some(String::from_utf16_lossy(&units))
}

fn escape(text: &str, is_key: bool, into: &mut String) {
    for (index, c) in text.chars().enumerate() {
        match c {
            ' ' if is_key || index == 0 => into.push_str("\\ "),
            '\t' => into.push_str("\\t"),
            '\n' => into.push_str("\\n"),
            '\r' => into.push_str("\\r"),
            '\x0c' => into.push_str("\\f"),
            '=' | ':' | '#' | '!' | '\\' => {
                into.push('\\');
                into.push(c);
            }
            c => into.push(c),
        }
    }
}

/// `Sat Nov 21 09:46:48 UTC 2026`, as `java.util.Date` prints itself.
struct JavaDate(i64);

impl fmt::Display for JavaDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        const MONTHS: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        let seconds = self.0.div_euclid(1000);
        let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Days since 0000-03-01 of the proleptic Gregorian calendar, in eras of 400 years.
        let shifted = day + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
        let month = (march_month + 2) % 12;
        let year = era * 400 + year_of_era + i64::from(month < 2);
        f.write_str(DAYS[usize::try_from(day.rem_euclid(7)).unwrap_or(0)])?;
        f.write_char(' ')?;
        f.write_str(MONTHS[usize::try_from(month).unwrap_or(0)])?;
        let (hour, minute) = (second / 3600, second / 60 % 60);
        write!(f, " {day_of_month:02} {hour:02}:{minute:02}:{:02} UTC {year}", second % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str) -> Vec<(String, String)> {
        parse(text.as_bytes()).unwrap().into_iter().collect()
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let expected: Vec<_> =
            expected.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(entries(text), expected, "{text:?}");
    }

    #[test]
    fn what_java_reads() {
        check("a=b\n", &[("a", "b")]);
        check("  a : b  \r\nc d\re", &[("a", "b  "), ("c", "d"), ("e", "")]);
        check("# x\n! y\n\n   \na=1", &[("a", "1")]);
        check("a=1,\\\n   2\\\\\nb=3", &[("a", "1,2\\"), ("b", "3")]);
        check("a\\=b=c\\u0041\\ud83d\\ude00\\q\\", &[("a=b", "cA😀q")]);
        check("a=1\na=2", &[("a", "2")]);
        check("=v", &[("", "v")]);
        assert_eq!(parse(b"a=1\n\nb=\\u12g4"), Err(PropertiesError { line: 3 }));
        assert_eq!(parse(b"a=\xe9").unwrap()["a"], "é");
    }

    #[test]
    fn what_java_writes() {
        let written = text(&[("a b", " c d"), ("e", "x=y:z#!\\\t")], 1_795_254_408_000);
        assert_eq!(
            written,
            "#\n#Sat Nov 21 09:46:48 UTC 2026\na\\ b=\\ c d\ne=x\\=y\\:z\\#\\!\\\\\\t\n"
        );
        assert_eq!(JavaDate(0).to_string(), "Thu Jan 01 00:00:00 UTC 1970");
        assert_eq!(JavaDate(951_782_400_000).to_string(), "Tue Feb 29 00:00:00 UTC 2000");
        assert_eq!(JavaDate(-1).to_string(), "Wed Dec 31 23:59:59 UTC 1969");
    }
}
