//! The client: keeps requests outstanding on all connections, counts the answers and reads the
//! clocks. One thread, one epoll, the same for every server.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use crate::meter::{MEASURED, Mark, Sample, WARM};
use crate::sockets::{MARK, Shape};

/// A server that answers nothing for so long has lost something.
const SILENCE_MAX: Duration = Duration::from_secs(2);
const RECEIVE_BYTES: usize = 64 << 10;

struct Line {
    socket: TcpStream,
    /// Bytes of requests that are to be sent.
    owed_bytes: usize,
    sent_bytes: u64,
    answered_bytes: u64,
}

/// The connections, and what they share.
struct Generator {
    shape: Shape,
    lines: Vec<Line>,
    /// As many requests, one after another, as a connection may owe, and one more.
    requests: Vec<u8>,
    received: Vec<u8>,
    answered: u64,
    /// Answers are no longer followed by new requests.
    draining: bool,
}

/// Keeps the connections busy for the time of one round, then waits for all answers.
///
/// # Errors
/// When a connection fails, the server is silent, or it answers less or more than it was asked.
pub(crate) fn drive(sockets: Vec<TcpStream>, shape: Shape) -> io::Result<Sample> {
    let mut generator = Generator::new(sockets, shape);
    let events = generator.register()?;
    let mut ready = Vec::with_capacity(generator.lines.len());
    let until = Instant::now() + WARM;
    while Instant::now() < until {
        generator.turn(&events, &mut ready)?;
    }
    let begin = Mark::now(generator.answered);
    let until = Instant::now() + MEASURED;
    while Instant::now() < until {
        generator.turn(&events, &mut ready)?;
    }
    let end = Mark::now(generator.answered);
    generator.draining = true;
    while !generator.lines.iter().all(|line| line.is_answered(shape)) {
        generator.turn(&events, &mut ready)?;
    }
    generator.lines.into_iter().try_for_each(Line::close)?;
    Ok(begin.until_with_client(end))
}

impl Generator {
    fn new(sockets: Vec<TcpStream>, shape: Shape) -> Self {
        let owed_bytes = shape.outstanding * shape.request_bytes;
        let line = |socket| Line { socket, owed_bytes, sent_bytes: 0, answered_bytes: 0 };
        let mut requests = vec![b'r'; owed_bytes + shape.request_bytes];
        requests.iter_mut().step_by(shape.request_bytes).for_each(|first| *first = MARK);
        Self {
            shape,
            lines: sockets.into_iter().map(line).collect(),
            requests,
            received: vec![0; RECEIVE_BYTES],
            answered: 0,
            draining: false,
        }
    }

    /// Edges, so that the kernel looks at each socket once. The first is that it can be written to.
    fn register(&self) -> io::Result<OwnedFd> {
        let events = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        for (index, line) in (0..).zip(&self.lines) {
            line.socket.set_nonblocking(true)?;
            let flags = EventFlags::IN | EventFlags::OUT | EventFlags::ET;
            epoll::add(&events, &line.socket, EventData::new_u64(index), flags)?;
        }
        Ok(events)
    }

    /// Waits for answers, takes what has come and sends what may follow.
    fn turn(&mut self, events: &OwnedFd, ready: &mut Vec<Event>) -> io::Result<()> {
        ready.clear();
        let timeout = Timespec::try_from(SILENCE_MAX).map_err(io::Error::other)?;
        match epoll::wait(events, rustix::buffer::spare_capacity(ready), Some(&timeout)) {
            Err(Errno::INTR) => return Ok(()),
            Ok(0) => return Err(io::Error::other("the server is silent")),
            other => other?,
        };
        for event in &*ready {
            let line = &mut self.lines[event.data.u64() as usize];
            let count = line.receive(&mut self.received, self.shape)?;
            self.answered += count;
            if !self.draining {
                line.owed_bytes += count as usize * self.shape.request_bytes;
            }
            line.send(&self.requests, self.shape)?;
        }
        Ok(())
    }
}

impl Line {
    /// Takes what has come; answers how many answers became whole.
    fn receive(&mut self, buffer: &mut [u8], shape: Shape) -> io::Result<u64> {
        let answer_bytes = shape.answer_bytes as u64;
        let before = self.answered_bytes / answer_bytes;
        loop {
            match rustix::net::recv(&self.socket, &mut *buffer, RecvFlags::empty()) {
                Ok((_, 0)) => return Err(io::Error::other("the server ended a connection")),
                Ok((_, count)) => {
                    self.answered_bytes += count as u64;
                    if count == buffer.len() {
                        continue;
                    }
                }
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {}
                Err(error) => return Err(error.into()),
            }
            break;
        }
        if self.sent_bytes / shape.request_bytes as u64 * answer_bytes < self.answered_bytes {
            return Err(io::Error::other("more answers than requests"));
        }
        Ok(self.answered_bytes / answer_bytes - before)
    }

    /// Sends what is owed, as far as the socket takes it.
    fn send(&mut self, requests: &[u8], shape: Shape) -> io::Result<()> {
        while 0 < self.owed_bytes {
            let at = (self.sent_bytes % shape.request_bytes as u64) as usize;
            let bytes = &requests[at..at + self.owed_bytes];
            match rustix::net::send(&self.socket, bytes, SendFlags::NOSIGNAL) {
                Ok(count) => {
                    self.owed_bytes -= count;
                    self.sent_bytes += count as u64;
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn is_answered(&self, shape: Shape) -> bool {
        let requests = self.sent_bytes / shape.request_bytes as u64;
        self.owed_bytes == 0 && self.answered_bytes == requests * shape.answer_bytes as u64
    }

    /// Tells the server that this was all, and sees to it that it has nothing more to say either.
    fn close(mut self) -> io::Result<()> {
        self.socket.set_nonblocking(false)?;
        self.socket.set_read_timeout(Some(SILENCE_MAX))?;
        self.socket.shutdown(Shutdown::Write)?;
        match self.socket.read(&mut [0])? {
            0 => Ok(()),
            _ => Err(io::Error::other("an answer too many")),
        }
    }
}
