//! `--output`: how a command that goes by its own name answers. Kafka's scripts have no such option.

use super::{Answers, Command, Syntax};
use crate::arguments::flags::{Flag, value};
use crate::arguments::globals;
use crate::console::{Answer, Console, Failure};
use crate::terminal::grid::{Look, rendered};
use crate::terminal::paint::Painter;
use crate::terminal::{Format, Size};

/// Its values.
pub(super) const FORMATS: &str = "text|json|table";

/// What people are told of it.
pub(super) const OUTPUT: Flag = value(
    "output",
    FORMATS,
    "How to answer. table: for people, and what a terminal gets. text: as Kafka's tool, and what anything else gets. \
     json: an array of objects in one line, one for each thing that is listed or described; what else there is to say \
     goes to standard error.",
);

/// Takes it out of the words; the form of the answer, if it was said.
pub(super) fn take(words: &[String]) -> Result<(Vec<String>, Option<Format>), Failure> {
    let (given, rest) = globals::take(words, &[OUTPUT.name])?;
    let format = match given.value(OUTPUT.name)? {
        None => None,
        Some("text") => Some(Format::Text),
        Some("json") => Some(Format::Json),
        Some("table") => Some(Format::Table),
        Some(other) => {
            return Err(Failure::new(format!("--output is text, json or table, not {other}")));
        }
    };
    Ok((rest, format))
}

impl Command {
    /// Runs it by its own name, as the terminal and `--output` want it.
    pub(crate) fn run_by_name(
        &self,
        words: &[String],
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let asks_for_help = words.iter().any(|word| matches!(word.as_str(), "--help" | "-h"));
        if let Syntax::Words(usage) = self.syntax
            && asks_for_help
        {
            console.page();
            writeln!(console.out, "{}", usage.trim_end())?;
            return Ok(());
        }
        let (words, asked) = if self.tells_json() { take(words)? } else { (words.to_vec(), None) };
        if matches!(asked, Some(Format::Text | Format::Json)) {
            console.paint_no_errors();
        }
        let format = match console.terminal() {
            Some(terminal) if self.tells_json() => terminal.surroundings.format(asked),
            _ => asked.unwrap_or(Format::Text),
        };
        if self.answers != Answers::AsItComes && format != Format::Json {
            console.page();
        }
        match format {
            Format::Text => (self.run)(&words, console),
            Format::Json => self.answer_programs(&words, console),
            Format::Table => self.answer_people(&words, console),
        }
    }

    /// Its answer is JSON, and all other words are for standard error.
    fn answer_programs(&self, words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
        let mut beside = Vec::new();
        let answer = {
            let mut own = Console::new(&mut beside, &mut *console.err);
            own.keep_answer(Format::Json);
            let done = (self.run)(words, &mut own);
            done.map(|()| own.take_answer())
        };
        console.err.write_all(&beside)?;
        if let Some(line) = answer?.and_then(Answer::line) {
            write!(console.out, "{line}")?;
        }
        Ok(())
    }

    /// Its answer is a table behind all other words, in which errors and warnings are painted.
    fn answer_people(&self, words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
        let terminal = console.terminal();
        let surroundings = terminal.map(|terminal| &terminal.surroundings);
        let screen = surroundings.and_then(|surroundings| surroundings.out);
        let errors = surroundings.and_then(|surroundings| surroundings.err);
        let takes_color = |stream: Option<Size>| {
            surroundings.is_some_and(|surroundings| surroundings.takes_color(stream))
        };
        let (is_colored, paints_errors) = (takes_color(screen), takes_color(errors));
        let answer = {
            let mut out = Painter::new(&mut *console.out, screen.is_some(), is_colored);
            let mut err = Painter::new(&mut *console.err, errors.is_some(), paints_errors);
            let mut own = Console::new(&mut out, &mut err);
            if let Some(terminal) = terminal {
                own.see(terminal);
            }
            own.keep_answer(Format::Table);
            let done = (self.run)(words, &mut own);
            let answer = own.take_answer();
            out.end()?;
            err.end()?;
            let is_silent = !out.has_passed() && !err.has_passed();
            done.map(|()| (answer, is_silent))
        };
        let (answer, is_silent) = answer?;
        if is_silent && screen.is_some() && answer.as_ref().is_some_and(Answer::is_of_nothing) {
            writeln!(console.out, "(none)")?;
        }
        let things = answer.map(Answer::things).unwrap_or_default();
        let look = Look { is_colored, columns: screen.map(|size| size.columns) };
        write!(console.out, "{}", rendered(&things, look))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, expected) in [
            ("--list", Some(None)),
            ("--list --output text", Some(Some(Format::Text))),
            ("--output json --list", Some(Some(Format::Json))),
            ("--list --output=json", Some(Some(Format::Json))),
            ("--list --output table", Some(Some(Format::Table))),
            ("--list --output yaml", None),
            ("--list --output", None),
            ("--list --output json --output json", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let taken = take(&words).ok();
            assert_eq!(taken.as_ref().map(|(_, format)| *format), expected, "{line}");
            assert!(taken.is_none_or(|(rest, _)| rest == ["--list"]), "{line}");
        }
    }
}
