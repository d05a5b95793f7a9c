//! The dialect of the tools with sub-commands (argparse4j): `tool command --long value -s value`.

use std::fmt::Write as _;

use crate::console::{Console, Failure};

/// What an option does with the word behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// There is none.
    Switch,
    /// It is the value; of several the last.
    Store,
    /// It is one of the values.
    Append,
}

/// The short name of an option that has none: no word can hold it.
pub(crate) const NO_SHORT: char = '\0';

/// An option of a sub-command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Opt {
    /// The long name without dashes.
    pub(crate) long: &'static str,
    /// The short name, or [`NO_SHORT`].
    pub(crate) short: char,
    /// What it does.
    pub(crate) action: Action,
    /// Whether it must be there.
    pub(crate) required: bool,
    /// Whether it excludes the others that are exclusive.
    pub(crate) exclusive: bool,
    /// What it is for.
    pub(crate) help: &'static str,
}

/// A sub-command.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subcommand {
    /// Its name.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) help: &'static str,
    /// Its options.
    pub(crate) options: &'static [Opt],
}

/// A tool with sub-commands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// Its name as Kafka's script has it.
    pub(crate) name: &'static str,
    /// What it is for.
    pub(crate) about: &'static str,
    /// Its sub-commands.
    pub(crate) commands: &'static [Subcommand],
    /// Whether Kafka's script ends with 1 after help that somebody asked for.
    pub(crate) fails_after_help: bool,
}

/// A sub-command with what was given to it.
#[derive(Debug)]
pub(crate) struct Chosen {
    /// The sub-command's name.
    pub(crate) command: &'static str,
    given: Vec<(&'static str, String)>,
}

impl Chosen {
    /// Whether the option was given.
    pub(crate) fn has(&self, long: &str) -> bool {
        self.given.iter().any(|(given, _)| *given == long)
    }

    /// The option's last value.
    pub(crate) fn value(&self, long: &str) -> Option<&str> {
        let mut given = self.given.iter().rev();
        given.find(|(given, _)| *given == long).map(|(_, value)| value.as_str())
    }

    /// All values of the option, in order.
    pub(crate) fn values<'c>(&'c self, long: &'c str) -> impl Iterator<Item = &'c str> {
        self.given.iter().filter(move |(given, _)| *given == long).map(|(_, value)| value.as_str())
    }
}

impl Tool {
    /// Reads the words. `Ok(None)`: they asked for help, which was printed.
    pub(crate) fn parse(
        &self,
        words: &[String],
        console: &mut Console<'_>,
    ) -> Result<Option<Chosen>, Failure> {
        let Some((first, rest)) = words.split_first() else {
            return Err(self.wrong(&self.usage(), "too few arguments", console));
        };
        if first == "-h" || first == "--help" {
            return self.tell_help(&self.help(), console);
        }
        let Some(command) = self.commands.iter().find(|command| command.name == first) else {
            let message = if first.starts_with('-') {
                format!("unrecognized arguments: '{first}'")
            } else {
                let names: Vec<_> =
                    self.commands.iter().map(|command| format!("'{}'", command.name)).collect();
                format!("invalid choice: '{first}' (choose from {})", names.join(", "))
            };
            return Err(self.wrong(&self.usage(), &message, console));
        };
        match command.read(rest) {
            Ok(Some(chosen)) => Ok(Some(chosen)),
            Ok(None) => self.tell_help(&command.describe(self.name), console),
            Err(message) => Err(self.wrong(&command.usage(self.name), &message, console)),
        }
    }

    fn tell_help(&self, help: &str, console: &mut Console<'_>) -> Result<Option<Chosen>, Failure> {
        console.page();
        write!(console.out, "{help}")?;
        let is_script = console.terminal().is_none();
        if self.fails_after_help && is_script { Err(Failure::TOLD) } else { Ok(None) }
    }

    fn wrong(&self, usage: &str, message: &str, console: &mut Console<'_>) -> Failure {
        console.usage(&format!("{usage}{}: error: {message}\n", self.name))
    }

    fn choices(&self) -> String {
        let names: Vec<_> = self.commands.iter().map(|command| command.name).collect();
        format!("{{{}}}", names.join(","))
    }

    fn usage(&self) -> String {
        let indent = " ".repeat("usage: ".len() + self.name.len() + 1);
        format!("usage: {} [-h]\n{indent}{}\n{indent}...\n", self.name, self.choices())
    }

    fn help(&self) -> String {
        let rows: Vec<_> = self
            .commands
            .iter()
            .map(|command| (format!("  {}", command.name), command.help))
            .collect();
        let commands = table(&rows);
        format!(
            "{}\n{}\n\npositional arguments:\n  {}\n{commands}\noptional arguments:\n{}",
            self.usage(),
            self.about,
            self.choices(),
            table(&[("-h, --help".to_owned(), "show this help message and exit")]),
        )
    }
}

impl Subcommand {
    fn read(&self, words: &[String]) -> Result<Option<Chosen>, String> {
        let mut chosen = Chosen { command: self.name, given: Vec::new() };
        let mut exclusive: Option<&Opt> = None;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if word == "-h" || word == "--help" {
                return Ok(None);
            }
            let Some((option, attached)) = self.find(word)? else {
                return Err(format!("unrecognized arguments: '{word}'"));
            };
            if let Some(other) = exclusive.filter(|other| other.long != option.long)
                && option.exclusive
            {
                return Err(format!(
                    "argument {}: not allowed with argument {}",
                    option.names(),
                    other.names()
                ));
            }
            if option.exclusive {
                exclusive = Some(option);
            }
            let value = match (option.action, attached) {
                (Action::Switch, None) => String::new(),
                (Action::Switch, Some(value)) => {
                    return Err(format!(
                        "argument {}: ignored explicit argument '{value}'",
                        option.names()
                    ));
                }
                (Action::Store | Action::Append, Some(value)) => value.to_owned(),
                (Action::Store | Action::Append, None) => match words.next() {
                    Some(value) if !value.starts_with('-') || value.parse::<f64>().is_ok() => {
                        value.clone()
                    }
                    _ => return Err(format!("argument {}: expected one argument", option.names())),
                },
            };
            chosen.given.push((option.long, value));
        }
        // As argparse4j: of several that are missing the one declared last is named.
        match self.options.iter().rev().find(|option| option.required && !chosen.has(option.long)) {
            Some(missing) => Err(format!("argument {} is required", missing.names())),
            None => Ok(Some(chosen)),
        }
    }

    /// The option of a word, with a value that is attached to it. A long name may be cut short
    /// where that is plain.
    fn find<'w>(&self, word: &'w str) -> Result<Option<(&'static Opt, Option<&'w str>)>, String> {
        if let Some(name) = word.strip_prefix("--") {
            let (name, attached) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (name, None),
            };
            if let Some(option) = self.options.iter().find(|option| option.long == name) {
                return Ok(Some((option, attached)));
            }
            let mut matching = self.options.iter().filter(|option| option.long.starts_with(name));
            return match (matching.next(), matching.next()) {
                (Some(option), None) => Ok(Some((option, attached))),
                (Some(first), Some(second)) => Err(format!(
                    "ambiguous option: --{name} could match --{}, --{}",
                    first.long, second.long
                )),
                (None, _) => Ok(None),
            };
        }
        let mut rest = word.strip_prefix('-').unwrap_or_default().chars();
        let Some(short) = rest.next() else { return Ok(None) };
        let option = self.options.iter().find(|option| option.short == short);
        let attached = Some(rest.as_str()).filter(|rest| !rest.is_empty());
        Ok(option
            .map(|option| (option, attached.map(|rest| rest.strip_prefix('=').unwrap_or(rest)))))
    }

    fn usage(&self, tool: &str) -> String {
        let mut words = vec!["[-h]".to_owned()];
        let mut exclusive = Vec::new();
        for option in self.options {
            let shown = match option.action {
                Action::Switch => format!("--{}", option.long),
                Action::Store | Action::Append => format!("--{} {}", option.long, option.value()),
            };
            match (option.required, option.exclusive) {
                (true, _) => words.push(shown),
                (false, true) => exclusive.push(shown),
                (false, false) => words.push(format!("[{shown}]")),
            }
        }
        let count = exclusive.len();
        for (index, mut shown) in exclusive.into_iter().enumerate() {
            if index == 0 {
                shown.insert(0, '[');
            }
            shown.push_str(if index + 1 == count { "]" } else { " |" });
            words.push(shown);
        }
        let start = format!("usage: {tool} {}", self.name);
        let indent = " ".repeat("usage: ".len() + tool.len() + 1);
        let mut text = String::new();
        let mut line = start;
        for word in words {
            if line.len() + 1 + word.len() > 75 {
                writeln!(text, "{line}").expect("a String takes all text");
                line = format!("{indent}{word}");
            } else {
                line.push(' ');
                line.push_str(&word);
            }
        }
        writeln!(text, "{line}").expect("a String takes all text");
        text
    }

    fn describe(&self, tool: &str) -> String {
        let mut rows = vec![("-h, --help".to_owned(), "show this help message and exit")];
        for option in self.options {
            let value = match option.action {
                Action::Switch => String::new(),
                Action::Store | Action::Append => format!(" {}", option.value()),
            };
            let names = match option.short {
                NO_SHORT => format!("--{}{value}", option.long),
                short => format!("--{}{value}, -{short}{value}", option.long),
            };
            rows.push((names, option.help));
        }
        format!("{}\noptional arguments:\n{}", self.usage(tool), table(&rows))
    }
}

impl Opt {
    fn names(&self) -> String {
        match self.short {
            NO_SHORT => format!("--{}", self.long),
            short => format!("--{}/-{short}", self.long),
        }
    }

    fn value(&self) -> String {
        self.long.to_uppercase().replace('-', "_")
    }
}

/// Names on the left, help on the right from column 25 on.
fn table(rows: &[(String, &str)]) -> String {
    let mut text = String::new();
    for (names, help) in rows {
        let mut left = names.as_str();
        if left.len() > 20 {
            writeln!(text, "  {left}").expect("a String takes all text");
            left = "";
        }
        for line in super::wrap(help, 50) {
            writeln!(text, "  {left:22} {line}").expect("a String takes all text");
            left = "";
        }
    }
    text
}
