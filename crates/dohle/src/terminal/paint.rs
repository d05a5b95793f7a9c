//! Colours, sparingly: what is wrong is red, what wants to be looked at yellow, and a header bold.

use std::io::{self, Write};

/// How loud something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As everything else.
    Plain,
    /// The names of columns and fields.
    Header,
    /// Wants to be looked at.
    Warning,
    /// Is wrong.
    Wrong,
}

/// `text` in a tone, as a terminal understands it (ECMA-48's "select graphic rendition").
pub(crate) fn painted(text: &str, tone: Tone) -> String {
    let code = match tone {
        Tone::Plain => return text.to_owned(),
        Tone::Header => 1,
        Tone::Warning => 33,
        Tone::Wrong => 31,
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}

/// The tone of a line, by what Kafka's tools begin one with that says what went wrong.
fn tone_of(line: &str) -> Tone {
    let begins = |word: &&str| {
        let rest = line.strip_prefix(*word);
        rest.is_some_and(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
    };
    if ["Error", "ERROR", "error"].iter().any(&begins) {
        Tone::Wrong
    } else if ["WARNING", "Warning", "WARN"].iter().any(begins) {
        Tone::Warning
    } else {
        Tone::Plain
    }
}

/// `text` without what would move somebody's cursor: what a client, a topic or a config calls itself is not to.
pub(crate) fn harmless(text: &str) -> String {
    text.replace(|letter: char| letter.is_control() && !matches!(letter, '\n' | '\t'), "\u{fffd}")
}

/// A stream whose errors and warnings are painted, line by line. What is no whole line goes on with the next flush.
pub(crate) struct Painter<'w> {
    to: &'w mut dyn Write,
    /// Whether somebody sees it on a screen.
    is_seen: bool,
    is_colored: bool,
    line: Vec<u8>,
    has_passed: bool,
}

impl<'w> Painter<'w> {
    /// Paints what goes to `to`, if that takes colours; what nobody sees passes as it is.
    pub(crate) fn new(to: &'w mut dyn Write, is_seen: bool, is_colored: bool) -> Self {
        Self { to, is_seen, is_colored, line: Vec::new(), has_passed: false }
    }

    /// Whether anything went through.
    pub(crate) fn has_passed(&self) -> bool {
        self.has_passed
    }

    /// Passes on a last line that has no end.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.line.is_empty() { Ok(()) } else { self.pass() }
    }

    fn pass(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let text = harmless(&String::from_utf8_lossy(&line));
        let (text, end) = text.strip_suffix('\n').map_or((text.as_str(), ""), |text| (text, "\n"));
        let tone = if self.is_colored { tone_of(text) } else { Tone::Plain };
        write!(self.to, "{}{end}", painted(text, tone))
    }
}

impl Write for Painter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.has_passed |= !bytes.is_empty();
        if !self.is_seen {
            return self.to.write(bytes);
        }
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.line.extend_from_slice(part);
            if part.ends_with(b"\n") {
                self.pass()?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.end()?;
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        for (line, expected) in [
            ("Error while executing topic command : no", Tone::Wrong),
            ("Error: group", Tone::Wrong),
            ("Errors are a topic", Tone::Plain),
            ("WARNING: Due to", Tone::Warning),
            ("WARN No action", Tone::Warning),
            ("Warning: Consumer group", Tone::Warning),
            ("Created topic Error.", Tone::Plain),
            ("", Tone::Plain),
        ] {
            assert_eq!(tone_of(line), expected, "{line}");
        }
    }

    #[test]
    fn a_stream() {
        let mut plain = Vec::new();
        writeln!(Painter::new(&mut plain, false, false), "Error: \x1b[2J").unwrap();
        assert_eq!(plain, b"Error: \x1b[2J\n");
        let mut seen = Vec::new();
        writeln!(Painter::new(&mut seen, true, false), "Error:\t\x1b[2J").unwrap();
        assert_eq!(seen, "Error:\t\u{fffd}[2J\n".as_bytes());
        let mut to = Vec::new();
        let mut painter = Painter::new(&mut to, true, true);
        write!(painter, "one\nErr").unwrap();
        write!(painter, "or: two\nWARN three\nsure? ").unwrap();
        painter.flush().unwrap();
        painter.write_all(b"\xff\n").unwrap();
        let expected =
            "one\n\x1b[31mError: two\x1b[0m\n\x1b[33mWARN three\x1b[0m\nsure? \u{fffd}\n";
        assert_eq!(String::from_utf8(to).unwrap(), expected);
    }
}
