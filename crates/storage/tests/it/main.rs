//! Tests of `storage` against golden data, plain models and crashing disks.

mod crash;
mod golden;
mod golden_data;
mod golden_files;
mod history;
mod model;
mod sha256;
mod support;
