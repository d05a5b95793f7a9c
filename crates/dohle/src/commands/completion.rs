//! `dohle completion SHELL`: what a shell needs to complete commands and their options, made from
//! the definitions that the commands themselves read.

mod bash;
mod fish;
mod zsh;

use super::output::OUTPUT;
use super::{COMMANDS, Command, Syntax};
use crate::arguments::flags::{Flag, Takes};
use crate::arguments::subcommands::Action;
use crate::console::{Console, Failure};

/// How it is used.
pub(super) const USAGE: &str = "USAGE: dohle completion SHELL\n\n\
    Prints what SHELL (bash, zsh or fish) needs to complete this binary's commands and their options, \
    by their own names and by those of Kafka's scripts:\n\n  \
    source <(dohle completion bash)\n  \
    dohle completion zsh > \"${fpath[1]}/_dohle\"\n  \
    dohle completion fish > ~/.config/fish/completions/dohle.fish\n";

/// Prints it.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let text = match words {
        [shell] => match shell.as_str() {
            "bash" => bash::text(),
            "zsh" => zsh::text(),
            "fish" => fish::text(),
            _ => return Err(console.usage(USAGE)),
        },
        _ => return Err(console.usage(USAGE)),
    };
    write!(console.out, "{text}")?;
    Ok(())
}

/// One word that may follow a command, and what it is for.
struct Choice {
    word: String,
    help: &'static str,
    /// A word of the user's belongs to it.
    takes_value: bool,
}

/// What may follow a command.
enum Choices {
    /// These, in any order.
    Flat(Vec<Choice>),
    /// One of these first; each has options of its own.
    Nested(Vec<(Choice, Vec<Choice>)>),
}

impl Command {
    /// The names that it goes by on its own: Kafka's script, with `.sh` and without.
    fn scripts(&self) -> Vec<String> {
        match self.script {
            "" => Vec::new(),
            script => vec![script.to_owned(), format!("{script}.sh")],
        }
    }

    fn choices(&self) -> Choices {
        match self.syntax {
            Syntax::Flags(flags) => {
                let own = flags.flags.iter().map(|flag| Choice {
                    word: format!("--{}", flag.name),
                    help: flag.help,
                    takes_value: !matches!(flag.takes, Takes::Nothing),
                });
                Choices::Flat(own.chain([help()]).collect())
            }
            Syntax::Tool(tool) => {
                let nested = tool.commands.iter().map(|command| {
                    let own = command.options.iter().map(|option| Choice {
                        word: format!("--{}", option.long),
                        help: option.help,
                        takes_value: option.action != Action::Switch,
                    });
                    let (word, help_of) = (command.name.to_owned(), command.help);
                    let choice = Choice { word, help: help_of, takes_value: false };
                    (choice, own.chain([help()]).collect())
                });
                Choices::Nested(nested.collect())
            }
            Syntax::Words(_) => Choices::Flat(Vec::new()),
        }
    }
}

/// `--output`, for the commands by their own names.
fn output() -> Choice {
    let Flag { name, help, .. } = OUTPUT;
    Choice { word: format!("--{name}"), help, takes_value: true }
}

/// The commands that can be told so.
fn tellers() -> Vec<&'static str> {
    COMMANDS.iter().filter(|command| command.tells_json()).map(|command| command.name).collect()
}

fn help() -> Choice {
    Choice { word: "--help".to_owned(), help: "Say how it is used.", takes_value: false }
}

/// The commands' own names and what they are for.
fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    COMMANDS.iter().map(|command| (command.name, command.about))
}

/// All names of Kafka's scripts.
fn scripts() -> Vec<String> {
    COMMANDS.iter().flat_map(Command::scripts).collect()
}

/// The first sentence of what help says: a line of a list has no room for more.
fn sentence(help: &str) -> &str {
    help.split_once(". ").map_or(help, |(first, _)| first).trim_end_matches('.')
}

/// `text` as one word of a shell, in single quotes.
fn quoted(text: &str, quote: &str) -> String {
    format!("'{}'", text.replace('\'', quote))
}
