//! Which versions of each API a broker serves, and which of them we ask for.

use crate::Error;
use dohle_protocol::ApiKey;
use dohle_protocol::messages::ApiVersionsResponse;
use dohle_protocol::wire::{Request, Text};
use std::collections::BTreeMap;

/// A feature of the cluster, as a broker tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// Its name, such as `metadata.version`.
    pub name: Text,
    /// The lowest and highest level.
    pub levels: (i16, i16),
}

/// What a broker offers.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    ranges: BTreeMap<i16, (i16, i16)>,
    /// Features that it supports.
    pub supported: Vec<Feature>,
    /// Features that the cluster has decided on; the lower level is of no use here.
    pub finalized: Vec<Feature>,
    /// Since which change of the features that holds; below zero: not known.
    pub finalized_epoch: i64,
}

impl Versions {
    pub(crate) fn of(answer: &ApiVersionsResponse) -> Self {
        let ranges = answer
            .api_keys
            .iter()
            .map(|one| (one.api_key, (one.min_version, one.max_version)))
            .collect();
        let supported = answer.supported_features.iter().map(|one| Feature {
            name: one.name.detached(),
            levels: (one.min_version, one.max_version),
        });
        let finalized = answer.finalized_features.iter().map(|one| Feature {
            name: one.name.detached(),
            levels: (one.min_version_level, one.max_version_level),
        });
        Self {
            ranges,
            supported: supported.collect(),
            finalized: finalized.collect(),
            finalized_epoch: answer.finalized_features_epoch,
        }
    }

    /// The lowest and highest version of each API that the broker named, by the API's number.
    #[must_use]
    pub fn ranges(&self) -> &BTreeMap<i16, (i16, i16)> {
        &self.ranges
    }

    /// What the broker offers of an API.
    #[must_use]
    pub fn offered(&self, key: ApiKey) -> Option<(i16, i16)> {
        self.ranges.get(&key.to_i16()).copied()
    }

    /// The newest version of `R` that both sides have, at most `highest`.
    ///
    /// # Errors
    /// When there is none.
    pub fn usable<R: Request>(&self, highest: i16) -> Result<i16, Error> {
        let offered = self.offered(R::KEY);
        let unusable = || Error::UnsupportedVersion { api: R::KEY, offered };
        let (lowest, theirs) = offered.ok_or_else(unusable)?;
        let version = theirs.min(newest_stable::<R>()).min(highest);
        if version < lowest.max(R::LOWEST_VERSION) { Err(unusable()) } else { Ok(version) }
    }
}

/// The newest version of `R` that is stable.
pub(crate) fn newest_stable<R: Request>() -> i16 {
    let mut version = R::HIGHEST_VERSION;
    while version > R::LOWEST_VERSION && R::KEY.is_unstable(version) {
        version -= 1;
    }
    // What no release has offered yet may still change.
    match R::KEY.advertised_by_kafka() {
        Some((_, advertised)) => version.min(advertised.max(R::LOWEST_VERSION)),
        None => version,
    }
}
