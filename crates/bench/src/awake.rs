//! Cores that do not halt while something is measured.
//!
//! In a virtual machine a core that halts gives itself back to the host, and whoever wakes it pays for
//! that: where this was measured first, 20 µs of system time for each answer to a client that slept.
//! That is the host's work, not the server's.

use std::hint::black_box;
use std::io;
use std::process::{Child, Command, Stdio};

use rustix::process::{Signal, set_parent_process_death_signal};

/// A process on each core that runs when nobody else would. Dropped, they end.
pub(crate) struct Awake {
    spinning: Vec<Child>,
}

impl Awake {
    /// Starts them.
    ///
    /// # Errors
    /// When there is no `chrt`, which gives them the idle priority.
    pub(crate) fn keep() -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut awake = Self { spinning: Vec::new() };
        for _ in 0..std::thread::available_parallelism()?.get() {
            let mut command = Command::new("chrt");
            command.args(["--idle", "0"]).arg(&program).arg("spin").stdin(Stdio::null());
            awake.spinning.push(command.spawn()?);
        }
        Ok(awake)
    }
}

impl Drop for Awake {
    fn drop(&mut self) {
        for child in &mut self.spinning {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What such a process does, until its parent ends.
///
/// # Errors
/// When it would not be told of that.
pub(crate) fn spin() -> io::Result<std::convert::Infallible> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // No pause instruction: a host may take that for a reason to run somebody else.
    let mut turns = 0_u64;
    loop {
        turns = black_box(turns.wrapping_add(1));
    }
}
