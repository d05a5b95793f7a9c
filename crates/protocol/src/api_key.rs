//! What requests ask for, and which versions of each there are.

use std::fmt;

pub use crate::generated::api_keys::ApiKey;
use crate::generated::api_keys::FACTS;

/// What the schemas say of a key.
pub(crate) struct Facts {
    pub(crate) key: ApiKey,
    pub(crate) name: &'static str,
    pub(crate) lowest: i16,
    pub(crate) highest: i16,
    pub(crate) flexible_from: i16,
    pub(crate) advertised: Option<(i16, i16)>,
    pub(crate) unstable: Option<i16>,
    pub(crate) on_brokers: bool,
    pub(crate) on_controllers: bool,
}

impl ApiKey {
    /// The key with this number, if it is known.
    #[must_use]
    pub fn from_i16(number: i16) -> Option<Self> {
        let index = usize::try_from(number).ok()?;
        FACTS.get(index).map(|facts| facts.key)
    }

    /// Its number on the wire.
    #[must_use]
    pub const fn to_i16(self) -> i16 {
        self as i16
    }

    /// All keys, ascending.
    pub fn all() -> impl Iterator<Item = Self> {
        FACTS.iter().map(|facts| facts.key)
    }

    const fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// Kafka's name for it, such as `Produce`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.facts().name
    }

    /// The oldest version that can be decoded.
    #[must_use]
    pub const fn lowest_version(self) -> i16 {
        self.facts().lowest
    }

    /// The newest version that can be decoded.
    #[must_use]
    pub const fn highest_version(self) -> i16 {
        self.facts().highest
    }

    /// Whether a request of this version can be decoded.
    #[must_use]
    pub const fn has_version(self, version: i16) -> bool {
        self.lowest_version() <= version && version <= self.highest_version()
    }

    /// The first version with compact lengths and tagged fields; `i16::MAX` is never.
    #[must_use]
    pub const fn flexible_from(self) -> i16 {
        self.facts().flexible_from
    }

    /// The versions that Kafka 4.3 offers where unstable ones are off; `None` if it has none.
    #[must_use]
    pub const fn advertised_by_kafka(self) -> Option<(i16, i16)> {
        self.facts().advertised
    }

    /// Whether Kafka 4.4 still counts this version as unstable.
    #[must_use]
    pub fn is_unstable(self, version: i16) -> bool {
        self.facts().unstable == Some(version)
    }

    /// Whether Kafka's brokers answer it.
    #[must_use]
    pub const fn is_on_brokers(self) -> bool {
        self.facts().on_brokers
    }

    /// Whether Kafka's controllers answer it.
    #[must_use]
    pub const fn is_on_controllers(self) -> bool {
        self.facts().on_controllers
    }

    /// The header version of a request of this version.
    #[must_use]
    pub fn request_header_version(self, version: i16) -> i16 {
        if self == Self::ControlledShutdown && version == 0 {
            // The oldest request between brokers came before client ids.
            return 0;
        }
        if version >= self.flexible_from() { 2 } else { 1 }
    }

    /// The header version of the response to a request of this version.
    #[must_use]
    pub fn response_header_version(self, version: i16) -> i16 {
        // Who asks for versions cannot know yet whether the answer may be flexible (KIP-511).
        i16::from(self != Self::ApiVersions && version >= self.flexible_from())
    }
}

impl fmt::Display for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::{ApiKey, FACTS};

    #[test]
    fn each_key_stands_in_its_row() {
        for (index, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.key as usize, index);
            assert_eq!(ApiKey::from_i16(index as i16), Some(facts.key));
            assert_eq!(facts.key.name(), format!("{:?}", facts.key));
        }
        assert_eq!(ApiKey::from_i16(-1), None);
        assert_eq!(ApiKey::from_i16(FACTS.len() as i16), None);
    }
}
