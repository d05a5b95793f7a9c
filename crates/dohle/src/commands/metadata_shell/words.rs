//! What can be typed into the shell, and how it is read.

/// How many words a command takes behind its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    None,
    Perhaps,
    One,
    Any,
    Some,
}

/// A command of the shell.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) takes: Takes,
    /// What it takes, by name and in words.
    pub(super) operand: (&'static str, &'static str),
    /// It makes sense only where one command follows another.
    is_interactive: bool,
}

const WORDS: [Word; 10] = [
    word("cat", "Print files.", Takes::Some, ("targets", "The files."), false),
    word("cd", "Go to a directory.", Takes::Perhaps, ("target", "The directory; the root."), true),
    word("exit", "End the shell.", Takes::None, ("", ""), true),
    word(
        "find",
        "Print the paths of all that lies below.",
        Takes::Any,
        ("paths", "Where to begin."),
        false,
    ),
    word("help", "Print this.", Takes::None, ("", ""), true),
    word(
        "history",
        "Print what was typed.",
        Takes::Perhaps,
        ("numEntriesToShow", "How much of it."),
        true,
    ),
    word("ls", "List directories.", Takes::Any, ("targets", "The directories."), false),
    word("man", "Print what a command does.", Takes::One, ("cmd", "The command."), true),
    word("pwd", "Print the directory.", Takes::None, ("", ""), true),
    word(
        "tree",
        "Print directories with all that lies in them.",
        Takes::Some,
        ("targets", "The directories."),
        false,
    ),
];

const fn word(
    name: &'static str,
    about: &'static str,
    takes: Takes,
    operand: (&'static str, &'static str),
    is_interactive: bool,
) -> Word {
    Word { name, about, takes, operand, is_interactive }
}

/// What a line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Nothing,
    /// A command with its words.
    Run(&'static Word, Vec<String>),
    /// How a command is used.
    Usage(&'static Word),
    /// It cannot be read; why.
    Wrong(String),
}

/// The command of this name.
pub(super) fn named(name: &str) -> Option<&'static Word> {
    WORDS.iter().find(|word| word.name == name)
}

fn known(is_interactive: bool) -> impl Iterator<Item = &'static Word> {
    WORDS.iter().filter(move |word| is_interactive || !word.is_interactive)
}

/// Reads the words of a line.
pub(super) fn read(words: &[String], is_interactive: bool) -> Asked {
    let count = words.iter().rposition(|word| !word.is_empty()).map_or(0, |last| last + 1);
    let Some((name, rest)) = words.get(..count).and_then(<[String]>::split_first) else {
        return Asked::Nothing;
    };
    let matching: Vec<_> = known(is_interactive).filter(|one| one.name.starts_with(name)).collect();
    let exact = matching.iter().find(|one| one.name == name).copied();
    let word = match (exact, matching.as_slice()) {
        (Some(word), _) | (None, &[word]) => word,
        (None, []) => {
            let names: Vec<_> =
                known(is_interactive).map(|one| format!("'{}'", one.name)).collect();
            let names = names.join(", ");
            return Asked::Wrong(format!("invalid choice: '{name}' (choose from {names})"));
        }
        (None, several) => {
            let names: Vec<_> = several.iter().map(|one| one.name).collect();
            let names = names.join(", ");
            return Asked::Wrong(format!("ambiguous command: {name} could match {names}"));
        }
    };
    let asked = operands(word, rest);
    if exact.is_none() && matches!(asked, Asked::Run(..)) {
        let meant = word.name;
        return Asked::Wrong(format!("invalid choice: '{name}': did you mean '{meant}'?"));
    }
    asked
}

/// Reads what stands behind a command's name.
fn operands(word: &'static Word, rest: &[String]) -> Asked {
    let (mut operands, mut unknown) = (Vec::new(), Vec::new());
    let mut only_operands = false;
    let (_, most) = word.takes.range();
    for one in rest {
        let is_option = one.len() > 1 && one.starts_with('-') && one.parse::<i64>().is_err();
        match one.as_str() {
            "--" if !only_operands => only_operands = true,
            "-h" | "--help" if !only_operands => return Asked::Usage(word),
            _ if (is_option && !only_operands) || operands.len() >= most => unknown.push(one),
            _ => operands.push(one.clone()),
        }
    }
    let (least, _) = word.takes.range();
    if operands.len() < least {
        return Asked::Wrong("too few arguments".to_owned());
    }
    if word.name == "history"
        && let Some(count) = operands.first()
        && count.parse::<i32>().is_err()
    {
        return Asked::Wrong(format!(
            "argument numEntriesToShow: could not convert '{count}' to Integer (For input string: \"{count}\")"
        ));
    }
    if !unknown.is_empty() {
        let unknown: Vec<_> = unknown.iter().map(|one| one.as_str()).collect();
        return Asked::Wrong(format!("unrecognized arguments: '{}'", unknown.join(" ")));
    }
    Asked::Run(word, operands)
}

impl Takes {
    /// The least and the most.
    fn range(self) -> (usize, usize) {
        match self {
            Self::None => (0, 0),
            Self::Perhaps => (0, 1),
            Self::One => (1, 1),
            Self::Any => (0, usize::MAX),
            Self::Some => (1, usize::MAX),
        }
    }
}

impl Word {
    /// How it is used, in lines.
    pub(super) fn usage(&self) -> String {
        let (name, about) = self.operand;
        let shown = match self.takes {
            Takes::None => return format!("usage: {}\n", self.name),
            Takes::One => name.to_owned(),
            Takes::Perhaps => format!("[{name}]"),
            Takes::Any => format!("[{name} [{name} ...]]"),
            Takes::Some => format!("{name} [{name} ...]"),
        };
        format!("usage: {} {shown}\n\npositional arguments:\n  {name:22} {about}\n", self.name)
    }
}

/// All commands with what they do, in lines.
pub(super) fn all() -> String {
    known(true).map(|word| format!("  {:8} {}\n", word.name, word.about)).collect()
}

/// The words of a line: quotes hold blanks, and what follows a backslash is itself.
pub(super) fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (_, '\\') => word.get_or_insert_default().extend(letters.next()),
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_whitespace() => words.extend(word.take()),
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str, is_interactive: bool) -> String {
        match read(&split(line), is_interactive) {
            Asked::Nothing => String::new(),
            Asked::Run(word, operands) => format!("{} {operands:?}", word.name),
            Asked::Usage(word) => format!("usage of {}", word.name),
            Asked::Wrong(text) => text,
        }
    }

    #[test]
    fn lines() {
        for (line, expected) in [
            ("", ""),
            ("\"\" ''", ""),
            ("ls", "ls []"),
            ("  ls 'a b' c\\ d \"\" ", "ls [\"a b\", \"c d\"]"),
            ("cat a \"\" b", "cat [\"a\", \"\", \"b\"]"),
            ("h", "ambiguous command: h could match help, history"),
            ("l", "invalid choice: 'l': did you mean 'ls'?"),
            ("l -x", "unrecognized arguments: '-x'"),
            ("cat", "too few arguments"),
            ("cd a b", "unrecognized arguments: 'b'"),
            ("exit 4", "unrecognized arguments: '4'"),
            ("ls -h", "usage of ls"),
            ("ls -- -h", "ls [\"-h\"]"),
            ("history -1", "history [\"-1\"]"),
            (
                "history x",
                "argument numEntriesToShow: could not convert 'x' to Integer (For input string: \"x\")",
            ),
        ] {
            assert_eq!(told(line, true), expected, "{line}");
        }
        let choice = "invalid choice: 'pwd' (choose from 'cat', 'find', 'ls', 'tree')";
        assert_eq!(told("pwd", false), choice);
        assert_eq!(told("c", false), "too few arguments");
        assert_eq!(told("c x", false), "invalid choice: 'c': did you mean 'cat'?");
    }

    #[test]
    fn usages() {
        assert_eq!(named("exit").unwrap().usage(), "usage: exit\n");
        assert!(named("ls").unwrap().usage().starts_with("usage: ls [targets [targets ...]]\n"));
        assert!(named("nope").is_none());
    }
}
