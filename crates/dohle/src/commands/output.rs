//! `--output`: how a command that goes by its own name answers. Kafka's scripts have no such option.

use crate::arguments::flags::{Flag, value};
use crate::arguments::globals;
use crate::console::Failure;

/// What people are told of it.
pub(super) const OUTPUT: Flag = value(
    "output",
    "text|json",
    "How to answer (text). json: an array of objects in one line, one for each thing that is listed or described; what \
     else there is to say goes to standard error.",
);

/// Takes it out of the words; whether the answer is to be JSON.
pub(super) fn take(words: &[String]) -> Result<(Vec<String>, bool), Failure> {
    let (given, rest) = globals::take(words, &[OUTPUT.name])?;
    match given.value(OUTPUT.name)? {
        Some("json") => Ok((rest, true)),
        None | Some("text") => Ok((rest, false)),
        Some(other) => Err(Failure::new(format!("--output is text or json, not {other}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::take;

    #[test]
    fn words() {
        for (line, expected) in [
            ("--list", Some(false)),
            ("--list --output text", Some(false)),
            ("--output json --list", Some(true)),
            ("--list --output=json", Some(true)),
            ("--list --output yaml", None),
            ("--list --output", None),
            ("--list --output json --output json", None),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let taken = take(&words).ok();
            assert_eq!(taken.as_ref().map(|(_, is_json)| *is_json), expected, "{line}");
            assert!(taken.is_none_or(|(rest, _)| rest == ["--list"]), "{line}");
        }
    }
}
