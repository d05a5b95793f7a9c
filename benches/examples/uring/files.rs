//! Appends to a file in the page cache; nothing is flushed.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::time::Instant;

use io_uring::types::Fixed;
use io_uring::{IoUring, opcode};

use crate::by_ring;
use crate::meter::{MEASURED, Mark, Sample, WARM};

/// Here the file is emptied, and begins anew: it does not fill the disk.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Appends between two looks at the clock, and writes of [`Way::RingEight`] in flight.
const APPENDS: usize = 8;
/// What is written. A static: the kernel may read from it for as long as it likes.
static CONTENT: [u8; 64 << 10] = [b'c'; 64 << 10];

/// How appends are made.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    /// A system call for each.
    Pwrite,
    /// A ring, and one write in flight.
    RingOne,
    /// A ring, and so many writes submitted and waited for at once.
    RingEight,
}

struct Appender {
    file: File,
    way: Way,
    ring: Option<IoUring>,
    content: &'static [u8],
    position: u64,
    appended: u64,
}

/// Measures one round of appends to a file of its own in the folder.
///
/// # Errors
/// When the file or the ring fails, or the file has not the size that it should.
pub(crate) fn measure(folder: &Path, way: Way, size_bytes: usize) -> io::Result<Sample> {
    let path = folder.join("appends");
    let mut appender = Appender::create(&path, way, size_bytes)?;
    appender.run(Instant::now() + WARM)?;
    let begin = Mark::now(appender.appended);
    appender.run(Instant::now() + MEASURED)?;
    let sample = begin.until(Mark::now(appender.appended));
    let there = appender.file.metadata()?.len();
    if there != appender.position {
        let position = appender.position;
        return Err(io::Error::other(format!("the file has {there} B instead of {position} B")));
    }
    std::fs::remove_file(path)?;
    Ok(sample)
}

impl Appender {
    fn create(path: &Path, way: Way, size_bytes: usize) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let ring = match way {
            Way::Pwrite => None,
            Way::RingOne | Way::RingEight => {
                let ring = by_ring::build(APPENDS as u32)?;
                ring.submitter().register_files(&[file.as_raw_fd()])?;
                Some(ring)
            }
        };
        let content = &CONTENT[..size_bytes];
        Ok(Self { file, way, ring, content, position: 0, appended: 0 })
    }

    fn run(&mut self, until: Instant) -> io::Result<()> {
        while Instant::now() < until {
            if FILE_BYTES_MAX <= self.position {
                self.file.set_len(0)?;
                self.position = 0;
            }
            match self.way {
                Way::Pwrite => (0..APPENDS).try_for_each(|_| self.append_by_pwrite())?,
                Way::RingOne => (0..APPENDS).try_for_each(|_| self.append_by_ring(1))?,
                Way::RingEight => self.append_by_ring(APPENDS)?,
            }
        }
        Ok(())
    }

    fn append_by_pwrite(&mut self) -> io::Result<()> {
        let written = rustix::io::pwrite(&self.file, self.content, self.position)?;
        self.on_written(written)
    }

    /// Makes so many appends with one system call.
    fn append_by_ring(&mut self, count: usize) -> io::Result<()> {
        let Some(ring) = &mut self.ring else { return Err(io::Error::other("there is no ring")) };
        let mut position = self.position;
        for _ in 0..count {
            let size_bytes = self.content.len() as u32;
            let write = opcode::Write::new(Fixed(0), self.content.as_ptr(), size_bytes)
                .offset(position)
                .build();
            // SAFETY: it reads from a static.
            unsafe { ring.submission().push(&write) }.map_err(io::Error::other)?;
            position += u64::from(size_bytes);
        }
        while let Err(error) = ring.submit_and_wait(count) {
            if error.kind() != io::ErrorKind::Interrupted {
                return Err(error);
            }
        }
        let results: [Option<i32>; APPENDS] = {
            let mut completions = ring.completion();
            std::array::from_fn(|_| completions.next().map(|completion| completion.result()))
        };
        if results.iter().flatten().count() != count {
            return Err(io::Error::other("not every write has completed"));
        }
        results.into_iter().flatten().try_for_each(|result| match usize::try_from(result) {
            Ok(written) => self.on_written(written),
            Err(_) => Err(io::Error::from_raw_os_error(-result)),
        })
    }

    fn on_written(&mut self, written: usize) -> io::Result<()> {
        if written != self.content.len() {
            return Err(io::Error::other(format!("a write took {written} B only")));
        }
        self.position += written as u64;
        self.appended += 1;
        Ok(())
    }
}
