//! Options that a tool with sub-commands takes before them, or, as people write them, anywhere.

use crate::arguments::flags::Given;
use crate::console::Failure;

/// Refuses a command line that does not say, or says twice, whom to ask.
pub(crate) fn check_server(tool: &str, given: &Given) -> Result<(), Failure> {
    match (given.has("bootstrap-server"), given.has("bootstrap-controller")) {
        (true, true) => Err(Failure::new(format!(
            "{tool}: error: argument --bootstrap-controller: not allowed with argument \
             --bootstrap-server"
        ))),
        (false, false) => Err(Failure::new(format!(
            "{tool}: error: one of the arguments --bootstrap-server --bootstrap-controller is \
             required"
        ))),
        _ => Ok(()),
    }
}

/// Takes the options of these names, each with a value, out of the words.
pub(crate) fn take(
    words: &[String],
    names: &[&'static str],
) -> Result<(Given, Vec<String>), Failure> {
    let mut given = Given::default();
    let mut rest = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let plain = word.strip_prefix("--").unwrap_or_default();
        let (name, attached) = match plain.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (plain, None),
        };
        let Some(name) = names.iter().find(|known| **known == name) else {
            rest.push(word.clone());
            continue;
        };
        let value = attached
            .or_else(|| words.next().cloned())
            .ok_or_else(|| Failure::new(format!("argument --{name}: expected one argument")))?;
        given.add(name, value);
    }
    Ok((given, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_kind_of_server() {
        let names = ["bootstrap-server", "bootstrap-controller"];
        for (line, is_good) in [
            ("describe --bootstrap-server a:1", true),
            ("--bootstrap-controller=a:1 describe", true),
            ("describe", false),
            ("--bootstrap-server a:1 --bootstrap-controller b:1 describe", false),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (given, rest) = take(&words, &names).unwrap();
            assert_eq!(rest, ["describe"], "{line}");
            assert_eq!(check_server("tool", &given).is_ok(), is_good, "{line}");
        }
    }
}
