//! The shell against the machine that it runs on.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "tests of the world hold it against the standard library's sockets, files and threads, \
              print what they measure, and fail by panicking"
)]

mod node;
mod world;
