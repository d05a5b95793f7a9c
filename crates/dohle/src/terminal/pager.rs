//! Standard output, and the pager that takes it where it is longer than the screen.

use super::Size;
use super::interrupts::Interrupts;
use std::io::{self, BufWriter, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use unicode_width::UnicodeWidthChar as _;

/// Where standard output goes: on as it is, as long as [`Pager::page`] was not called.
pub(crate) struct Pager {
    straight: Box<dyn Write>,
    way: Way,
}

enum Way {
    /// To standard output.
    Straight,
    /// Kept until it is known whether the screen holds it all.
    Held { command: Vec<String>, screen: Size, held: Vec<u8>, rows: usize },
    /// To the pager.
    Piped(Reader),
}

struct Reader {
    pager: Child,
    pipe: BufWriter<ChildStdin>,
    /// Ctrl-C is the pager's as long as it is there.
    _interrupts: Option<Interrupts>,
}

impl Pager {
    /// Passes all on to `straight`.
    pub(crate) fn new(straight: Box<dyn Write>) -> Self {
        Self { straight, way: Way::Straight }
    }

    /// From now on, what is longer than `screen` goes to the program of these words.
    pub(crate) fn page(&mut self, command: Vec<String>, screen: Size) {
        if matches!(self.way, Way::Straight) {
            self.way = Way::Held { command, screen, held: Vec::new(), rows: 0 };
        }
    }

    /// From now on all goes on as it is, unless a pager is at work already.
    pub(crate) fn turn_off(&mut self) -> io::Result<()> {
        self.flush()?;
        if matches!(self.way, Way::Held { .. }) {
            self.way = Way::Straight;
        }
        Ok(())
    }

    /// Whether the pager is at work: then it has the screen.
    pub(crate) fn has_screen(&self) -> bool {
        matches!(self.way, Way::Piped(_))
    }

    /// All is written: waits until who reads has read enough.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        let flushed = self.flush();
        if let Way::Piped(reader) = std::mem::replace(&mut self.way, Way::Straight) {
            let Reader { mut pager, pipe, _interrupts } = reader;
            // What it does not want is dropped unwritten.
            drop(pipe.into_parts());
            pager.wait()?;
        }
        flushed
    }

    /// What is held does not fit: gives it to the pager. One that cannot be started is none.
    fn spill(&mut self) -> io::Result<()> {
        let Way::Held { command, held, .. } = std::mem::replace(&mut self.way, Way::Straight)
        else {
            return Ok(());
        };
        if let Some(reader) = started(&command) {
            self.way = Way::Piped(reader);
        }
        self.write_all(&held)
    }
}

fn started(words: &[String]) -> Option<Reader> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    if std::env::var_os("LESS").is_none() {
        // For a `less` that was named without options: as ours.
        command.env("LESS", "FRX");
    }
    let mut pager = command.spawn().ok()?;
    let pipe = BufWriter::new(pager.stdin.take()?);
    Some(Reader { pager, pipe, _interrupts: Interrupts::listen(|| {}) })
}

/// How many rows of the screen a text takes, whose every line begins at its left.
fn rows(text: &[u8], columns: usize) -> usize {
    let text = String::from_utf8_lossy(text);
    let lines = text.split_inclusive('\n');
    lines.map(|line| visible(line).div_ceil(columns.max(1)).max(1)).sum()
}

/// The characters of a line that take a column: not those of colours.
fn visible(line: &str) -> usize {
    let (mut count, mut is_color) = (0, false);
    for letter in line.chars() {
        match letter {
            '\x1b' => is_color = true,
            'm' if is_color => is_color = false,
            // At most, for it ends at the next eighth column.
            '\t' if !is_color => count += 8,
            '\n' => {}
            _ if !is_color => count += letter.width().unwrap_or(0),
            _ => {}
        }
    }
    count
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.way {
            Way::Straight => self.straight.write(bytes),
            Way::Piped(reader) => reader.pipe.write(bytes),
            Way::Held { screen, held, rows: held_rows, .. } => {
                held.extend_from_slice(bytes);
                *held_rows += bytes.iter().filter(|byte| **byte == b'\n').count();
                // The last row is for the prompt.
                let is_long =
                    *held_rows >= screen.rows || rows(held, screen.columns) >= screen.rows;
                if is_long {
                    self.spill()?;
                }
                Ok(bytes.len())
            }
        }
    }

    /// What is held goes on, and with it all that follows: somebody is to see it now.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.way {
            Way::Piped(reader) => reader.pipe.flush(),
            Way::Held { held, .. } => {
                let held = std::mem::take(held);
                if !held.is_empty() {
                    self.way = Way::Straight;
                    self.straight.write_all(&held)?;
                }
                self.straight.flush()
            }
            Way::Straight => self.straight.flush(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Written(Rc<RefCell<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lengths() {
        for (text, columns, expected) in [
            ("", 80, 0),
            ("a\n", 80, 1),
            ("a\n\nb", 80, 3),
            ("12345678901\n", 10, 2),
            ("1234567890\n", 10, 1),
            ("\x1b[31m1234567890\x1b[0m\n", 10, 1),
            ("\t\tx\n", 10, 2),
            ("a\n", 0, 1),
        ] {
            assert_eq!(rows(text.as_bytes(), columns), expected, "{text:?}");
        }
    }

    /// What goes by a pager that cannot be started, or that all fits before.
    #[test]
    fn straight_on() {
        let screen = Size { columns: 80, rows: 5 };
        for (lines, flushes) in [(3, false), (3, true), (50, false), (50, true)] {
            let out = Written::default();
            let mut pager = Pager::new(Box::new(out.clone()));
            writeln!(pager, "first").unwrap();
            pager.page(vec!["/nowhere/pager".to_owned()], screen);
            let mut expected = "first\n".to_owned();
            for line in 0..lines {
                writeln!(pager, "{line}").unwrap();
                expected.push_str(&format!("{line}\n"));
                if flushes {
                    pager.flush().unwrap();
                }
            }
            assert!(!pager.has_screen());
            pager.end().unwrap();
            assert_eq!(String::from_utf8(out.0.take()).unwrap(), expected);
        }
    }

    #[test]
    fn a_question_is_not_paged() {
        let out = Written::default();
        let mut pager = Pager::new(Box::new(out.clone()));
        pager.page(vec!["true".to_owned()], Size { columns: 80, rows: 5 });
        writeln!(pager, "what there is").unwrap();
        pager.turn_off().unwrap();
        assert_eq!(out.0.borrow().as_slice(), b"what there is\n");
        writeln!(pager, "{}sure?", "one\n".repeat(50)).unwrap();
        assert!(!pager.has_screen());
        let mut empty = Pager::new(Box::new(out));
        empty.page(vec!["true".to_owned()], Size { columns: 80, rows: 5 });
        empty.turn_off().unwrap();
        write!(empty, "{}", "one\n".repeat(50)).unwrap();
        assert!(!empty.has_screen());
    }

    /// The pager gets all of it, or as much as it wants.
    #[test]
    fn paged() {
        let screen = Size { columns: 80, rows: 5 };
        for (command, count, is_read) in
            [("cat", 50, true), ("true", 100_000, false), ("cat", 3, true)]
        {
            let out = Written::default();
            let mut pager = Pager::new(Box::new(out.clone()));
            // Its output is nobody's here.
            let command = format!("sh -c {command}>/dev/null");
            pager.page(command.split(' ').map(str::to_owned).collect(), screen);
            let written: io::Result<()> =
                (0..count).try_for_each(|line| writeln!(pager, "line {line}"));
            let written = written.and_then(|()| pager.flush());
            assert_eq!(written.is_ok(), is_read, "{written:?}");
            let kind = written.err().map(|error| error.kind());
            assert!(kind.is_none_or(|kind| kind == io::ErrorKind::BrokenPipe), "{kind:?}");
            assert_eq!(pager.has_screen(), count > 4);
            let _read = pager.end();
            assert_eq!(out.0.take().is_empty(), count > 4);
        }
    }
}
