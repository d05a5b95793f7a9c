//! The APIs of configs: DescribeConfigs, AlterConfigs, IncrementalAlterConfigs.

mod alter;
mod describe;
mod loggers;

pub(crate) use alter::{alter, alter_incrementally};
pub(crate) use describe::describe;
