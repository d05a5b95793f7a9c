//! How a producer works, by Kafka's names and with Kafka's defaults.

use crate::{Error, Properties};
use dohle_protocol::record::{Codec, Compression};
use dohle_protocol::wire::Text;
use std::time::Duration;

/// Settings of a producer.
#[derive(Clone, Debug)]
pub struct ProducerConfig {
    /// `acks`: -1 waits for all in-sync replicas, 1 for the leader, 0 for nobody.
    pub acks: i16,
    /// `linger.ms`: how long a batch waits for more records.
    pub linger: Duration,
    /// `batch.size`: how many bytes a batch may have before it is packed.
    pub batch_bytes: usize,
    /// `buffer.memory`: how many bytes of records may wait to be acknowledged.
    pub buffer_bytes: usize,
    /// `max.request.size`: how many bytes of records one request may have.
    pub request_bytes_max: usize,
    /// `max.block.ms`: how long a send may wait for room or for what leads a partition.
    pub block_max: Duration,
    /// `delivery.timeout.ms`: how long a record may take with all tries.
    pub delivery_timeout: Duration,
    /// `compression.type`.
    pub compression: Compression,
    /// `enable.idempotence`: retries make no duplicates and no other order.
    pub idempotence: bool,
    /// `max.in.flight.requests.per.connection`.
    pub in_flight_max: usize,
    /// `retries`: how often a batch is tried again.
    pub retries: u32,
    /// `transactional.id`: what is sent belongs to transactions.
    pub transactional_id: Option<Text>,
    /// `transaction.timeout.ms`: how long a transaction may be open before its coordinator aborts it.
    pub transaction_timeout: Duration,
}

impl Default for ProducerConfig {
    fn default() -> Self {
        Self {
            acks: -1,
            linger: Duration::from_millis(5),
            batch_bytes: 16 << 10,
            buffer_bytes: 32 << 20,
            request_bytes_max: 1 << 20,
            block_max: Duration::from_secs(60),
            delivery_timeout: Duration::from_secs(120),
            compression: Compression::NONE,
            idempotence: true,
            in_flight_max: 5,
            retries: i32::MAX as u32,
            transactional_id: None,
            transaction_timeout: Duration::from_secs(60),
        }
    }
}

impl ProducerConfig {
    /// Takes over what `properties` say under Kafka's names.
    ///
    /// # Errors
    /// Values that are none, or that do not go together.
    pub fn apply(&mut self, properties: &Properties) -> Result<(), Error> {
        if let Some(acks) = properties.get("acks") {
            self.acks = match acks.trim() {
                "all" | "-1" => -1,
                "1" => 1,
                "0" => 0,
                other => {
                    return Err(Error::Usage(format!(
                        "Invalid value {other} for configuration acks: String must be one of: \
                         all, -1, 0, 1"
                    )));
                }
            };
        }
        if let Some(name) = properties.get("compression.type") {
            let codec = Codec::from_name(name.trim()).ok_or_else(|| {
                Error::Usage(format!("Invalid value {name} for configuration compression.type"))
            })?;
            self.compression = Compression::of(codec);
        }
        properties.duration_ms("linger.ms", &mut self.linger)?;
        properties.duration_ms("max.block.ms", &mut self.block_max)?;
        properties.duration_ms("delivery.timeout.ms", &mut self.delivery_timeout)?;
        properties.read("batch.size", &mut self.batch_bytes)?;
        properties.read("buffer.memory", &mut self.buffer_bytes)?;
        properties.read("max.request.size", &mut self.request_bytes_max)?;
        properties.read("retries", &mut self.retries)?;
        properties.read("max.in.flight.requests.per.connection", &mut self.in_flight_max)?;
        let mut wanted = None;
        if let Some(text) = properties.get("enable.idempotence") {
            wanted = Some(text.trim().eq_ignore_ascii_case("true"));
        }
        let fits = self.acks == -1 && self.in_flight_max <= 5 && self.retries > 0;
        if wanted == Some(true) && !fits {
            return Err(Error::Usage(
                "enable.idempotence needs acks=all, retries above 0 and at most 5 requests in \
                 flight per connection"
                    .into(),
            ));
        }
        self.idempotence = wanted.unwrap_or(fits);
        properties.duration_ms("transaction.timeout.ms", &mut self.transaction_timeout)?;
        if let Some(id) = properties.get("transactional.id") {
            self.transactional_id = Some(id.into());
        }
        if self.transactional_id.is_some() && !self.idempotence {
            return Err(Error::Usage(
                "Cannot set a transactional.id without also enabling idempotence.".into(),
            ));
        }
        self.in_flight_max = self.in_flight_max.max(1);
        Ok(())
    }
}
