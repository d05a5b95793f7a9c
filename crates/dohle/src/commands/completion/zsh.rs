//! Completion for zsh.

use super::{
    COMMANDS, Choice, Choices, Command, names, output, quoted, scripts, sentence, tellers,
};
use crate::commands::output::FORMATS;
use std::fmt::Write as _;

/// The whole script.
pub(super) fn text() -> String {
    let mut text = format!(
        "#compdef dohle {}\n# Completion of dohle for zsh: dohle completion zsh > \"${{fpath[1]}}/_dohle\"\n",
        scripts().join(" ")
    );
    COMMANDS.iter().for_each(|command| function(command, &mut text));
    let described: Vec<_> =
        names().map(|(name, about)| quote(&format!("{name}:{about}"))).collect();
    let written = writeln!(
        text,
        "_dohle() {{
    local command=${{${{words[1]:t}}%.sh}}
    # What a command knows by its own name only.
    local -a own=()
    if [[ $command == dohle ]]; then
{}        command=${{words[1]%.sh}}
        [[ \" {} \" == *\" $words[1] \"* ]] && own=({})
    fi
    case $command in",
        subcommand("        ", &described),
        tellers().join(" "),
        quote(&specification(&output(), &format!(":form:({})", FORMATS.replace('|', " ")))),
    );
    written.expect("a String takes all text");
    for command in COMMANDS {
        let script = if command.script.is_empty() { "" } else { "|" };
        let name = command.name;
        writeln!(text, "        {name}{script}{}) _dohle_{name} ;;", command.script)
            .expect("a String takes all text");
    }
    text.push_str("        *) _files ;;\n    esac\n}\n_dohle \"$@\"\n");
    text
}

/// Completes the word behind the command; if that is there already, it is the command from here on.
fn subcommand(indent: &str, described: &[String]) -> String {
    let commands = described.join(" ");
    format!(
        "{indent}local -a commands=({commands})
{indent}if ((CURRENT == 2)); then
{indent}    _describe command commands
{indent}    return
{indent}fi
{indent}shift words
{indent}((CURRENT -= 1))
"
    )
}

/// What completes one command.
fn function(command: &Command, text: &mut String) {
    let name = command.name;
    let written = match command.choices() {
        Choices::Flat(choices) => {
            writeln!(text, "_dohle_{name}() {{ _arguments $own {} }}", arguments(&choices))
        }
        Choices::Nested(nested) => {
            let described: Vec<_> = nested
                .iter()
                .map(|(choice, _)| quote(&format!("{}:{}", choice.word, sentence(choice.help))))
                .collect();
            let mut arms = String::new();
            for (choice, options) in &nested {
                writeln!(
                    arms,
                    "        {}) _arguments $own {} ;;",
                    choice.word,
                    arguments(options)
                )
                .expect("a String takes all text");
            }
            writeln!(
                text,
                "_dohle_{name}() {{
{}    case ${{words[1]}} in
{arms}    esac
}}",
                subcommand("    ", &described)
            )
        }
    };
    written.expect("a String takes all text");
}

/// A specification of `_arguments` for each choice; other words are files.
fn arguments(choices: &[Choice]) -> String {
    let each = choices.iter().map(|choice| {
        let value = if choice.takes_value { ":value:_files" } else { "" };
        quote(&specification(choice, value))
    });
    let mut all: Vec<_> = each.collect();
    all.push("'*:file:_files'".to_owned());
    all.join(" ")
}

/// One choice as `_arguments` wants to hear of it.
fn specification(choice: &Choice, value: &str) -> String {
    let help = sentence(choice.help).replace('\\', "\\\\");
    let help = help.replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
    format!("*{}[{help}]{value}", choice.word)
}

fn quote(text: &str) -> String {
    quoted(text, "'\\''")
}
