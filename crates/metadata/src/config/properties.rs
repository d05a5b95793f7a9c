//! Java's properties format, in which `server.properties` is written.

/// The keys and values of a text, in order; a repeated key appears again, the last one holds.
///
/// The rules are those of `java.util.Properties.load`: `#` and `!` begin a comment line; `=`, `:`
/// or white space ends a key; a line that ends in an odd number of backslashes goes on in the next,
/// whose leading white space is dropped; `\t \n \r \f \uXXXX` are escapes, and any other
/// character behind a backslash stands for itself. A `\u` without four digits stays as written,
/// where Java refuses the file.
pub fn parse(text: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut lines = text.split('\n');
    while let Some(first) = lines.next() {
        let first = first.trim_start_matches(is_blank);
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut line = first.to_owned();
        while goes_on(&line) {
            line.pop();
            match lines.next() {
                Some(next) => line.push_str(next.trim_start_matches(is_blank)),
                None => break,
            }
        }
        pairs.push(pair(&line));
    }
    pairs
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\x0c')
}

fn goes_on(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

fn pair(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line
        .char_indices()
        .find(|&(_, c)| {
            let ends = !escaped && (matches!(c, '=' | ':') || is_blank(c));
            escaped = c == '\\' && !escaped;
            ends
        })
        .map_or(line.len(), |(at, _)| at);
    let rest = line[end..].trim_start_matches(is_blank);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
    (unescaped(&line[..end]), unescaped(rest.trim_start_matches(is_blank)))
}

fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut push = |c: char| units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    let mut chars = text.chars();
    let mut code_units = Vec::new();
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(c);
            continue;
        }
        match chars.next() {
            Some('t') => push('\t'),
            Some('n') => push('\n'),
            Some('r') => push('\r'),
            Some('f') => push('\x0c'),
            Some('u') => {
                let digits = chars.as_str().get(..4);
                match digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) {
                    Some(unit) => {
                        chars = chars.as_str()[4..].chars();
                        // A pair of surrogates arrives as two escapes.
                        code_units.push(unit);
                        push_unit(&mut push, &mut code_units);
                    }
                    None => {
                        push('\\');
                        push('u');
                    }
                }
            }
            Some(other) => push(other),
            None => {}
        }
    }
    String::from_utf16_lossy(&units)
}

/// Hands on what the collected units say, once they say a whole character.
fn push_unit(push: &mut impl FnMut(char), units: &mut Vec<u16>) {
    let is_open = units.last().is_some_and(|unit| (0xd800..0xdc00).contains(unit));
    if is_open {
        return;
    }
    for c in char::decode_utf16(units.drain(..)) {
        push(c.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
}
