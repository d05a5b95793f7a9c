//! `DescribeDelegationTokenRequest`: made from `schema/api/DescribeDelegationTokenRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 41, versions 0-3.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeDelegationTokenRequest {
    pub owners: Option<Vec<DescribeDelegationTokenOwner>>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeDelegationTokenRequest {
    fn default() -> Self {
        Self { owners: Some(Vec::new()), unknown_tags: UnknownTags::default() }
    }
}

impl DescribeDelegationTokenRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            owners: from.array_nullable("owners", |from| {
                DescribeDelegationTokenOwner::read(from, version)
            })?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeDelegationTokenRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.array_nullable("owners", self.owners.as_ref(), |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeDelegationTokenRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeDelegationTokenOwner {
    pub principal_type: Text,
    pub principal_name: Text,
    pub unknown_tags: UnknownTags,
}

impl DescribeDelegationTokenOwner {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            principal_type: from.text("principalType")?,
            principal_name: from.text("principalName")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeDelegationTokenOwner {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("principalType", &self.principal_type);
        sink.text("principalName", &self.principal_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeDelegationTokenRequest, 0 ..= 3, flexible from 2);
impl crate::wire::Request for DescribeDelegationTokenRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::DescribeDelegationToken;
    type Response = super::describe_delegation_token_response::DescribeDelegationTokenResponse;
}
