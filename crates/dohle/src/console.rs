//! Where a command prints, and how it ends when it does not end well.

use std::io::{self, Write};
use std::process::ExitCode;

/// The two streams of a command.
pub(crate) struct Console<'a> {
    /// What was asked for.
    pub(crate) out: &'a mut dyn Write,
    /// What went wrong, and usage.
    pub(crate) err: &'a mut dyn Write,
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
