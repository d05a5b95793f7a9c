//! The classic protocol of groups: members join together, one of them shares out.

mod joiner;
mod member;
mod pulse;

pub(super) use member::Member;
