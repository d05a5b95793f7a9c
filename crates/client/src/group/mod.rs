//! Groups in the classic protocol: what members tell each other, and how partitions are shared out.

mod subscription;

pub use subscription::{Assignment, Subscription};
