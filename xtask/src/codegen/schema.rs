//! Schemas of messages: one text file each, as `crates/protocol/schema/README.md` describes.

use std::fmt;

/// An inclusive range of versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Versions {
    pub(crate) lowest: i16,
    pub(crate) highest: i16,
}

impl Versions {
    pub(crate) const ALL: Self = Self { lowest: 0, highest: i16::MAX };

    /// `2`, `2-5`, `2+` or `none`.
    fn parse(text: &str) -> Result<Option<Self>, String> {
        let number =
            |text: &str| text.parse::<i16>().map_err(|_| format!("{text:?} is no version"));
        if text == "none" {
            return Ok(None);
        }
        let (lowest, highest) = if let Some(lowest) = text.strip_suffix('+') {
            (number(lowest)?, i16::MAX)
        } else if let Some((lowest, highest)) = text.split_once('-') {
            (number(lowest)?, number(highest)?)
        } else {
            (number(text)?, number(text)?)
        };
        Ok(Some(Self { lowest, highest }))
    }

    pub(crate) fn within(self, outer: Self) -> Self {
        Self { lowest: self.lowest.max(outer.lowest), highest: self.highest.min(outer.highest) }
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { lowest, highest } = self;
        if lowest == highest { write!(f, "{lowest}") } else { write!(f, "{lowest}-{highest}") }
    }
}

/// What a value is, arrays aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Uint32,
    Int64,
    Float64,
    Uuid,
    Text,
    Bytes,
    Records,
    Struct(String),
}

impl Type {
    fn parse(text: &str) -> Self {
        match text {
            "bool" => Self::Bool,
            "int8" => Self::Int8,
            "int16" => Self::Int16,
            "uint16" => Self::Uint16,
            "int32" => Self::Int32,
            "uint32" => Self::Uint32,
            "int64" => Self::Int64,
            "float64" => Self::Float64,
            "uuid" => Self::Uuid,
            "string" => Self::Text,
            "bytes" => Self::Bytes,
            "records" => Self::Records,
            name => Self::Struct(name.to_owned()),
        }
    }
}

/// A field of a message or of a struct in it.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// As Kafka spells it.
    pub(crate) name: String,
    pub(crate) element: Type,
    pub(crate) is_array: bool,
    /// In which versions it may be null.
    pub(crate) nullable: Option<Versions>,
    /// In which versions it exists, within those of its struct.
    pub(crate) versions: Versions,
    pub(crate) tag: Option<u32>,
    pub(crate) default: Option<String>,
    /// Keeps its int16 length in flexible versions.
    pub(crate) inflexible: bool,
    /// An array that mostly has one element.
    pub(crate) is_few: bool,
}

/// A struct: the message itself or one inside it.
#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) versions: Versions,
    pub(crate) fields: Vec<Field>,
}

/// One schema file.
#[derive(Debug)]
pub(crate) struct Schema {
    /// `request`, `response`, `data`, `metadata`, `group-key` and so on.
    pub(crate) kind: String,
    pub(crate) name: String,
    pub(crate) key: Option<i16>,
    pub(crate) versions: Versions,
    pub(crate) flexible_from: Option<i16>,
    /// Which versions Kafka 4.3 offers.
    pub(crate) advertised: Option<Versions>,
    pub(crate) unstable: Option<i16>,
    pub(crate) listeners: Vec<String>,
    /// Another message took its key over.
    pub(crate) superseded: bool,
    /// The message first, then the structs inside it in the order they appear.
    pub(crate) structs: Vec<Struct>,
}

impl Schema {
    /// Reads a schema file.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut lines = text
            .lines()
            .enumerate()
            .map(|(index, line)| (index + 1, line.split('#').next().unwrap_or("").trim_end()))
            .filter(|(_, line)| !line.is_empty());
        let (_, first) = lines.next().ok_or("the file is empty")?;
        let (kind, name) = first.split_once(' ').ok_or("the first line is not `kind Name`")?;
        let mut schema = Self {
            kind: kind.to_owned(),
            name: name.to_owned(),
            key: None,
            versions: Versions::ALL,
            flexible_from: None,
            advertised: None,
            unstable: None,
            listeners: Vec::new(),
            superseded: false,
            structs: Vec::new(),
        };
        let mut open = vec![];
        for (number, line) in lines {
            let at = |error: String| format!("line {number}: {error}");
            if schema.header(line).map_err(at)? {
                continue;
            }
            if open.is_empty() {
                schema.start(name, schema.versions);
                open.push((0, 0));
            }
            schema.body(line, &mut open).map_err(at)?;
        }
        if open.is_empty() {
            schema.start(name, schema.versions);
        }
        Ok(schema)
    }

    fn start(&mut self, name: &str, versions: Versions) -> usize {
        let name = name.to_owned();
        self.structs.push(Struct { name, versions, fields: Vec::new() });
        self.structs.len() - 1
    }

    /// A line of lowercase words before the fields.
    fn header(&mut self, line: &str) -> Result<bool, String> {
        if !line.starts_with(|first: char| first.is_ascii_lowercase())
            || line.starts_with("struct ")
        {
            return Ok(false);
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let number = || rest.parse::<i16>().map_err(|_| format!("{rest:?} is no number"));
        match word {
            "key" => self.key = Some(number()?),
            "versions" => self.versions = Versions::parse(rest)?.ok_or("no versions")?,
            "flexible" => self.flexible_from = Versions::parse(rest)?.map(|range| range.lowest),
            "advertised" => self.advertised = Versions::parse(rest)?,
            "unstable" => self.unstable = Some(number()?),
            "listeners" => self.listeners = rest.split(' ').map(str::to_owned).collect(),
            "superseded" => self.superseded = true,
            _ => return Err(format!("{word:?} is no word of a schema")),
        }
        Ok(true)
    }

    /// A field, or the head of a struct that several fields share. `open` holds the structs that
    /// deeper indents belong to.
    fn body(&mut self, line: &str, open: &mut Vec<(usize, usize)>) -> Result<(), String> {
        if let Some(name) = line.strip_prefix("struct ") {
            let index = self.start(name, self.versions);
            *open = vec![(2, index)];
            return Ok(());
        }
        let indent = line.len() - line.trim_start().len();
        while open.last().is_some_and(|(level, _)| *level > indent) {
            open.pop();
        }
        let &(level, parent) = open.last().ok_or("the indent fits no struct")?;
        if indent > level {
            let field = self.structs[parent].fields.last().ok_or("an indent without a field")?;
            let Type::Struct(name) = &field.element else {
                return Err(format!("{} is no struct and has no fields", field.name));
            };
            let (name, versions) = (name.clone(), field.versions);
            let index = self.start(&name, versions);
            open.push((indent, index));
        }
        let &(_, parent) = open.last().ok_or("the indent fits no struct")?;
        let field = Field::parse(line.trim_start(), self.structs[parent].versions)?;
        self.structs[parent].fields.push(field);
        Ok(())
    }
}

impl Field {
    /// `Name type [versions] [tag N] [default X] [inflexible] [few]`.
    fn parse(line: &str, outer: Versions) -> Result<Self, String> {
        let mut words = line.split_whitespace().peekable();
        let name = words.next().ok_or("no name")?.to_owned();
        let full_type = words.next().ok_or_else(|| format!("{name} has no type"))?;
        let versions = match words.peek() {
            Some(word) if word.starts_with(|first: char| first.is_ascii_digit()) => {
                Versions::parse(words.next().unwrap_or("none"))?.ok_or("no versions")?
            }
            _ => Versions::ALL,
        };
        let versions = versions.within(outer);
        let (bare, nullable) = match full_type.split_once('?') {
            None => (full_type, None),
            Some((bare, "")) => (bare, Some(versions)),
            Some((bare, range)) => (bare, Versions::parse(range)?.map(|r| r.within(versions))),
        };
        let element = bare.strip_prefix('[').and_then(|bare| bare.strip_suffix(']'));
        let mut field = Self {
            name,
            element: Type::parse(element.unwrap_or(bare)),
            is_array: element.is_some(),
            nullable,
            versions,
            tag: None,
            default: None,
            inflexible: false,
            is_few: false,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} has no value"));
            match word {
                "tag" => field.tag = Some(value()?.parse().map_err(|_| "a tag is a number")?),
                "default" => field.default = Some(value()?.to_owned()),
                "inflexible" => field.inflexible = true,
                "few" if field.is_array && nullable.is_none() => field.is_few = true,
                _ => return Err(format!("{word:?} is no word of a field")),
            }
        }
        Ok(field)
    }
}
