//! The server as the node is today: it waits for edges, and makes a `recv` and a `send` for each.

use std::io;
use std::net::TcpStream;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::sockets::{ANSWERS, Requests, Shape};

struct Connection {
    socket: TcpStream,
    requests: Requests,
}

/// Serves the connections until each has ended.
///
/// # Errors
/// When a connection fails, or carries what it should not.
pub(crate) fn serve(sockets: Vec<TcpStream>, shape: Shape) -> io::Result<()> {
    let events = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mut connections = Vec::with_capacity(sockets.len());
    for (index, socket) in (0..).zip(sockets) {
        socket.set_nonblocking(true)?;
        let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
        epoll::add(&events, &socket, EventData::new_u64(index), flags)?;
        connections.push(Some(Connection { socket, requests: Requests::new(shape) }));
    }
    let mut buffer = vec![0; shape.receive_bytes()];
    let mut open = connections.len();
    let mut ready = Vec::with_capacity(open);
    while 0 < open {
        ready.clear();
        match epoll::wait(&events, rustix::buffer::spare_capacity(&mut ready), None) {
            Err(Errno::INTR) => continue,
            other => other?,
        };
        for event in &ready {
            let place = &mut connections[event.data.u64() as usize];
            let Some(connection) = place else { continue };
            if !connection.turn(&mut buffer)? {
                *place = None;
                open -= 1;
            }
        }
    }
    Ok(())
}

impl Connection {
    /// Takes what has come and answers it; false at the end of the connection.
    fn turn(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
                Ok((_, 0)) => return self.requests.end().map(|()| false),
                Ok((_, count)) => {
                    self.requests.take(&buffer[..count])?;
                    self.send()?;
                    // A buffer that is not full has emptied the socket: the next edge tells of more.
                    if count < buffer.len() {
                        return Ok(true);
                    }
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return self.send().map(|()| true),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Sends what is owed, as far as the socket takes it; an edge tells when it takes the rest.
    fn send(&mut self) -> io::Result<()> {
        let owed_bytes = &mut self.requests.owed_bytes;
        while 0 < *owed_bytes {
            match rustix::net::send(&self.socket, &ANSWERS[..*owed_bytes], SendFlags::NOSIGNAL) {
                Ok(count) => *owed_bytes -= count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}
