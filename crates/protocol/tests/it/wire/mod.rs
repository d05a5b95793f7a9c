//! Messages, frames and the values in them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod damaged;
mod frames;
mod fresh;
mod fuzz;
mod golden;
mod memory;
mod property;
mod tables;
mod vectors;

use dohle_protocol::descriptor::{Descriptor, Kind};

/// The descriptor of a row of the golden tables, where kinds are written as file names.
///
/// # Panics
/// When we lack the message.
fn descriptor(kind: &str, name: &str) -> &'static Descriptor {
    let kind = match kind {
        "request" => Kind::Request,
        "response" => Kind::Response,
        "header" => Kind::Header,
        "data" => Kind::Data,
        "metadata" => Kind::Metadata,
        "remote-log-metadata" => Kind::RemoteLogMetadata,
        "group-key" => Kind::GroupKey,
        "group-value" => Kind::GroupValue,
        "txn-key" => Kind::TransactionKey,
        "txn-value" => Kind::TransactionValue,
        "share-key" => Kind::ShareKey,
        "share-value" => Kind::ShareValue,
        _ => panic!("{kind} is no kind of message"),
    };
    Descriptor::named(kind, name).unwrap_or_else(|| panic!("there is no {kind:?} {name}"))
}

/// Fails with the first few of `failures`, if there are any.
fn none_failed(failures: &[String]) {
    let shown: Vec<_> = failures.iter().take(10).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), shown.join("\n"));
}
