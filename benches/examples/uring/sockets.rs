//! One measurement over sockets: a server thread, a client thread, connections between them.

use std::fmt;
use std::io;
use std::net::{TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use crate::generator;
use crate::meter::{self, Sample, Side};

/// First byte of every request: a server that loses its place finds another one.
pub(crate) const MARK: u8 = 0xd0;
/// What answers consist of. A static: the kernel may read from it for as long as it likes.
pub(crate) static ANSWERS: [u8; 32 << 10] = [b'a'; 32 << 10];
/// From this size of a request on, the servers receive into buffers of [`LARGE_BYTES`].
const LARGE_FROM_BYTES: usize = 4 << 10;
const LARGE_BYTES: usize = 64 << 10;
const SMALL_BYTES: usize = 4 << 10;

/// What the connections carry.
#[derive(Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) connections: usize,
    /// Requests that the client has open on each connection. All their answers fit [`ANSWERS`].
    pub(crate) outstanding: usize,
    pub(crate) request_bytes: usize,
    pub(crate) answer_bytes: usize,
}

impl Shape {
    /// Size of the buffer that one receive of a server gets.
    pub(crate) fn receive_bytes(self) -> usize {
        if self.request_bytes < LARGE_FROM_BYTES { SMALL_BYTES } else { LARGE_BYTES }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { connections, outstanding, request_bytes, answer_bytes } = self;
        write!(
            formatter,
            "{connections} × {outstanding} requests of {request_bytes} B, answers of {answer_bytes} B"
        )
    }
}

/// A server: answers all requests of the connections until each of them has ended.
pub(crate) type Serve = fn(Vec<TcpStream>, Shape) -> io::Result<()>;

/// What one connection of a server still has to answer.
pub(crate) struct Requests {
    shape: Shape,
    /// Bytes there are of the request that is not whole yet.
    begun_bytes: usize,
    /// Bytes of answers that are due and not yet handed to the kernel.
    pub(crate) owed_bytes: usize,
}

impl Requests {
    pub(crate) fn new(shape: Shape) -> Self {
        Self { shape, begun_bytes: 0, owed_bytes: 0 }
    }

    /// Takes the next bytes of the connection.
    ///
    /// # Errors
    /// When a request begins where none should, or there are more than may be outstanding.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> io::Result<()> {
        let size = self.shape.request_bytes;
        let first = (size - self.begun_bytes) % size;
        if bytes.iter().skip(first).step_by(size).any(|&byte| byte != MARK) {
            return Err(io::Error::other("a request does not begin where it should"));
        }
        let there = self.begun_bytes + bytes.len();
        self.begun_bytes = there % size;
        self.owed_bytes += there / size * self.shape.answer_bytes;
        if self.shape.outstanding * self.shape.answer_bytes < self.owed_bytes {
            return Err(io::Error::other("more requests than may be outstanding"));
        }
        Ok(())
    }

    /// Takes the end of the connection.
    ///
    /// # Errors
    /// When a request is not whole, or an answer is due.
    pub(crate) fn end(&self) -> io::Result<()> {
        match (self.begun_bytes, self.owed_bytes) {
            (0, 0) => Ok(()),
            (begun, owed) => Err(io::Error::other(format!(
                "a connection ended with {begun} B of a request and {owed} B of answers open"
            ))),
        }
    }
}

/// Measures one round of a server.
///
/// # Errors
/// When either side fails, or an answer is lost.
pub(crate) fn measure(serve: Serve, shape: Shape) -> io::Result<Sample> {
    assert!(shape.outstanding * shape.answer_bytes <= ANSWERS.len(), "answers fit");
    let (near, far) = connect(shape.connections)?;
    let server = start(Side::Server, move || serve(far, shape))?;
    let client = start(Side::Client, move || generator::drive(near, shape))?;
    match (join(client), join(server)) {
        (Ok(sample), Ok(())) => Ok(sample),
        (Ok(_), Err(server)) => Err(server),
        (Err(client), Ok(())) => Err(client),
        (Err(client), Err(server)) => {
            Err(io::Error::other(format!("client: {client}; server: {server}")))
        }
    }
}

fn start<T: Send + 'static>(
    side: Side,
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<JoinHandle<io::Result<T>>> {
    thread::Builder::new().spawn(move || {
        meter::pin(side)?;
        work()
    })
}

fn join<T>(thread: JoinHandle<io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))
}

/// Both ends of so many connections of the loopback.
fn connect(count: usize) -> io::Result<(Vec<TcpStream>, Vec<TcpStream>)> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let address = listener.local_addr()?;
    let (mut near, mut far) = (Vec::with_capacity(count), Vec::with_capacity(count));
    for _ in 0..count {
        near.push(TcpStream::connect(address)?);
        far.push(listener.accept()?.0);
    }
    for socket in near.iter().chain(&far) {
        socket.set_nodelay(true)?;
    }
    Ok((near, far))
}
