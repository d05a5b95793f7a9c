//! `AlterUserScramCredentialsRequest`: made from `schema/api/AlterUserScramCredentialsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};
use bytes::Bytes;

/// request, key 51, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AlterUserScramCredentialsRequest {
    pub deletions: Vec<ScramCredentialDeletion>,
    pub upsertions: Vec<ScramCredentialUpsertion>,
    pub unknown_tags: UnknownTags,
}

impl AlterUserScramCredentialsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            deletions: from
                .array("deletions", |from| ScramCredentialDeletion::read(from, version))?,
            upsertions: from
                .array("upsertions", |from| ScramCredentialUpsertion::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for AlterUserScramCredentialsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array("deletions", &self.deletions, |sink, element| element.put(sink, "", version));
        sink.array("upsertions", &self.upsertions, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterUserScramCredentialsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScramCredentialDeletion {
    pub name: Text,
    pub mechanism: i8,
    pub unknown_tags: UnknownTags,
}

impl ScramCredentialDeletion {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            mechanism: from.int8("mechanism")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ScramCredentialDeletion {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int8("mechanism", self.mechanism);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`AlterUserScramCredentialsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ScramCredentialUpsertion {
    pub name: Text,
    pub mechanism: i8,
    pub iterations: i32,
    pub salt: Bytes,
    pub salted_password: Bytes,
    pub unknown_tags: UnknownTags,
}

impl ScramCredentialUpsertion {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            mechanism: from.int8("mechanism")?,
            iterations: from.int32("iterations")?,
            salt: from.bytes("salt")?,
            salted_password: from.bytes("saltedPassword")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ScramCredentialUpsertion {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.int8("mechanism", self.mechanism);
        sink.int32("iterations", self.iterations);
        sink.bytes("salt", &self.salt);
        sink.bytes("saltedPassword", &self.salted_password);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(AlterUserScramCredentialsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for AlterUserScramCredentialsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::AlterUserScramCredentials;
    type Response = super::alter_user_scram_credentials_response::AlterUserScramCredentialsResponse;
}
