//! Work that goes on beside whoever polls: a short poll neither waits for its end nor has to begin it again.

use crate::cluster::Client;
use crate::wait::{Bell, lock};
use dohle_env::tasks::Home;
use std::future::Future;
use std::sync::{Arc, Mutex};

/// Work that is under way. Who lets go of it never hears of its end.
pub(super) struct Errand<T> {
    result: Arc<Mutex<Option<T>>>,
}

impl<T: Send + 'static> Errand<T> {
    /// Begins; `bell` rings when the result is there.
    pub(super) fn begin(
        client: &Client,
        bell: Bell,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Self {
        let result = Arc::new(Mutex::new(None));
        let place = result.clone();
        let task = async move {
            let done = work.await;
            *lock(&place) = Some(done);
            bell.ring();
        };
        client.env().tasks.spawn(Home::Here, Box::pin(task));
        Self { result }
    }

    /// What has come of it, once.
    pub(super) fn take(&self) -> Option<T> {
        lock(&self.result).take()
    }
}
