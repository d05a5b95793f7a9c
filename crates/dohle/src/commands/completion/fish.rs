//! Completion for fish.

use super::{COMMANDS, Choice, Choices, names, output, quoted, sentence};
use crate::commands::output::FORMATS;
use std::fmt::Write as _;

/// The whole script.
pub(super) fn text() -> String {
    let mut text = "# Completion of dohle for fish: \
         dohle completion fish > ~/.config/fish/completions/dohle.fish\n"
        .to_owned();
    for (name, about) in names() {
        line(&mut text, &format!("-c dohle -n __fish_use_subcommand -f -a {name}"), about);
    }
    for command in COMMANDS {
        let name = command.name;
        match command.choices() {
            Choices::Flat(choices) => options(&mut text, &[name], &choices),
            Choices::Nested(nested) => {
                let first: Vec<_> = nested.iter().map(|(choice, _)| choice.word.as_str()).collect();
                let none = format!("not __fish_seen_subcommand_from {}", first.join(" "));
                let when = format!("{}; and {none}", condition(&[name]));
                for (choice, own) in &nested {
                    let place = format!("-c dohle -n '{when}' -f -a {}", choice.word);
                    line(&mut text, &place, sentence(choice.help));
                    options(&mut text, &[name, &choice.word], own);
                }
            }
        }
        if command.tells_json() {
            let when = condition(&[name]);
            let forms = FORMATS.replace('|', " ");
            let place = format!("-c dohle -n '{when}' -l output -r -f -a '{forms}'");
            line(&mut text, &place, sentence(output().help));
        }
        for script in command.scripts() {
            writeln!(text, "complete -c {script} -w 'dohle {name}'")
                .expect("a String takes all text");
        }
    }
    text
}

/// The options behind these words.
fn options(text: &mut String, words: &[&str], choices: &[Choice]) {
    let when = condition(words);
    for choice in choices {
        let value = if choice.takes_value { " -r" } else { "" };
        let name = choice.word.trim_start_matches('-');
        line(text, &format!("-c dohle -n '{when}' -l {name}{value}"), sentence(choice.help));
    }
}

/// Each of these words was typed.
fn condition(words: &[&str]) -> String {
    let each = words.iter().map(|word| format!("__fish_seen_subcommand_from {word}"));
    each.collect::<Vec<_>>().join("; and ")
}

fn line(text: &mut String, place: &str, help: &str) {
    let help = quoted(&help.replace('\\', "\\\\"), "\\'");
    writeln!(text, "complete {place} -d {help}").expect("a String takes all text");
}
