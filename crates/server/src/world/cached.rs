//! What the kernel knows of a file's pages: two calls that no safe crate wraps, and locks of open
//! files.

use rustix::fd::{AsFd, AsRawFd, BorrowedFd};
use rustix::io::{Errno, ReadWriteFlags};
use std::io;
use std::io::IoSliceMut;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// The number of `cachestat(2)`, the same on every architecture (Linux 6.5).
const SYS_CACHESTAT: libc::c_long = 451;

/// `struct cachestat_range`.
#[repr(C)]
struct CachestatRange {
    offset: u64,
    length: u64,
}

/// `struct cachestat`, all in pages.
#[repr(C)]
#[derive(Default)]
struct Cachestat {
    cached: u64,
    dirty: u64,
    writeback: u64,
    evicted: u64,
    recently_evicted: u64,
}

static NO_CACHESTAT: AtomicBool = AtomicBool::new(false);

/// Whether all pages of `range` are in memory, as far as the kernel tells.
pub(super) fn is_cached(file: BorrowedFd<'_>, range: &Range<u64>) -> bool {
    if range.is_empty() {
        return true;
    }
    if !NO_CACHESTAT.load(Ordering::Relaxed) {
        match cachestat(file, range) {
            Ok(pages) => {
                let page = rustix::param::page_size() as u64;
                return pages >= range.end.div_ceil(page) - range.start / page;
            }
            // An older kernel, or a sandbox that does not know the call.
            Err(Some(libc::ENOSYS | libc::EPERM)) => NO_CACHESTAT.store(true, Ordering::Relaxed),
            Err(_) => {}
        }
    }
    is_readable_at_once(file, range.start) && is_readable_at_once(file, range.end - 1)
}

/// Pages of `range` in memory; the error is the system's number.
#[expect(unsafe_code, reason = "neither rustix nor libc wraps cachestat")]
fn cachestat(file: BorrowedFd<'_>, range: &Range<u64>) -> Result<u64, Option<i32>> {
    let asked = CachestatRange { offset: range.start, length: range.end - range.start };
    let mut found = Cachestat::default();
    let no_flags: libc::c_uint = 0;
    // SAFETY: both structs have the kernel's layout and live through the call; it writes only
    // `found`.
    let status = unsafe {
        libc::syscall(SYS_CACHESTAT, file.as_raw_fd(), &raw const asked, &raw mut found, no_flags)
    };
    if status == 0 { Ok(found.cached) } else { Err(io::Error::last_os_error().raw_os_error()) }
}

/// Whether the byte at `position` can be read without waiting. A file system that cannot tell
/// counts as cached, and so does the end of the file.
fn is_readable_at_once(file: BorrowedFd<'_>, position: u64) -> bool {
    let mut byte = [0];
    let mut into = [IoSliceMut::new(&mut byte)];
    let read = rustix::io::preadv2(file, &mut into, position, ReadWriteFlags::NOWAIT);
    read != Err(Errno::AGAIN)
}

/// Asks the kernel to begin writing `range` out. Nothing hangs on whether it does: a flush
/// follows where it matters.
#[expect(unsafe_code, reason = "rustix does not wrap sync_file_range")]
pub(super) fn start_writeback(file: BorrowedFd<'_>, range: &Range<u64>) {
    let (Ok(offset), Ok(length)) =
        (i64::try_from(range.start), i64::try_from(range.end.saturating_sub(range.start)))
    else {
        return;
    };
    if length == 0 {
        // To the kernel this would mean the whole rest of the file.
        return;
    }
    // SAFETY: takes no pointers; the descriptor is open while it is borrowed.
    let _hint = unsafe {
        libc::sync_file_range(file.as_raw_fd(), offset, length, libc::SYNC_FILE_RANGE_WRITE)
    };
}

/// Takes a write lock on the whole file for its open description; `WouldBlock` if another holds
/// one.
///
/// Such a lock conflicts with the POSIX locks that Java takes, so Apache Kafka and we never open
/// one directory together; unlike those it also holds against a second node in this process, and
/// closing another descriptor of the file does not release it.
#[expect(unsafe_code, reason = "rustix does not wrap locks of open file descriptions")]
pub(super) fn try_lock(file: impl AsFd) -> io::Result<()> {
    let kind = libc::c_short::try_from(libc::F_WRLCK).expect("the constant is small");
    let whence = libc::c_short::try_from(libc::SEEK_SET).expect("the constant is small");
    let whole = libc::flock { l_type: kind, l_whence: whence, l_start: 0, l_len: 0, l_pid: 0 };
    let descriptor = file.as_fd().as_raw_fd();
    // SAFETY: `whole` is a valid struct flock that the call only reads.
    let status = unsafe { libc::fcntl(descriptor, libc::F_OFD_SETLK, &raw const whole) };
    if status == 0 {
        return Ok(());
    }
    let error = io::Error::last_os_error();
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::EACCES) => Err(io::ErrorKind::WouldBlock.into()),
        _ => Err(error),
    }
}
