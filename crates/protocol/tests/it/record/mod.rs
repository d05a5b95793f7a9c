//! Record batches, message sets, codecs, checks and conversions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod check;
mod damage;
pub(crate) mod data;
mod describe;
mod golden;
mod leader;
mod property;
mod vectors;
