//! A Rust file as tidy sees it: its code and its comments apart, strings emptied, tests known.

use std::ops::Range;

/// The text of one file in two views of the same length and the same lines.
#[derive(Debug)]
pub(super) struct Source {
    /// Without comments and without what stands in strings and character literals.
    pub(super) code: String,
    /// Nothing but comments.
    pub(super) comments: String,
    /// As `code`, without items that only tests compile.
    pub(super) shipped: String,
    /// Modules in files of their own that only tests compile: `#[cfg(test)] mod NAME;`.
    pub(super) test_modules: Vec<String>,
    /// How many lines are no test's.
    pub(super) own_lines: usize,
}

impl Source {
    /// Takes `text` apart. What is no Rust gives some answer, and no panic.
    pub(super) fn parse(text: &str) -> Self {
        let (code, comments) = Views::of(text);
        let mut shipped = code.clone().into_bytes();
        let mut test_modules = Vec::new();
        let mut own_lines = text.lines().count();
        for item in test_items(&code) {
            own_lines -= code[item.clone()].lines().count();
            if let Some(name) = module_name(&code[item.clone()]) {
                test_modules.push(name.to_owned());
            }
            blank(&mut shipped[item]);
        }
        let shipped = String::from_utf8(shipped).expect("whole items of a text are blanked");
        Self { code, comments, shipped, test_modules, own_lines }
    }
}

/// The line, counted from 1, in which `position` lies.
pub(super) fn line_of(text: &str, position: usize) -> usize {
    text.as_bytes()[..position].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// Where `word` stands in `code` with no letter, digit or underscore at its ends.
pub(super) fn words<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = code[..*at].chars().next_back();
        let after = code[at + word.len()..].chars().next();
        let begins_apart = !word.starts_with(is_part) || !before.is_some_and(is_part);
        let ends_apart = !word.ends_with(is_part) || !after.is_some_and(is_part);
        begins_apart && ends_apart
    })
}

fn blank(bytes: &mut [u8]) {
    bytes.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
}

/// Builds the two views in one walk over the text.
struct Views<'a> {
    text: &'a str,
    code: Vec<u8>,
    comments: Vec<u8>,
    at: usize,
}

impl<'a> Views<'a> {
    fn of(text: &'a str) -> (String, String) {
        let mut empty = text.as_bytes().to_vec();
        blank(&mut empty);
        let mut views = Self { text, code: empty.clone(), comments: empty, at: 0 };
        while views.at < text.len() {
            views.step();
        }
        let whole = "whole characters are copied over blanks";
        (
            String::from_utf8(views.code).expect(whole),
            String::from_utf8(views.comments).expect(whole),
        )
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn step(&mut self) {
        let rest = self.rest();
        if rest.starts_with("//") {
            let length = rest.find('\n').unwrap_or(rest.len());
            self.comment(length);
        } else if rest.starts_with("/*") {
            let length = block_comment(rest);
            self.comment(length);
        } else if let Some(length) = raw_string(rest).filter(|_| !self.is_inside_a_word()) {
            self.at += length;
        } else if rest.starts_with('"') {
            self.at += string(rest);
        } else if let Some(length) = character(rest) {
            self.at += length;
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            let range = self.at..self.at + length;
            self.code[range.clone()].copy_from_slice(&self.text.as_bytes()[range]);
            self.at += length;
        }
    }

    fn comment(&mut self, length: usize) {
        let range = self.at..self.at + length;
        self.comments[range.clone()].copy_from_slice(&self.text.as_bytes()[range]);
        self.at += length;
    }

    fn is_inside_a_word(&self) -> bool {
        let before = self.text[..self.at].chars().next_back();
        before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    }
}

/// The length of a block comment, which may hold others.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        let step = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string with escapes.
fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a raw string of any kind (`r"…"`, `br#"…"#`), if one begins here.
fn raw_string(rest: &str) -> Option<usize> {
    let marker = ["br", "cr", "r"].into_iter().find(|marker| rest.starts_with(marker))?;
    let body = &rest[marker.len()..];
    let hashes = body.bytes().take_while(|byte| *byte == b'#').count();
    if !body[hashes..].starts_with('"') {
        return None;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let from = marker.len() + hashes + 1;
    Some(rest[from..].find(&end).map_or(rest.len(), |at| from + at + end.len()))
}

/// The length of a character literal, if one begins here: not of a lifetime.
fn character(rest: &str) -> Option<usize> {
    let body = rest.strip_prefix('\'')?;
    let mut chars = body.char_indices();
    match chars.next()? {
        (_, '\\') => {
            let escaped = chars.next()?.1.len_utf8() + 1;
            body[escaped..].find('\'').map(|at| 1 + escaped + at + 1)
        }
        _ => chars.next().filter(|(_, c)| *c == '\'').map(|(at, _)| at + 2),
    }
}

/// The items of `code` that only tests compile, with their attributes.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    for (at, _) in code.match_indices("#[cfg(") {
        let attribute = at + 1..balanced(code, at + 1);
        let known = items.last().is_some_and(|item| item.contains(&at));
        if !known && is_for_tests(&code[attribute.clone()]) {
            items.push(at..item_end(code, attribute.end));
        }
    }
    items
}

/// Whether a condition holds in tests only.
fn is_for_tests(attribute: &str) -> bool {
    let mut condition = attribute.to_owned();
    while let Some(at) = condition.find("not(") {
        let end = balanced(&condition, at + "not".len());
        condition.replace_range(at..end, "");
    }
    let is_for = |word| words(&condition, word).next().is_some();
    is_for("test") || is_for("loom")
}

/// Where an item ends that begins, with further attributes perhaps, at `from`.
fn item_end(code: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(next) = code[at..].find(['#', '{', ';']).map(|found| at + found) {
        match code.as_bytes()[next] {
            b'#' => at = balanced(code, next + 1),
            b'{' => return balanced(code, next),
            _ => return next + 1,
        }
    }
    code.len()
}

/// Where the bracket that opens at `open` has been closed.
fn balanced(code: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

/// `NAME` of an item that ends in `mod NAME;`.
fn module_name(item: &str) -> Option<&str> {
    let name = item.strip_suffix(';')?.rsplit_once("mod ")?.1.trim();
    name.chars().all(|c| c.is_alphanumeric() || c == '_').then_some(name)
}
