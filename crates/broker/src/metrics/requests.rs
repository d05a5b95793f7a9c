//! How many requests of each API there were, how long they took, and what they were answered.
//!
//! ```text
//!  frame is here ──queue──► its turn ──local──► answered, or left with others ──remote──► answered
//! ```
//!
//! A part that takes at most a microsecond is not counted: what is missing of a part was so short.

use super::histogram::{BUCKETS, Times, bucket};
use crate::api;
use crate::dispatch::Asked;
use dohle_env::clock::Instant;
use dohle_env::sharded::Sharded;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::ErrorCounts;
use std::time::Duration;

/// Words of one part: the buckets, and the sum of microseconds.
const WORDS_OF_PART: usize = BUCKETS + 1;
/// Words of an API before those of its versions: the parts, how large requests were, and the answers
/// that say no error.
const WORDS: usize = SIZES + WORDS_OF_PART + 1;
/// Where among them the sizes of requests are: by powers of two, and their sum.
const SIZES: usize = Part::COUNT * WORDS_OF_PART;
/// Where among them the answers without an error are.
const NONE: usize = WORDS - 1;
/// The shortest time that is counted of a part other than the whole.
const COUNTED: Duration = Duration::from_micros(2);
/// Error codes of an API: from -1 to beyond what is known.
const CODES: usize = 192;

/// A part of a request's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// From the frame to the answer.
    Total,
    /// Until its turn came: requests before it, on its connection.
    Queue,
    /// Until it was answered or left with partitions, coordinators or the controller.
    Local,
    /// Until these had answered.
    Remote,
    /// How long the client is to wait after it, for a quota.
    Throttle,
}

impl Part {
    const COUNT: usize = 5;
}

/// See the module.
pub(crate) struct Requests {
    counts: Sharded,
    /// Where the words of each API are, by the number of its key; `None` for what is not served.
    places: Vec<Option<Place>>,
    /// Answers with an error, by API and code: a thread that tells none has no words here.
    errors: Sharded,
}

/// Where the words of an API are.
#[derive(Clone, Copy)]
struct Place {
    key: ApiKey,
    /// Its first among the counts.
    counts: usize,
    /// How many versions of it are counted.
    versions: usize,
    /// Its first among the errors.
    errors: usize,
}

/// What is known of one API.
pub(super) struct OfApi {
    pub(super) key: ApiKey,
    parts: [Times; Part::COUNT],
    /// How large its requests were, a byte as a microsecond.
    pub(super) sizes: Times,
    /// By version.
    pub(super) versions: Vec<u64>,
    /// How often each error was told, that there was none first.
    pub(super) errors: Vec<(ErrorCode, u64)>,
}

impl Default for Requests {
    fn default() -> Self {
        let (mut counts, mut errors) = (0, 0);
        let mut places = Vec::new();
        for (key, served) in api::SERVED {
            let versions = usize::try_from(*served.end() + 1).unwrap_or(0);
            let number = number(*key);
            places.resize(places.len().max(number + 1), None);
            places[number] = Some(Place { key: *key, counts, versions, errors });
            (counts, errors) = (counts + WORDS + versions, errors + CODES);
        }
        Self { counts: Sharded::new(counts), places, errors: Sharded::new(errors) }
    }
}

impl Requests {
    /// A request is answered at `now`; its client waits for `wait_ms` after it.
    pub(crate) fn count(&self, asked: &Asked, now: Instant, wait_ms: i32) {
        let Some(place) = self.find(asked.key) else { return };
        let mine = self.counts.mine();
        let add = |part: Part, took: Duration| {
            let first = place.counts + part as usize * WORDS_OF_PART;
            let micros = took.as_micros();
            mine.add(first + bucket(micros), 1);
            mine.add(first + BUCKETS, u64::try_from(micros).unwrap_or(u64::MAX));
        };
        let left = asked.left.unwrap_or(now);
        add(Part::Total, now.since(asked.came));
        for (part, took) in [
            (Part::Queue, asked.began.since(asked.came)),
            (Part::Local, left.since(asked.began)),
            (Part::Remote, now.since(left)),
            (Part::Throttle, Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0))),
        ] {
            if COUNTED <= took {
                add(part, took);
            }
        }
        mine.add(place.counts + SIZES + bucket(asked.size_bytes as u128), 1);
        mine.add(place.counts + SIZES + BUCKETS, asked.size_bytes as u64);
        // What is served has a version of its own; others never come here.
        mine.add(place.counts + WORDS + usize::try_from(asked.version).unwrap_or(0), 1);
    }

    /// An answer says these error codes.
    pub(crate) fn count_errors(&self, key: ApiKey, errors: &ErrorCounts) {
        let Some(place) = self.find(key) else { return };
        if errors.none != 0 {
            self.counts.mine().add(place.counts + NONE, errors.none);
        }
        for (error, count) in &errors.errors {
            let code = usize::try_from(i32::from(error.0) + 1).unwrap_or(0);
            self.errors.mine().add(place.errors + code.min(CODES - 1), *count);
        }
    }

    fn find(&self, key: ApiKey) -> Option<Place> {
        *self.places.get(number(key))?
    }

    pub(super) fn read(&self) -> Vec<OfApi> {
        let (sums, errors) = (self.counts.sums(), self.errors.sums());
        let of_api = |place: &Place| {
            let versions = place.counts + WORDS;
            OfApi {
                key: place.key,
                parts: parts(&sums[place.counts..]),
                sizes: times(&sums[place.counts + SIZES..]),
                versions: sums[versions..versions + place.versions].to_vec(),
                errors: told(sums[place.counts + NONE], &errors[place.errors..][..CODES]),
            }
        };
        self.places.iter().flatten().map(of_api).collect()
    }
}

fn number(key: ApiKey) -> usize {
    usize::try_from(key as i16).unwrap_or(usize::MAX)
}

/// Parts, those too short to be counted among them.
fn parts(words: &[u64]) -> [Times; Part::COUNT] {
    let mut parts = [Times::default(); Part::COUNT];
    for (part, words) in parts.iter_mut().zip(words.chunks(WORDS_OF_PART)) {
        *part = times(words);
    }
    let total = parts[Part::Total as usize].count();
    for times in &mut parts[1..] {
        times.buckets[0] = total.saturating_sub(times.count());
    }
    parts
}

/// The buckets and the sum that these words begin with.
fn times(words: &[u64]) -> Times {
    let mut times = Times { sum: Duration::from_micros(words[BUCKETS]), ..Times::default() };
    times.buckets.copy_from_slice(&words[..BUCKETS]);
    times
}

fn told(none: u64, errors: &[u64]) -> Vec<(ErrorCode, u64)> {
    let code = |at: usize| ErrorCode(i16::try_from(at).unwrap_or(i16::MAX) - 1);
    let errors = errors.iter().enumerate().map(|(at, count)| (code(at), *count));
    [(ErrorCode::NONE, none)].into_iter().chain(errors).filter(|(_, count)| *count != 0).collect()
}

impl OfApi {
    pub(super) fn part(&self, part: Part) -> &Times {
        &self.parts[part as usize]
    }

    pub(super) fn count(&self) -> u64 {
        self.part(Part::Total).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(version: i16, micros: [u64; 2]) -> Asked {
        let at = |micros: u64| Instant(micros * 1000);
        let [began, left] = micros.map(at);
        let left = Some(left);
        Asked { key: ApiKey::Metadata, version, size_bytes: 100, came: at(0), began, left }
    }

    #[test]
    fn requests_are_counted_with_the_parts_of_their_time() {
        let requests = Requests::default();
        for _ in 0..99 {
            requests.count(&asked(12, [1, 90]), Instant(100_000), 0);
        }
        requests.count(&asked(9, [100_000, 100_001]), Instant(500_000_000), 30);
        let all = requests.read();
        let metadata = all.iter().find(|of| of.key == ApiKey::Metadata).unwrap();
        assert_eq!((metadata.count(), metadata.versions[12], metadata.versions[9]), (100, 99, 1));
        assert_eq!((metadata.sizes.count(), metadata.sizes.sum.as_micros()), (100, 10_000));
        let part = |part| metadata.part(part);
        assert_eq!(part(Part::Total).sum, Duration::from_micros(99 * 100 + 500_000));
        assert_eq!(part(Part::Total).quantile_ms(0.5), 0.128);
        assert_eq!(part(Part::Total).quantile_ms(0.999), 524.288);
        // 99 queued for a microsecond, and one was local for that: too short, and counted still.
        for (of, sum_micros, short) in [
            (Part::Queue, 100_000, 99),
            (Part::Local, 99 * 89, 1),
            (Part::Remote, 99 * 10 + 399_999, 0),
            (Part::Throttle, 30_000, 99),
        ] {
            assert_eq!((part(of).count(), part(of).buckets[0]), (100, short), "{of:?}");
            assert_eq!(part(of).sum, Duration::from_micros(sum_micros), "{of:?}");
        }
        assert!(all.iter().filter(|of| of.key != ApiKey::Metadata).all(|of| of.count() == 0));
    }

    #[test]
    fn answers_are_counted_by_api_and_error() {
        let requests = Requests::default();
        let unknown = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
        let odd = ErrorCode(i16::MAX);
        let errors = vec![(unknown, 2), (ErrorCode::UNKNOWN_SERVER_ERROR, 1), (odd, 1)];
        requests.count_errors(ApiKey::Fetch, &ErrorCounts { none: 3, errors });
        let all = requests.read();
        let told = |key| &all.iter().find(|of| of.key == key).unwrap().errors;
        let last = ErrorCode(i16::try_from(CODES).unwrap() - 2);
        let expected =
            [(ErrorCode::NONE, 3), (ErrorCode::UNKNOWN_SERVER_ERROR, 1), (unknown, 2), (last, 1)];
        assert_eq!(*told(ApiKey::Fetch), expected);
        assert!(told(ApiKey::Produce).is_empty());
    }
}
