//! Answers without what differs from run to run: addresses, ids, times, folders.

use super::World;
use super::script::Step;
use serde_json::Value;

/// The lines of an answer in a form to compare.
pub(super) fn lines(text: &str, step: &Step, world: &World) -> Vec<String> {
    if !step.output_counts {
        return Vec::new();
    }
    let port = world.server.rsplit(':').next().unwrap_or_default();
    let text = text.replace(&world.server, "SERVER").replace(&world.folder_name(), "DIR");
    let text = text.replace(&world.logs, "LOGS").replace(port, "PORT");
    let mut lines: Vec<String> = without_traces(&text)
        .into_iter()
        .flat_map(|line| lines_of(line, step.numbers_count))
        .collect();
    if !step.order_counts {
        // What stands before the first of a set may be another's the next time.
        for line in &mut lines {
            *line = line.trim_start().to_owned();
        }
        lines.sort_unstable();
    }
    lines
}

/// The lines but for the stack traces of Java: their heads, frames and causes.
fn without_traces(text: &str) -> Vec<&str> {
    let is_frame =
        |line: &str| ["\tat ", "\t... ", "Caused by: "].iter().any(|start| line.starts_with(start));
    let is_exception = |line: &str| {
        let class = line.split(':').next().unwrap_or_default();
        class.ends_with("Exception") && class.split('.').count() > 2 && !class.contains(' ')
    };
    let lines: Vec<&str> = text.lines().collect();
    let mut kept = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let is_head = lines.get(index + 1).is_some_and(|next| is_frame(next));
        if !is_head && !is_frame(line) && !is_exception(line) {
            kept.push(*line);
        }
    }
    // The blank line that such a trace ends with goes too.
    if kept.len() < lines.len() && kept.last().is_some_and(|last| last.is_empty()) {
        kept.pop();
    }
    kept
}

/// Several objects with nothing between them, which is how records of coordinators are printed, are a line each.
fn lines_of(line: &str, numbers_count: bool) -> Vec<String> {
    if line.starts_with('{') {
        let objects = serde_json::Deserializer::from_str(line).into_iter::<Value>();
        if let Ok(lines) = objects.map(|json| json.map(|json| json_of(&json))).collect() {
            return lines;
        }
    }
    vec![text_of(line, numbers_count).trim_end().to_owned()]
}

/// A text with each of its words as [`word_of`] has it.
fn text_of(line: &str, numbers_count: bool) -> String {
    let mut out = String::new();
    let mut word = String::new();
    let is_of_word =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    for letter in line.chars().chain(['\n']) {
        if is_of_word(letter) {
            word.push(letter);
            continue;
        }
        out.push_str(&word_of(&word, numbers_count));
        word.clear();
        if letter != '\n' {
            out.push(letter);
        }
    }
    out
}

fn word_of(word: &str, numbers_count: bool) -> String {
    // An id may end a sentence.
    if let Some(id) = word.strip_suffix('.').filter(|id| id.len() == 22) {
        return format!("{}.", word_of(id, numbers_count));
    }
    let is_number = !word.is_empty()
        && word.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '.' | '-'))
        && word.chars().any(|letter| letter.is_ascii_digit());
    let has_case = |test: fn(&char) -> bool| word.chars().any(|letter| test(&letter));
    let is_id = word.len() == 22
        && !word.contains('.')
        && has_case(char::is_ascii_uppercase)
        && has_case(char::is_ascii_lowercase);
    if is_id {
        "ID".to_owned()
    } else if is_number && (!numbers_count || word.len() == 13) {
        "N".to_owned()
    } else if let Some(place) = uuid_at(word) {
        format!("{}UUID{}", &word[..place], &word[place + 36..])
    } else {
        word.to_owned()
    }
}

/// Where in a word a UUID with its four dashes begins.
fn uuid_at(word: &str) -> Option<usize> {
    let bytes = word.as_bytes();
    (0..bytes.len().saturating_sub(35)).find(|start| {
        bytes[*start..*start + 36].iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
    })
}

/// JSON with sorted keys and elements: neither has an order in Kafka's tools. Sizes, paths and hashes of ids are
/// of the server, and times and rates of the run.
fn json_of(json: &Value) -> String {
    match json {
        Value::Object(map) => {
            let mut parts: Vec<String> = map
                .iter()
                .map(|(key, value)| match key.as_str() {
                    "size" | "logDir" | "timestamp" | "avg_throughput" | "metadataHash" => {
                        format!("{key}:?")
                    }
                    _ => format!("{key}:{}", json_of(value)),
                })
                .collect();
            parts.sort_unstable();
            format!("{{{}}}", parts.join(","))
        }
        Value::Array(list) => {
            let mut parts: Vec<String> = list.iter().map(json_of).collect();
            parts.sort_unstable();
            format!("[{}]", parts.join(","))
        }
        other => text_of(&other.to_string(), true),
    }
}

#[cfg(test)]
mod tests {
    use super::{lines_of, without_traces};

    #[test]
    fn traces_are_no_answer() {
        let text = "Error: x\njava.lang.E: x\n\tat a\nCaused by: y\n\t... 3 more\n\n";
        assert_eq!(without_traces(text), ["Error: x"]);
        assert_eq!(without_traces("a\n\n"), ["a", ""]);
    }

    #[test]
    fn what_differs_from_run_to_run() {
        for (line, counts, expected) in [
            ("TopicId: s0HEAXPOQTWCInXGbOzJaQ\tX: 1", true, "TopicId: ID\tX: 1"),
            ("config for Vk14ociIRLKpNGFcaWZqAg.", true, "config for ID."),
            ("CreateTime:1795277427383 a", true, "CreateTime:N a"),
            ("10 records sent, 9.5 records/sec", false, "N records sent, N records/sec"),
            ("c-6b4bfc3a-1063-461d-bd50-71e9abd7062b x", true, "c-UUID x"),
            ("{\"b\":[2,1],\"size\":5}", true, "{b:[1,2],size:?}"),
            (
                "{\"id\":\"s0HEAXPOQTWCInXGbOzJaQ\",\"time\":1795277427383}",
                false,
                "{id:\"ID\",time:N}",
            ),
        ] {
            assert_eq!(lines_of(line, counts), [expected], "{line}");
        }
        assert_eq!(lines_of("{\"a\":1}{\"b\":null}", true), ["{a:1}", "{b:null}"]);
        assert_eq!(lines_of("{\"a\":1}, c", true), ["{\"a\":1}, c"]);
    }
}
