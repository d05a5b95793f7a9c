//! The task that finds topics for a member: those that it wants by a rule or may create, and the
//! names of those that it was given by id.

use super::Shared;
use super::state::Wanted;
use crate::Error;
use crate::cluster::Topics;
use crate::consumer::membership::{Subscribed, wanted_topics};
use dohle_env::clock::Instant;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::sync::Arc;
use std::time::Duration;

/// How soon a topic is asked for again whose name nobody knew.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// What looks.
pub(super) struct Scout {
    shared: Arc<Shared>,
    /// The last subscription that it has seen.
    seen: u64,
    /// When it looks again at what there is.
    due: Instant,
    /// When it asks again for names.
    names_due: Instant,
}

impl Scout {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, seen: 0, due: Instant::default(), names_due: Instant::default() }
    }

    /// Looks until it is over.
    pub(super) async fn look(mut self) {
        loop {
            let count = self.shared.changed.count();
            let (subscribed, subscriptions, nameless) = {
                let inner = self.shared.inner();
                if inner.is_over {
                    return;
                }
                (inner.subscribed.clone(), inner.subscriptions, inner.state.nameless())
            };
            let now = self.shared.now();
            if self.seen != subscriptions {
                self.seen = subscriptions;
                self.due = now;
                self.say(&subscribed);
            }
            if self.due <= now {
                self.find(&subscribed).await;
            } else if !nameless.is_empty() && self.names_due <= now {
                self.name(&nameless).await;
            } else {
                let due = if nameless.is_empty() { Instant::NEVER } else { self.names_due };
                let clock = &*self.shared.client.env().clock;
                self.shared.changed.after(count, clock, self.due.min(due)).await;
            }
        }
    }

    /// What needs no looking.
    fn say(&self, subscribed: &Subscribed) {
        let wanted = match subscribed {
            Subscribed::Topics(names) => {
                let mut names = names.clone();
                names.sort_unstable();
                names.dedup();
                Wanted { names, pattern: None }
            }
            Subscribed::Pattern(pattern) => {
                Wanted { names: Vec::new(), pattern: Some(pattern.clone()) }
            }
            Subscribed::Matching(_) => return,
        };
        self.want(wanted);
    }

    fn want(&self, wanted: Wanted) {
        self.shared.inner().state.want(wanted);
        self.shared.changed.ring();
    }

    /// Looks at what there is.
    async fn find(&mut self, subscribed: &Subscribed) {
        self.due = Instant::NEVER;
        if matches!(subscribed, Subscribed::Pattern(_)) {
            return;
        }
        let client = &self.shared.client;
        let deadline = self.shared.now() + client.config().request_timeout;
        let may_create = self.shared.config.may_create_topics;
        let found = wanted_topics(client, subscribed, may_create, deadline).await;
        let now = self.shared.now();
        match found {
            Ok(found) => {
                self.due = now + client.config().metadata_age_max;
                self.learn_names();
                if matches!(subscribed, Subscribed::Matching(_)) {
                    self.want(Wanted { names: found.into_keys().collect(), pattern: None });
                }
            }
            Err(error) => {
                self.due = now + LOOK_AGAIN;
                self.complain(error);
            }
        }
    }

    /// Asks for the names of topics.
    async fn name(&mut self, ids: &[Uuid]) {
        self.learn_names();
        if !self.shared.inner().state.nameless().is_empty() {
            let client = &self.shared.client;
            let deadline = self.shared.now() + client.config().request_timeout;
            // One that is not found is asked for again, and held back till then.
            let _told = client.learn(Topics::Ids(ids), deadline).await;
            self.names_due = self.shared.now() + LOOK_AGAIN;
            self.learn_names();
        }
        self.shared.wake.ring();
    }

    /// Takes over the names that are known.
    fn learn_names(&self) {
        let known = self.shared.client.known();
        let mut inner = self.shared.inner();
        for topic in known.topics.values() {
            if topic.id != Uuid::ZERO {
                inner.state.name(topic.id, Text::clone(&topic.name));
            }
        }
    }

    /// What the application has to hear of: that it may not read what it wants.
    fn complain(&self, error: Error) {
        if !error.is_retriable() && error.code().is_some() {
            self.shared.inner().state.complain(error);
            self.shared.wake.ring();
        }
    }
}
