//! A thread of the floor: its event loop, its connections, and its door for the other threads.

use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex, MutexGuard};

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use super::connection::{Connection, Flow};
use super::partition::Partition;
use super::{Shared, locked};

const LISTENER: u64 = u64::MAX;
const BELL: u64 = u64::MAX - 1;
const EVENTS_MAX: usize = 256;

/// A connection whose fetch waits: of which thread, and its token there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) worker: usize,
    pub(super) token: u64,
}

/// Where other threads leave something for this one.
pub(super) struct Door {
    mail: Mutex<Vec<Mail>>,
    bell: OwnedFd,
}

enum Mail {
    /// A new connection, which is this thread's from now on.
    Accepted(TcpStream),
    /// A waiting fetch may now be answered.
    Woken(u64),
}

impl Door {
    /// # Errors
    /// When the system has no more descriptors.
    pub(super) fn new() -> io::Result<Self> {
        let bell = eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?;
        Ok(Self { mail: Mutex::default(), bell })
    }

    #[expect(clippy::host_endian_bytes, reason = "eventfd(2) counts in the host's")]
    fn leave(&self, mail: Mail) {
        let mut all = locked(&self.mail);
        all.push(mail);
        if all.len() == 1 {
            // Full only if it has been rung more often than it can count; then it still rings.
            let _rung = rustix::io::write(&self.bell, &1_u64.to_ne_bytes());
        }
    }

    fn take(&self) -> io::Result<Vec<Mail>> {
        match rustix::io::read(&self.bell, &mut [0; 8]) {
            Ok(_) | Err(Errno::AGAIN) => Ok(mem::take(&mut *locked(&self.mail))),
            Err(error) => Err(error.into()),
        }
    }
}

/// What the connections of one thread share.
pub(super) struct Store {
    pub(super) worker: usize,
    shared: Arc<Shared>,
    /// Those that this thread has asked for.
    partitions: BTreeMap<i32, Arc<Mutex<Partition>>>,
    /// Connections of this thread whose waiting fetch may now be answered.
    woken: Vec<u64>,
    /// Receive buffers that no connection holds: those without half a frame need none.
    pub(super) buffers: Vec<Vec<u8>>,
}

impl Store {
    /// # Errors
    /// When the partition is new and its file cannot be created.
    pub(super) fn partition(&mut self, index: i32) -> io::Result<MutexGuard<'_, Partition>> {
        use std::collections::btree_map::Entry;
        let partition = match self.partitions.entry(index) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(self.shared.partition(index)?),
        };
        Ok(locked(partition))
    }

    /// Has these look again.
    pub(super) fn wake(&mut self, waiters: Vec<Waiter>) {
        for Waiter { worker, token } in waiters {
            if worker == self.worker {
                self.woken.push(token);
            } else {
                self.shared.doors[worker].leave(Mail::Woken(token));
            }
        }
    }
}

/// One thread.
pub(super) struct Worker {
    events: OwnedFd,
    /// Of the first thread.
    listener: Option<TcpListener>,
    connections: BTreeMap<u64, Connection>,
    next_token: u64,
    /// Who is accepted goes to one thread after the other.
    next_worker: usize,
    store: Store,
}

impl Worker {
    /// # Errors
    /// When the system has no event loop for it.
    pub(super) fn new(
        number: usize,
        shared: Arc<Shared>,
        listener: Option<TcpListener>,
    ) -> io::Result<Self> {
        let events = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        let bell = &shared.doors[number].bell;
        epoll::add(&events, bell, EventData::new_u64(BELL), EventFlags::IN)?;
        if let Some(listener) = &listener {
            epoll::add(&events, listener, EventData::new_u64(LISTENER), EventFlags::IN)?;
        }
        let store = Store {
            worker: number,
            shared,
            partitions: BTreeMap::new(),
            woken: Vec::new(),
            buffers: Vec::new(),
        };
        let connections = BTreeMap::new();
        Ok(Self { events, listener, connections, next_token: 0, next_worker: 0, store })
    }

    /// Serves until the event loop fails.
    ///
    /// # Errors
    /// When it does.
    pub(super) fn run(mut self) -> io::Result<()> {
        let mut ready = Vec::with_capacity(EVENTS_MAX);
        loop {
            ready.clear();
            match epoll::wait(&self.events, rustix::buffer::spare_capacity(&mut ready), None) {
                Err(Errno::INTR) => continue,
                other => other?,
            };
            for event in &ready {
                match event.data.u64() {
                    LISTENER => self.accept()?,
                    BELL => self.read_mail()?,
                    token => self.turn(token),
                }
            }
            while let Some(token) = self.store.woken.pop() {
                self.turn(token);
            }
        }
    }

    fn accept(&mut self) -> io::Result<()> {
        while let Some(listener) = &self.listener {
            match listener.accept() {
                Ok((socket, _)) => {
                    let to = self.next_worker;
                    self.next_worker = (to + 1) % self.store.shared.doors.len();
                    if to == self.store.worker {
                        self.serve(socket)?;
                    } else {
                        self.store.shared.doors[to].leave(Mail::Accepted(socket));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn read_mail(&mut self) -> io::Result<()> {
        for mail in self.store.shared.doors[self.store.worker].take()? {
            match mail {
                Mail::Accepted(socket) => self.serve(socket)?,
                Mail::Woken(token) => self.store.woken.push(token),
            }
        }
        Ok(())
    }

    fn serve(&mut self, socket: TcpStream) -> io::Result<()> {
        socket.set_nonblocking(true)?;
        socket.set_nodelay(true)?;
        let token = self.next_token;
        self.next_token += 1;
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&self.events, &socket, EventData::new_u64(token), flags)?;
        self.connections.insert(token, Connection::new(token, socket));
        Ok(())
    }

    /// A connection that ends or errs is dropped; the others go on.
    fn turn(&mut self, token: u64) {
        let Some(connection) = self.connections.get_mut(&token) else { return };
        match connection.turn(&mut self.store) {
            Ok(Flow::Open) => {}
            Ok(Flow::Ended) => drop(self.connections.remove(&token)),
            Err(error) => {
                eprintln!("floor: connection {token}: {error}");
                self.connections.remove(&token);
            }
        }
    }
}
