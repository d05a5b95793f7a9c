//! `AbortTransactionRecord`: made from `schema/metadata/AbortTransactionRecord.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message, tagged};

/// metadata, key 25, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AbortTransactionRecord {
    pub reason: Option<Text>,
    pub unknown_tags: UnknownTags,
}

impl AbortTransactionRecord {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        let mut message = Self { reason: None, unknown_tags: UnknownTags::default() };
        if from.is_flexible() {
            message.unknown_tags = from.tags(|from, tag| {
                match tag {
                    0 => message.reason = from.text_nullable("reason")?,
                    _ => return Ok(false),
                }
                Ok(true)
            })?;
        }
        Ok(message)
    }
}

impl Put for AbortTransactionRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        let has_reason = self.reason.is_some();
        if S::NAMED && has_reason {
            sink.text_nullable("reason", self.reason.as_ref());
        }
        if !S::NAMED && sink.is_flexible() {
            let tags = self.unknown_tags.as_slice();
            sink.tag_count(tags.len() + usize::from(has_reason));
            if has_reason {
                tagged!(sink, 0, sink.text_nullable("reason", self.reason.as_ref()));
            }
            sink.unknown_tags_between(tags, 1, u32::MAX);
        }
        sink.close();
    }
}

message!(AbortTransactionRecord, 0 ..= 0, flexible from 0);
