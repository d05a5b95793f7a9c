//! One client: what it is to push, and whether it is time.

use super::{KNOWN_MS_MIN, Push, all_metrics};
use dohle_metadata::config::subscription::{ALL_METRICS, INTERVAL_MS_DEFAULT, Subscription};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::record::compression::Codec;
use dohle_protocol::record::crc::crc32c;
use dohle_protocol::wire::Text;

/// What a client is told to push.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// Beginnings of names; one `*` for all metrics, none for no metric.
    pub(crate) metrics: Vec<Text>,
    pub(crate) interval_ms: i32,
    /// Names these terms for this client.
    pub(crate) subscription_id: i32,
}

/// A client.
pub(super) struct Instance {
    /// The subscriptions' version that its terms were made of.
    pub(super) version: u64,
    pub(super) terms: Terms,
    /// When it is forgotten.
    pub(super) ends_ms: i64,
    subscribed_ms: Option<i64>,
    pushed_ms: Option<i64>,
    /// It said that it would push no more.
    has_ended: bool,
    /// Its last push was not what it should be: it may ask again at once what that is.
    must_ask: bool,
}

impl Instance {
    pub(super) fn new<'a>(
        id: Uuid,
        version: u64,
        meant: impl Iterator<Item = &'a Subscription>,
    ) -> Self {
        Self {
            version,
            terms: Terms::new(id, meant),
            ends_ms: 0,
            subscribed_ms: None,
            pushed_ms: None,
            has_ended: false,
            must_ask: false,
        }
    }

    /// The terms, once an interval.
    pub(super) fn subscribe(&mut self, now_ms: i64) -> Result<Terms, ErrorCode> {
        if self.is_due(self.subscribed_ms.max(self.pushed_ms), now_ms) {
            self.subscribed_ms = Some(now_ms);
        } else if !self.must_ask {
            return Err(ErrorCode::THROTTLING_QUOTA_EXCEEDED);
        }
        self.must_ask = false;
        Ok(self.terms.clone())
    }

    /// Takes a push, or says why not. The first one after the terms were told may come at any
    /// time, and so may the last one.
    pub(super) fn push(
        &mut self,
        push: &Push,
        bytes_max: usize,
        now_ms: i64,
    ) -> Result<(), ErrorCode> {
        let result = self.check(push, bytes_max, now_ms);
        self.must_ask = result.is_err_and(|error| {
            error == ErrorCode::UNKNOWN_SUBSCRIPTION_ID
                || error == ErrorCode::UNSUPPORTED_COMPRESSION_TYPE
        });
        result
    }

    fn check(&mut self, push: &Push, bytes_max: usize, now_ms: i64) -> Result<(), ErrorCode> {
        let had_ended = std::mem::replace(&mut self.has_ended, push.is_last);
        if had_ended {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let is_first = self.pushed_ms < self.subscribed_ms;
        if is_first || self.is_due(self.pushed_ms, now_ms) {
            self.pushed_ms = Some(now_ms);
        } else if !push.is_last {
            return Err(ErrorCode::THROTTLING_QUOTA_EXCEEDED);
        }
        if push.subscription_id != self.terms.subscription_id {
            return Err(ErrorCode::UNKNOWN_SUBSCRIPTION_ID);
        }
        if u8::try_from(push.compression).ok().and_then(Codec::from_id).is_none() {
            return Err(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE);
        }
        if bytes_max < push.metrics.len() {
            return Err(ErrorCode::TELEMETRY_TOO_LARGE);
        }
        Ok(())
    }

    /// For how long it is known after it was heard of.
    pub(super) fn known_ms(&self) -> i64 {
        KNOWN_MS_MIN.max(i64::from(self.terms.interval_ms) * 3)
    }

    fn is_due(&self, last_ms: Option<i64>, now_ms: i64) -> bool {
        let interval_ms = i64::from(self.terms.interval_ms);
        last_ms.is_none_or(|last_ms| interval_ms <= now_ms.saturating_sub(last_ms))
    }
}

impl Terms {
    /// What all these subscriptions together ask of a client.
    fn new<'a>(id: Uuid, meant: impl Iterator<Item = &'a Subscription>) -> Self {
        let mut metrics: Vec<Text> = Vec::new();
        let mut interval_ms = INTERVAL_MS_DEFAULT;
        for subscription in meant {
            for name in &subscription.metrics {
                if !metrics.contains(name) {
                    metrics.push(name.clone());
                }
            }
            interval_ms = interval_ms.min(subscription.interval_ms);
        }
        if metrics.iter().any(|name| *name == ALL_METRICS) {
            metrics = all_metrics();
        }
        let mut text = interval_ms.to_string();
        for name in &metrics {
            text.push(',');
            text.push_str(name);
        }
        // Another id for every client, so that none goes on with the terms of another (KIP-714).
        let folded = id.0.chunks(4).fold(0, |sum: u32, part| {
            sum ^ part.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
        });
        let subscription_id = (crc32c(text.as_bytes()) ^ folded).cast_signed();
        Self { metrics, interval_ms, subscription_id }
    }
}
