//! What asks for the topics of a share consumer, one question at a time, beside whoever polls.

use crate::Error;
use crate::cluster::Client;
use crate::wait::{Bell, lock};
use dohle_env::clock::sleep;
use dohle_env::tasks::Home;
use dohle_protocol::wire::Text;
use std::sync::{Arc, Mutex};

#[derive(Default)]
struct State {
    is_looking: bool,
    /// What keeps the member away from a topic.
    failure: Option<Error>,
}

/// What looks.
pub(super) struct Scout {
    client: Client,
    state: Arc<Mutex<State>>,
    /// Rings when something was found out, and when another look may follow.
    bell: Bell,
}

impl Scout {
    pub(super) fn new(client: Client, bell: Bell) -> Self {
        Self { client, state: Arc::default(), bell }
    }

    /// What the last look has met that no other one mends, once.
    pub(super) fn take_failure(&self) -> Option<Error> {
        lock(&self.state).failure.take()
    }

    /// Asks for those of these topics that are not known or old; for all where what is known is not whole.
    pub(super) fn look<'t>(&self, topics: impl Iterator<Item = &'t Text>, is_whole: bool) {
        let is_wanted = |name: &&Text| !is_whole || self.client.fresh_topic(name).is_none();
        let wanted: Vec<Text> = topics.filter(is_wanted).cloned().collect();
        if wanted.is_empty() || std::mem::replace(&mut lock(&self.state).is_looking, true) {
            return;
        }
        let (client, state, bell) = (self.client.clone(), self.state.clone(), self.bell.clone());
        let task = async move {
            let (is_found, failure) = ask(&client, &wanted).await;
            lock(&state).failure = failure;
            bell.ring();
            // What was found may still not be what is missing.
            if !is_found || !is_whole {
                sleep(&*client.env().clock, client.config().retry_backoff).await;
            }
            lock(&state).is_looking = false;
            bell.ring();
        };
        self.client.env().tasks.spawn(Home::Here, Box::pin(task));
    }
}

/// Asks; whether all is found now, and what no other question mends.
async fn ask(client: &Client, wanted: &[Text]) -> (bool, Option<Error>) {
    let deadline = client.env().clock.now() + client.config().request_timeout;
    let (mut is_found, mut failure) = (true, None);
    for name in wanted {
        client.forget_topic(name);
        match client.topic_once(name, false, deadline).await {
            Ok(topic) => is_found &= topic.partitions.iter().all(|one| one.leader.is_some()),
            Err(error) => {
                is_found = false;
                // One of several topics may not exist (yet), or nobody may answer for a while.
                if !error.is_retriable() && !matches!(error, Error::TimedOut(_)) {
                    failure = Some(error);
                }
            }
        }
    }
    (is_found, failure)
}
