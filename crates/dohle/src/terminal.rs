//! The terminal that a command may be typed at: what is decided because of it, as values, and what is done with it.
//!
//! All of it is for commands that are called by their own names. As one of Kafka's scripts the binary prints what that
//! script prints, wherever that goes.

pub(crate) mod bar;
pub(crate) mod grid;
pub(crate) mod interrupts;
pub(crate) mod pager;
pub(crate) mod paint;

use pager::Pager;
use std::cell::RefCell;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::os::fd::AsFd;

/// The form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Kafka's text, to the byte.
    Text,
    /// An array of objects in one line.
    Json,
    /// The same objects for people.
    Table,
}

/// How much a terminal shows at once, in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

/// Where a process finds itself: what its streams are, and what its variables say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Surroundings {
    /// Standard output's size, if that is a terminal.
    pub(crate) out: Option<Size>,
    /// Standard error's, likewise.
    pub(crate) err: Option<Size>,
    /// `NO_COLOR`: no colour, whatever it says, unless that is nothing. <https://no-color.org>
    pub(crate) no_color: Option<String>,
    /// `TERM`; `dumb`, or nothing, is one that only prints.
    pub(crate) term: Option<String>,
    /// `DOHLE_PAGER`, which goes before the other.
    pub(crate) own_pager: Option<String>,
    /// `PAGER`.
    pub(crate) pager: Option<String>,
}

/// What is shown where nobody has named a pager: it ends by itself if all fits, and leaves colours and the screen alone.
const PAGER: &str = "less -FRX";

impl Surroundings {
    /// Those of this process.
    pub(crate) fn of_process() -> Self {
        let variable = |name| std::env::var(name).ok();
        Self {
            out: size(&io::stdout()),
            err: size(&io::stderr()),
            no_color: variable("NO_COLOR"),
            term: variable("TERM"),
            own_pager: variable("DOHLE_PAGER"),
            pager: variable("PAGER"),
        }
    }

    /// The form of a list or description: a table for people, Kafka's text for programs, unless it was said.
    pub(crate) fn format(&self, asked: Option<Format>) -> Format {
        let unasked = if self.out.is_some() { Format::Table } else { Format::Text };
        asked.unwrap_or(unasked)
    }

    /// Whether a stream takes colours; which one says its size.
    pub(crate) fn takes_color(&self, stream: Option<Size>) -> bool {
        let is_refused = self.no_color.as_ref().is_some_and(|value| !value.is_empty());
        stream.is_some() && !is_refused && !self.is_dumb()
    }

    /// The program, with its arguments, that shows what is longer than the screen. `None`: it just goes by.
    pub(crate) fn pager(&self) -> Option<Vec<String>> {
        if self.out.is_none() || self.is_dumb() {
            return None;
        }
        let command = self.own_pager.as_ref().or(self.pager.as_ref());
        let command = command.map_or(PAGER, String::as_str);
        let words: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        match words.as_slice() {
            [] => None,
            [cat] if cat == "cat" => None,
            _ => Some(words),
        }
    }

    /// How wide a progress bar may be, if there is a place for one.
    pub(crate) fn bar_columns(&self) -> Option<usize> {
        self.err.filter(|_| !self.is_dumb()).map(|size| size.columns)
    }

    fn is_dumb(&self) -> bool {
        matches!(self.term.as_deref(), None | Some("" | "dumb"))
    }
}

/// The streams of a process, and what is around it.
pub(crate) struct Terminal {
    pub(crate) surroundings: Surroundings,
    out: RefCell<Pager>,
}

impl Terminal {
    /// That of this process.
    pub(crate) fn of_process() -> Self {
        let out = Pager::new(Box::new(BufWriter::new(io::stdout())));
        Self { surroundings: Surroundings::of_process(), out: RefCell::new(out) }
    }

    /// Standard output. It is written when it is flushed and at the [end](Self::end).
    pub(crate) fn out(&self) -> Out<'_> {
        Out(self)
    }

    /// Standard error.
    pub(crate) fn err(&self) -> Err<'_> {
        Err(self)
    }

    /// From now on a pager gets what is longer than the screen, if there are both.
    pub(crate) fn page(&self) {
        if let (Some(pager), Some(screen)) = (self.surroundings.pager(), self.surroundings.out) {
            self.out.borrow_mut().page(pager, screen);
        }
    }

    /// From now on no pager gets anything: somebody is to be asked.
    ///
    /// # Errors
    /// When what was printed so far cannot be written.
    pub(crate) fn turn_pager_off(&self) -> io::Result<()> {
        self.out.borrow_mut().turn_off()
    }

    /// Writes what is left of standard output, and waits for the pager.
    ///
    /// # Errors
    /// When it cannot be written; a broken pipe where a pager has shown enough.
    pub(crate) fn end(&self) -> io::Result<()> {
        self.out.borrow_mut().end()
    }
}

/// Standard output of a [`Terminal`].
pub(crate) struct Out<'t>(&'t Terminal);

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.out.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.out.borrow_mut().flush()
    }
}

/// Standard error of a [`Terminal`]: beside the pager as long as that has the screen, which it would tear otherwise.
pub(crate) struct Err<'t>(&'t Terminal);

impl Write for Err<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.0.out.borrow_mut();
        if self.0.surroundings.err.is_some() && out.has_screen() {
            return out.write(bytes);
        }
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// The size of a terminal; one that does not know its own is taken for the usual. `None` for what is none.
fn size(stream: &(impl AsFd + IsTerminal)) -> Option<Size> {
    if !stream.is_terminal() {
        return None;
    }
    let told = rustix::termios::tcgetwinsize(stream.as_fd()).ok();
    let or_usual = |count: Option<u16>, usual| match count {
        None | Some(0) => usual,
        Some(count) => usize::from(count),
    };
    Some(Size {
        columns: or_usual(told.map(|told| told.ws_col), 80),
        rows: or_usual(told.map(|told| told.ws_row), 24),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: Size = Size { columns: 80, rows: 24 };

    fn terminal() -> Surroundings {
        let term = Some("xterm".to_owned());
        Surroundings { out: Some(SIZE), err: Some(SIZE), term, ..Surroundings::default() }
    }

    #[test]
    fn forms() {
        let pipe = Surroundings { out: None, ..terminal() };
        for (asked, at_terminal, in_pipe) in [
            (None, Format::Table, Format::Text),
            (Some(Format::Text), Format::Text, Format::Text),
            (Some(Format::Table), Format::Table, Format::Table),
            (Some(Format::Json), Format::Json, Format::Json),
        ] {
            assert_eq!(terminal().format(asked), at_terminal, "{asked:?}");
            assert_eq!(pipe.format(asked), in_pipe, "{asked:?}");
        }
    }

    #[test]
    fn colors_and_bars() {
        for (no_color, term, has_color, has_bar) in [
            (None, Some("xterm-256color"), true, true),
            (Some(""), Some("xterm"), true, true),
            (Some("1"), Some("xterm"), false, true),
            (None, Some("dumb"), false, false),
            (None, Some(""), false, false),
            (None, None, false, false),
        ] {
            let mut surroundings = terminal();
            surroundings.no_color = no_color.map(str::to_owned);
            surroundings.term = term.map(str::to_owned);
            let found = surroundings.takes_color(surroundings.out);
            assert_eq!(found, has_color, "{no_color:?} {term:?}");
            assert!(!surroundings.takes_color(None));
            assert_eq!(surroundings.bar_columns().is_some(), has_bar, "{no_color:?} {term:?}");
        }
        assert_eq!(Surroundings { err: None, ..terminal() }.bar_columns(), None);
    }

    #[test]
    fn pagers() {
        for (own, pager, expected) in [
            (None, None, Some("less -FRX")),
            (None, Some("more"), Some("more")),
            (Some("most -s"), Some("more"), Some("most -s")),
            (Some(""), Some("more"), None),
            (Some("cat"), None, None),
            (None, Some(" "), None),
            (None, Some("cat"), None),
            (Some("cat -n"), None, Some("cat -n")),
        ] {
            let mut surroundings = terminal();
            surroundings.own_pager = own.map(str::to_owned);
            surroundings.pager = pager.map(str::to_owned);
            let found = surroundings.pager().map(|words| words.join(" "));
            assert_eq!(found.as_deref(), expected, "{own:?} {pager:?}");
            surroundings.out = None;
            assert_eq!(surroundings.pager(), None);
        }
        let dumb = Surroundings { term: Some("dumb".to_owned()), ..terminal() };
        assert_eq!(dumb.pager(), None);
    }
}
