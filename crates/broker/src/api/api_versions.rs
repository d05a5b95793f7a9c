//! ApiVersions: what this node speaks, and which features the cluster has.

use super::served;
use crate::dispatch::Reply;
use crate::request::Context;
use crate::session::Session;
use dohle_metadata::features::{FEATURES, KRAFT_VERSION};
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::api_versions_request::ApiVersionsRequest;
use dohle_protocol::messages::api_versions_response::{
    ApiVersion, ApiVersionsResponse, FinalizedFeatureKey, SupportedFeatureKey,
};
use dohle_protocol::wire::Text;
use std::ops::RangeInclusive;

/// Clients say what they are from this version on.
const VERSION_SOFTWARE: i16 = 3;
/// Older clients cannot read a feature whose lowest level is 0 (KAFKA-17492).
const VERSION_FEATURES_FROM_ZERO: i16 = 4;

pub(crate) fn handle(
    context: &Context,
    session: &mut Session,
    request: ApiVersionsRequest,
) -> ApiVersionsResponse {
    if VERSION_SOFTWARE <= context.version {
        let (name, version) = (&request.client_software_name, &request.client_software_version);
        if !is_software(name) || !is_software(version) {
            let error_code = ErrorCode::INVALID_REQUEST;
            return ApiVersionsResponse { error_code, ..ApiVersionsResponse::default() };
        }
        session.software_name = name.detached();
        session.software_version = version.detached();
    }
    let view = context.view();
    let image = &view.image;
    let finalized = image.features.iter().map(|(name, level)| (name.clone(), *level));
    let kraft_version = context.node.config.kraft_version();
    let finalized = finalized.chain([(Text::from_static(KRAFT_VERSION), kraft_version)]);
    let finalized =
        finalized.filter(|(_, level)| *level != 0).map(|(name, level)| FinalizedFeatureKey {
            name,
            max_version_level: level,
            min_version_level: level,
            ..FinalizedFeatureKey::default()
        });
    ApiVersionsResponse {
        api_keys: served(context.listener_type()).map(api_version).collect(),
        supported_features: supported_features(context.version),
        finalized_features_epoch: image.provenance.offset,
        finalized_features: finalized.collect(),
        ..ApiVersionsResponse::default()
    }
}

/// To a request of a version that is not served: version 0, with the versions that are.
pub(crate) fn unsupported_version(context: Context) -> Reply {
    let own = served(context.listener_type()).filter(|(key, _)| *key == ApiKey::ApiVersions);
    let response = ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: own.map(api_version).collect(),
        ..ApiVersionsResponse::default()
    };
    Context { version: 0, ..context }.respond(&response)
}

fn api_version((key, versions): &(ApiKey, RangeInclusive<i16>)) -> ApiVersion {
    ApiVersion {
        api_key: *key as i16,
        min_version: *versions.start(),
        max_version: *versions.end(),
        ..ApiVersion::default()
    }
}

fn supported_features(version: i16) -> Vec<SupportedFeatureKey> {
    let is_told = |lowest| VERSION_FEATURES_FROM_ZERO <= version || lowest != 0;
    let features = FEATURES.iter().filter(|feature| is_told(feature.lowest));
    let key = features.map(|feature| SupportedFeatureKey {
        name: Text::from_static(feature.name),
        min_version: feature.lowest,
        max_version: feature.highest,
        ..SupportedFeatureKey::default()
    });
    key.collect()
}

/// Letters, digits, `-` and `.`, with a letter or digit at both ends.
fn is_software(text: &str) -> bool {
    let is_end = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    is_end(bytes.first())
        && is_end(bytes.last())
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn software_names_are_those_that_kafka_takes() {
        let good = ["a", "apache-kafka-java", "4.3.1", "A-.-b", "0"];
        let bad = ["", "-a", "a-", ".a", "a.", "a b", "a_b", "\u{e4}", "-", "a\n"];
        assert!(good.into_iter().all(is_software));
        assert!(!bad.into_iter().any(is_software));
    }

    #[test]
    fn features_from_zero_are_kept_from_old_clients() {
        assert!(supported_features(3).iter().all(|feature| feature.min_version != 0));
        assert_eq!(supported_features(4).len(), FEATURES.len());
    }
}
