//! `env`'s streams and listeners on the simulated network.

use super::Network;
use super::end::EndId;
use super::link::State;
use crate::executor::ProcessId;
use bytes::{Buf, Bytes, BytesMut};
use dohle_env::net::{Connection, Listener, Piece};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::task::{Context, Poll};

/// Room that is made where a reader has none.
const RECEIVE_BYTES: usize = 4096;
/// The most that is read from a file for one packet.
const FILE_PACKET_BYTES: usize = 64 << 10;

pub(super) struct SimulatedConnection {
    network: Network,
    end: EndId,
    local: SocketAddr,
    peer: SocketAddr,
}

impl SimulatedConnection {
    /// Owns `end`, whose addresses are `local` and `peer`.
    pub(super) fn new(
        network: Network,
        end: EndId,
        (local, peer): (SocketAddr, SocketAddr),
    ) -> Self {
        Self { network, end, local, peer }
    }
}

/// How much of `size` one call handles.
fn part_of(state: &mut State, end: EndId, size: usize) -> usize {
    let split_one_in = state.weather_from(end).split_one_in;
    if size > 1 && state.random.one_in(split_one_in) {
        1 + state.random.index(size - 1)
    } else {
        size
    }
}

fn receive(
    state: &mut State,
    id: EndId,
    cx: &mut Context<'_>,
    into: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let Some(end) = state.end(id) else {
        return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
    };
    if end.inbox.is_empty() {
        if let Some(error) = end.error {
            return Poll::Ready(Err(error.into()));
        }
        if end.is_ended {
            return Poll::Ready(Ok(0));
        }
        end.reader = Some(cx.waker().clone());
        return Poll::Pending;
    }
    if into.capacity() == into.len() {
        into.reserve(RECEIVE_BYTES);
    }
    let available = end.inbox.iter().map(Bytes::len).sum::<usize>();
    let spare = into.capacity() - into.len();
    let mut left = part_of(state, id, available.min(spare));
    let received = left;
    let Some(end) = state.end(id) else { return Poll::Ready(Ok(0)) };
    while left > 0 {
        let Some(first) = end.inbox.front_mut() else { break };
        let size = first.len().min(left);
        into.extend_from_slice(&first.split_to(size));
        left -= size;
        if first.is_empty() {
            end.inbox.pop_front();
        }
    }
    // There is room again for who sends to this end.
    let sender = state.end(EndId { link: id.link, side: 1 - id.side });
    let waker = sender.and_then(|end| end.writer.take());
    state.woken.extend(waker);
    state.trace.note(&[5, id.link, id.side as u64, received as u64]);
    Poll::Ready(Ok(received))
}

/// Whether `id` can send now, and how much.
fn room(state: &mut State, id: EndId, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
    let Some(end) = state.end(id) else {
        return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
    };
    if let Some(error) = end.error {
        return Poll::Ready(Err(error.into()));
    }
    let is_connected = end.is_connected;
    let room = if is_connected { state.room_bytes(id) } else { 0 };
    if room == 0 {
        if let Some(end) = state.end(id) {
            end.writer = Some(cx.waker().clone());
        }
        return Poll::Pending;
    }
    Poll::Ready(Ok(part_of(state, id, room)))
}

/// Takes at most `room` bytes from the front of `out`.
fn take_front(out: &mut VecDeque<Piece>, room: usize) -> io::Result<Bytes> {
    let Some(first) = out.front_mut() else { return Ok(Bytes::new()) };
    let bytes = match first {
        Piece::Bytes(bytes) => bytes.split_to(bytes.len().min(room)),
        Piece::File { file, position, size_bytes } => {
            let size = room.min(FILE_PACKET_BYTES).min(*size_bytes as usize);
            let mut buffer = vec![0; size];
            let read = file.read_at(*position, &mut buffer)?;
            if read < size {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            *position += size as u64;
            *size_bytes -= u32::try_from(size).map_err(io::Error::other)?;
            Bytes::from(buffer)
        }
    };
    if first.size_bytes() == 0 {
        out.pop_front();
    }
    Ok(bytes)
}

impl Connection for SimulatedConnection {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        self.network.with(|state| receive(state, self.end, cx, into))
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut VecDeque<Piece>,
    ) -> Poll<io::Result<()>> {
        loop {
            while out.front().is_some_and(|piece| piece.size_bytes() == 0) {
                out.pop_front();
            }
            if out.is_empty() {
                return Poll::Ready(Ok(()));
            }
            let room = match self.network.with(|state| room(state, self.end, cx)) {
                Poll::Ready(Ok(room)) => room,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            };
            // Without the network's lock: a file may be read.
            let bytes = take_front(out, room)?;
            if bytes.has_remaining() {
                self.network.with(|state| state.send_data(self.end, bytes));
            }
        }
    }

    fn peer(&self) -> SocketAddr {
        self.peer
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for SimulatedConnection {
    fn drop(&mut self) {
        self.network.with(|state| state.close(self.end));
    }
}

pub(super) struct SimulatedListener {
    pub(super) network: Network,
    pub(super) process: ProcessId,
    /// In the network.
    pub(super) at: SocketAddr,
    /// As it was asked for.
    pub(super) local: SocketAddr,
}

impl Listener for SimulatedListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        let accepted = self.network.with(|state| {
            let Some(accepting) = state.listeners.get_mut(&self.at) else {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::NetworkDown)));
            };
            if accepting.arrived.is_empty() {
                accepting.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            let end = accepting.arrived.pop_front();
            let found = end.and_then(|end| state.addresses(end).map(|pair| (end, pair)));
            Poll::Ready(found.ok_or_else(|| io::ErrorKind::ConnectionAborted.into()))
        });
        accepted.map_ok(|(end, addresses)| -> Box<dyn Connection> {
            Box::new(SimulatedConnection::new(self.network.clone(), end, addresses))
        })
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

impl Drop for SimulatedListener {
    fn drop(&mut self) {
        self.network.with(|state| state.stop_listening(self.at, self.process));
    }
}
