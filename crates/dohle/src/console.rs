//! Where a command prints, and how it ends when it does not end well.

use crate::terminal::bar::{Bar, Unit};
use crate::terminal::paint::{Tone, harmless, painted};
use crate::terminal::{Format, Terminal};
use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;

/// The two streams of a command.
pub(crate) struct Console<'a> {
    /// What was asked for.
    pub(crate) out: &'a mut dyn Write,
    /// What went wrong, and usage.
    pub(crate) err: &'a mut dyn Write,
    /// Where the answer is kept that is to be told thing by thing; `None` where it is text.
    answer: Option<Answer>,
    /// The terminal that a command has in view that was called by its own name.
    terminal: Option<&'a Terminal>,
    /// Whether errors are painted on standard error.
    paints_errors: bool,
    /// How far the work is that takes long.
    bar: Option<Bar>,
}

/// An answer in things: an array of objects, one for each thing that is told of.
#[derive(Debug)]
pub(crate) struct Answer {
    format: Format,
    /// `None` as long as the command has not said that it tells of things at all.
    things: Option<Vec<Value>>,
}

impl Answer {
    /// The array in one line; nothing from a command that told of nothing because it did something.
    pub(crate) fn line(self) -> Option<String> {
        Some(format!("{}\n", Value::Array(self.things?)))
    }

    /// Whether it is a list, and nothing is in it.
    pub(crate) fn is_of_nothing(&self) -> bool {
        self.things.as_ref().is_some_and(Vec::is_empty)
    }

    /// The things; none of a command that told of nothing because it did something.
    pub(crate) fn things(self) -> Vec<Value> {
        self.things.unwrap_or_default()
    }
}

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// All is said; the process ends with this code.
    Exit(ExitCode),
    /// The sentence is still to be printed; the code is 1.
    Message(String),
    /// The words were wrong, as was found only later. The sentence is still to be printed, with the usage.
    Misuse(String),
    /// Printing itself failed.
    Output(io::Error),
}

impl From<dohle_client::Error> for Failure {
    fn from(error: dohle_client::Error) -> Self {
        Self::Message(error.to_string())
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl Failure {
    /// Ends with code 1; all is said.
    pub(crate) const TOLD: Self = Self::Exit(ExitCode::FAILURE);

    /// A failure with a sentence to print.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Message(message.into())
    }
}

impl<'a> Console<'a> {
    /// Two streams for text.
    pub(crate) fn new(out: &'a mut dyn Write, err: &'a mut dyn Write) -> Self {
        Self { out, err, answer: None, terminal: None, paints_errors: false, bar: None }
    }

    /// The command that runs now was called by its own name, and has this terminal in view.
    pub(crate) fn see(&mut self, terminal: &'a Terminal) {
        self.terminal = Some(terminal);
        self.paints_errors = terminal.surroundings.takes_color(terminal.surroundings.err);
    }

    /// The terminal in view.
    pub(crate) fn terminal(&self) -> Option<&'a Terminal> {
        self.terminal
    }

    /// Errors are not painted after all.
    pub(crate) fn paint_no_errors(&mut self) {
        self.paints_errors = false;
    }

    /// A sentence about what went wrong, as standard error shows it.
    pub(crate) fn error_line(&self, message: &str) -> String {
        let is_seen = self.terminal.is_some_and(|terminal| terminal.surroundings.err.is_some());
        let message = if is_seen { harmless(message) } else { message.to_owned() };
        painted(&message, if self.paints_errors { Tone::Wrong } else { Tone::Plain })
    }

    /// What is longer than the screen goes to a pager from now on, if there are both.
    pub(crate) fn page(&self) {
        if let Some(terminal) = self.terminal {
            terminal.page();
        }
    }

    /// Somebody is to be asked: no pager comes between.
    pub(crate) fn prepare_to_ask(&mut self) -> Result<(), Failure> {
        if let Some(terminal) = self.terminal {
            terminal.turn_pager_off()?;
        }
        Ok(())
    }

    /// Work begins of so much in all, and where there is a terminal for it a bar shows how far it is. `beside_output`:
    /// the output says so itself, and the bar is only for who does not see that.
    pub(crate) fn begin_work(&mut self, unit: Unit, total: u64, beside_output: bool) {
        let surroundings = self.terminal.map(|terminal| &terminal.surroundings);
        let surroundings = surroundings.filter(|found| !beside_output || found.out.is_none());
        let columns = surroundings.and_then(|found| found.bar_columns());
        self.bar = columns.map(|columns| Bar::new(unit, total, columns));
    }

    /// So much more of the work is done. A failure after Ctrl-C.
    pub(crate) fn work(&mut self, count: u64) -> Result<(), Failure> {
        self.bar.as_mut().map_or(Ok(()), |bar| bar.advance(count, &mut *self.err))
    }

    /// Takes the bar off the screen: something else is to be printed there.
    pub(crate) fn hide_work(&mut self) -> Result<(), Failure> {
        self.bar.as_mut().map_or(Ok(()), |bar| bar.erase(&mut *self.err))
    }

    /// The answer is to be told thing by thing from now on. `out` is then for words beside it.
    pub(crate) fn keep_answer(&mut self, format: Format) {
        self.answer = Some(Answer { format, things: None });
    }

    /// The answer that was kept, if it was to be.
    pub(crate) fn take_answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// Whether the answer is to be told thing by thing.
    pub(crate) fn keeps_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// Whether it is for programs, which read nothing else.
    pub(crate) fn is_json(&self) -> bool {
        self.answer.as_ref().is_some_and(|answer| answer.format == Format::Json)
    }

    /// What follows is a list or a description: without any thing to tell of, the answer is an empty array.
    pub(crate) fn begin(&mut self) {
        if let Some(answer) = &mut self.answer {
            answer.things.get_or_insert_default();
        }
    }

    /// Tells of a thing, if the answer is to be told so; whether it is. If not, the caller prints text.
    pub(crate) fn tell(&mut self, thing: impl FnOnce() -> Value) -> bool {
        let Some(answer) = &mut self.answer else { return false };
        answer.things.get_or_insert_default().push(thing());
        true
    }
}

impl Console<'_> {
    /// Prints usage as the answer to wrong words.
    pub(crate) fn usage(&mut self, usage: &str) -> Failure {
        match write!(self.err, "{usage}") {
            Ok(()) => Failure::TOLD,
            Err(error) => Failure::Output(error),
        }
    }

    /// Prints what this is.
    pub(crate) fn version(&mut self) -> Result<(), Failure> {
        writeln!(self.out, "{}", env!("CARGO_PKG_VERSION"))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn answers() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        assert!(!console.tell(|| json!(1)) && console.take_answer().is_none());
        console.keep_answer(Format::Json);
        assert_eq!(console.take_answer().unwrap().line(), None);
        console.keep_answer(Format::Json);
        console.begin();
        assert_eq!(console.take_answer().unwrap().line().as_deref(), Some("[]\n"));
        console.keep_answer(Format::Json);
        assert!(console.is_json() && console.keeps_answer() && console.tell(|| json!({ "a": 1 })));
        console.begin();
        assert_eq!(console.take_answer().unwrap().line().as_deref(), Some("[{\"a\":1}]\n"));
        console.keep_answer(Format::Table);
        assert!(!console.is_json() && console.keeps_answer() && console.tell(|| json!(1)));
        assert_eq!(console.take_answer().unwrap().things(), [json!(1)]);
    }
}
