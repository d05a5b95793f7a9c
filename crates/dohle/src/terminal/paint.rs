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

/// A stream whose errors and warnings are painted, line by line. What is no whole line goes on with the next flush.
pub(crate) struct Painter<'w> {
    to: &'w mut dyn Write,
    is_colored: bool,
    line: Vec<u8>,
}

impl<'w> Painter<'w> {
    /// Paints what goes to `to`, if that takes colours.
    pub(crate) fn new(to: &'w mut dyn Write, is_colored: bool) -> Self {
        Self { to, is_colored, line: Vec::new() }
    }

    /// Passes on a last line that has no end.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        if self.line.is_empty() { Ok(()) } else { self.pass() }
    }

    fn pass(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        let Ok(text) = std::str::from_utf8(&line) else { return self.to.write_all(&line) };
        let (text, end) = text.strip_suffix('\n').map_or((text, ""), |text| (text, "\n"));
        write!(self.to, "{}{end}", painted(text, tone_of(text)))
    }
}

impl Write for Painter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_colored {
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
        writeln!(Painter::new(&mut plain, false), "Error: one").unwrap();
        assert_eq!(plain, b"Error: one\n");
        let mut to = Vec::new();
        let mut painter = Painter::new(&mut to, true);
        write!(painter, "one\nErr").unwrap();
        write!(painter, "or: two\nWARN three\nsure? ").unwrap();
        painter.flush().unwrap();
        painter.write_all(b"\xff\n").unwrap();
        let expected = b"one\n\x1b[31mError: two\x1b[0m\n\x1b[33mWARN three\x1b[0m\nsure? \xff\n";
        assert_eq!(to, expected);
    }
}
