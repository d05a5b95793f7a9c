//! Completion for zsh.

use super::{COMMANDS, Choice, Choices, Command, names, quoted, scripts, sentence};
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
    if [[ $command == dohle ]]; then
{}        command=${{words[1]%.sh}}
    fi
    case $command in",
        subcommand("        ", &described)
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
            writeln!(text, "_dohle_{name}() {{ _arguments {} }}", arguments(&choices))
        }
        Choices::Nested(nested) => {
            let described: Vec<_> = nested
                .iter()
                .map(|(choice, _)| quote(&format!("{}:{}", choice.word, sentence(choice.help))))
                .collect();
            let mut arms = String::new();
            for (choice, options) in &nested {
                writeln!(arms, "        {}) _arguments {} ;;", choice.word, arguments(options))
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
    let specification = |choice: &Choice| {
        let help = sentence(choice.help).replace('\\', "\\\\");
        let help = help.replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
        let value = if choice.takes_value { ":value:_files" } else { "" };
        quote(&format!("*{}[{help}]{value}", choice.word))
    };
    let mut all: Vec<_> = choices.iter().map(specification).collect();
    all.push("'*:file:_files'".to_owned());
    all.join(" ")
}

fn quote(text: &str) -> String {
    quoted(text, "'\\''")
}
