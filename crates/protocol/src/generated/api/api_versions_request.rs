//! `ApiVersionsRequest`: made from `schema/api/ApiVersionsRequest.txt` by `cargo xtask codegen`.

use crate::wire::{DecodeError, Put, Reader, Sink, Text, UnknownTags, message};

/// request, key 18, versions 0-5.
#[derive(Debug, Clone, PartialEq)]
pub struct ApiVersionsRequest {
    pub client_software_name: Text,
    pub client_software_version: Text,
    pub cluster_id: Option<Text>,
    pub node_id: i32,
    pub unknown_tags: UnknownTags,
}

impl Default for ApiVersionsRequest {
    fn default() -> Self {
        Self {
            client_software_name: Text::default(),
            client_software_version: Text::default(),
            cluster_id: None,
            node_id: -1,
            unknown_tags: UnknownTags::default(),
        }
    }
}

impl ApiVersionsRequest {
    fn read(from: &mut Reader, version: i16) -> Result<Self, DecodeError> {
        Ok(Self {
            client_software_name: if version >= 3 {
                from.text("clientSoftwareName")?
            } else {
                Text::default()
            },
            client_software_version: if version >= 3 {
                from.text("clientSoftwareVersion")?
            } else {
                Text::default()
            },
            cluster_id: if version == 5 { from.text_nullable("clusterId")? } else { None },
            node_id: if version == 5 { from.int32("nodeId")? } else { -1 },
            unknown_tags: from.unknown_tags()?,
        })
    }
}

impl Put for ApiVersionsRequest {
    fn put<S: Sink>(&self, sink: &mut S, name: &'static str, version: i16) {
        sink.open(name);
        if version >= 3 {
            sink.text("clientSoftwareName", &self.client_software_name);
        }
        if version >= 3 {
            sink.text("clientSoftwareVersion", &self.client_software_version);
        }
        if version == 5 {
            sink.text_nullable("clusterId", self.cluster_id.as_ref());
        }
        if version == 5 {
            sink.int32("nodeId", self.node_id);
        }
        sink.unknown_tags(&self.unknown_tags);
        sink.close();
    }
}

message!(ApiVersionsRequest, 0 ..= 5, flexible from 3);
impl crate::wire::Request for ApiVersionsRequest {
    const KEY: crate::api_key::ApiKey = crate::api_key::ApiKey::ApiVersions;
    type Response = super::api_versions_response::ApiVersionsResponse;
}
