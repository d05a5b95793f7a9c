//! How many requests of each API there were, and how long they took.

use crate::api;
use crate::listener::ListenerType;
use dohle_env::sharded::Sharded;
use dohle_protocol::api_key::ApiKey;
use std::time::Duration;

/// Buckets of a histogram: the last one takes what is longer than 2^24 microseconds (17 s).
pub(super) const BUCKETS: usize = 26;
/// Words of an API before those of its versions: the buckets, and the sum of microseconds.
const WORDS: usize = BUCKETS + 1;

/// See the module.
pub(crate) struct Requests {
    counts: Sharded,
    /// Where the words of each API begin, in the order of what is served.
    places: Vec<(ApiKey, usize)>,
}

/// What is known of one API.
pub(super) struct OfApi {
    pub(super) key: ApiKey,
    /// Requests that took at most 2^n microseconds and more than 2^(n-1), by n.
    pub(super) buckets: [u64; BUCKETS],
    pub(super) sum: Duration,
    /// By version.
    pub(super) versions: Vec<u64>,
}

impl Default for Requests {
    fn default() -> Self {
        let mut next = 0;
        let places = api::served(ListenerType::Broker).map(|(key, versions)| {
            let place = next;
            next += WORDS + usize::try_from(*versions.end() + 1).unwrap_or(0);
            (*key, place)
        });
        let places = places.collect();
        Self { counts: Sharded::new(next), places }
    }
}

impl Requests {
    /// A request was answered.
    pub(crate) fn count(&self, key: ApiKey, version: i16, took: Duration) {
        let at = self.places.binary_search_by_key(&(key as i16), |(known, _)| *known as i16);
        let Ok(at) = at else { return };
        let (place, micros) = (self.places[at].1, took.as_micros());
        self.counts.add(place + bucket(micros), 1);
        self.counts.add(place + BUCKETS, u64::try_from(micros).unwrap_or(u64::MAX));
        // What is served has a version of its own; others never come here.
        self.counts.add(place + WORDS + usize::try_from(version).unwrap_or(0), 1);
    }

    pub(super) fn read(&self) -> Vec<OfApi> {
        let sums = self.counts.sums();
        let ends = self.places.iter().skip(1).map(|(_, place)| *place).chain([sums.len()]);
        let apis = self.places.iter().zip(ends).map(|((key, place), end)| OfApi {
            key: *key,
            buckets: std::array::from_fn(|n| sums[place + n]),
            sum: Duration::from_micros(sums[place + BUCKETS]),
            versions: sums[place + WORDS..end].to_vec(),
        });
        apis.collect()
    }
}

impl OfApi {
    pub(super) fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The time that the part `quantile` of all requests took at most, in milliseconds: right up to
    /// a factor of two, for nothing finer is kept.
    pub(super) fn quantile_ms(&self, quantile: f64) -> f64 {
        let wanted = (self.count() as f64 * quantile).ceil() as u64;
        let mut seen = 0;
        for (n, count) in self.buckets.iter().enumerate() {
            seen += count;
            if wanted <= seen && 0 < seen {
                return bound_micros(n) / 1000.0;
            }
        }
        0.0
    }
}

/// The upper bound of a bucket.
pub(super) fn bound_micros(bucket: usize) -> f64 {
    2_f64.powi(i32::try_from(bucket).unwrap_or(i32::MAX))
}

/// Which bucket takes so many microseconds.
fn bucket(micros: u128) -> usize {
    let above = (u128::BITS - micros.saturating_sub(1).leading_zeros()) as usize;
    if micros <= 1 { 0 } else { above.min(BUCKETS - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_fall_into_powers_of_two() {
        for (micros, expected) in
            [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 3), (1024, 10), (1025, 11)]
        {
            assert_eq!(bucket(micros), expected, "{micros}");
        }
        assert_eq!(bucket(u128::MAX), BUCKETS - 1);
        let requests = Requests::default();
        for _ in 0..99 {
            requests.count(ApiKey::Metadata, 12, Duration::from_micros(100));
        }
        requests.count(ApiKey::Metadata, 9, Duration::from_millis(500));
        let all = requests.read();
        let metadata = all.iter().find(|of| of.key == ApiKey::Metadata).unwrap();
        assert_eq!((metadata.count(), metadata.versions[12], metadata.versions[9]), (100, 99, 1));
        assert_eq!(metadata.sum, Duration::from_micros(99 * 100 + 500_000));
        assert_eq!(metadata.quantile_ms(0.5), 0.128);
        assert_eq!(metadata.quantile_ms(0.999), 524.288);
        assert!(all.iter().filter(|of| of.key != ApiKey::Metadata).all(|of| of.count() == 0));
    }
}
