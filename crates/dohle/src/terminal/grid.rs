//! Things, as `--output json` has them, for people: rows and columns.
//!
//! Things without parts are one table. Where things have parts (a topic its partitions), each has a line of its own and
//! a table of its parts under it.

use super::paint::{Tone, painted};
use serde_json::{Map, Value};
use unicode_width::UnicodeWidthStr as _;

/// What stands where there is nothing.
const NOTHING: &str = "-";
/// How long a list in a cell may be, in characters, before the rest of it is only counted.
const LIST_LENGTH_MAX: usize = 40;
/// Parts that go into a cell: a table in a table would be none.
const IN_A_CELL: &[&str] = &["assignment", "targetAssignment", "synonyms"];

type Thing = Map<String, Value>;

/// How it is to look.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Whether there is colour.
    pub(crate) is_colored: bool,
    /// How wide the screen is, if it is one.
    pub(crate) columns: Option<usize>,
}

impl Look {
    fn painted(self, text: &str, tone: Tone) -> String {
        if self.is_colored { painted(text, tone) } else { text.to_owned() }
    }
}

/// The things in lines, each with its end; nothing of none.
pub(crate) fn rendered(things: &[Value], look: Look) -> String {
    let things: Vec<&Thing> = things.iter().filter_map(Value::as_object).collect();
    let mut text = String::new();
    render(&things, "", look, &mut text);
    text
}

fn render(things: &[&Thing], indent: &str, look: Look, text: &mut String) {
    if things.is_empty() {
        return;
    }
    if !things.iter().any(|thing| thing.iter().any(|(field, value)| parts(field, value).is_some()))
    {
        return table(things, indent, look, text);
    }
    for (index, thing) in things.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        heading(thing, indent, look, text);
        let groups: Vec<_> =
            thing.iter().filter_map(|(field, value)| Some((field, parts(field, value)?))).collect();
        let could_have = |(field, value): &(&String, &Value)| {
            value.is_array() && !IN_A_CELL.contains(&field.as_str())
        };
        let is_one_of_many = thing.iter().filter(could_have).count() > 1;
        for (field, parts) in &groups {
            if is_one_of_many {
                text.push_str(&format!("{indent}  {}\n", look.painted(field, Tone::Header)));
            }
            render(parts, &format!("{indent}  "), look, text);
        }
    }
}

/// What a field holds, if that is things with fields of their own.
fn parts<'v>(field: &str, value: &'v Value) -> Option<Vec<&'v Thing>> {
    let list = value.as_array().filter(|_| !IN_A_CELL.contains(&field))?;
    let parts: Vec<&Thing> = list.iter().filter_map(Value::as_object).collect();
    (!parts.is_empty()).then_some(parts)
}

/// A thing's own fields: in one line if the screen is wide enough, else a line each.
fn heading(thing: &Thing, indent: &str, look: Look, text: &mut String) {
    let own: Vec<_> = thing
        .iter()
        .filter(|(field, value)| parts(field, value).is_none())
        .map(|(field, value)| (field, shown(value, usize::MAX), tone(field, value, thing)))
        .filter(|(_, shown, tone)| shown != NOTHING || *tone != Tone::Plain)
        .collect();
    let width = |(field, shown, _): &(&String, String, Tone)| field.width() + shown.width() + 4;
    let total = indent.len() + own.iter().map(width).sum::<usize>();
    let is_wide = look.columns.is_none_or(|columns| total <= columns + 2);
    let fields: Vec<_> = own
        .iter()
        .map(|(field, shown, tone)| {
            let name = look.painted(&format!("{field}:"), Tone::Header);
            format!("{name} {}", look.painted(shown, *tone))
        })
        .collect();
    let between = if is_wide { "  ".to_owned() } else { format!("\n{indent}") };
    text.push_str(&format!("{indent}{}\n", fields.join(&between)));
}

struct Column {
    header: String,
    cells: Vec<(String, Tone)>,
    is_number: bool,
}

impl Column {
    fn of(field: &str, things: &[&Thing]) -> Self {
        let values = || things.iter().map(|thing| thing.get(field).unwrap_or(&Value::Null));
        let cells = values()
            .zip(things)
            .map(|(value, thing)| (shown(value, LIST_LENGTH_MAX), tone(field, value, thing)));
        let is_number = values().all(|value| value.is_number() || value.is_null())
            && values().any(Value::is_number);
        Self { header: header(field), cells: cells.collect(), is_number }
    }

    /// Whether it says anything of any thing.
    fn has_news(&self) -> bool {
        self.cells.iter().any(|(shown, tone)| shown != NOTHING || *tone != Tone::Plain)
    }

    /// How wide it is; a cell of more than half a screen moves only its own row.
    fn width(&self, screen: Option<usize>) -> usize {
        let widest = screen.map_or(usize::MAX, |columns| columns / 2);
        let cells = self.cells.iter().map(|(shown, _)| shown.width());
        cells.filter(|width| *width <= widest).max().unwrap_or(0).max(self.header.width())
    }
}

/// One row for each thing. A column that has nothing to say of any of them is left out.
fn table(things: &[&Thing], indent: &str, look: Look, text: &mut String) {
    let mut fields: Vec<&str> = Vec::new();
    for field in things.iter().flat_map(|thing| thing.keys()) {
        if !fields.contains(&field.as_str()) {
            fields.push(field);
        }
    }
    let mut columns: Vec<_> = fields.iter().map(|field| Column::of(field, things)).collect();
    if columns.iter().any(Column::has_news) {
        columns.retain(Column::has_news);
    }
    let widths: Vec<_> = columns.iter().map(|column| column.width(look.columns)).collect();
    let mut line = |cells: Vec<(&str, Tone)>| {
        let mut line = indent.to_owned();
        for (index, (cell, tone)) in cells.iter().enumerate() {
            let space = " ".repeat(widths[index].saturating_sub(cell.width()));
            let painted = look.painted(cell, *tone);
            let is_last = index + 1 == cells.len();
            match columns[index].is_number {
                true => line.push_str(&format!("{space}{painted}")),
                false if is_last => line.push_str(&painted),
                false => line.push_str(&format!("{painted}{space}")),
            }
            line.push_str(if is_last { "\n" } else { "  " });
        }
        text.push_str(&line);
    };
    line(columns.iter().map(|column| (column.header.as_str(), Tone::Header)).collect());
    for row in 0..things.len() {
        let cell = |column: &'_ Column| column.cells[row].1;
        line(columns.iter().map(|column| (column.cells[row].0.as_str(), cell(column))).collect());
    }
}

/// `leaderEpoch` as `LEADER-EPOCH`, one word as in the tables of Kafka's tools.
fn header(field: &str) -> String {
    let mut header = String::new();
    for letter in field.chars() {
        if letter.is_uppercase() {
            header.push('-');
        }
        header.extend(letter.to_uppercase());
    }
    header
}

/// A value in a few words; a list ends where it has become as long as that.
fn shown(value: &Value, length_max: usize) -> String {
    match value {
        Value::Null => NOTHING.to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) if text.is_empty() => "\"\"".to_owned(),
        // What a client or a config calls itself is not to move somebody's cursor.
        Value::String(text) => text.replace(char::is_control, "\u{fffd}"),
        Value::Array(items) => list(items, length_max),
        Value::Object(thing) => part(thing),
    }
}

fn list(items: &[Value], length_max: usize) -> String {
    let mut text = String::new();
    for (index, item) in items.iter().enumerate() {
        let item = shown(item, length_max);
        let comma = if index == 0 { "" } else { "," };
        let length = text.chars().count() + item.chars().count();
        if index > 0 && length >= length_max {
            return format!("{text},... ({} in all)", items.len());
        }
        text = format!("{text}{comma}{item}");
    }
    if text.is_empty() { NOTHING.to_owned() } else { text }
}

/// A thing within a cell: a partition, a setting and the tasks of a streams group as people write them, any other field by field.
fn part(thing: &Thing) -> String {
    let field = |name| thing.get(name).map(|value| shown(value, usize::MAX));
    if let (Some(topic), Some(partition)) = (field("topic"), field("partition")) {
        return format!("{topic}-{partition}");
    }
    if let (Some(name), Some(value)) = (field("name"), field("value")) {
        return format!("{name}={value}");
    }
    if let (Some(kind), Some(of), Some(partitions)) =
        (field("kind"), field("subtopology"), field("partitions"))
    {
        return format!("{kind}:{of}:{partitions}");
    }
    let fields: Vec<_> =
        thing.iter().map(|(name, value)| format!("{name}={}", shown(value, usize::MAX))).collect();
    if fields.is_empty() { NOTHING.to_owned() } else { fields.join(",") }
}

/// How loud a field is: offline is wrong; late, out of sync, and on the way are to be looked at.
fn tone(field: &str, value: &Value, thing: &Thing) -> Tone {
    let count = |value: &Value| value.as_array().map_or(0, Vec::len);
    let is_wrong = match field {
        "leader" => value.is_null(),
        "error" => !value.is_null(),
        "offlineReplicas" => count(value) > 0,
        "isr" => count(value) == 0,
        "state" => value == "Dead",
        _ => false,
    };
    let is_notable = match field {
        "isr" => count(value) < thing.get("replicas").map_or(0, count),
        "lag" | "offsetLag" => value.as_i64().is_some_and(|lag| lag > 0),
        "state" => {
            ["PreparingRebalance", "CompletingRebalance", "Assigning", "Reconciling", "fenced"]
                .iter()
                .any(|state| value == state)
        }
        _ => false,
    };
    match (is_wrong, is_notable) {
        (true, _) => Tone::Wrong,
        (_, true) => Tone::Warning,
        _ => Tone::Plain,
    }
}

#[cfg(test)]
mod tests;
