//! A connection that fetches, one request at a time, as consumers do.

use std::io;
use std::net::TcpStream;

use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags};

use super::request::{CORRELATION_AT, fetch_frame, name_size};
use super::{broken, connect};

/// With MSG_TRUNC only its length counts: it is never written.
const DROP_BYTES: usize = 1 << 20;

/// Fetches from its partitions in turn. Batches must all be of one size.
pub(crate) struct Fetcher {
    pub(super) socket: TcpStream,
    partitions: Vec<Position>,
    next: usize,
    batch_bytes: usize,
    batch_records: i64,
    /// Begin again at a partition's end, instead of waiting for more.
    again: bool,
    requests: u64,
    pub(super) answered: u64,
    pub(super) records: u64,
    /// Bytes of records.
    pub(super) bytes: u64,
    sent: usize,
    head: Vec<u8>,
    head_end: usize,
    /// What is left of an answer, after its head.
    left: usize,
    dropped: Vec<u8>,
    errors_at: Errors,
}

struct Position {
    frame: Vec<u8>,
    offset_at: usize,
    offset: i64,
}

/// Where an answer's fixed fields stand.
struct Errors {
    top: usize,
    partition: usize,
    high_watermark: usize,
    records_size: usize,
}

impl Fetcher {
    /// A connection that fetches from `partitions` of `topic`, at most so many bytes an answer.
    ///
    /// # Errors
    /// When the server cannot be reached.
    pub(crate) fn connect(
        port: u16,
        topic: &str,
        partitions: impl Iterator<Item = i32>,
        bytes_max: i32,
    ) -> io::Result<Self> {
        let partitions = partitions.map(|partition| {
            let (frame, offset_at) = fetch_frame(topic, partition, bytes_max);
            Position { frame, offset_at, offset: 0 }
        });
        // Size, id, tags, throttle time; error, session, one topic and its name, one partition and
        // its number; error; three offsets, no aborted transactions, preferred replica.
        let top = 4 + 4 + 1 + 4;
        let partition = top + 2 + 4 + 1 + name_size(topic) + 1 + 4;
        let high_watermark = partition + 2;
        let records_size = high_watermark + 3 * 8 + 1 + 4;
        Ok(Self {
            socket: connect(port)?,
            partitions: partitions.collect(),
            next: 0,
            batch_bytes: usize::MAX,
            batch_records: 0,
            again: false,
            requests: 0,
            answered: 0,
            records: 0,
            bytes: 0,
            sent: 0,
            // The size of the records (four bytes hold up to 2^28), or of none and three tags.
            head: vec![0; records_size + 4],
            head_end: 0,
            left: 0,
            dropped: vec![0; DROP_BYTES],
            errors_at: Errors { top, partition, high_watermark, records_size },
        })
    }

    /// Tells what the partitions hold: batches of that size and so many records.
    pub(crate) fn of_batches(mut self, size_bytes: usize, record_count: usize) -> Self {
        self.batch_bytes = size_bytes;
        self.batch_records = record_count as i64;
        self
    }

    /// Begins at that offset instead of zero.
    pub(crate) fn starting_at(mut self, offset: i64) -> Self {
        self.partitions.iter_mut().for_each(|position| position.offset = offset);
        self
    }

    /// Reads from the start again after the end, beginning with another partition.
    pub(crate) fn again_and_again(mut self, first: usize) -> Self {
        self.again = true;
        self.next = first % self.partitions.len();
        self
    }

    /// Sends the next request if none is open.
    ///
    /// # Errors
    /// When the connection is gone.
    pub(super) fn send(&mut self) -> io::Result<()> {
        if self.requests == self.answered {
            let position = &mut self.partitions[self.next];
            let id = (self.requests & 0x7fff_ffff) as i32;
            position.frame[CORRELATION_AT..][..4].copy_from_slice(&id.to_be_bytes());
            position.frame[position.offset_at..][..8]
                .copy_from_slice(&position.offset.to_be_bytes());
            self.requests += 1;
            self.sent = 0;
        }
        let frame = &self.partitions[self.next].frame;
        while self.sent < frame.len() {
            match rustix::net::send(&self.socket, &frame[self.sent..], SendFlags::NOSIGNAL) {
                Ok(count) => self.sent += count,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Takes what has come; after a whole answer the next request goes out.
    ///
    /// # Errors
    /// When the connection is gone, or an answer tells an error.
    pub(super) fn receive(&mut self) -> io::Result<()> {
        loop {
            let received = if self.head_end < self.head.len() {
                rustix::net::recv(&self.socket, &mut self.head[self.head_end..], RecvFlags::empty())
            } else {
                let part = &mut self.dropped[..self.left.min(DROP_BYTES)];
                rustix::net::recv(&self.socket, part, RecvFlags::TRUNC)
            };
            let count = match received {
                Ok((_, 0)) => return Err(broken("the server closed the connection")),
                Ok((_, count)) => count,
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            };
            if self.head_end < self.head.len() {
                self.head_end += count;
                if self.head_end == self.head.len() {
                    self.take_head()?;
                }
            } else {
                self.left -= count;
            }
            if self.head_end == self.head.len() && self.left == 0 {
                self.answered += 1;
                self.head_end = 0;
                self.next = (self.next + 1) % self.partitions.len();
                self.send()?;
            }
        }
    }

    fn take_head(&mut self) -> io::Result<()> {
        let at = &self.errors_at;
        let total = 4 + u32::from_be_bytes(field(&self.head, 0)) as usize;
        self.left = total
            .checked_sub(self.head.len())
            .ok_or_else(|| broken(format!("a fetch answer of {total} bytes")))?;
        for place in [at.top, at.partition] {
            let code = i16::from_be_bytes(field(&self.head, place));
            if code != 0 {
                return Err(broken(format!("fetch was answered with error {code}")));
            }
        }
        let size = compact_length(&self.head[at.records_size..])
            .filter(|&size| size <= total)
            .ok_or_else(|| broken("a fetch answer without the size of its records"))?;
        let high_watermark = i64::from_be_bytes(field(&self.head, at.high_watermark));
        let batches = size / self.batch_bytes;
        let records = batches as i64 * self.batch_records;
        let position = &mut self.partitions[self.next];
        position.offset += records;
        if self.again && position.offset >= high_watermark {
            position.offset = 0;
        }
        self.records += records.cast_unsigned();
        self.bytes += size as u64;
        Ok(())
    }
}

fn field<const N: usize>(head: &[u8], at: usize) -> [u8; N] {
    *head[at..].first_chunk().expect("all fields lie before the head's end")
}

/// A compact length of at most four bytes; null counts as empty.
fn compact_length(bytes: &[u8]) -> Option<usize> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some(value.saturating_sub(1));
        }
    }
    None
}
