//! The shell: a directory in the tree, and commands that look around from there.

use super::glob::find;
use super::tree::Node;
use super::words::{self, Asked};
use crate::console::{Console, Failure};
use std::io::{self, BufRead};

/// A place in the tree, and what was typed so far.
pub(super) struct Shell<'i> {
    root: Node<'i>,
    directory: String,
    /// Lines that were typed; `None` where there is only one command.
    history: Option<Vec<String>>,
}

impl<'i> Shell<'i> {
    /// A shell at the root.
    pub(super) fn new(root: Node<'i>) -> Self {
        Self { root, directory: "/".to_owned(), history: None }
    }

    /// Runs commands as they come, until the last line or `exit`.
    pub(super) fn interact(
        mut self,
        input: &mut dyn BufRead,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        writeln!(console.out, "Loading...\nStarting...\n[ Kafka Metadata Shell ]")?;
        self.history = Some(Vec::new());
        loop {
            write!(console.out, ">> ")?;
            console.out.flush()?;
            let mut line = String::new();
            if input.read_line(&mut line).map_err(io::Error::other)? == 0 {
                return Ok(());
            }
            let line = line.trim_end_matches(['\n', '\r']);
            self.remember(line);
            if !self.run(&words::split(line), console)? {
                return Ok(());
            }
        }
    }

    /// Keeps a line, unless it is blank, begins with a blank or is the one before again.
    fn remember(&mut self, line: &str) {
        let Some(history) = &mut self.history else { return };
        let is_hidden = line.trim().is_empty() || line.starts_with(' ');
        if !is_hidden && history.last().is_none_or(|last| last != line.trim()) {
            history.push(line.trim().to_owned());
        }
    }

    /// Runs a command; whether it may be followed by another.
    pub(super) fn run(
        &mut self,
        words: &[String],
        console: &mut Console<'_>,
    ) -> Result<bool, Failure> {
        let (word, operands) = match words::read(words, self.history.is_some()) {
            Asked::Nothing => return Ok(true),
            Asked::Run(word, operands) => (word, operands),
            Asked::Usage(word) => {
                write!(console.out, "{}", word.usage())?;
                return Ok(true);
            }
            Asked::Wrong(message) => {
                writeln!(console.out, "{message}")?;
                return Ok(true);
            }
        };
        match word.name {
            "cat" => self.cat(&operands, console)?,
            "cd" => self.go(operands.first().map_or("/", String::as_str), console)?,
            "exit" => return Ok(false),
            "find" => self.find(&operands, console)?,
            "help" => {
                writeln!(console.out, "The shell of a cluster's metadata.\n\n{}", words::all())?;
            }
            "history" => self.tell_history(operands.first(), console)?,
            "ls" => self.list(&operands, console)?,
            "man" => self.explain(operands.first().map_or("", String::as_str), console)?,
            "pwd" => writeln!(console.out, "{}", self.directory)?,
            _ => self.tree(&operands, console)?,
        }
        Ok(true)
    }

    fn cat(&self, targets: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
        for target in targets {
            let places = find(&self.root, &self.directory, target);
            if places.is_empty() {
                writeln!(console.out, "cat: {target}: No such file or directory.")?;
            }
            for place in places {
                if let Node::Leaf(text) = place.node {
                    writeln!(console.out, "{text}")?;
                } else {
                    writeln!(console.out, "cat: {target}: Is a directory")?;
                }
            }
        }
        Ok(())
    }

    fn tree(&self, targets: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
        for target in targets {
            let places = find(&self.root, &self.directory, target);
            if places.is_empty() {
                writeln!(console.out, "tree: {target}: No such file or directory.")?;
            }
            for place in places {
                print_tree(&place.node, 0, console)?;
            }
        }
        Ok(())
    }

    fn go(&mut self, target: &str, console: &mut Console<'_>) -> Result<(), Failure> {
        let places = find(&self.root, &self.directory, target);
        if places.is_empty() {
            writeln!(console.out, "cd: {target}: no such directory.")?;
        }
        for place in places {
            if place.node.is_directory() {
                self.directory = place.path();
            } else {
                writeln!(console.out, "cd: {target}: not a directory.")?;
            }
        }
        Ok(())
    }

    fn find(&self, paths: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
        for path in effective(paths) {
            let places = find(&self.root, &self.directory, path);
            if places.is_empty() {
                writeln!(console.out, "find: {path}: no such file or directory.")?;
            }
            for place in places {
                print_paths(&place.node, path, console)?;
            }
        }
        Ok(())
    }

    fn list(&self, targets: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
        let (mut files, mut directories) = (Vec::new(), Vec::new());
        for target in effective(targets) {
            let places = find(&self.root, &self.directory, target);
            if places.is_empty() {
                writeln!(console.out, "ls: {target}: no such file or directory.")?;
            }
            for place in places {
                let name = place.name().to_owned();
                if place.node.is_directory() {
                    directories.push((name, place.node.names()));
                } else {
                    files.push(name);
                }
            }
        }
        for file in &files {
            writeln!(console.out, "{file}")?;
        }
        let is_named = !files.is_empty() || directories.len() > 1;
        let mut is_first = files.is_empty();
        for (name, children) in directories {
            // One without children is passed over, but counts as the first.
            let is_gap = is_named && !std::mem::take(&mut is_first);
            if children.is_empty() {
                continue;
            }
            if is_gap {
                writeln!(console.out)?;
            }
            if is_named {
                writeln!(console.out, "{name}:")?;
            }
            for child in children {
                writeln!(console.out, "{child}")?;
            }
        }
        Ok(())
    }

    fn tell_history(
        &self,
        count: Option<&String>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let Some(history) = &self.history else { return Ok(()) };
        let count = count.and_then(|count| count.parse::<i64>().ok()).unwrap_or(i64::MAX);
        let count = usize::try_from(count.max(0)).unwrap_or(usize::MAX);
        for (index, line) in history.iter().enumerate().skip(history.len().saturating_sub(count)) {
            writeln!(console.out, "{index:5}  {line}")?;
        }
        Ok(())
    }

    fn explain(&self, name: &str, console: &mut Console<'_>) -> Result<(), Failure> {
        match words::named(name) {
            Some(word) => write!(console.out, "{name}: {}\n\n{}", word.about, word.usage())?,
            None => writeln!(
                console.out,
                "man: unknown command {name}. Type help to get a list of commands."
            )?,
        }
        Ok(())
    }
}

/// The paths that are not empty; where there is none, where the shell is.
fn effective(paths: &[String]) -> Vec<&str> {
    let paths: Vec<&str> =
        paths.iter().map(String::as_str).filter(|path| !path.is_empty()).collect();
    if paths.is_empty() { vec!["."] } else { paths }
}

fn print_tree(node: &Node<'_>, depth: usize, console: &mut Console<'_>) -> Result<(), Failure> {
    let indent = "  ".repeat(depth);
    if let Node::Leaf(text) = node {
        writeln!(console.out, "{indent}{text}")?;
    }
    for name in node.names() {
        writeln!(console.out, "{indent}{name}:")?;
        if let Some(child) = node.child(&name) {
            print_tree(&child, depth + 1, console)?;
        }
    }
    Ok(())
}

fn print_paths(node: &Node<'_>, path: &str, console: &mut Console<'_>) -> Result<(), Failure> {
    writeln!(console.out, "{path}")?;
    for name in node.names() {
        let path = if path == "/" { format!("/{name}") } else { format!("{path}/{name}") };
        match node.child(&name) {
            Some(child) => print_paths(&child, &path, console)?,
            None => writeln!(console.out, "{path}")?,
        }
    }
    Ok(())
}
