//! The little JSON that Kafka keeps beside its logs, read.
//!
//! Own, because two files of a few fields do not earn a library below the shell. Nesting and size
//! are bounded; a number stays the text it was.

/// How deep values may nest. Kafka's files need three levels.
const DEPTH_MAX: usize = 16;

/// A JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Json {
    Null,
    Boolean(bool),
    Number(String),
    Text(String),
    Array(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// Reads one value; `None` if the text is anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let value = parser.value(DEPTH_MAX)?;
        parser.skip_blanks();
        parser.rest.is_empty().then_some(value)
    }

    /// The field `name` of an object; of several the last.
    pub(crate) fn field(&self, name: &str) -> Option<&Json> {
        match self {
            Self::Object(fields) => {
                fields.iter().rev().find(|(field, _)| field == name).map(|(_, value)| value)
            }
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::Array(_) => {
                None
            }
        }
    }

    /// A whole number in the range of `T`.
    pub(crate) fn number<T: std::str::FromStr>(&self) -> Option<T> {
        match self {
            Self::Number(digits) => digits.parse().ok(),
            Self::Null | Self::Boolean(_) | Self::Text(_) | Self::Array(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// A string.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Array(_) | Self::Object(_) => {
                None
            }
        }
    }

    /// The elements of an array.
    pub(crate) fn array(&self) -> Option<&[Json]> {
        match self {
            Self::Array(elements) => Some(elements),
            Self::Null | Self::Boolean(_) | Self::Number(_) | Self::Text(_) | Self::Object(_) => {
                None
            }
        }
    }
}

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn skip_blanks(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    fn value(&mut self, depth: usize) -> Option<Json> {
        let depth = depth.checked_sub(1)?;
        self.skip_blanks();
        match self.rest.chars().next()? {
            'n' => self.take("null").map(|()| Json::Null),
            't' => self.take("true").map(|()| Json::Boolean(true)),
            'f' => self.take("false").map(|()| Json::Boolean(false)),
            '"' => self.string().map(Json::Text),
            '[' => self.list(']', |parser| parser.value(depth)).map(Json::Array),
            '{' => self
                .list('}', |parser| {
                    parser.skip_blanks();
                    let name = parser.string()?;
                    parser.skip_blanks();
                    parser.take(":")?;
                    Some((name, parser.value(depth)?))
                })
                .map(Json::Object),
            '-' | '0'..='9' => {
                let end = self
                    .rest
                    .find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9'))
                    .unwrap_or(self.rest.len());
                let (number, rest) = self.rest.split_at(end);
                self.rest = rest;
                Some(Json::Number(number.to_owned()))
            }
            _ => None,
        }
    }

    fn list<T>(
        &mut self,
        end: char,
        mut element: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let mut elements = Vec::new();
        self.rest = &self.rest[1..];
        self.skip_blanks();
        if let Some(rest) = self.rest.strip_prefix(end) {
            self.rest = rest;
            return Some(elements);
        }
        loop {
            elements.push(element(self)?);
            self.skip_blanks();
            if let Some(rest) = self.rest.strip_prefix(end) {
                self.rest = rest;
                return Some(elements);
            }
            self.take(",")?;
        }
    }

    fn string(&mut self) -> Option<String> {
        self.take("\"")?;
        let mut units = Vec::new();
        let mut chars = self.rest.chars();
        loop {
            match chars.next()? {
                '"' => break,
                '\\' => units.push(match chars.next()? {
                    'b' => 8,
                    't' => 9,
                    'n' => 10,
                    'f' => 12,
                    'r' => 13,
                    'u' => {
                        let mut unit = 0;
                        for _ in 0..4 {
                            unit = unit << 4 | chars.next()?.to_digit(16)?;
                        }
                        u16::try_from(unit).ok()?
                    }
                    c @ ('"' | '\\' | '/') => u16::try_from(u32::from(c)).ok()?,
                    _ => return None,
                }),
                c if u32::from(c) < 0x20 => return None,
                c => units.extend_from_slice(c.encode_utf16(&mut [0; 2])),
            }
        }
        self.rest = chars.as_str();
        String::from_utf16(&units).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let value =
            Json::parse(r#" {"a" : -1, "b":["x\u0041\n",null,true] , "a":2, "c":{}} "#).unwrap();
        assert_eq!(value.field("a").unwrap().number::<i32>(), Some(2));
        assert_eq!(value.field("b").unwrap().array().unwrap()[0].text(), Some("xA\n"));
        assert_eq!(value.field("c"), Some(&Json::Object(Vec::new())));
        assert_eq!(value.field("d"), None);
    }

    #[test]
    fn what_is_no_json() {
        for text in ["", "{", "{\"a\":1", "[1,]", "\"\\x\"", "nul", "1 2", "{a:1}", "\"\\ud83d\""] {
            assert_eq!(Json::parse(text), None, "{text}");
        }
        assert_eq!(Json::parse(&"[".repeat(100_000)), None);
    }
}
