//! Command lines as Kafka's tools read them, in their two dialects.

pub(crate) mod flags;
pub(crate) mod globals;
pub(crate) mod subcommands;

/// `text` in lines of at most `width` characters, broken between words. A word that is longer has a
/// line of its own.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + 1 + word.len() <= width {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}
