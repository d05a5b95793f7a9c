//! Record batches, message sets, codecs, checks and conversions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod damage;
mod data;
mod describe;
mod golden;
mod property;
mod vectors;
