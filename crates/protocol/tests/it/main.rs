//! Tests of the crate against bytes that Apache Kafka made, and against chance.

mod record;
mod wire;
