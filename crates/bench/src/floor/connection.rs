//! A client's connection to the floor: requests in, answers out, in order.

use std::collections::VecDeque;
use std::fs::File;
use std::io;
use std::net::TcpStream;
use std::sync::Arc;

use dohle_protocol::ApiKey;
use dohle_protocol::record::crc::crc32c;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::wire::{Cursor, begin, end, frame_size, invalid, name, number, varint};
use super::worker::{Store, Waiter};

/// Holds a few of the largest usual requests, and fits the processor's second cache.
pub(super) const BUFFER_BYTES: usize = 256 << 10;
/// From this size on a frame is received alone.
const LARGE_BYTES: usize = 32 << 10;
/// Where a batch's checksum stands, and the bytes that it covers begin.
const CRC_AT: usize = 17;
const COVERED_AT: usize = 21;
const RECORD_COUNT_AT: usize = 57;

/// Whether a connection goes on.
pub(super) enum Flow {
    Open,
    Ended,
}

enum Piece {
    Bytes { bytes: Vec<u8>, sent: usize },
    File { file: Arc<File>, position: u64, size_bytes: usize },
}

/// A fetch that found nothing new.
struct Waiting {
    correlation_id: i32,
    fetch: Fetch,
}

#[derive(Clone, Copy)]
struct Fetch {
    partition: i32,
    offset: i64,
    bytes_max: u32,
}

pub(super) struct Connection {
    token: u64,
    socket: TcpStream,
    /// What has come and is not answered; given back when nothing is left over.
    received: Option<Received>,
    /// Answers of this turn that are only bytes.
    answers: Vec<u8>,
    /// What did not fit into the socket, and files.
    out: VecDeque<Piece>,
    waiting: Option<Waiting>,
    topic: Vec<u8>,
}

struct Received {
    buffer: Vec<u8>,
    end: usize,
}

impl Connection {
    pub(super) fn new(token: u64, socket: TcpStream) -> Self {
        Self {
            token,
            socket,
            received: None,
            answers: Vec::new(),
            out: VecDeque::new(),
            waiting: None,
            topic: Vec::new(),
        }
    }

    /// Answers all that has come, as far as the socket takes the answers.
    ///
    /// # Errors
    /// When the socket or a file fails, or a request is none that the floor knows.
    pub(super) fn turn(&mut self, store: &mut Store) -> io::Result<Flow> {
        if let Some(waiting) = self.waiting.take() {
            self.fetch(waiting.correlation_id, waiting.fetch, store)?;
        }
        loop {
            if !self.flush()? {
                return Ok(Flow::Open);
            }
            let mut received = self.received.take().unwrap_or_else(|| Received {
                buffer: store.buffers.pop().unwrap_or_else(|| vec![0; BUFFER_BYTES]),
                end: 0,
            });
            let come = receive(&self.socket, &mut received)?;
            if matches!(come, Come::Bytes { .. }) {
                self.frames(&mut received, store)?;
            }
            if received.end == 0 {
                store.buffers.push(received.buffer);
            } else {
                self.received = Some(received);
            }
            match come {
                Come::Bytes { more: true } => {}
                Come::Bytes { more: false } => {
                    self.flush()?;
                    return Ok(Flow::Open);
                }
                Come::Nothing => return Ok(Flow::Open),
                Come::End => return Ok(Flow::Ended),
            }
        }
    }

    /// Answers the whole frames and moves what is left to the front.
    fn frames(&mut self, received: &mut Received, store: &mut Store) -> io::Result<()> {
        let mut start = 0;
        while let Some(size) = frame_size(&received.buffer[start..received.end])? {
            if received.end - start - 4 < size {
                break;
            }
            self.request(&mut received.buffer[start + 4..start + 4 + size], store)?;
            start += 4 + size;
        }
        received.buffer.copy_within(start..received.end, 0);
        received.end -= start;
        Ok(())
    }

    fn request(&mut self, frame: &mut [u8], store: &mut Store) -> io::Result<()> {
        let mut at = Cursor { bytes: frame, at: 0 };
        let (key, version, correlation_id) = (at.i16()?, at.i16()?, at.i32()?);
        let client_id_bytes = at.i16()?.max(0) as usize;
        at.skip(client_id_bytes)?;
        match (ApiKey::from_i16(key), version) {
            (Some(ApiKey::Produce), 9) => {
                // No tags, no transaction; acks, timeout.
                at.skip(1 + 1 + 2 + 4)?;
                let partition = self.target(&mut at)?;
                let size = at.length()?;
                let start = at.at;
                at.skip(size)?;
                self.produce(correlation_id, partition, &mut frame[start..start + size], store)
            }
            (Some(ApiKey::Fetch), 12) => {
                // No tags; replica, wait, least and most bytes, isolation, session, its epoch.
                at.skip(1 + 4 + 4 + 4 + 4 + 1 + 4 + 4)?;
                let partition = self.target(&mut at)?;
                at.skip(4)?;
                let offset = at.i64()?;
                at.skip(4 + 8)?;
                let bytes_max = u32::try_from(at.i32()?).map_err(|_| invalid("size"))?;
                self.fetch(correlation_id, Fetch { partition, offset, bytes_max }, store)
            }
            (Some(ApiKey::ApiVersions), 0) => {
                // No error, no APIs: enough to be an answer.
                self.answers.extend_from_slice(&10_i32.to_be_bytes());
                self.answers.extend_from_slice(&correlation_id.to_be_bytes());
                self.answers.extend_from_slice(&[0; 6]);
                Ok(())
            }
            _ => Err(invalid(&format!("API key {key}, version {version}"))),
        }
    }

    /// Reads one topic's name and one partition's number.
    fn target(&mut self, at: &mut Cursor<'_>) -> io::Result<i32> {
        let topics = at.length()?;
        let name_bytes = at.length()?;
        let name = at.at;
        at.skip(name_bytes)?;
        if self.topic.is_empty() {
            self.topic.extend_from_slice(&at.bytes[name..name + name_bytes]);
        }
        if topics != 1 || at.length()? != 1 {
            return Err(invalid("more than one partition"));
        }
        at.i32()
    }

    fn produce(
        &mut self,
        correlation_id: i32,
        partition: i32,
        batch: &mut [u8],
        store: &mut Store,
    ) -> io::Result<()> {
        let crc = number(batch, CRC_AT)?;
        let record_count = number(batch, RECORD_COUNT_AT)?;
        if crc32c(&batch[COVERED_AT..]) != crc.cast_unsigned() {
            return Err(invalid("checksum"));
        }
        let (base_offset, woken) = {
            let mut to = store.partition(partition)?;
            (to.append(batch, record_count)?, std::mem::take(&mut to.waiting))
        };
        store.wake(woken);
        let start = begin(&mut self.answers, correlation_id);
        self.answers.push(2);
        name(&mut self.answers, &self.topic);
        self.answers.push(2);
        self.answers.extend_from_slice(&partition.to_be_bytes());
        self.answers.extend_from_slice(&[0; 2]);
        self.answers.extend_from_slice(&base_offset.to_be_bytes());
        self.answers.extend_from_slice(&(-1_i64).to_be_bytes());
        self.answers.extend_from_slice(&[0; 8]);
        // No record errors, no message, no tags of partition and topic; throttle time; no tags.
        self.answers.extend_from_slice(&[1, 0, 0, 0, 0, 0, 0, 0, 0]);
        end(&mut self.answers, start, 0);
        Ok(())
    }

    fn fetch(&mut self, correlation_id: i32, fetch: Fetch, store: &mut Store) -> io::Result<()> {
        let waiter = Waiter { worker: store.worker, token: self.token };
        let mut from = store.partition(fetch.partition)?;
        let position = from.position(fetch.offset);
        let size = (from.end_position - position).min(u64::from(fetch.bytes_max));
        if size == 0 {
            from.waiting.push(waiter);
            self.waiting = Some(Waiting { correlation_id, fetch });
            return Ok(());
        }
        let size = size as usize;
        let start = begin(&mut self.answers, correlation_id);
        self.answers.extend_from_slice(&[0; 4 + 2 + 4]);
        self.answers.push(2);
        name(&mut self.answers, &self.topic);
        self.answers.push(2);
        self.answers.extend_from_slice(&fetch.partition.to_be_bytes());
        self.answers.extend_from_slice(&[0; 2]);
        self.answers.extend_from_slice(&from.end_offset.to_be_bytes());
        self.answers.extend_from_slice(&from.end_offset.to_be_bytes());
        self.answers.extend_from_slice(&[0; 8]);
        self.answers.push(0);
        self.answers.extend_from_slice(&(-1_i32).to_be_bytes());
        varint(&mut self.answers, size + 1);
        let tail = [0; 3];
        end(&mut self.answers, start, size + tail.len());
        let bytes = std::mem::take(&mut self.answers);
        self.out.push_back(Piece::Bytes { bytes, sent: 0 });
        let file = Arc::clone(&from.file);
        self.out.push_back(Piece::File { file, position, size_bytes: size });
        self.answers.extend_from_slice(&tail);
        Ok(())
    }

    /// Sends what waits: whether all is out.
    fn flush(&mut self) -> io::Result<bool> {
        while let Some(piece) = self.out.pop_front() {
            let more = !(self.out.is_empty() && self.answers.is_empty());
            if let Some(rest) = self.send(piece, more)? {
                self.out.push_front(rest);
                return Ok(false);
            }
        }
        if self.answers.is_empty() {
            return Ok(true);
        }
        let mut bytes = std::mem::take(&mut self.answers);
        match rustix::net::send(&self.socket, &bytes, SendFlags::NOSIGNAL) {
            Ok(sent) if sent == bytes.len() => {
                bytes.clear();
                self.answers = bytes;
                Ok(true)
            }
            Ok(sent) => {
                self.out.push_back(Piece::Bytes { bytes, sent });
                Ok(false)
            }
            Err(Errno::AGAIN) => {
                self.out.push_back(Piece::Bytes { bytes, sent: 0 });
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Sends a piece until it is gone or the socket is full: what is left of it.
    fn send(&self, piece: Piece, more: bool) -> io::Result<Option<Piece>> {
        match piece {
            Piece::Bytes { bytes, mut sent } => {
                let flags = if more { SendFlags::MORE } else { SendFlags::empty() };
                while sent < bytes.len() {
                    let part = &bytes[sent..];
                    match rustix::net::send(&self.socket, part, SendFlags::NOSIGNAL | flags) {
                        Ok(count) => sent += count,
                        Err(Errno::AGAIN) => return Ok(Some(Piece::Bytes { bytes, sent })),
                        Err(error) => return Err(error.into()),
                    }
                }
            }
            Piece::File { file, mut position, mut size_bytes } => {
                while size_bytes > 0 {
                    let at = Some(&mut position);
                    match rustix::fs::sendfile(&self.socket, &*file, at, size_bytes) {
                        Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                        Ok(count) => size_bytes -= count,
                        Err(Errno::AGAIN) => {
                            return Ok(Some(Piece::File { file, position, size_bytes }));
                        }
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(None)
    }
}

/// What a receive brought.
enum Come {
    /// Bytes; there may be more.
    Bytes {
        more: bool,
    },
    Nothing,
    End,
}

/// Receives behind what is there. Of a large frame no more is taken than it needs, and the next
/// one's size, so that nothing has to be moved.
fn receive(socket: &TcpStream, received: &mut Received) -> io::Result<Come> {
    let mut room = received.buffer.len();
    if let Some(size) = frame_size(&received.buffer[..received.end])?
        && size >= LARGE_BYTES
    {
        room = size + 8;
        if received.buffer.len() < room {
            received.buffer.resize(room, 0);
        }
    }
    let into = &mut received.buffer[received.end..room];
    let asked = into.len();
    match rustix::net::recv(socket, into, RecvFlags::empty()) {
        Ok((0, _)) => Ok(Come::End),
        Ok((count, _)) => {
            received.end += count;
            Ok(Come::Bytes { more: count == asked })
        }
        Err(Errno::AGAIN) => Ok(Come::Nothing),
        Err(Errno::INTR) => Ok(Come::Bytes { more: true }),
        Err(error) => Err(error.into()),
    }
}
