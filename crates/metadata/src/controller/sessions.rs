//! Which brokers are alive: when each was last heard of.

use std::collections::BTreeMap;

use dohle_protocol::ids::Timestamp;

use super::settings::Settings;
use crate::image::Image;

/// The sessions of brokers, by id.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_broker: BTreeMap<i32, Session>,
    /// Where in the log brokers registered under this controller.
    registered: BTreeMap<i32, i64>,
    /// Where the log ended when the controller began: earlier registrations lie before.
    began_at: i64,
    /// When the controller last looked whether the log was idle.
    idle_since: Timestamp,
}

/// What is known of a broker that is heard of.
#[derive(Clone, Copy, Debug)]
struct Session {
    last_contact: Timestamp,
    /// Up to where it had read the metadata log.
    metadata_offset: i64,
    /// What the log must reach on every active broker before this one may stop.
    shutdown_offset: Option<i64>,
}

impl Sessions {
    /// A new controller gives every broker a whole session.
    pub(super) fn restart(&mut self, image: &Image, now: Timestamp) {
        let session = Session { last_contact: now, metadata_offset: -1, shutdown_offset: None };
        let unfenced = image.brokers.values().filter(|broker| !broker.is_fenced);
        self.by_broker = unfenced.map(|broker| (broker.id, session)).collect();
        self.registered.clear();
        self.began_at = image.provenance.offset;
        self.idle_since = now;
    }

    /// A broker's registration will lie at this offset.
    pub(super) fn register(&mut self, broker: i32, offset: i64) {
        self.registered.insert(broker, offset);
    }

    /// What a broker must have read to know its own registration.
    pub(super) fn registered_at(&self, broker: i32) -> i64 {
        self.registered.get(&broker).copied().unwrap_or(self.began_at)
    }

    /// A broker was heard of.
    pub(super) fn touch(&mut self, broker: i32, metadata_offset: i64, now: Timestamp) {
        let shutdown_offset = self.by_broker.get(&broker).and_then(|s| s.shutdown_offset);
        let session = Session { last_contact: now, metadata_offset, shutdown_offset };
        self.by_broker.insert(broker, session);
    }

    /// A broker begins anew, or is gone.
    pub(super) fn forget(&mut self, broker: i32) {
        self.by_broker.remove(&broker);
        self.registered.remove(&broker);
    }

    /// True if the broker was heard of within the session timeout.
    pub(super) fn is_valid(&self, broker: i32, settings: &Settings, now: Timestamp) -> bool {
        self.by_broker
            .get(&broker)
            .is_some_and(|session| now.0 < session.last_contact.0 + timeout_ms(settings))
    }

    /// Brokers that the image takes for alive and that were not heard of for too long.
    pub(super) fn expired(&self, image: &Image, settings: &Settings, now: Timestamp) -> Vec<i32> {
        let unfenced = image.brokers.values().filter(|broker| !broker.is_fenced);
        unfenced
            .map(|broker| broker.id)
            .filter(|broker| !self.is_valid(*broker, settings, now))
            .collect()
    }

    /// A broker wants to stop: it may once every active broker has read up to this offset.
    pub(super) fn begin_shutdown(&mut self, broker: i32, offset: i64) {
        if let Some(session) = self.by_broker.get_mut(&broker) {
            session.shutdown_offset = Some(offset);
        }
    }

    /// True if all active brokers have read what moved the broker's leaderships away.
    pub(super) fn may_stop(&self, broker: i32, image: &Image) -> bool {
        let active = image.brokers.values().filter(|b| !b.is_fenced && !b.is_shutting_down);
        let read = |id| self.by_broker.get(&id).map_or(-1, |session| session.metadata_offset);
        let lowest = active.map(|broker| read(broker.id)).min().unwrap_or(i64::MAX);
        let offset = self.by_broker.get(&broker).and_then(|session| session.shutdown_offset);
        offset.is_none_or(|offset| offset <= lowest)
    }

    /// True once per idle interval in which nothing was written.
    pub(super) fn is_idle(&mut self, image: &Image, settings: &Settings, now: Timestamp) -> bool {
        let interval = settings.integer("metadata.max.idle.interval.ms");
        let last = self.idle_since.0.max(image.provenance.timestamp);
        if interval == 0 || now.0 < last + interval {
            return false;
        }
        self.idle_since = now;
        true
    }

    /// When the controller must look again.
    pub(super) fn wake_at(
        &self,
        image: &Image,
        settings: &Settings,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let expiry = |id| match self.by_broker.get(&id) {
            Some(session) => session.last_contact.0 + timeout_ms(settings),
            None => now.0,
        };
        let unfenced = image.brokers.values().filter(|broker| !broker.is_fenced);
        let expiry = unfenced.map(|broker| expiry(broker.id)).min();
        let interval = settings.integer("metadata.max.idle.interval.ms");
        let last = self.idle_since.0.max(image.provenance.timestamp);
        let idle = (interval > 0).then_some(last + interval);
        expiry.into_iter().chain(idle).min().map(|at| Timestamp(at.max(now.0)))
    }
}

fn timeout_ms(settings: &Settings) -> i64 {
    settings.integer("broker.session.timeout.ms")
}
