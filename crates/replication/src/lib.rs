//! The rules of replicated logs, and the contract of the state machines that live in them.
//!
//! Values only: nothing here knows a file, a topic, a socket or a clock; time is an argument.

pub mod machine;
