//! What Apache Kafka's coordinators wrote, read and written again.
#![expect(clippy::disallowed_methods, reason = "tests read golden data from the disk")]
#![expect(clippy::print_stdout, reason = "tests print what they counted")]

mod archive;
mod consumer_groups;
mod groups;
mod shared;
mod transactions;
