//! Tests of `storage` against golden data, plain models and crashing disks.

mod appends;
mod crash;
mod directories;
mod golden;
mod golden_data;
mod golden_files;
mod history;
mod model;
mod sha256;
mod snapshots;
mod support;
