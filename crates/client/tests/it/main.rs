//! The tests of the client, one binary.

#![allow(clippy::disallowed_methods, reason = "tests read golden data from the real disk")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod assignors;
mod broker;
mod oauth;
mod sasl;
mod tls;
