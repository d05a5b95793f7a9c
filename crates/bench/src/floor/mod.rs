//! The floor: the least a server could do for the same bytes. It receives frames, checks each
//! batch's CRC-32C, writes the batch to its partition's file and answers; fetches leave by
//! `sendfile`. One thread, one epoll.
//!
//! It reads just what the load generator sends: Produce 9 and Fetch 12 with one topic and one
//! partition a request, and ApiVersions. It keeps no index, no leader, no configuration, and
//! recovers nothing: what it costs is what no server for these bytes can save.

mod connection;
mod partition;
mod wire;

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::{fs, io};

use rustix::event::epoll::{self, EventData, EventFlags};

use connection::{Connection, Flow};
use partition::Partition;

const LISTENER: u64 = u64::MAX;
const EVENTS_MAX: usize = 256;

/// What all connections share.
struct Store {
    directory: PathBuf,
    partitions: BTreeMap<i32, Partition>,
    /// Connections whose waiting fetch may now be answered.
    woken: Vec<u64>,
    /// Receive buffers that no connection holds: those without half a frame need none.
    buffers: Vec<Vec<u8>>,
}

impl Store {
    fn partition(&mut self, index: i32) -> io::Result<&mut Partition> {
        use std::collections::btree_map::Entry;
        match self.partitions.entry(index) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let path = self.directory.join(format!("partition-{index}.log"));
                Ok(new.insert(Partition::create(&path)?))
            }
        }
    }
}

/// Serves `port` of the loopback address until the process is killed, with its files in
/// `directory`. Prints one line once it listens.
///
/// # Errors
/// When the port or the directory cannot be had, or the event loop fails.
pub(crate) fn serve(port: u16, directory: &Path) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", port))?;
    println!("floor listens on 127.0.0.1:{port}");
    serve_listener(&listener, directory)
}

/// Serves whoever comes to `listener`.
///
/// # Errors
/// As [`serve`].
pub(crate) fn serve_listener(listener: &TcpListener, directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    listener.set_nonblocking(true)?;
    // The standard library listens with a backlog of 128; many connections at once want more.
    rustix::net::listen(listener, 4096)?;
    let events = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&events, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
    let mut store = Store {
        directory: directory.to_owned(),
        partitions: BTreeMap::new(),
        woken: Vec::new(),
        buffers: Vec::new(),
    };
    let mut connections = BTreeMap::new();
    let mut next_token = 0;
    let mut ready = Vec::with_capacity(EVENTS_MAX);
    loop {
        ready.clear();
        match epoll::wait(&events, rustix::buffer::spare_capacity(&mut ready), None) {
            Err(rustix::io::Errno::INTR) => continue,
            other => other?,
        };
        for event in &ready {
            let token = event.data.u64();
            if token == LISTENER {
                accept(listener, events.as_fd(), &mut connections, &mut next_token)?;
            } else {
                turn(token, &mut connections, &mut store);
            }
        }
        while let Some(token) = store.woken.pop() {
            turn(token, &mut connections, &mut store);
        }
    }
}

fn accept(
    listener: &TcpListener,
    events: impl AsFd,
    connections: &mut BTreeMap<u64, Connection>,
    next_token: &mut u64,
) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((socket, _)) => {
                socket.set_nonblocking(true)?;
                socket.set_nodelay(true)?;
                let token = *next_token;
                *next_token += 1;
                let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
                epoll::add(&events, &socket, EventData::new_u64(token), flags)?;
                connections.insert(token, Connection::new(token, socket));
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// A connection that ends or errs is dropped; the others go on.
fn turn(token: u64, connections: &mut BTreeMap<u64, Connection>, store: &mut Store) {
    let Some(connection) = connections.get_mut(&token) else { return };
    match connection.turn(store) {
        Ok(Flow::Open) => {}
        Ok(Flow::Ended) => drop(connections.remove(&token)),
        Err(error) => {
            eprintln!("floor: connection {token}: {error}");
            connections.remove(&token);
        }
    }
}
