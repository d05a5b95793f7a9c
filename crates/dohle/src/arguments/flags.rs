//! The dialect of most tools (joptsimple): `--flag value`, `--flag=value`, `-flag value`, in any
//! order and repeated; words that belong to no flag are ignored.

use std::fmt::Write as _;

use crate::console::{Console, Failure};

/// What follows a flag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing.
    Nothing,
    /// A value, shown by this name.
    Value(&'static str),
    /// Perhaps a value.
    OptionalValue,
}

/// A flag that a tool knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flag {
    /// Its name without dashes.
    pub(crate) name: &'static str,
    /// What follows it.
    pub(crate) takes: Takes,
    /// What it is for, in a sentence or two.
    pub(crate) help: &'static str,
}

/// The flags of a tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    /// What the tool does, shown above its usage.
    pub(crate) about: &'static str,
    /// All but `--help` and `--version`.
    pub(crate) flags: &'static [Flag],
}

/// A command line that was read.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<(&'static str, Option<String>)>);

impl Given {
    /// Whether the flag was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| *given == name)
    }

    /// The value of a flag that may be given once.
    pub(crate) fn value(&self, name: &str) -> Result<Option<&str>, Failure> {
        let mut values = self.0.iter().filter(|(given, _)| *given == name);
        let first = values.next().and_then(|(_, value)| value.as_deref());
        if values.next().is_some() {
            return Err(Failure::new(format!(
                "Found multiple arguments for option {name}, but you asked for only one"
            )));
        }
        Ok(first)
    }

    /// The number that follows a flag, or `default`.
    pub(crate) fn number(&self, name: &str, default: i32) -> Result<i32, Failure> {
        match self.value(name)? {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| {
                Failure::new(format!("Cannot parse argument '{text}' of option {name}"))
            }),
        }
    }
}

impl Flags {
    /// Reads the words. `Ok(None)`: they asked for the version, which was printed. No words at all
    /// and `--help` print the usage and fail, as Kafka's tools do.
    pub(crate) fn parse(
        &self,
        words: &[String],
        console: &mut Console<'_>,
    ) -> Result<Option<Given>, Failure> {
        let given = match self.read(words) {
            Ok(given) => given,
            Err(message) => return Err(self.wrong(&message, console)),
        };
        if words.is_empty() || given.has("help") {
            return Err(self.wrong(self.about, console));
        }
        if given.has("version") {
            console.version()?;
            return Ok(None);
        }
        Ok(Some(given))
    }

    /// The value of a flag that must be there.
    pub(crate) fn required<'g>(
        &self,
        given: &'g Given,
        name: &str,
        console: &mut Console<'_>,
    ) -> Result<&'g str, Failure> {
        match given.value(name)? {
            Some(value) => Ok(value),
            None => Err(self.wrong(&format!("Missing required argument \"[{name}]\""), console)),
        }
    }

    fn find(&self, name: &str) -> Option<Flag> {
        const OWN: [Flag; 2] = [
            Flag { name: "help", takes: Takes::Nothing, help: "Print usage information." },
            Flag { name: "version", takes: Takes::Nothing, help: "Print the version." },
        ];
        self.flags.iter().chain(&OWN).find(|flag| flag.name == name).copied()
    }

    fn read(&self, words: &[String]) -> Result<Given, String> {
        let mut given = Given::default();
        let mut words = words.iter().peekable();
        while let Some(word) = words.next() {
            if word == "--" {
                break;
            }
            let Some(name) = word.strip_prefix("--").or_else(|| word.strip_prefix('-')) else {
                continue;
            };
            let (name, attached) = match name.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (name, None),
            };
            let Some(flag) = self.find(name) else {
                return Err(format!("{name} is not a recognized option"));
            };
            let value = match (flag.takes, attached) {
                (Takes::Nothing, None) => None,
                (Takes::Nothing, Some(_)) => {
                    return Err(format!("Option {name} does not accept an argument"));
                }
                (Takes::Value(_) | Takes::OptionalValue, Some(value)) => Some(value),
                (Takes::Value(_), None) => {
                    let value = words.next();
                    Some(
                        value.ok_or_else(|| format!("Option {name} requires an argument"))?.clone(),
                    )
                }
                (Takes::OptionalValue, None) => {
                    words.next_if(|next| !next.starts_with('-')).cloned()
                }
            };
            given.0.push((flag.name, value));
        }
        Ok(given)
    }

    fn wrong(&self, message: &str, console: &mut Console<'_>) -> Failure {
        match writeln!(console.err, "{message}") {
            Ok(()) => console.usage(&self.usage()),
            Err(error) => Failure::Output(error),
        }
    }

    fn usage(&self) -> String {
        let mut rows = Vec::new();
        for name in self.flags.iter().map(|flag| flag.name).chain(["help", "version"]) {
            let Some(flag) = self.find(name) else { continue };
            let shown = match flag.takes {
                Takes::Nothing => format!("--{name}"),
                Takes::Value(value) => format!("--{name} <{value}>"),
                Takes::OptionalValue => format!("--{name} [String]"),
            };
            rows.push((shown, flag.help));
        }
        rows.sort_unstable();
        let width = rows.iter().map(|(shown, _)| shown.len()).max().unwrap_or(0);
        let mut text =
            format!("{:width$}  Description\n{:width$}  -----------\n", "Option", "------");
        for (shown, help) in rows {
            let mut shown = shown.as_str();
            for line in super::wrap(help, 78_usize.saturating_sub(width).max(30)) {
                writeln!(text, "{shown:width$}  {line}").expect("a String takes all text");
                shown = "";
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FLAGS: Flags = Flags {
        about: "About.",
        flags: &[
            Flag { name: "files", takes: Takes::Value("String"), help: "Files." },
            Flag { name: "deep", takes: Takes::Nothing, help: "Deep." },
            Flag { name: "class", takes: Takes::OptionalValue, help: "Class." },
        ],
    };

    #[track_caller]
    fn run(words: &[&str]) -> (Result<Option<Given>, Failure>, String, String) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let result = FLAGS.parse(&words, &mut Console { out: &mut out, err: &mut err });
        (result, String::from_utf8(out).unwrap(), String::from_utf8(err).unwrap())
    }

    #[test]
    fn spellings() {
        for words in [
            &["--files", "a,b", "--deep"][..],
            &["--deep", "--files=a,b"],
            &["-files", "a,b", "-deep", "word"],
            &["--files", "a,b", "--class", "--deep", "--", "--bogus"],
        ] {
            let given = run(words).0.unwrap().unwrap();
            assert_eq!(given.value("files").unwrap(), Some("a,b"), "{words:?}");
            assert!(given.has("deep"));
        }
        let given = run(&["--class", "X"]).0.unwrap().unwrap();
        assert_eq!(given.value("class").unwrap(), Some("X"));
    }

    #[test]
    fn what_is_refused() {
        for (words, expected) in [
            (&["--bogus"][..], "bogus is not a recognized option"),
            (&["--files"], "Option files requires an argument"),
            (&["--deep=1"], "Option deep does not accept an argument"),
            (&[], "About."),
            (&["--help"], "About."),
        ] {
            let (result, out, err) = run(words);
            assert!(result.is_err() && out.is_empty(), "{words:?}");
            assert!(err.starts_with(expected) && err.contains("--files <String>"), "{err}");
        }
        let given = run(&["--files", "a", "--files", "b"]).0.unwrap().unwrap();
        assert!(given.value("files").is_err());
        assert!(given.number("deep", 7).is_ok_and(|number| number == 7));
    }
}
