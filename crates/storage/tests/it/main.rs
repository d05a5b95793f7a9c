//! Tests of `storage` against golden data, plain models and crashing disks.

mod golden;
mod golden_data;
mod golden_files;
mod sha256;
mod support;
