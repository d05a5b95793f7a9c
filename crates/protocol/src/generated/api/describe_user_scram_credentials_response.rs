//! `DescribeUserScramCredentialsResponse`: made from `schema/api/DescribeUserScramCredentialsResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 50, versions 0.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeUserScramCredentialsResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub results: Vec<DescribeUserScramCredentialsResult>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeUserScramCredentialsResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            results: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeUserScramCredentialsResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            results: from
                .array("results", |from| DescribeUserScramCredentialsResult::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeUserScramCredentialsResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("results", &self.results, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeUserScramCredentialsResponse`].
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeUserScramCredentialsResult {
    pub user: Text,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub credential_infos: Vec<CredentialInfo>,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeUserScramCredentialsResult {
    fn default() -> Self {
        Self {
            user: Text::default(),
            error_code: ErrorCode::NONE,
            error_message: Some(Text::default()),
            credential_infos: Vec::new(),
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeUserScramCredentialsResult {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            user: from.text("user")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            credential_infos: from
                .array("credentialInfos", |from| CredentialInfo::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeUserScramCredentialsResult {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.text("user", &self.user);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        sink.array("credentialInfos", &self.credential_infos, |sink, element| {
            element.put(sink, "", version)
        });
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeUserScramCredentialsResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct CredentialInfo {
    pub mechanism: i8,
    pub iterations: i32,
    pub unknown_tags: UnknownTags,
}

impl CredentialInfo {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            mechanism: from.int8("mechanism")?,
            iterations: from.int32("iterations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for CredentialInfo {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int8("mechanism", self.mechanism);
        sink.int32("iterations", self.iterations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeUserScramCredentialsResponse, 0 ..= 0, flexible from 0, throttled by throttle_time_ms);
