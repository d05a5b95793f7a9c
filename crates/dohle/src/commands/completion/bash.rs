//! Completion for bash.

use super::{COMMANDS, Choice, Choices, Command, names, scripts, tellers};
use std::fmt::Write as _;

const HEAD: &str = r#"# Completion of dohle for bash: source <(dohle completion bash)
_dohle() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    local command=${COMP_WORDS[0]##*/} place=1 words= values=
    if [[ $command == dohle ]]; then
        if ((COMP_CWORD == 1)); then
            COMPREPLY=($(compgen -W "NAMES" -- "$current"))
            return
        fi
        command=${COMP_WORDS[1]} place=2
    fi
    case ${command%.sh} in
"#;

const TAIL: &str = r#"    esac
    if [[ ${COMP_WORDS[0]##*/} == dohle && " TELLERS " == *" $command "* ]]; then
        [[ $previous == --output ]] && words="text json table" || words+=" --output"
    fi
    # What a value is only its user knows; a file is a good guess.
    [[ " $values " == *" $previous "* ]] && return
    COMPREPLY=($(compgen -W "$words" -- "$current"))
}
"#;

/// The whole script.
pub(super) fn text() -> String {
    let own: Vec<_> = names().map(|(name, _)| name).collect();
    let mut text = HEAD.replace("NAMES", &own.join(" "));
    COMMANDS.iter().for_each(|command| arm(command, &mut text));
    text.push_str(&TAIL.replace("TELLERS", &tellers().join(" ")));
    writeln!(text, "complete -o default -F _dohle dohle {}", scripts().join(" "))
        .expect("a String takes all text");
    text
}

fn arm(command: &Command, text: &mut String) {
    let script = if command.script.is_empty() { "" } else { "|" };
    let pattern = format!("{}{script}{}", command.name, command.script);
    let written = match command.choices() {
        Choices::Flat(choices) => {
            writeln!(text, "        {pattern}) {} ;;", assigned(&choices))
        }
        Choices::Nested(nested) => {
            let first: Vec<_> = nested.iter().map(|(choice, _)| choice.word.as_str()).collect();
            let mut arms = String::new();
            for (choice, options) in &nested {
                writeln!(arms, "                1:{}) {} ;;", choice.word, assigned(options))
                    .expect("a String takes all text");
            }
            writeln!(
                text,
                "        {pattern})
            case $((COMP_CWORD > place)):${{COMP_WORDS[place]}} in
                0:*) words=\"{}\" ;;
{arms}            esac ;;",
                first.join(" "),
            )
        }
    };
    written.expect("a String takes all text");
}

fn assigned(choices: &[Choice]) -> String {
    let words: Vec<_> = choices.iter().map(|choice| choice.word.as_str()).collect();
    let values = choices.iter().filter(|choice| choice.takes_value);
    let values: Vec<_> = values.map(|choice| choice.word.as_str()).collect();
    format!("words=\"{}\" values=\"{}\"", words.join(" "), values.join(" "))
}
