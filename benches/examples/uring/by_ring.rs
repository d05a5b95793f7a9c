//! The server over io_uring: one ring, one system call for all that a pass has to send and for the
//! wait that follows.
//!
//! A send is submitted so that it ends within the call, and completes only if the socket did not
//! take all of it. With a completion for each, the wait would end at once and every pass cost two
//! calls.

use std::io;
use std::net::TcpStream;
use std::os::fd::AsRawFd;

use io_uring::squeue::{Entry, Flags};
use io_uring::types::Fixed;
use io_uring::{IoUring, SubmissionQueue, cqueue, opcode};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::buffers::Buffers;
use crate::sockets::{ANSWERS, Requests, Shape};

/// The one group of buffers.
const GROUP: u16 = 0;
/// Memory of that group.
const GROUP_BYTES: usize = 1 << 20;
/// `IORING_RECVSEND_POLL_FIRST` of linux/io_uring.h.
const POLL_FIRST: u16 = 1;
const COMPLETIONS: u32 = 1024;

/// A ring for the calling thread alone, whose completions are made within its calls.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn build(entries: u32) -> io::Result<IoUring> {
    IoUring::builder()
        .setup_single_issuer()
        .setup_defer_taskrun()
        .setup_coop_taskrun()
        .setup_cqsize(COMPLETIONS)
        .build(entries)
}

/// Where bytes are received.
enum Receive {
    /// A receive goes on for as long as its connection, and takes a buffer when bytes are there.
    Multishot(Buffers),
    /// A receive ends with its first bytes, in a buffer of its connection.
    Single(Vec<Box<[u8]>>),
}

/// How a connection sends.
///
/// | from | what happens | to |
/// |---|---|---|
/// | `Tries` | a send fell short, and so completes | `Full` |
/// | `Full` | a send is submitted that waits for room | `Waits` |
/// | `Waits` | it completes | `Tries` |
#[derive(Clone, Copy, PartialEq)]
enum Sending {
    Tries,
    Full,
    Waits,
}

struct Connection {
    requests: Requests,
    sending: Sending,
    /// Size of the last send.
    sent_bytes: usize,
    receiving: bool,
    /// The last receive emptied the socket: the next one need not try before it waits.
    emptied: bool,
    ended: bool,
    /// Whether it is in `touched`.
    touched: bool,
}

struct Server {
    connections: Vec<Connection>,
    receive: Receive,
    /// Connections for which something is to be submitted.
    touched: Vec<usize>,
    open: usize,
}

/// Serves the connections, each by one receive that goes on.
///
/// # Errors
/// When a connection or the ring fails, or a connection carries what it should not.
pub(crate) fn serve_multishot(sockets: Vec<TcpStream>, shape: Shape) -> io::Result<()> {
    let count = GROUP_BYTES / shape.receive_bytes();
    let count = u16::try_from(count).map_err(io::Error::other)?;
    serve(&sockets, shape, Receive::Multishot(Buffers::new(count, shape.receive_bytes())?))
}

/// Serves the connections, by receives that each end with their first bytes.
///
/// # Errors
/// As [`serve_multishot`].
pub(crate) fn serve_single(sockets: Vec<TcpStream>, shape: Shape) -> io::Result<()> {
    let buffer = || vec![0; shape.receive_bytes()].into_boxed_slice();
    serve(&sockets, shape, Receive::Single(sockets.iter().map(|_| buffer()).collect()))
}

fn serve(sockets: &[TcpStream], shape: Shape, receive: Receive) -> io::Result<()> {
    let mut server = Server::new(sockets.len(), shape, receive);
    // Made after the buffers, so that it goes before them.
    let mut ring = build((2 * sockets.len()).next_power_of_two().max(8) as u32)?;
    let (mut submitter, mut queue, mut completions) = ring.split();
    submitter.register_ring_fd()?;
    let descriptors: Vec<i32> = sockets.iter().map(AsRawFd::as_raw_fd).collect();
    submitter.register_files(&descriptors)?;
    if let Receive::Multishot(buffers) = &server.receive {
        buffers.register(&submitter, GROUP)?;
    }
    while 0 < server.open {
        server.submit(&mut queue)?;
        queue.sync();
        match submitter.submit_and_wait(1) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            other => other?,
        };
        queue.sync();
        completions.sync();
        for completion in &mut completions {
            server.complete(&completion, &sockets[index(completion.user_data())])?;
        }
        // Else the kernel takes these completions for what the next wait is for.
        completions.sync();
        if let Receive::Multishot(buffers) = &mut server.receive {
            buffers.publish();
        }
    }
    Ok(())
}

/// A connection's number and what of it completes, in the word that comes back.
fn user_data(index: usize, send: bool) -> u64 {
    (index as u64) << 1 | u64::from(send)
}

fn index(user_data: u64) -> usize {
    (user_data >> 1) as usize
}

impl Server {
    fn new(count: usize, shape: Shape, receive: Receive) -> Self {
        let connection = || Connection {
            requests: Requests::new(shape),
            sending: Sending::Tries,
            sent_bytes: 0,
            receiving: false,
            emptied: true,
            ended: false,
            touched: true,
        };
        Self {
            connections: (0..count).map(|_| connection()).collect(),
            receive,
            touched: (0..count).collect(),
            open: count,
        }
    }

    /// Queues what the touched connections want: at most a send and a receive each.
    fn submit(&mut self, queue: &mut SubmissionQueue<'_>) -> io::Result<()> {
        for index in self.touched.drain(..) {
            let connection = &mut self.connections[index];
            connection.touched = false;
            if let Some(send) = connection.send(index) {
                push(queue, &send)?;
            }
            if !connection.receiving && !connection.ended {
                connection.receiving = true;
                push(queue, &self.receive.entry(index, connection.emptied))?;
            }
        }
        Ok(())
    }

    /// Takes a completion. It queues nothing: what a send left over comes before what follows it.
    fn complete(&mut self, completion: &cqueue::Entry, socket: &TcpStream) -> io::Result<()> {
        let index = index(completion.user_data());
        let connection = &mut self.connections[index];
        if !connection.touched {
            connection.touched = true;
            self.touched.push(index);
        }
        let result = completion.result();
        let is_send = completion.user_data() & 1 == 1;
        let done = match usize::try_from(result) {
            Ok(done) => done,
            Err(_) if is_send && -result == Errno::AGAIN.raw_os_error() => 0,
            // No buffer was left; by now there are some again.
            Err(_) if !is_send && -result == Errno::NOBUFS.raw_os_error() => {
                connection.receiving = false;
                return Ok(());
            }
            Err(_) => return Err(io::Error::from_raw_os_error(-result)),
        };
        if is_send {
            connection.on_sent(done);
            return Ok(());
        }
        connection.receiving = cqueue::more(completion.flags());
        connection.emptied = !cqueue::sock_nonempty(completion.flags());
        self.receive
            .with_bytes(index, done, completion.flags(), |bytes| connection.requests.take(bytes))?;
        if done == 0 {
            connection.requests.end()?;
            connection.ended = true;
            self.open -= 1;
            // The ring still holds the socket: only this tells the client.
            socket.shutdown(std::net::Shutdown::Write)?;
        }
        Ok(())
    }
}

impl Receive {
    /// A receive for a connection.
    fn entry(&mut self, index: usize, emptied: bool) -> Entry {
        let socket = Fixed(index as u32);
        let entry = match self {
            Self::Multishot(_) => opcode::RecvMulti::new(socket, GROUP).build(),
            Self::Single(buffers) => {
                let buffer = &mut buffers[index];
                opcode::Recv::new(socket, buffer.as_mut_ptr(), buffer.len() as u32)
                    .ioprio(if emptied { POLL_FIRST } else { 0 })
                    .build()
            }
        };
        entry.user_data(user_data(index, false))
    }

    /// Shows what a completed receive brought, then lets the kernel have the buffer again.
    fn with_bytes(
        &mut self,
        index: usize,
        size_bytes: usize,
        flags: u32,
        look: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        match self {
            Self::Single(buffers) => look(&buffers[index][..size_bytes]),
            Self::Multishot(buffers) => {
                let Some(id) = cqueue::buffer_select(flags) else {
                    assert_eq!(size_bytes, 0, "bytes come in a buffer");
                    return Ok(());
                };
                let looked = look(buffers.bytes(id, size_bytes));
                buffers.give_back(id);
                looked
            }
        }
    }
}

impl Connection {
    /// A send of all that is owed, unless one waits.
    fn send(&mut self, index: usize) -> Option<Entry> {
        if self.requests.owed_bytes == 0 || self.sending == Sending::Waits {
            return None;
        }
        self.sent_bytes = std::mem::take(&mut self.requests.owed_bytes);
        // All or nothing is left to the kernel: short of all, a send counts as failed.
        let mut flags = SendFlags::NOSIGNAL.bits() | RecvFlags::WAITALL.bits();
        let mut completes = Flags::empty();
        if self.sending == Sending::Full {
            self.sending = Sending::Waits;
        } else {
            flags |= SendFlags::DONTWAIT.bits();
            completes = Flags::SKIP_SUCCESS;
        }
        let send = opcode::Send::new(Fixed(index as u32), ANSWERS.as_ptr(), self.sent_bytes as u32)
            .flags(flags as i32)
            .build()
            .flags(completes);
        Some(send.user_data(user_data(index, true)))
    }

    /// Takes the end of a send that took so many bytes.
    fn on_sent(&mut self, taken_bytes: usize) {
        self.requests.owed_bytes += self.sent_bytes - taken_bytes;
        self.sending = match self.sending {
            Sending::Tries => Sending::Full,
            Sending::Full | Sending::Waits => Sending::Tries,
        };
    }
}

fn push(queue: &mut SubmissionQueue<'_>, entry: &Entry) -> io::Result<()> {
    // SAFETY: sends read from a static. Receives write to buffers that outlive the ring, and only
    // within calls that enter it (DEFER_TASKRUN), which this thread makes.
    unsafe { queue.push(entry) }.map_err(io::Error::other)
}
