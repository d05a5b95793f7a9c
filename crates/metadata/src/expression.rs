//! Regular expressions that clients send: in RE2's syntax, matched in time linear in the text.

use regex::{Regex, RegexBuilder};

/// What a compiled expression may take. One above is refused.
const SIZE_BYTES_MAX: usize = 1 << 20;

/// What matches has to match as a whole (KIP-848, KIP-714).
///
/// # Errors
/// What is wrong with the expression.
pub fn compile(expression: &str) -> Result<Regex, String> {
    let build = |text: &str| {
        RegexBuilder::new(text).size_limit(SIZE_BYTES_MAX).dfa_size_limit(SIZE_BYTES_MAX).build()
    };
    let unquoted = unquote(expression);
    // First by itself: `a)|(b` must not become valid by what is put around it.
    build(&unquoted).and_then(|_| build(&format!(r"\A(?:{unquoted})\z"))).map_err(|error| {
        // The crate's texts have lines of their own; the last one says what is wrong.
        let text = error.to_string();
        let last = text.lines().last().unwrap_or_default().trim();
        last.strip_prefix("error: ").unwrap_or(last).to_owned()
    })
}

/// Writes what stands between `\Q` and `\E` with escapes: RE2 knows these two, our engine does not.
fn unquote(expression: &str) -> String {
    let mut unquoted = String::with_capacity(expression.len());
    let mut rest = expression;
    while let Some(at) = rest.find('\\') {
        unquoted.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(quoted) = rest.strip_prefix(r"\Q") {
            let (literal, behind) = quoted.split_once(r"\E").unwrap_or((quoted, ""));
            unquoted.push_str(&regex::escape(literal));
            rest = behind;
        } else {
            // An escape is two characters, so that `\\Q` is a backslash and a Q.
            let end = rest.char_indices().nth(2).map_or(rest.len(), |(end, _)| end);
            unquoted.push_str(&rest[..end]);
            rest = &rest[end..];
        }
    }
    unquoted.push_str(rest);
    unquoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_as_a_whole_and_in_re2_syntax() {
        let cases = [
            ("a|b", "a", true),
            ("a|b", "ab", false),
            ("orders.*", "orders-1", true),
            ("orders.*", "my-orders", false),
            (r"\Qa.b\E.*", "a.bc", true),
            (r"\Qa.b\E.*", "axbc", false),
            (r"\Qa.b", "a.b", true),
            (r"a\\Qb", r"a\Qb", true),
            ("(?i)ORDERS", "orders", true),
            (r"\d+", "12", true),
            (r"(?P<name>x)y", "xy", true),
        ];
        for (expression, name, matches) in cases {
            let regex = compile(expression).unwrap();
            assert_eq!(regex.is_match(name), matches, "{expression} {name}");
        }
    }

    #[test]
    fn what_re2_does_not_know_is_refused() {
        for expression in ["(", "a)|(b", "*", "(?=x)", r"(a)\1", "[z-a]", "((a{900}){900}){900}"] {
            assert!(compile(expression).is_err(), "{expression}");
        }
    }
}
