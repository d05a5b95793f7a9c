//! Under which licences third-party code may come in.

/// Licences that ask for no more than a notice, and MPL, which asks for changes to its own files.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "MPL-2.0+",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an SPDX expression lets the code in: one of an `OR`, all of an `AND`. An old `A/B` means `OR`.
pub(super) fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    any(&expression)
}

fn any(expression: &str) -> bool {
    split(expression, " OR ").into_iter().any(all)
}

fn all(expression: &str) -> bool {
    split(expression, " AND ").into_iter().all(one)
}

fn one(expression: &str) -> bool {
    let expression = expression.trim();
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    inner.map_or_else(|| ALLOWED.contains(&expression), any)
}

/// The parts between the operators that stand outside of parentheses.
fn split<'a>(expression: &'a str, operator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let mut depth = 0_i32;
    let mut from = 0;
    for (at, c) in expression.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ if depth == 0 && at >= from && expression[at..].starts_with(operator) => {
                parts.push(&expression[from..at]);
                from = at + operator.len();
            }
            _ => {}
        }
    }
    parts.push(&expression[from..]);
    parts
}
