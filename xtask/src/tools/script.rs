//! Scripts of commands, with the answers of Apache Kafka's tools.
//!
//! ```text
//! # words about what follows
//! ! key=value                a setting of the reference that our server does not have: it is asked alone;
//!                            `! SECURED`: `secured.rs`
//! % key=value                a setting of either server; LOGS is the folder of its log directories, here and below
//! @ file.json {"a": 1}       a file in DIR, made before the command
//! $ topics --bootstrap-server SERVER --list      ($~: numbers do not count, $=: nor does the order of lines,
//!                            $?: only the exit code does, $^: it is asked again for some seconds until the answer
//!                            is Kafka's, $2: once it has printed so many lines it is told to end, by SIGTERM, and what
//!                            it prints behind them does not count; commands that are no tool's: `opening.rs`,
//!                            `settled.rs`, `silent.rs`, `streaming.rs`)
//! < a line of standard input
//! | a line of standard output
//! -> 0
//! ```

use std::path::{Path, PathBuf};

/// What a tool said.
pub(super) struct Answer {
    pub(super) lines: Vec<String>,
    pub(super) code: i32,
}

/// One command.
pub(super) struct Step {
    /// What stands above it.
    above: Vec<String>,
    /// How it is marked, and its words as they are typed.
    pub(super) line: String,
    pub(super) words: Vec<String>,
    pub(super) files: Vec<(String, String)>,
    pub(super) input: String,
    pub(super) numbers_count: bool,
    pub(super) order_counts: bool,
    pub(super) output_counts: bool,
    pub(super) may_come_late: bool,
    /// After how many lines it is told to end.
    pub(super) ends_after: Option<usize>,
    pub(super) answer: Option<Answer>,
}

/// A script.
pub(super) struct Script {
    pub(super) name: String,
    path: PathBuf,
    /// What the reference is started with; our server would refuse it.
    pub(super) settings: Vec<String>,
    /// What either server is started with.
    pub(super) common: Vec<String>,
    pub(super) steps: Vec<Step>,
}

impl Script {
    /// The scripts of a folder whose names begin with `only`.
    pub(super) fn read_all(folder: &Path, only: &str) -> Result<Vec<Self>, String> {
        let told = |e: std::io::Error| format!("{}: {e}", folder.display());
        let mut scripts = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(told)? {
            let path = entry.map_err(told)?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            if path.extension().is_some_and(|end| end == "txt") && name.starts_with(only) {
                let text = std::fs::read_to_string(&path).map_err(told)?;
                let steps = parse(&text).map_err(|e| format!("{}: {e}", path.display()))?;
                let after = |mark: &str| {
                    let marked = text.lines().filter_map(|line| line.strip_prefix(mark));
                    marked.map(str::to_owned).collect()
                };
                let (settings, common) = (after("! "), after("% "));
                scripts.push(Self { name, path, settings, common, steps });
            }
        }
        scripts.sort_by(|one, other| one.name.cmp(&other.name));
        if scripts.is_empty() {
            Err(format!("no script in {}", folder.display()))
        } else {
            Ok(scripts)
        }
    }

    /// Writes it with its answers.
    pub(super) fn write(&self) -> Result<(), String> {
        let mut text = String::new();
        for step in &self.steps {
            for line in &step.above {
                text.push_str(&format!("{line}\n"));
            }
            text.push_str(&format!("{}\n", step.line));
            for line in step.input.lines() {
                text.push_str(&format!("< {line}\n"));
            }
            if let Some(answer) = &step.answer {
                for line in &answer.lines {
                    text.push_str(
                        &format!("| {line}").trim_end_matches('\n').replace("| \n", "|\n"),
                    );
                    text.push('\n');
                }
                text.push_str(&format!("-> {}\n", answer.code));
            }
        }
        std::fs::write(&self.path, text).map_err(|e| format!("{}: {e}", self.path.display()))
    }
}

fn parse(text: &str) -> Result<Vec<Step>, String> {
    let mut steps: Vec<Step> = Vec::new();
    let mut above = Vec::new();
    let mut files = Vec::new();
    for line in text.lines() {
        if let Some(file) = line.strip_prefix("@ ") {
            let (name, content) = file.split_once(' ').ok_or("a file without content")?;
            files.push((name.to_owned(), content.replace("\\n", "\n")));
            above.push(line.to_owned());
        } else if line.starts_with('$') {
            let (mark, words) = line.split_once(' ').ok_or("a command without words")?;
            steps.push(Step {
                above: std::mem::take(&mut above),
                line: line.to_owned(),
                words: split(words),
                files: std::mem::take(&mut files),
                input: String::new(),
                numbers_count: !mark.contains('~'),
                order_counts: !mark.contains('='),
                output_counts: !mark.contains('?'),
                may_come_late: mark.contains('^'),
                ends_after: mark
                    .matches(|letter: char| letter.is_ascii_digit())
                    .collect::<String>()
                    .parse()
                    .ok(),
                answer: None,
            });
        } else if line.is_empty() || line.starts_with(['#', '!', '%']) {
            above.push(line.to_owned());
        } else {
            let step = steps.last_mut().ok_or_else(|| format!("before any command: {line}"))?;
            let answer = || Answer { lines: Vec::new(), code: 0 };
            if let Some(input) = line.strip_prefix('<') {
                step.input.push_str(input.strip_prefix(' ').unwrap_or(input));
                step.input.push('\n');
            } else if let Some(output) = line.strip_prefix('|') {
                let output = output.strip_prefix(' ').unwrap_or(output).to_owned();
                step.answer.get_or_insert_with(answer).lines.push(output);
            } else if let Some(code) = line.strip_prefix("-> ") {
                step.answer.get_or_insert_with(answer).code =
                    code.parse().map_err(|_| format!("no exit code: {line}"))?;
            } else {
                return Err(format!("what is this? {line}"));
            }
        }
    }
    Ok(steps)
}

/// Words as a shell splits them: quotes hold blanks.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in line.chars() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), letter) => word.get_or_insert_default().push(letter),
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, ' ') => words.extend(word.take()),
            (None, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::{parse, split};

    #[test]
    fn words() {
        assert_eq!(split("a 'b c' \"\" d=\"e f\""), ["a", "b c", "", "d=e f"]);
    }

    #[test]
    fn a_script() {
        let text = "# about\n@ f.json {}\n$~ topics --list\n< in\n| out\n|\n-> 1\n";
        let steps = parse(text).expect("a whole script");
        let [step] = steps.as_slice() else { panic!("one step") };
        assert_eq!(
            (step.input.as_str(), step.numbers_count, step.order_counts),
            ("in\n", false, true)
        );
        let answer = step.answer.as_ref().expect("an answer");
        assert_eq!((answer.lines.join("/").as_str(), answer.code), ("out/", 1));
        let steps = parse("$~2 topics --list\n$ topics\n").expect("a whole script");
        let ends: Vec<_> = steps.iter().map(|step| step.ends_after).collect();
        assert_eq!(ends, [Some(2), None]);
        assert!(parse("| out").is_err() && parse("$").is_err());
    }
}
