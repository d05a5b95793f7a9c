//! A consumer in the hands of a tool: it works on the reactor, and the tool waits.

use crate::session::Session;
use dohle_client::admin::CommittedOffset;
use dohle_client::consumer::Record;
use dohle_client::{Consumer, ConsumerConfig, Error, TopicPartition};
use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

/// A consumer that is here while nobody polls it.
pub(crate) struct Reader(Option<Consumer>);

impl Reader {
    /// A consumer of nothing yet.
    pub(crate) fn new(session: &Session, config: ConsumerConfig) -> Self {
        let client = session.client().clone();
        Self(Some(session.run(async move { Consumer::new(client, config) })))
    }

    /// The consumer.
    pub(crate) fn consumer(&mut self) -> &mut Consumer {
        self.0.as_mut().expect("every task gives it back")
    }

    /// Runs `task` with the consumer, which it gives back.
    pub(crate) fn with<T: Send + 'static, F: Future<Output = (Consumer, T)> + Send + 'static>(
        &mut self,
        session: &Session,
        task: impl FnOnce(Consumer) -> F,
    ) -> T {
        let consumer = self.0.take().expect("every task gives it back");
        let (consumer, result) = session.run(task(consumer));
        self.0 = Some(consumer);
        result
    }

    /// The next records, as [`Consumer::poll`].
    pub(crate) fn poll(
        &mut self,
        session: &Session,
        timeout: Duration,
    ) -> Result<Vec<Record>, Error> {
        self.with(session, |mut consumer| async move {
            let polled = consumer.poll(timeout).await;
            (consumer, polled)
        })
    }

    /// Commits offsets to the group, as [`Consumer::commit_offsets`].
    pub(crate) fn commit(
        &mut self,
        session: &Session,
        offsets: BTreeMap<TopicPartition, CommittedOffset>,
    ) -> Result<(), Error> {
        self.with(session, |mut consumer| async move {
            let committed = consumer.commit_offsets(&offsets).await;
            (consumer, committed)
        })
    }

    /// Ends it, as [`Consumer::close`].
    pub(crate) async fn close(self) {
        if let Some(consumer) = self.0 {
            consumer.close().await;
        }
    }
}
