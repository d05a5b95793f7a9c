//! Options that a tool with sub-commands takes before them, or, as people write them, anywhere.

use crate::arguments::flags::Given;
use crate::console::Failure;

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
