//! Cores that a process is held to.

use std::io;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Does something, such as to start a process, while this thread may only run on the first so many of
/// the cores that it has: what it starts inherits that. Afterwards this thread has all of them again.
///
/// # Errors
/// When there are fewer cores, or what the deed itself says.
pub(crate) fn held_to<T>(cores: usize, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let before = sched_getaffinity(None)?;
    let mut held = CpuSet::new();
    let had = (0..CpuSet::MAX_CPU).filter(|&cpu| before.is_set(cpu));
    had.take(cores).for_each(|cpu| held.set(cpu));
    if (held.count() as usize) < cores {
        let count = before.count();
        return Err(io::Error::other(format!("{cores} cores are wanted, and there are {count}")));
    }
    sched_setaffinity(None, &held)?;
    let done = act();
    sched_setaffinity(None, &before)?;
    done
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use rustix::thread::sched_getaffinity;

    use super::held_to;

    #[test]
    fn a_child_has_one_core_and_its_parent_all() {
        let before = sched_getaffinity(None).unwrap();
        let child = held_to(1, || Command::new("nproc").output()).unwrap();
        assert_eq!(String::from_utf8_lossy(&child.stdout).trim(), "1");
        assert_eq!(sched_getaffinity(None).unwrap(), before);
        assert!(held_to(100_000, || Ok(())).is_err());
        assert_eq!(sched_getaffinity(None).unwrap(), before);
    }
}
