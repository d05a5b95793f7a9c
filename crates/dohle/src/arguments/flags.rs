//! The dialect of most tools (joptsimple): `--flag value`, `--flag=value`, `-flag value`, in any
//! order and repeated; words that belong to no flag are ignored.

use std::fmt::Write as _;
use std::str::FromStr;

use crate::console::{Console, Failure};

/// How wide the left column of usage may become; longer options go on in the next line.
const OPTION_WIDTH_MAX: usize = 40;

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

/// A flag with nothing behind it.
pub(crate) const fn switch(name: &'static str, help: &'static str) -> Flag {
    Flag { name, takes: Takes::Nothing, help }
}

/// A flag with a value, shown by the name `shown`.
pub(crate) const fn value(name: &'static str, shown: &'static str, help: &'static str) -> Flag {
    Flag { name, takes: Takes::Value(shown), help }
}

/// A flag with a value that may be left out.
pub(crate) const fn optional(name: &'static str, _shown: &'static str, help: &'static str) -> Flag {
    Flag { name, takes: Takes::OptionalValue, help }
}

/// How flags may be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    Whole,
    /// Also by as many of the first letters as no other flag has.
    OrBeginnings,
}

/// The flags of a tool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Flags {
    /// What the tool does, shown above its usage.
    pub(crate) about: &'static str,
    /// All but `--help` and `--version`.
    pub(crate) flags: &'static [Flag],
}

/// Flags that have a newer spelling, and how a tool speaks of them: in its sentences they stand as OLD and NEW.
pub(crate) struct Renamed {
    /// The old spelling and the new one.
    pub(crate) flags: &'static [(&'static str, &'static str)],
    /// Why not both; `None` where both may be given.
    pub(crate) refused: Option<&'static str>,
    /// What is told of the old one.
    pub(crate) told: &'static str,
}

impl Renamed {
    /// Why most tools take no flag in both spellings.
    pub(crate) const NOT_TOGETHER: &'static str =
        "Options --OLD and --NEW cannot be specified together.";
    /// What the consumers tell.
    pub(crate) const IS_DEPRECATED: &'static str =
        "Option --OLD is deprecated and will be removed in a future version. Use --NEW instead.";
    /// What tools tell that were written at another time.
    pub(crate) const HAS_BEEN_DEPRECATED: &'static str = "Option --OLD has been deprecated and will be removed in a future version. Use --NEW instead.";
}

/// A command line that was read.
#[derive(Debug, Default)]
pub(crate) struct Given(Vec<(&'static str, Option<String>)>);

impl Given {
    /// Whether the flag was given.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(given, _)| *given == name)
    }

    /// Adds what was read elsewhere.
    pub(crate) fn add(&mut self, name: &'static str, value: String) {
        self.0.push((name, Some(value)));
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

    /// All values of a flag that may be repeated, in order.
    pub(crate) fn values<'g>(&'g self, name: &'g str) -> impl Iterator<Item = &'g str> {
        let given = self.0.iter().filter(move |(given, _)| *given == name);
        given.filter_map(|(_, value)| value.as_deref())
    }

    /// The values of several flags in the order in which they were given; `None` where one has
    /// none.
    pub(crate) fn in_order(&self, names: &[&str]) -> Vec<Option<String>> {
        let given = self.0.iter().filter(|(given, _)| names.contains(given));
        given.map(|(_, value)| value.clone()).collect()
    }

    /// The number that follows a flag, if it was given.
    pub(crate) fn parsed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Failure> {
        let Some(text) = self.value(name)? else { return Ok(None) };
        let parsed = text
            .parse()
            .map_err(|_| Failure::new(format!("Cannot parse argument '{text}' of option {name}")));
        parsed.map(Some)
    }

    /// The number that follows a flag, or `default`.
    pub(crate) fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, Failure> {
        Ok(self.parsed(name)?.unwrap_or(default))
    }
}

impl Flags {
    /// Reads the words. `Ok(None)`: they asked for the version or for help, which was printed. Without
    /// words the usage is printed, and that fails; so does help as one of Kafka's scripts.
    pub(crate) fn parse(
        &self,
        words: &[String],
        console: &mut Console<'_>,
    ) -> Result<Option<Given>, Failure> {
        self.parse_as(words, Names::Whole, console)
    }

    /// The same for a tool of which long names may be cut short where that is plain (argparse4j).
    pub(crate) fn parse_short_names(
        &self,
        words: &[String],
        console: &mut Console<'_>,
    ) -> Result<Option<Given>, Failure> {
        self.parse_as(words, Names::OrBeginnings, console)
    }

    fn parse_as(
        &self,
        words: &[String],
        names: Names,
        console: &mut Console<'_>,
    ) -> Result<Option<Given>, Failure> {
        let given = match self.read(words, names) {
            Ok(given) => given,
            Err(message) => return Err(self.wrong(&message, console)),
        };
        if given.has("help") && console.terminal().is_some() {
            console.page();
            self.show(console)?;
            return Ok(None);
        }
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

    /// Exactly one of these flags must be there; which one it is.
    pub(crate) fn only_one_of(
        &self,
        given: &Given,
        names: &[&'static str],
        message: &str,
        console: &mut Console<'_>,
    ) -> Result<&'static str, Failure> {
        let mut there = names.iter().filter(|name| given.has(name));
        match (there.next(), there.next()) {
            (Some(name), None) => Ok(name),
            _ => Err(self.wrong(message, console)),
        }
    }

    /// Refuses flags that make no sense beside `flag`.
    pub(crate) fn not_with(
        &self,
        given: &Given,
        flag: &str,
        others: &[&str],
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        match others.iter().find(|other| given.has(flag) && given.has(other)) {
            None => Ok(()),
            Some(other) => {
                let message =
                    format!("Option \"[{flag}]\" can't be used with option \"[{other}]\"");
                Err(self.wrong(&message, console))
            }
        }
    }

    /// Refuses flags that say something only beside one of `others`.
    pub(crate) fn only_with(
        &self,
        given: &Given,
        flags: &[&str],
        others: &[&str],
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let is_missed = !others.iter().any(|other| given.has(other));
        match flags.iter().find(|flag| is_missed && given.has(flag)) {
            None => Ok(()),
            Some(flag) => {
                let message = format!(
                    "Option(s) [{flag}] are unavailable given other options on the command line"
                );
                Err(self.wrong(&message, console))
            }
        }
    }

    /// Tells of old spellings; one beside its new one is refused.
    pub(crate) fn in_one_spelling(
        &self,
        given: &Given,
        renamed: &Renamed,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let said =
            |sentence: &str, old: &str, new: &str| sentence.replace("OLD", old).replace("NEW", new);
        let mut twice = renamed.flags.iter().filter(|(old, new)| given.has(old) && given.has(new));
        if let (Some((old, new)), Some(refused)) = (twice.next(), renamed.refused) {
            return Err(self.wrong(&said(refused, old, new), console));
        }
        for (old, new) in renamed.flags.iter().filter(|(old, _)| given.has(old)) {
            writeln!(console.out, "{}", said(renamed.told, old, new))?;
        }
        Ok(())
    }

    /// The flag of a name.
    fn find(&self, name: &str, names: Names) -> Option<Flag> {
        self.find_exact(name).or_else(|| {
            let may_begin = names == Names::OrBeginnings && !name.is_empty();
            let mut matching = self.flags.iter().filter(|flag| flag.name.starts_with(name));
            let first = matching.next().filter(|_| may_begin)?;
            matching.next().is_none().then_some(*first)
        })
    }

    fn find_exact(&self, name: &str) -> Option<Flag> {
        const OWN: [Flag; 2] = [
            Flag { name: "help", takes: Takes::Nothing, help: "Print usage information." },
            Flag { name: "version", takes: Takes::Nothing, help: "Print the version." },
        ];
        self.flags.iter().chain(&OWN).find(|flag| flag.name == name).copied()
    }

    fn read(&self, words: &[String], names: Names) -> Result<Given, String> {
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
            let Some(flag) = self.find(name, names) else {
                return Err(unknown(
                    name,
                    attached.as_deref().or_else(|| words.peek().map(|word| word.as_str())),
                ));
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
                    let is_value =
                        |word: &str| !word.starts_with('-') || word.parse::<i64>().is_ok();
                    words.next_if(|next| is_value(next)).cloned()
                }
            };
            given.0.push((flag.name, value));
        }
        Ok(given)
    }

    /// Says what is wrong with the words, and how the tool is used.
    pub(crate) fn wrong(&self, message: &str, console: &mut Console<'_>) -> Failure {
        match writeln!(console.err, "{message}") {
            Ok(()) => console.usage(&self.usage()),
            Err(error) => Failure::Output(error),
        }
    }

    /// Prints what the tool does and how it is used, as the answer to the question.
    pub(crate) fn show(&self, console: &mut Console<'_>) -> Result<(), Failure> {
        write!(console.out, "{}\n{}", self.about, self.usage())?;
        Ok(())
    }

    fn usage(&self) -> String {
        let mut rows = Vec::new();
        for name in self.flags.iter().map(|flag| flag.name).chain(["help", "version"]) {
            let Some(flag) = self.find_exact(name) else { continue };
            let shown = match flag.takes {
                Takes::Nothing => format!("--{name}"),
                Takes::Value(value) => format!("--{name} <{value}>"),
                Takes::OptionalValue => format!("--{name} [String]"),
            };
            rows.push((shown, flag.help));
        }
        rows.sort_unstable();
        let widest = rows.iter().map(|(shown, _)| shown.len()).max().unwrap_or(0);
        let width = widest.min(OPTION_WIDTH_MAX);
        let mut text =
            format!("{:width$}  Description\n{:width$}  -----------\n", "Option", "------");
        for (shown, help) in rows {
            let left = super::wrap(&shown, width);
            let right = super::wrap(help, 78_usize.saturating_sub(width).max(30));
            for line in 0..left.len().max(right.len()) {
                let cell = |column: &[String]| column.get(line).cloned().unwrap_or_default();
                let (left, right) = (cell(&left), cell(&right));
                writeln!(text, "{left:width$}  {right}").expect("a String takes all text");
            }
        }
        text
    }
}

/// The answer to a flag that no tool has; of those that courses still teach, what to write now.
fn unknown(name: &str, value: Option<&str>) -> String {
    let refusal = format!("{name} is not a recognized option");
    match name {
        "zookeeper" => {
            let host = value.and_then(|value| value.split([':', ',', '/']).next());
            let host = host.filter(|host| !host.is_empty()).unwrap_or("localhost");
            format!(
                "{refusal}\nKafka no longer uses ZooKeeper. Name a broker instead: \
                 --bootstrap-server {host}:9092"
            )
        }
        "broker-list" => format!(
            "{refusal}\nIts name is --bootstrap-server now: --bootstrap-server {}",
            value.unwrap_or("localhost:9092")
        ),
        "new-consumer" => format!("{refusal}\nThere is only the new consumer: leave it out."),
        _ => refusal,
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
        let result = FLAGS.parse(&words, &mut Console::new(&mut out, &mut err));
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
        for value in ["X", "-1"] {
            let given = run(&["--class", value]).0.unwrap().unwrap();
            assert_eq!(given.value("class").unwrap(), Some(value));
        }
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
