//! What clients tell of themselves (KIP-714): who pushes which metrics how often, and what they
//! pushed last.
//!
//! A value with time as an argument. Memory is bounded: so many clients, so many bytes of pushes
//! over all of them, the oldest go first.

mod instance;

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

/// Clients that are known at once, as in Kafka.
const INSTANCES_MAX: usize = 16_384;
/// Bytes of pushed metrics that are kept, over all clients.
const KEPT_BYTES_MAX: usize = 16 * 1024 * 1024;
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
    /// Whose push is kept, the oldest first.
    pushed: BTreeSet<(i64, Uuid)>,
    kept_bytes: usize,
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
        let mut known = self.lock();
        known.instance(id, client, now_ms).push(&push, self.push_bytes_max, now_ms)?;
        if !push.metrics.is_empty() {
            known.keep(id, push, now_ms);
        }
        Ok(())
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
        let known_ms = KNOWN_MS_MIN.max(i64::from(instance.terms.interval_ms) * 3);
        self.ends.remove(&(instance.ends_ms, id));
        instance.ends_ms = now_ms.saturating_add(known_ms);
        self.ends.insert((instance.ends_ms, id));
        instance
    }

    /// Keeps a push in place of the client's last; gives up the oldest of others for room.
    fn keep(&mut self, id: Uuid, push: Push, now_ms: i64) {
        self.drop_push(id);
        while KEPT_BYTES_MAX < self.kept_bytes + push.metrics.len()
            && let Some((_, oldest)) = self.pushed.first().copied()
        {
            self.drop_push(oldest);
        }
        let Some(instance) = self.instances.get_mut(&id) else { return };
        // A slice would keep the whole frame.
        let metrics = Bytes::copy_from_slice(&push.metrics);
        self.kept_bytes += metrics.len();
        instance.pushed = Some((now_ms, Push { metrics, ..push }));
        self.pushed.insert((now_ms, id));
    }

    fn drop_push(&mut self, id: Uuid) {
        let Some(instance) = self.instances.get_mut(&id) else { return };
        if let Some((at_ms, push)) = instance.pushed.take() {
            self.kept_bytes -= push.metrics.len();
            self.pushed.remove(&(at_ms, id));
        }
    }

    fn forget(&mut self, id: Uuid) {
        self.drop_push(id);
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
