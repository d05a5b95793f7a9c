//! What clients tell of themselves (KIP-714): who pushes which metrics how often, and what they
//! pushed last.
//!
//! A value with time as an argument. Memory is bounded: so many clients, so many bytes of what they
//! pushed over all of them, the oldest go first. What a client pushed outlives its connection by some
//! intervals, so that who looks at the page finds it.

mod instance;
mod latest;
mod otlp;

#[cfg(test)]
mod tests;

use bytes::Bytes;
use dohle_env::collections::HashMap;
use dohle_metadata::config::subscription::{Attribute, Subscription};
use dohle_metadata::config::{ConfigResource, ResourceKind};
use dohle_metadata::image::Image;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::record::compression::Codec;
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use instance::Instance;
pub(crate) use instance::Terms;
use latest::{Kept, Latest, Pushed};

/// Clients that are known at once, as in Kafka.
const INSTANCES_MAX: usize = 16_384;
/// How long a silent client is known, at least.
const KNOWN_MS_MIN: i64 = 60_000;

/// What a client says of itself, beside its instance id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) software_name: &'a str,
    pub(crate) software_version: &'a str,
    pub(crate) address: &'a str,
    pub(crate) port: &'a str,
}

impl Client<'_> {
    fn matches(&self, id: &str, subscription: &Subscription) -> bool {
        subscription.is_for(|attribute| match attribute {
            Attribute::InstanceId => Some(id),
            Attribute::ClientId => Some(self.client_id),
            Attribute::SoftwareName => Some(self.software_name),
            Attribute::SoftwareVersion => Some(self.software_version),
            Attribute::SourceAddress => Some(self.address),
            Attribute::SourcePort => Some(self.port),
        })
    }
}

/// What a client pushes.
#[derive(Clone, Debug)]
pub(crate) struct Push {
    pub(crate) subscription_id: i32,
    pub(crate) is_last: bool,
    pub(crate) compression: i8,
    pub(crate) metrics: Bytes,
}

/// The clients of a node, and what they are asked for.
pub(crate) struct Telemetry {
    /// `telemetry.max.bytes`.
    push_bytes_max: usize,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// Grows with every change of a subscription.
    version: u64,
    subscriptions: Vec<Subscription>,
    instances: HashMap<Uuid, Instance>,
    /// When each client is forgotten, the soonest first.
    ends: BTreeSet<(i64, Uuid)>,
    latest: Latest,
}

impl Telemetry {
    /// Nobody is known, and nobody is asked for anything.
    pub(crate) fn new(push_bytes_max: usize) -> Self {
        Self { push_bytes_max, known: Mutex::default() }
    }

    /// Takes over the subscriptions that the metadata has now.
    pub(crate) fn follow(&self, image: &Image) {
        let is_meant = |resource: &&ConfigResource| resource.kind == ResourceKind::ClientMetrics;
        let all = image.configs.iter().filter(|(resource, _)| is_meant(resource));
        let subscriptions = all.map(|(_, configs)| Subscription::of(configs)).collect();
        let mut known = self.lock();
        known.version += 1;
        known.subscriptions = subscriptions;
    }

    /// A client asks what to push.
    ///
    /// # Errors
    /// It asked a moment ago.
    pub(crate) fn subscribe(
        &self,
        id: Uuid,
        client: &Client<'_>,
        now_ms: i64,
    ) -> Result<Terms, ErrorCode> {
        self.lock().instance(id, client, now_ms).subscribe(now_ms)
    }

    /// A client pushes.
    ///
    /// # Errors
    /// Why it is not taken.
    pub(crate) fn push(
        &self,
        id: Uuid,
        client: &Client<'_>,
        push: Push,
        now_ms: i64,
    ) -> Result<(), ErrorCode> {
        if id == Uuid::ZERO || id == Uuid::METADATA_TOPIC {
            return Err(ErrorCode::INVALID_REQUEST);
        }
        let known_ms = {
            let mut known = self.lock();
            let instance = known.instance(id, client, now_ms);
            instance.push(&push, self.push_bytes_max, now_ms)?;
            instance.known_ms()
        };
        if push.metrics.is_empty() {
            return Ok(());
        }
        let codec = u8::try_from(push.compression).ok().and_then(Codec::from_id);
        let codec = codec.ok_or(ErrorCode::UNSUPPORTED_COMPRESSION_TYPE)?;
        // What Kafka answers where its plugin cannot make anything of them.
        let pushed = Pushed::read(codec, &push.metrics).map_err(|_| ErrorCode::INVALID_RECORD)?;
        let kept = Kept { from_ms: now_ms, until_ms: now_ms.saturating_add(known_ms) };
        self.lock().latest.put(id, client, &pushed, kept);
        Ok(())
    }

    /// What clients pushed, in Prometheus's text format.
    pub(crate) fn page(&self, now_ms: i64) -> String {
        let mut known = self.lock();
        known.latest.forget_silent(now_ms);
        known.latest.page()
    }

    /// The client's connection has ended.
    pub(crate) fn forget(&self, id: Uuid) {
        self.lock().forget(id);
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// The client, as the subscriptions of now have it; it is known for some time from now.
    fn instance(&mut self, id: Uuid, client: &Client<'_>, now_ms: i64) -> &mut Instance {
        while let Some((_, oldest)) = self.ends.first().copied().filter(|(end, _)| *end <= now_ms) {
            self.forget(oldest);
        }
        let is_current = |instance: &Instance| instance.version == self.version;
        if !self.instances.get(&id).is_some_and(is_current) {
            self.forget(id);
            if INSTANCES_MAX <= self.instances.len()
                && let Some((_, oldest)) = self.ends.first().copied()
            {
                self.forget(oldest);
            }
            let text = id.to_string();
            let meant = self.subscriptions.iter().filter(|it| client.matches(&text, it));
            self.instances.insert(id, Instance::new(id, self.version, meant));
        }
        let instance = self.instances.get_mut(&id).expect("it was inserted if it was not there");
        self.ends.remove(&(instance.ends_ms, id));
        instance.ends_ms = now_ms.saturating_add(instance.known_ms());
        self.ends.insert((instance.ends_ms, id));
        instance
    }

    fn forget(&mut self, id: Uuid) {
        if let Some(instance) = self.instances.remove(&id) {
            self.ends.remove(&(instance.ends_ms, id));
        }
    }
}

/// What clients may pack their metrics with, the best first.
pub(crate) const CODECS: [Codec; 4] = [Codec::Zstd, Codec::Lz4, Codec::Gzip, Codec::Snappy];

/// All metrics, as a list of their names.
fn all_metrics() -> Vec<Text> {
    vec![Text::from_static(dohle_metadata::config::subscription::ALL_METRICS)]
}
