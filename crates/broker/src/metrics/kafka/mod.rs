//! The page under the names that jmx_exporter's common rules for Kafka give: its MBeans, one by one.
//!
//! What Kafka tells and nobody measures here is left out. What can only have one value with one replica
//! of each partition has it.

mod cluster;
mod connections;
mod coordinators;
mod logs;
mod traffic;

use super::reading::{Reading, Sums};
use super::text::Text;

/// Writes the page.
pub(super) fn put(text: &mut Text, reading: &Reading, sums: &Sums) {
    traffic::put(text, reading, sums);
    cluster::put(text, reading);
    connections::put(text, reading);
    coordinators::put(text, reading, sums);
    logs::put(text, reading);
}

fn number(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}
