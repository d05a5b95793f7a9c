//! The load generator: so cheap that the server is what is measured. Requests are encoded once and
//! sent again, with nothing but their correlation id (a fetch's offset too) set anew; fetched bytes
//! are dropped in the kernel, unread.

mod classic;
mod closed;
mod consumer;
mod crowd;
mod fetcher;
mod greeter;
mod line;
#[cfg(test)]
mod member_tests;
mod open;
mod producer;
mod request;
#[cfg(test)]
mod tests;
mod transactor;

use std::io;
use std::net::TcpStream;
use std::os::fd::{AsFd, OwnedFd};
use std::time::Duration;

use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fs::Timespec;

pub(crate) use classic::{ClassicMember, Subscription};
pub(crate) use closed::{Client, Done, Limits, closed, closed_in_turns};
pub(crate) use consumer::ConsumerMember;
pub(crate) use crowd::{Crowd, GroupMember};
pub(crate) use fetcher::Fetcher;
pub(crate) use greeter::{connected, greet_for, greeters, lines};
pub(crate) use line::{Answer, Line};
pub(crate) use open::{Rate, acknowledged, delivered};
pub(crate) use producer::Producer;
pub(crate) use request::{
    Contents, FETCH_VERSION, PRODUCE_VERSION, batch, commit_frame, encode, produce_frame,
};
pub(crate) use transactor::{TransactionVersion, Transactor};

/// No answer for so long means that the server hangs.
const STALL_MAX: Duration = Duration::from_secs(20);

/// Tells which sockets have news.
struct Events {
    epoll: OwnedFd,
    ready: Vec<Event>,
}

impl Events {
    fn new() -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        Ok(Self { epoll, ready: Vec::with_capacity(64) })
    }

    /// Watches for both directions, edge by edge.
    fn add(&self, socket: impl AsFd, token: usize) -> io::Result<()> {
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        Ok(epoll::add(&self.epoll, socket, EventData::new_u64(token as u64), flags)?)
    }

    /// The tokens that have news, within 100 ms.
    fn wait(&mut self) -> io::Result<impl Iterator<Item = usize> + use<'_>> {
        self.wait_for(Duration::from_millis(100))
    }

    /// The tokens that have news, within that time.
    fn wait_for(&mut self, time: Duration) -> io::Result<impl Iterator<Item = usize> + use<'_>> {
        let timeout =
            Timespec { tv_sec: time.as_secs().cast_signed(), tv_nsec: time.subsec_nanos().into() };
        self.ready.clear();
        let into = rustix::buffer::spare_capacity(&mut self.ready);
        match epoll::wait(&self.epoll, into, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(self.ready.iter().map(|event| event.data.u64() as usize))
    }
}

/// A connection that never blocks.
fn connect(port: u16) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_nodelay(true)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn broken(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.into())
}
