//! `VotersRecord`: made from `schema/data/VotersRecord.txt` by `cargo xtask codegen`.

use crate::ids::Uuid;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// data, versions 0.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct VotersRecord {
    pub version: i16,
    pub voters: Vec<Voter>,
    pub unknown_tags: UnknownTags,
}

impl VotersRecord {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            version: from.int16("version")?,
            voters: from.array("voters", |from| Voter::read(from, version))?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for VotersRecord {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int16("version", self.version);
        sink.array("voters", &self.voters, |sink, element| element.put(sink, "", version));
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`VotersRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Voter {
    pub voter_id: i32,
    pub voter_directory_id: Uuid,
    pub endpoints: Vec<Endpoint>,
    pub kraft_version_feature: KRaftVersionFeature,
    pub unknown_tags: UnknownTags,
}

impl Voter {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            voter_id: from.int32("voterId")?,
            voter_directory_id: from.uuid("voterDirectoryId")?,
            endpoints: from.array("endpoints", |from| Endpoint::read(from, version))?,
            kraft_version_feature: KRaftVersionFeature::read(from, version)?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Voter {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("voterId", self.voter_id);
        sink.uuid("voterDirectoryId", &self.voter_directory_id);
        sink.array("endpoints", &self.endpoints, |sink, element| element.put(sink, "", version));
        self.kraft_version_feature.put(sink, "kRaftVersionFeature", version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`VotersRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Endpoint {
    pub name: Text,
    pub host: Text,
    pub port: u16,
    pub unknown_tags: UnknownTags,
}

impl Endpoint {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            name: from.text("name")?,
            host: from.text("host")?,
            port: from.uint16("port")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for Endpoint {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.text("name", &self.name);
        sink.text("host", &self.host);
        sink.uint16("port", self.port);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`VotersRecord`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KRaftVersionFeature {
    pub min_supported_version: i16,
    pub max_supported_version: i16,
    pub unknown_tags: UnknownTags,
}

impl KRaftVersionFeature {
    fn read(from: &mut Reader, _version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            min_supported_version: from.int16("minSupportedVersion")?,
            max_supported_version: from.int16("maxSupportedVersion")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for KRaftVersionFeature {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, _version: i16) {
        sink.open(name);
        sink.int16("minSupportedVersion", self.min_supported_version);
        sink.int16("maxSupportedVersion", self.max_supported_version);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(VotersRecord, 0 ..= 0, flexible from 0);
