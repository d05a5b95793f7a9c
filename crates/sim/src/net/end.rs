//! The end of a connection, and the places where connections arrive.

use crate::executor::ProcessId;
use bytes::Bytes;
use dohle_env::clock::Instant;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::Waker;

/// A machine.
pub(super) struct Host {
    /// Whose connections it has; none once that has ended.
    pub(super) process: Option<ProcessId>,
    pub(super) is_on: bool,
}

/// A place where connections arrive.
pub(super) struct Accepting {
    pub(super) process: ProcessId,
    pub(super) arrived: VecDeque<EndId>,
    pub(super) waker: Option<Waker>,
}

impl Accepting {
    pub(super) fn new(process: ProcessId) -> Self {
        Self { process, arrived: VecDeque::new(), waker: None }
    }
}

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EndId {
    pub(super) link: u64,
    /// 0 dialled, 1 accepted.
    pub(super) side: usize,
}

impl EndId {
    pub(super) fn other(self) -> Self {
        Self { link: self.link, side: 1 - self.side }
    }
}

/// What goes from one end to the other.
pub(super) enum Packet {
    Data(Bytes),
    /// The sender closed in order.
    End,
    Reset,
}

/// What is known at one end.
pub(super) struct End {
    pub(super) address: SocketAddr,
    pub(super) process: ProcessId,
    /// False once its owner dropped it, or lost power.
    pub(super) is_open: bool,
    pub(super) is_connected: bool,
    /// Arrived and unread.
    pub(super) inbox: VecDeque<Bytes>,
    /// All that will ever arrive is in the inbox.
    pub(super) is_ended: bool,
    pub(super) error: Option<io::ErrorKind>,
    /// On the way to the other end, with the time of arrival.
    pub(super) on_the_way: VecDeque<(Instant, Packet)>,
    pub(super) reader: Option<Waker>,
    pub(super) writer: Option<Waker>,
}

impl End {
    pub(super) fn new(address: SocketAddr, process: ProcessId, is_connected: bool) -> Self {
        Self {
            address,
            process,
            is_open: true,
            is_connected,
            inbox: VecDeque::new(),
            is_ended: false,
            error: None,
            on_the_way: VecDeque::new(),
            reader: None,
            writer: None,
        }
    }

    pub(super) fn unread_bytes(&self) -> usize {
        self.inbox.iter().map(Bytes::len).sum()
    }

    pub(super) fn on_the_way_bytes(&self) -> usize {
        let sizes = self.on_the_way.iter().map(|(_, packet)| match packet {
            Packet::Data(bytes) => bytes.len(),
            Packet::End | Packet::Reset => 0,
        });
        sizes.sum()
    }
}

/// Both ends: who dialled, who accepted.
pub(super) type Link = [End; 2];
