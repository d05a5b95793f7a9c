//! A share consumer in the hands of a tool: it works on the reactor, and the tool waits.

use crate::session::Session;
use dohle_client::share::{Acknowledgement, Counted, Refused, ShareRecord};
use dohle_client::{Error, ShareConsumer, ShareConsumerConfig};
use dohle_protocol::wire::Text;
use std::time::Duration;

/// A share consumer that is here while nobody polls it.
pub(crate) struct ShareReader(Option<ShareConsumer>);

impl ShareReader {
    /// A member of a share group, which joins it now.
    pub(crate) fn new(session: &Session, config: ShareConsumerConfig, topic: &str) -> Self {
        let (client, topics) = (session.client().clone(), vec![Text::from(topic)]);
        Self(Some(session.run(async move { ShareConsumer::new(client, config, topics) })))
    }

    fn consumer(&mut self) -> &mut ShareConsumer {
        self.0.as_mut().expect("every task gives it back")
    }

    /// The next records, as [`ShareConsumer::poll`].
    pub(crate) fn poll(
        &mut self,
        session: &Session,
        timeout: Duration,
    ) -> Result<Vec<ShareRecord>, Error> {
        let mut consumer = self.0.take().expect("every task gives it back");
        let (consumer, polled) = session.run(async move {
            let polled = consumer.poll(timeout).await;
            (consumer, polled)
        });
        self.0 = Some(consumer);
        polled
    }

    /// Says what becomes of a record, as [`ShareConsumer::acknowledge`].
    pub(crate) fn acknowledge(&mut self, record: &ShareRecord, how: Acknowledgement) {
        self.consumer().acknowledge(record, how);
    }

    /// Acknowledgements that did not count, as [`ShareConsumer::refused`].
    pub(crate) fn refused(&mut self) -> Vec<Refused> {
        self.consumer().refused()
    }

    /// Acknowledgements that count, as [`ShareConsumer::counted`].
    pub(crate) fn counted(&mut self) -> Vec<Counted> {
        self.consumer().counted()
    }

    /// Ends it, as [`ShareConsumer::close`].
    pub(crate) fn close(self, session: &Session) -> Vec<Refused> {
        match self.0 {
            Some(consumer) => session.run(async move { consumer.close().await }),
            None => Vec::new(),
        }
    }
}
