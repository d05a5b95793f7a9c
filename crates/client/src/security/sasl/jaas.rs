//! `sasl.jaas.config`: one login module with its options, as Java's tokenizer reads it.
//!
//! ```text
//! org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="b";
//! ```

use crate::Error;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::str::Chars;

/// A login module.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Module {
    /// Its Java class.
    pub(crate) class: String,
    /// What it is told.
    pub(crate) options: BTreeMap<String, String>,
}

impl Module {
    /// Reads the only module of a text.
    ///
    /// # Errors
    /// What Java's client has against it, in its words.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        let mut tokens = Tokens(text.chars().peekable());
        let mut modules = Vec::new();
        while let Some(first) = tokens.next() {
            modules.push(entry(first, &mut tokens)?);
        }
        let count = modules.len();
        match (modules.pop(), count) {
            (Some(module), 1) => Ok(module),
            (None, _) => Err(wrong("Login module not specified in JAAS config")),
            (Some(_), count) => Err(wrong(format!(
                "JAAS config property contains {count} login modules, should be 1 module"
            ))),
        }
    }
}

fn wrong(text: impl Into<String>) -> Error {
    Error::Usage(text.into())
}

/// A module from its class to its semicolon.
fn entry(class: Token, tokens: &mut Tokens<'_>) -> Result<Module, Error> {
    let class = class.word().unwrap_or_else(|| "null".to_owned());
    let flag = tokens
        .next()
        .ok_or_else(|| wrong("Login module control flag not specified in JAAS config"))?;
    let flag = flag
        .word()
        .ok_or_else(|| wrong("Login module control flag is not available in the JAAS config"))?;
    let flags = ["REQUIRED", "REQUISITE", "SUFFICIENT", "OPTIONAL"];
    if !flags.contains(&flag.to_uppercase().as_str()) {
        return Err(wrong(format!("Invalid login module control flag '{flag}' in JAAS config")));
    }
    let mut options = BTreeMap::new();
    loop {
        let key =
            tokens.next().ok_or_else(|| wrong("JAAS config entry not terminated by semi-colon"))?;
        if key == Token::Other(';') {
            return Ok(Module { class, options });
        }
        let key = key.word().unwrap_or_else(|| "null".to_owned());
        let is_set = tokens.next() == Some(Token::Other('='));
        let value = is_set.then(|| tokens.next()).flatten().and_then(Token::word);
        let value = value
            .ok_or_else(|| wrong(format!("Value not specified for key '{key}' in JAAS config")))?;
        options.insert(key, value);
    }
}

/// What Java's `StreamTokenizer` tells apart.
#[derive(PartialEq, Eq)]
enum Token {
    /// A word, or what stood in quotes.
    Word(String),
    /// A number: no value for Java, which wants words.
    Number,
    Other(char),
}

impl Token {
    fn word(self) -> Option<String> {
        if let Self::Word(word) = self { Some(word) } else { None }
    }
}

struct Tokens<'a>(Peekable<Chars<'a>>);

impl Tokens<'_> {
    fn next(&mut self) -> Option<Token> {
        loop {
            let letter = self.0.next()?;
            match letter {
                '\0'..=' ' => {}
                '/' => self.skip_comment(),
                '"' | '\'' => return Some(Token::Word(self.quoted(letter))),
                '0'..='9' | '.' => {
                    self.take_while(is_of_number);
                    return Some(Token::Number);
                }
                '-' if self.0.peek().is_some_and(|next| matches!(next, '0'..='9' | '.')) => {
                    self.take_while(is_of_number);
                    return Some(Token::Number);
                }
                letter if letter != '-' && is_of_word(letter) => {
                    let mut word = String::from(letter);
                    word.push_str(&self.take_while(is_of_word));
                    return Some(Token::Word(word));
                }
                other => return Some(Token::Other(other)),
            }
        }
    }

    fn take_while(&mut self, is_wanted: fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(letter) = self.0.next_if(|letter| is_wanted(*letter)) {
            taken.push(letter);
        }
        taken
    }

    /// Behind a slash: to the end of a `/* */`, else of the line.
    fn skip_comment(&mut self) {
        if self.0.next_if_eq(&'*').is_none() {
            self.take_while(|letter| !matches!(letter, '\n' | '\r'));
            return;
        }
        let mut before = ' ';
        for letter in self.0.by_ref() {
            if before == '*' && letter == '/' {
                return;
            }
            before = letter;
        }
    }

    /// Behind an opening quote: to the closing one, or the end of the line.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        while let Some(letter) = self.0.next_if(|letter| !matches!(letter, '\n' | '\r')) {
            match letter {
                letter if letter == quote => break,
                '\\' => text.extend(self.escaped()),
                letter => text.push(letter),
            }
        }
        text
    }

    /// Behind a backslash.
    fn escaped(&mut self) -> Option<char> {
        Some(match self.0.next()? {
            'a' => '\x07',
            'b' => '\x08',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            first @ '0'..='7' => {
                // Up to three octal digits, as long as they stay in a byte.
                let digits_max = if first <= '3' { 3 } else { 2 };
                let mut value = first.to_digit(8)?;
                for _ in 1..digits_max {
                    let Some(digit) = self.0.next_if(|digit| digit.is_digit(8)) else { break };
                    value = value * 8 + digit.to_digit(8)?;
                }
                char::from_u32(value)?
            }
            letter => letter,
        })
    }
}

fn is_of_number(letter: char) -> bool {
    letter.is_ascii_digit() || letter == '.'
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric()
        || matches!(letter, '.' | '-' | '_' | '$')
        || u32::from(letter) >= 0xa0
}

#[cfg(test)]
mod tests {
    use super::Module;

    #[test]
    fn modules() {
        for (text, expected) in [
            ("a.b.C required;", "a.b.C"),
            ("a.b.C required user=\"x\" pass='y z';", "a.b.C pass=y z user=x"),
            ("C$d REQUISITE a-b=c_d; ", "C$d a-b=c_d"),
            ("/* one */ C // two\n optional u=\"a\\\"b\\101\\n\" ;", "C u=a\"bA\n"),
            ("C required ümläut=ü;", "C ümläut=ü"),
        ] {
            let module = Module::parse(text).expect("a module");
            let options = module.options.iter().map(|(key, value)| format!(" {key}={value}"));
            assert_eq!(module.class + &options.collect::<String>(), expected);
        }
    }

    /// Recorded from `org.apache.kafka.common.security.JaasConfig` of 4.3.1.
    #[test]
    fn complaints() {
        for (text, expected) in [
            ("", "Login module not specified in JAAS config"),
            ("C", "Login module control flag not specified in JAAS config"),
            ("C;", "Login module control flag is not available in the JAAS config"),
            ("C perhaps;", "Invalid login module control flag 'perhaps' in JAAS config"),
            ("C required", "JAAS config entry not terminated by semi-colon"),
            ("C required a=b", "JAAS config entry not terminated by semi-colon"),
            ("C required a;", "Value not specified for key 'a' in JAAS config"),
            ("C required a=;", "Value not specified for key 'a' in JAAS config"),
            ("C required a=12;", "Value not specified for key 'a' in JAAS config"),
            (
                "C required; D required;",
                "JAAS config property contains 2 login modules, should be 1 module",
            ),
        ] {
            let error = Module::parse(text).err().expect("a complaint");
            assert_eq!(error.to_string(), expected, "{text}");
        }
    }
}
