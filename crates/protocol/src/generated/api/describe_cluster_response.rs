//! `DescribeClusterResponse`: made from `schema/api/DescribeClusterResponse.txt` by `cargo xtask codegen`.

use crate::error_code::ErrorCode;
use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// response, key 60, versions 0-2.
#[derive(Debug, Clone, PartialEq)]
pub struct DescribeClusterResponse {
    pub throttle_time_ms: i32,
    pub error_code: ErrorCode,
    pub error_message: Option<Text>,
    pub endpoint_type: i8,
    pub cluster_id: Text,
    pub controller_id: i32,
    pub brokers: Vec<DescribeClusterBroker>,
    pub cluster_authorized_operations: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for DescribeClusterResponse {
    fn default() -> Self {
        Self {
            throttle_time_ms: 0,
            error_code: ErrorCode::NONE,
            error_message: None,
            endpoint_type: 1,
            cluster_id: Text::default(),
            controller_id: -1,
            brokers: Vec::new(),
            cluster_authorized_operations: -2147483648,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl DescribeClusterResponse {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            throttle_time_ms: from.int32("throttleTimeMs")?,
            error_code: ErrorCode(from.int16("errorCode")?),
            error_message: from.text_nullable("errorMessage")?,
            endpoint_type: if version >= 1 { from.int8("endpointType")? } else { 1 },
            cluster_id: from.text("clusterId")?,
            controller_id: from.int32("controllerId")?,
            brokers: from.array("brokers", |from| DescribeClusterBroker::read(from, version))?,
            cluster_authorized_operations: from.int32("clusterAuthorizedOperations")?,
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeClusterResponse {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("throttleTimeMs", self.throttle_time_ms);
        sink.error_code("errorCode", self.error_code);
        sink.text_nullable("errorMessage", self.error_message.as_ref());
        if version >= 1 {
            sink.int8("endpointType", self.endpoint_type);
        }
        sink.text("clusterId", &self.cluster_id);
        sink.int32("controllerId", self.controller_id);
        sink.array("brokers", &self.brokers, |sink, element| element.put(sink, "", version));
        sink.int32("clusterAuthorizedOperations", self.cluster_authorized_operations);
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

/// Part of [`DescribeClusterResponse`].
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DescribeClusterBroker {
    pub broker_id: i32,
    pub host: Text,
    pub port: i32,
    pub rack: Option<Text>,
    pub is_fenced: bool,
    pub unknown_tags: UnknownTags,
}

impl DescribeClusterBroker {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            broker_id: from.int32("brokerId")?,
            host: from.text("host")?,
            port: from.int32("port")?,
            rack: from.text_nullable("rack")?,
            is_fenced: if version == 2 { from.bool("isFenced")? } else { false },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for DescribeClusterBroker {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        sink.int32("brokerId", self.broker_id);
        sink.text("host", &self.host);
        sink.int32("port", self.port);
        sink.text_nullable("rack", self.rack.as_ref());
        if version == 2 {
            sink.bool("isFenced", self.is_fenced);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(DescribeClusterResponse, 0 ..= 2, flexible from 0, throttled by throttle_time_ms);
