//! `DescribeUserScramCredentialsRequest`: made from `schema/api/DescribeUserScramCredentialsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 50, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeUserScramCredentialsRequest {
    pub users: Option<Vec<UserName>>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeUserScramCredentialsRequest {
    fn default() -> Self {
        Self { users: Some(Vec::new()), unknown_tags: UnknownTags::default() }
    }
}

impl DescribeUserScramCredentialsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            users: from.array_nullable("users", |from| UserName::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeUserScramCredentialsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array_nullable("users", self.users.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeUserScramCredentialsRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UserName {
    pub name: Text,
    pub unknown_tags: UnknownTags,
}

impl UserName {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self { name: from.text("name")?, unknown_tags: from.unknown_tags()? })
    }
}

impl Put for UserName {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeUserScramCredentialsRequest, 0 ..= 0, flexible from 0);
impl crate::wire::Request for DescribeUserScramCredentialsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeUserScramCredentials;
    type Response =
        super::describe_user_scram_credentials_response::DescribeUserScramCredentialsResponse;
}
