//! `DefaultPrincipalData`: made from `schema/data/DefaultPrincipalData.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DefaultPrincipalData {
    pub r#type: Text,
    pub name: Text,
    pub token_authenticated: bool,
    pub unknown_tags: UnknownTags,
}

impl DefaultPrincipalData {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            r#type: from.text("type")?,
            name: from.text("name")?,
            token_authenticated: from.bool("tokenAuthenticated")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DefaultPrincipalData {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("type", &self.r#type);
        sink.text("name", &self.name);
        sink.bool("tokenAuthenticated", self.token_authenticated);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DefaultPrincipalData, 0 ..= 0, flexible from 0);
