//! The floor: the least a server could do for the same bytes. It receives frames, checks each
//! batch's CRC-32C, writes the batch to its partition's file and answers; fetches leave by
//! `sendfile`. One thread with one epoll, or several that share the partitions behind locks.
//!
//! It reads just what the load generator sends: Produce 9 and Fetch 12 with one topic and one
//! partition a request, and ApiVersions. It keeps no index, no leader, no configuration, and
//! recovers nothing: what it costs is what no server for these bytes can save.

mod connection;
mod partition;
mod wire;
mod worker;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::{fs, io, thread};

use partition::Partition;
use worker::{Door, Worker};

/// What all threads share.
struct Shared {
    directory: PathBuf,
    partitions: Mutex<BTreeMap<i32, Arc<Mutex<Partition>>>>,
    /// One of each thread.
    doors: Vec<Door>,
}

impl Shared {
    /// # Errors
    /// When the partition is new and its file cannot be created.
    fn partition(&self, index: i32) -> io::Result<Arc<Mutex<Partition>>> {
        use std::collections::btree_map::Entry;
        match locked(&self.partitions).entry(index) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(new) => {
                let path = self.directory.join(format!("partition-{index}.log"));
                let partition = Arc::new(Mutex::new(Partition::create(&path)?));
                Ok(new.insert(partition).clone())
            }
        }
    }
}

/// Serves `port` of the loopback address with so many threads until the process is killed, with its
/// files in `directory`. Prints one line once it listens.
///
/// # Errors
/// When the port or the directory cannot be had, or an event loop fails.
pub(crate) fn serve(port: u16, directory: &Path, threads: usize) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("floor listens on 127.0.0.1:{port}");
    serve_listener(listener, directory, threads)
}

/// Serves whoever comes to `listener`.
///
/// # Errors
/// As [`serve`].
pub(crate) fn serve_listener(
    listener: TcpListener,
    directory: &Path,
    threads: usize,
) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    listener.set_nonblocking(true)?;
    // The standard library listens with a backlog of 128; many connections at once want more.
    rustix::net::listen(&listener, 4096)?;
    let shared = Arc::new(Shared {
        directory: directory.to_owned(),
        partitions: Mutex::new(BTreeMap::new()),
        doors: (0..threads.max(1)).map(|_| Door::new()).collect::<io::Result<_>>()?,
    });
    for number in 1..threads {
        let other = Worker::new(number, shared.clone(), None)?;
        // What ends one of them ends the process, as on the first.
        thread::spawn(move || {
            if let Err(error) = other.run() {
                eprintln!("floor: thread {number}: {error}");
                std::process::exit(1);
            }
        });
    }
    Worker::new(0, shared, Some(listener))?.run()
}

/// A thread that panicked left nothing half done that another would see.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
