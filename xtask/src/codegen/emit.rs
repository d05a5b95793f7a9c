//! The Rust of one message.

use std::fmt::Write;

use super::schema::{Field, Schema, Struct, Type, Versions};

/// `TopicData` as `topic_data`; a run of capitals is one word, and `KRaft` is too.
pub(crate) fn snake(name: &str) -> String {
    let name = name.replace("KRaft", "Kraft");
    let letters: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let after_small = index > 0 && !letters[index - 1].is_uppercase();
        let before_small = letters.get(index + 1).is_some_and(|next| next.is_lowercase());
        if letter.is_uppercase() && index > 0 && (after_small || before_small) {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// The name of a field in Rust.
fn member(field: &Field) -> String {
    match snake(&field.name).as_str() {
        keyword @ ("type" | "match" | "final" | "ref") => format!("r#{keyword}"),
        name => name.to_owned(),
    }
}

/// The name of a field in Kafka's JSON.
fn json_name(field: &Field) -> String {
    let mut name = field.name.clone();
    name[..1].make_ascii_lowercase();
    name
}

/// The test that `version` lies in `inner`, knowing that it lies in `outer`; `None` if it must.
fn condition(inner: Versions, outer: Versions) -> Option<String> {
    let Versions { lowest, highest } = inner;
    match (lowest <= outer.lowest, highest >= outer.highest) {
        (true, true) => None,
        _ if lowest == highest => Some(format!("version == {lowest}")),
        (false, true) => Some(format!("version >= {lowest}")),
        (true, false) => Some(format!("version <= {highest}")),
        (false, false) => Some(format!("({lowest}..={highest}).contains(&version)")),
    }
}

fn is_error_code(field: &Field) -> bool {
    field.element == Type::Int16 && field.name.ends_with("ErrorCode") && !field.is_array
}

fn element_type(field: &Field) -> &str {
    match &field.element {
        Type::Int16 if is_error_code(field) => "ErrorCode",
        Type::Bool => "bool",
        Type::Int8 => "i8",
        Type::Int16 => "i16",
        Type::Uint16 => "u16",
        Type::Int32 => "i32",
        Type::Uint32 => "u32",
        Type::Int64 => "i64",
        Type::Float64 => "f64",
        Type::Uuid => "Uuid",
        Type::Text => "Text",
        Type::Bytes => "Bytes",
        Type::Records => "Records",
        Type::Struct(name) => name,
    }
}

fn rust_type(field: &Field) -> String {
    let element = element_type(field);
    let whole = match (field.is_array, field.is_few) {
        (false, _) => element.to_owned(),
        (true, false) => format!("Vec<{element}>"),
        (true, true) => format!("Few<{element}>"),
    };
    if field.nullable.is_some() { format!("Option<{whole}>") } else { whole }
}

/// The method of `Reader` and of `Sink` for the type.
fn method(field: &Field) -> &'static str {
    match field.element {
        Type::Bool => "bool",
        Type::Int8 => "int8",
        Type::Int16 => "int16",
        Type::Uint16 => "uint16",
        Type::Int32 => "int32",
        Type::Uint32 => "uint32",
        Type::Int64 => "int64",
        Type::Float64 => "float64",
        Type::Uuid => "uuid",
        Type::Text if field.inflexible => "text_inflexible",
        Type::Text => "text",
        Type::Bytes => "bytes",
        Type::Records => "records",
        Type::Struct(_) => "struct",
    }
}

/// Whether the field starts as null: said so, or records, which Kafka leaves null.
fn starts_null(field: &Field) -> bool {
    field.nullable.is_some()
        && (field.default.as_deref() == Some("null") || field.element == Type::Records)
}

/// The default, and whether Rust's own default for the type is the same.
fn default_value(field: &Field) -> (String, bool) {
    if starts_null(field) {
        return ("None".to_owned(), true);
    }
    if field.nullable.is_some() {
        let empty = if field.is_array { "Vec" } else { element_type(field) };
        let call = if field.is_array || field.element == Type::Bytes { "new" } else { "default" };
        return (format!("Some({empty}::{call}())"), false);
    }
    if let Some(value) = &field.default {
        let value =
            if is_error_code(field) { format!("ErrorCode({value})") } else { value.clone() };
        return (value, false);
    }
    let plain = match (&field.element, field.is_array) {
        (_, true) if field.is_few => "Few::new()".to_owned(),
        (_, true) => "Vec::new()".to_owned(),
        (Type::Bool, _) => "false".to_owned(),
        (Type::Int16, _) if is_error_code(field) => "ErrorCode::NONE".to_owned(),
        (Type::Int8 | Type::Int16 | Type::Uint16 | Type::Int32 | Type::Uint32 | Type::Int64, _) => {
            "0".to_owned()
        }
        (Type::Float64, _) => "0.0".to_owned(),
        (Type::Uuid, _) => "Uuid::ZERO".to_owned(),
        (Type::Bytes, _) => "Bytes::new()".to_owned(),
        (Type::Text | Type::Records | Type::Struct(_), _) => {
            format!("{}::default()", element_type(field))
        }
    };
    (plain, true)
}

/// Writes one schema as a Rust module.
pub(crate) struct Emitter<'a> {
    schema: &'a Schema,
    group: &'a str,
    out: String,
}

impl<'a> Emitter<'a> {
    pub(crate) fn new(schema: &'a Schema, group: &'a str) -> Self {
        Self { schema, group, out: String::new() }
    }

    fn is_ever_flexible(&self) -> bool {
        self.schema.flexible_from.is_some_and(|from| from <= self.schema.versions.highest)
    }

    /// The whole module, not yet formatted.
    pub(crate) fn module(mut self) -> String {
        let schema = self.schema;
        self.imports();
        for each in &schema.structs {
            self.declare(each);
            self.implement(each);
        }
        let Versions { lowest, highest } = schema.versions;
        let name = &schema.name;
        let flexible =
            schema.flexible_from.map_or_else(|| "i16::MAX".to_owned(), |from| from.to_string());
        let throttle = schema.structs[0].fields.iter().find(|field| field.name == "ThrottleTimeMs");
        let throttle =
            throttle.map_or_else(String::new, |field| format!(", throttled by {}", member(field)));
        self.line(&format!(
            "message!({name}, {lowest} ..= {highest}, flexible from {flexible}{throttle});"
        ));
        if schema.kind == "request" {
            let stem = name.strip_suffix("Request").unwrap_or(name);
            let key = if schema.superseded { "ListConfigResources" } else { stem };
            self.line(&format!(
                "impl crate::wire::Request for {name} {{
                    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::{key};
                    type Response = super::{}_response::{stem}Response;
                }}",
                snake(stem)
            ));
        }
        self.out
    }

    fn line(&mut self, text: &str) {
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn imports(&mut self) {
        let schema = self.schema;
        let fields = || schema.structs.iter().flat_map(|each| &each.fields);
        let uses = |element: Type| fields().any(|field| field.element == element);
        let name = &schema.name;
        let group = self.group;
        self.line(&format!(
            "//! `{name}`: made from `schema/{group}/{name}.txt` by `cargo xtask codegen`.\n"
        ));
        if uses(Type::Bytes) {
            self.line("use bytes::Bytes;");
        }
        if fields().any(is_error_code) {
            self.line("use crate::error_code::ErrorCode;");
        }
        if uses(Type::Uuid) {
            self.line("use crate::ids::Uuid;");
        }
        let mut wire = vec!["DecodeError", "Put", "Reader", "Sink", "message"];
        if fields().any(|field| field.is_few) {
            wire.push("Few");
        }
        if uses(Type::Text) {
            wire.push("Text");
        }
        if uses(Type::Records) {
            wire.push("Records");
        }
        if fields().any(|field| field.tag.is_some()) {
            wire.push("tagged");
        }
        if self.is_ever_flexible() {
            wire.push("UnknownTags");
        }
        self.line(&format!("use crate::wire::{{{}}};\n", wire.join(", ")));
    }

    fn declare(&mut self, each: &Struct) {
        let custom = each.fields.iter().any(|field| !default_value(field).1);
        let derived = if custom { "" } else { ", Default" };
        let schema = self.schema;
        if each.name == schema.name {
            let kind = schema.kind.replace('-', " ");
            let key = schema.key.map_or(String::new(), |key| format!(", key {key}"));
            let versions = schema.versions;
            self.line(&format!("/// {kind}{key}, versions {versions}."));
        } else {
            self.line(&format!("/// Part of [`{}`].", schema.name));
        }
        self.line(&format!("#[derive(Debug, Clone, PartialEq{derived})]"));
        self.line(&format!("pub struct {} {{", each.name));
        for field in &each.fields {
            self.line(&format!("pub {}: {},", member(field), rust_type(field)));
        }
        if self.is_ever_flexible() {
            self.line("pub unknown_tags: UnknownTags,");
        }
        self.line("}\n");
        if custom {
            self.line(&format!(
                "impl Default for {} {{ fn default() -> Self {{ Self {{",
                each.name
            ));
            for field in &each.fields {
                self.line(&format!("{}: {},", member(field), default_value(field).0));
            }
            if self.is_ever_flexible() {
                self.line("unknown_tags: UnknownTags::default(),");
            }
            self.line("} } }\n");
        }
    }

    fn implement(&mut self, each: &Struct) {
        let read = self.read(each);
        let put = self.put(each);
        let name = &each.name;
        let version = |body: &str| {
            let uses = [", version)", "if version", "= version", "(&version)"];
            if uses.iter().any(|each| body.contains(each)) { "version" } else { "_version" }
        };
        let from = if read.contains("from.") || read.contains("(from,") { "from" } else { "_from" };
        let text = format!(
            "impl {name} {{
                fn read({from}: &mut Reader, {}: i16) -> Result<Self, DecodeError> {{ {read} }}
            }}

            impl Put for {name} {{
                fn put<S: Sink>(&self, sink: &mut S, name: &'static str, {}: i16) {{ {put} }}
            }}
            ",
            version(&read),
            version(&put),
        );
        self.line(&text);
    }

    fn read(&self, each: &Struct) -> String {
        let mut body = String::new();
        for field in &each.fields {
            let value = match (field.tag, condition(field.versions, each.versions)) {
                (Some(_), _) => default_value(field).0,
                (None, None) => read_value(field),
                (None, Some(test)) => {
                    let default = default_value(field).0;
                    format!("if {test} {{ {} }} else {{ {default} }}", read_value(field))
                }
            };
            let _ = writeln!(body, "{}: {value},", member(field));
        }
        if !each.fields.iter().any(|field| field.tag.is_some()) {
            let tags =
                if self.is_ever_flexible() { "unknown_tags: from.unknown_tags()?," } else { "" };
            return format!("Ok(Self {{ {body} {tags} }})");
        }
        let mut arms = String::new();
        for field in &each.fields {
            let Some(tag) = field.tag else { continue };
            let test = condition(field.versions, each.versions);
            let guard = test.as_ref().map_or(String::new(), |test| format!(" if {test}"));
            let value = read_value(field);
            let _ = writeln!(arms, "{tag}{guard} => message.{} = {value},", member(field));
            if test.is_some() {
                let name = json_name(field);
                let _ =
                    writeln!(arms, "{tag} => return from.tag_not_in_version(\"{name}\", {tag}),");
            }
        }
        format!(
            "let mut message = Self {{ {body} unknown_tags: UnknownTags::default() }};
            if from.is_flexible() {{
                message.unknown_tags = from.tags(|from, tag| {{
                    match tag {{ {arms} _ => return Ok(false), }}
                    Ok(true)
                }})?;
            }}
            Ok(message)"
        )
    }

    fn put(&self, each: &Struct) -> String {
        let mut body = String::from("sink.open(name);\n");
        let mut tagged = Vec::new();
        for field in &each.fields {
            let statement = put_statement(field);
            let test = condition(field.versions, each.versions);
            if let Some(tag) = field.tag {
                let there = presence(field);
                let there = test.map_or_else(|| there.clone(), |test| format!("{test} && {there}"));
                let flag = format!("has_{}", snake(&field.name));
                let _ = writeln!(body, "let {flag} = {there};");
                let _ = writeln!(body, "if S::NAMED && {flag} {{ {statement} }}");
                tagged.push((tag, flag, statement));
            } else if let Some(test) = test {
                let _ = writeln!(body, "if {test} {{ {statement} }}");
            } else {
                let _ = writeln!(body, "{statement}");
            }
        }
        if !tagged.is_empty() {
            tagged.sort_by_key(|(tag, ..)| *tag);
            body.push_str(&tag_section(&tagged));
        } else if self.is_ever_flexible() {
            body.push_str("sink.unknown_tags(&self.unknown_tags);\n");
        }
        body.push_str("sink.close();\n");
        body
    }
}

/// The tag section of a struct that has tagged fields: (tag, whether it is there, how it is put).
fn tag_section(tagged: &[(u32, String, String)]) -> String {
    let mut body = String::from("if !S::NAMED && sink.is_flexible() {\n");
    body.push_str("let tags = self.unknown_tags.as_slice();\n");
    let flags: Vec<_> = tagged.iter().map(|(_, flag, _)| format!("usize::from({flag})")).collect();
    let _ = writeln!(body, "sink.tag_count(tags.len() + {});", flags.join(" + "));
    let mut next = 0;
    for (tag, flag, statement) in tagged {
        if *tag > next {
            let _ = writeln!(body, "sink.unknown_tags_between(tags, {next}, {});", tag - 1);
        }
        let put = statement.trim_end_matches(';');
        let _ = writeln!(body, "if {flag} {{ tagged!(sink, {tag}, {put}); }}");
        next = tag + 1;
    }
    let _ = writeln!(body, "sink.unknown_tags_between(tags, {next}, u32::MAX);\n}}");
    body
}

/// The expression that reads a field which is there.
fn read_value(field: &Field) -> String {
    let name = json_name(field);
    let method = method(field);
    let array = if field.is_few { "few" } else { "array" };
    let plain = |nullable: &str| match (&field.element, field.is_array) {
        (Type::Struct(inner), true) => {
            format!("from.{array}{nullable}(\"{name}\", |from| {inner}::read(from, version))?")
        }
        (_, true) => {
            format!("from.{array}{nullable}(\"{name}\", |from| from.{method}(\"{name}\"))?")
        }
        (Type::Struct(inner), false) if nullable.is_empty() => {
            format!("{inner}::read(from, version)?")
        }
        (Type::Struct(inner), false) => {
            let how = if field.tag.is_some() { "nullable_tagged" } else { "nullable" };
            format!("from.{how}(\"{name}\", |from| {inner}::read(from, version))?")
        }
        _ if is_error_code(field) => format!("ErrorCode(from.{method}(\"{name}\")?)"),
        _ => format!("from.{method}{nullable}(\"{name}\")?"),
    };
    let Some(nullable) = field.nullable else { return plain("") };
    match condition(nullable, field.versions) {
        None => plain("_nullable"),
        Some(test) => {
            format!("if {test} {{ {} }} else {{ Some({}) }}", plain("_nullable"), plain(""))
        }
    }
}

/// The statement that puts a field which is there.
fn put_statement(field: &Field) -> String {
    let name = json_name(field);
    let member = member(field);
    let method = method(field);
    let copied = !matches!(
        field.element,
        Type::Uuid | Type::Text | Type::Bytes | Type::Records | Type::Struct(_)
    );
    if field.is_array {
        let put = match &field.element {
            Type::Struct(_) => "element.put(sink, \"\", version)".to_owned(),
            _ => format!("sink.{method}(\"\", {}element)", if copied { "*" } else { "" }),
        };
        let array = format!("|sink, element| {put}");
        let nullable = format!("sink.array_nullable(\"{name}\", self.{member}.as_ref(), {array});");
        let Some(range) = field.nullable else {
            return format!("sink.array(\"{name}\", &self.{member}, {array});");
        };
        return match condition(range, field.versions) {
            None => nullable,
            Some(test) => {
                let empty = format!("self.{member}.as_deref().unwrap_or_default()");
                format!(
                    "if {test} {{ {nullable} }} else {{ sink.array(\"{name}\", {empty}, {array}); }}"
                )
            }
        };
    }
    let Some(range) = field.nullable else {
        return match &field.element {
            Type::Struct(_) => format!("self.{member}.put(sink, \"{name}\", version);"),
            _ if is_error_code(field) => format!("sink.error_code(\"{name}\", self.{member});"),
            _ if copied => format!("sink.{method}(\"{name}\", self.{member});"),
            _ => format!("sink.{method}(\"{name}\", &self.{member});"),
        };
    };
    let nullable = match &field.element {
        Type::Struct(_) => {
            let how = if field.tag.is_some() { "nullable_tagged" } else { "nullable" };
            format!("sink.{how}(\"{name}\", self.{member}.as_ref(), version);")
        }
        _ => format!("sink.{method}_nullable(\"{name}\", self.{member}.as_ref());"),
    };
    match condition(range, field.versions) {
        None => nullable,
        Some(test) => {
            let plain = format!("sink.{method}_or_empty(\"{name}\", self.{member}.as_ref());");
            format!("if {test} {{ {nullable} }} else {{ {plain} }}")
        }
    }
}

/// The test that a tagged field is not its default, which is when it is on the wire.
fn presence(field: &Field) -> String {
    let member = member(field);
    if starts_null(field) {
        return format!("self.{member}.is_some()");
    }
    if field.nullable.is_none()
        && (field.is_array || matches!(field.element, Type::Text | Type::Bytes))
    {
        return format!("!self.{member}.is_empty()");
    }
    match (&field.element, default_value(field).0.as_str()) {
        (Type::Bool, "false") => format!("self.{member}"),
        (Type::Bool, "true") => format!("!self.{member}"),
        (_, default) => format!("self.{member} != {default}"),
    }
}
