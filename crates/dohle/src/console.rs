//! Where a command prints, and how it ends when it does not end well.

use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;

/// The two streams of a command.
pub(crate) struct Console<'a> {
    /// What was asked for.
    pub(crate) out: &'a mut dyn Write,
    /// What went wrong, and usage.
    pub(crate) err: &'a mut dyn Write,
    /// Where the answer is kept that is to be JSON; `None` where it is text.
    answer: Option<Answer>,
}

/// An answer as JSON: an array of objects, one for each thing that is told of.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// `None` as long as the command has not said that it tells of things at all.
    things: Option<Vec<Value>>,
}

impl Answer {
    /// The array in one line; nothing from a command that told of nothing because it did something.
    pub(crate) fn line(self) -> Option<String> {
        Some(format!("{}\n", Value::Array(self.things?)))
    }
}

/// Why a command did not succeed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// All is said; the process ends with this code.
    Exit(ExitCode),
    /// The sentence is still to be printed; the code is 1.
    Message(String),
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
        Self { out, err, answer: None }
    }

    /// The answer is to be JSON from now on. `out` is then for words beside it.
    pub(crate) fn keep_answer(&mut self) {
        self.answer = Some(Answer::default());
    }

    /// The answer that was kept, if it was to be.
    pub(crate) fn take_answer(&mut self) -> Option<Answer> {
        self.answer.take()
    }

    /// Whether the answer is to be JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.answer.is_some()
    }

    /// What follows is a list or a description: without any thing to tell of, the answer is an empty array.
    pub(crate) fn begin(&mut self) {
        if let Some(answer) = &mut self.answer {
            answer.things.get_or_insert_default();
        }
    }

    /// Tells of a thing, if the answer is to be JSON; whether it is. If not, the caller prints text.
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
        console.keep_answer();
        assert_eq!(console.take_answer().unwrap().line(), None);
        console.keep_answer();
        console.begin();
        assert_eq!(console.take_answer().unwrap().line().as_deref(), Some("[]\n"));
        console.keep_answer();
        assert!(console.is_json() && console.tell(|| json!({ "a": 1 })));
        console.begin();
        assert_eq!(console.take_answer().unwrap().line().as_deref(), Some("[{\"a\":1}]\n"));
    }
}
