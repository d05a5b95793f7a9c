//! `CreateDelegationTokenRequest`: made from `schema/api/CreateDelegationTokenRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 38, versions 0-3.
#[derive(Debug, Clone, PartialEq)]
pub struct CreateDelegationTokenRequest {
    pub owner_principal_type: Option<Text>,
    pub owner_principal_name: Option<Text>,
    pub renewers: Vec<CreatableRenewers>,
    pub max_lifetime_ms: i64,
    pub unknown_tags: UnknownTags,
}

impl Default for CreateDelegationTokenRequest {
    fn default() -> Self {
        Self {
            owner_principal_type: Some(Text::default()),
            owner_principal_name: Some(Text::default()),
            renewers: Vec::new(),
            max_lifetime_ms: 0,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl CreateDelegationTokenRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            owner_principal_type: if version == 3 {
                from.text_nullable("ownerPrincipalType")?
            } else {
                Some(Text::default())
            },
            owner_principal_name: if version == 3 {
                from.text_nullable("ownerPrincipalName")?
            } else {
                Some(Text::default())
            },
            renewers: from.array("renewers", |from| CreatableRenewers::read(from, version))?,
            max_lifetime_ms: from.int64("maxLifetimeMs")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreateDelegationTokenRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version == 3 {
            sink.text_nullable("ownerPrincipalType", self.owner_principal_type.as_ref());
        }
        if version == 3 {
            sink.text_nullable("ownerPrincipalName", self.owner_principal_name.as_ref());
        }
        sink.array("renewers", &self.renewers, |sink, element| element.put(sink, "", version));
        sink.int64("maxLifetimeMs", self.max_lifetime_ms);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`CreateDelegationTokenRequest`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CreatableRenewers {
    pub principal_type: Text,
    pub principal_name: Text,
    pub unknown_tags: UnknownTags,
}

impl CreatableRenewers {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            principal_type: from.text("principalType")?,
            principal_name: from.text("principalName")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CreatableRenewers {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("principalType", &self.principal_type);
        sink.text("principalName", &self.principal_name);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(CreateDelegationTokenRequest, 0 ..= 3, flexible from 2);
impl crate::wire::Request for CreateDelegationTokenRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::CreateDelegationToken;
    type Response = super::create_delegation_token_response::CreateDelegationTokenResponse;
}
