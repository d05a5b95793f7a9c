//! `BeginTransactionRecord`: made from `schema/metadata/BeginTransactionRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// metadata, key 23, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BeginTransactionRecord {
    pub name: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl BeginTransactionRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut message = Self { name: None, unknown_tags: UnknownTags::default() };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.name = from.text_nullable("name")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for BeginTransactionRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        let has_name = self.name.is_some();
        if S::NAMED && has_name {
            sink.text_nullable("name", self.name.as_ref());
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_name));
            if has_name {
                tagged!(sink, 0, sink.text_nullable("name", self.name.as_ref()));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

message!(BeginTransactionRecord, 0 ..= 0, flexible from 0);
