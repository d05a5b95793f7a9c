//! TCP: listening, dialling, and the byte streams that come of it.
//!
//! A socket joins the event loop of the reactor that first polls it, so a connection may be made
//! on one thread and spawned on another.

use super::counters::{self, Call};
use super::descriptors::{self, Counted};
use super::reactors;
use super::send::{self, Sent};
use bytes::BytesMut;
use dohle_env::net::{Connection, Listener, Net, Piece};
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SocketAddrAny, SocketFlags, sockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::unix::AsyncFd;
use tokio::runtime::Handle;
use tokio::time::Sleep;

/// Room made for what arrives when the caller left none.
const RECEIVE_RESERVE_BYTES: usize = 16 << 10;
/// How long a listener rests after an error: without descriptors, trying at once would spin.
const ACCEPT_REST: Duration = Duration::from_millis(100);

/// How sockets are set up; the names are those of Kafka's `socket.*` configs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    /// `socket.send.buffer.bytes`; `None` leaves it to the kernel, which then grows it as needed.
    pub send_buffer_bytes: Option<u32>,
    /// `socket.receive.buffer.bytes`; `None` as above.
    pub receive_buffer_bytes: Option<u32>,
    /// `socket.listen.backlog.size`: connections that the kernel holds until they are accepted.
    pub backlog: u32,
    /// Small answers leave at once (TCP_NODELAY), as with Kafka.
    pub no_delay: bool,
    /// The kernel probes silent peers, as with Kafka.
    pub keep_alive: bool,
}

impl Default for TcpOptions {
    /// Kafka's, with buffers that the kernel sizes.
    fn default() -> Self {
        Self {
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
            backlog: 50,
            no_delay: true,
            keep_alive: true,
        }
    }
}

impl TcpOptions {
    /// A non-blocking socket with these options. What a listener has, Linux gives to each socket
    /// that it accepts: no further system call per connection.
    pub(crate) fn socket(&self, address: SocketAddr) -> io::Result<Socket> {
        let kind = Type::STREAM.nonblocking().cloexec();
        let socket = Socket::new(Domain::for_address(address), kind, Some(Protocol::TCP))?;
        if let Some(size) = self.send_buffer_bytes {
            socket.set_send_buffer_size(size as usize)?;
        }
        if let Some(size) = self.receive_buffer_bytes {
            socket.set_recv_buffer_size(size as usize)?;
        }
        socket.set_tcp_nodelay(self.no_delay)?;
        socket.set_keepalive(self.keep_alive)?;
        Ok(socket)
    }
}

/// TCP with one set of options.
#[derive(Clone, Debug)]
pub struct TcpNet {
    options: TcpOptions,
    /// What the process may have, so that no accept asks.
    descriptors: usize,
}

impl TcpNet {
    /// Sockets with `options`.
    #[must_use]
    pub fn new(options: TcpOptions) -> Self {
        Self { options, descriptors: descriptors::all() }
    }
}

impl Net for TcpNet {
    fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let socket = self.options.socket(address)?;
        socket.set_reuse_address(true)?;
        if address.ip() == IpAddr::from([0u16; 8]) {
            // The IPv6 wildcard takes IPv4 too, as in Java.
            socket.set_only_v6(false)?;
        }
        socket.bind(&SockAddr::from(address))?;
        socket.listen(i32::try_from(self.options.backlog).unwrap_or(i32::MAX))?;
        let local = address_of(&socket.local_addr()?)?;
        let listening = Registration::Fresh(socket.into());
        Ok(Box::new(TcpListener { listening, local, rest: None, descriptors: self.descriptors }))
    }

    fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>> {
        let socket = self.options.socket(address)?;
        match socket.connect(&SockAddr::from(address)) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
            Err(error) => return Err(error),
        }
        let local = address_of(&socket.local_addr()?)?;
        Ok(Box::new(TcpConnection {
            stream: Registration::Fresh(socket.into()),
            connecting: true,
            peer: address,
            local,
            _counted: None,
        }))
    }

    fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok((host.trim_matches(['[', ']']), port).to_socket_addrs()?.collect())
    }
}

/// A descriptor that joins the event loop of the thread that first polls it.
enum Registration {
    Fresh(OwnedFd),
    Joined(AsyncFd<OwnedFd>),
    /// Joining failed; the descriptor is closed.
    Lost,
}

impl Registration {
    fn join(&mut self) -> io::Result<&AsyncFd<OwnedFd>> {
        if let Self::Fresh(_) = self {
            // Asked first, since tokio would panic.
            let _on_reactor = Handle::try_current().map_err(io::Error::other)?;
            if let Self::Fresh(descriptor) = std::mem::replace(self, Self::Lost) {
                *self = Self::Joined(watch(descriptor)?);
            }
        }
        match self {
            Self::Joined(joined) => Ok(joined),
            Self::Fresh(_) | Self::Lost => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

#[expect(unsafe_code, reason = "the event loop watches a number; who gives it must own it")]
fn watch(descriptor: OwnedFd) -> io::Result<AsyncFd<OwnedFd>> {
    // SAFETY: an `OwnedFd` always answers the same descriptor and holds it open until it is
    // dropped, which `AsyncFd` does after it has left the event loop.
    Ok(unsafe { AsyncFd::register(descriptor) }?)
}

/// A TCP stream.
struct TcpConnection {
    stream: Registration,
    /// The dial's outcome is not known yet.
    connecting: bool,
    peer: SocketAddr,
    local: SocketAddr,
    /// If it was accepted.
    _counted: Option<Counted>,
}

impl TcpConnection {
    /// The socket, once it is connected.
    fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<&AsyncFd<OwnedFd>>> {
        let socket = self.stream.join()?;
        if self.connecting {
            // A socket becomes writable when it is connected or has failed.
            let _writable = ready!(socket.poll_write_ready(cx))?;
            sockopt::socket_error(socket)??;
            self.connecting = false;
        }
        Poll::Ready(Ok(socket))
    }
}

/// Lets other tasks run; this one goes on right after.
fn yield_share<T>(cx: &Context<'_>) -> Poll<T> {
    cx.waker().wake_by_ref();
    Poll::Pending
}

impl Connection for TcpConnection {
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        into: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        let socket = ready!(self.poll_connected(cx))?;
        if reactors::is_share_used() {
            return yield_share(cx);
        }
        loop {
            let mut ready = ready!(socket.poll_read_ready(cx))?;
            // Not before there is something to receive: an idle connection has no buffer.
            if into.capacity() == into.len() {
                into.reserve(RECEIVE_RESERVE_BYTES);
            }
            counters::count(Call::Receive);
            match receive(socket, into) {
                Ok(received) => {
                    // Room was left, so the socket is empty: the next event tells of more, and
                    // no receive is spent on finding that out.
                    if into.capacity() > into.len() {
                        ready.clear_ready();
                    }
                    reactors::moved(received);
                    return Poll::Ready(Ok(received));
                }
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(Errno::INTR) => {}
                Err(error) => return Poll::Ready(Err(error.into())),
            }
        }
    }

    fn poll_send(
        &mut self,
        cx: &mut Context<'_>,
        out: &mut VecDeque<Piece>,
    ) -> Poll<io::Result<()>> {
        let socket = ready!(self.poll_connected(cx))?;
        loop {
            send::drop_empty(out);
            if out.is_empty() {
                return Poll::Ready(Ok(()));
            }
            if reactors::is_share_used() {
                return yield_share(cx);
            }
            let mut ready = ready!(socket.poll_write_ready(cx))?;
            match send::send_some(socket, out) {
                Ok(Sent::All(bytes)) => reactors::moved(bytes),
                Ok(Sent::Part(bytes)) => {
                    reactors::moved(bytes);
                    // The kernel's buffer is full: the next event tells of room.
                    ready.clear_ready();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => ready.clear_ready(),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Poll::Ready(Err(error)),
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

#[expect(unsafe_code, reason = "BytesMut has no safe way to take in what the kernel wrote")]
fn receive(socket: &AsyncFd<OwnedFd>, into: &mut BytesMut) -> rustix::io::Result<usize> {
    let spare = into.spare_capacity_mut();
    let ((received, _), _) = rustix::net::recv(socket, spare, RecvFlags::empty())?;
    let received = received.len();
    let filled = into.len() + received;
    // SAFETY: `recv` has initialised the first `received` bytes of the spare capacity.
    unsafe { into.set_len(filled) };
    Ok(received)
}

/// A listening socket.
struct TcpListener {
    listening: Registration,
    local: SocketAddr,
    /// Running after an error.
    rest: Option<Pin<Box<Sleep>>>,
    /// Those of the process.
    descriptors: usize,
}

impl Listener for TcpListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Box<dyn Connection>>> {
        if let Some(rest) = &mut self.rest {
            ready!(rest.as_mut().poll(cx));
            self.rest = None;
        }
        let listening = self.listening.join()?;
        loop {
            let mut ready = ready!(listening.poll_read_ready(cx))?;
            counters::count(Call::Accept);
            match rustix::net::acceptfrom_with(
                listening,
                SocketFlags::NONBLOCK | SocketFlags::CLOEXEC,
            ) {
                Ok((descriptor, peer)) => {
                    return Poll::Ready(match Counted::connection(self.descriptors) {
                        Ok(counted) => accepted(descriptor, peer, counted),
                        Err(most) => Err(too_many(most)),
                    });
                }
                Err(Errno::AGAIN) => ready.clear_ready(),
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(error) => {
                    // Who could not be accepted waits in the backlog until the rest is over.
                    self.rest = Some(Box::pin(tokio::time::sleep(ACCEPT_REST)));
                    return Poll::Ready(Err(error.into()));
                }
            }
        }
    }

    fn local(&self) -> SocketAddr {
        self.local
    }
}

fn too_many(most: usize) -> io::Error {
    io::Error::other(format!(
        "connection refused: {most} are open, the rest of the process's descriptors is for files; \
         raise its limit (ulimit -n, LimitNOFILE)"
    ))
}

fn accepted(
    descriptor: OwnedFd,
    peer: Option<SocketAddrAny>,
    counted: Counted,
) -> io::Result<Box<dyn Connection>> {
    let local = rustix::net::getsockname(&descriptor)?;
    let peer = peer.ok_or(io::ErrorKind::NotConnected)?;
    Ok(Box::new(TcpConnection {
        stream: Registration::Fresh(descriptor),
        connecting: false,
        peer: plain(SocketAddr::try_from(peer)?),
        local: plain(SocketAddr::try_from(local)?),
        _counted: Some(counted),
    }))
}

fn address_of(address: &SockAddr) -> io::Result<SocketAddr> {
    address.as_socket().ok_or_else(|| io::ErrorKind::Unsupported.into())
}

/// An IPv4 peer of an IPv6 socket, as the IPv4 address that it is.
fn plain(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}
