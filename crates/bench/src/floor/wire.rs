//! The few words that the floor reads and writes.

use std::io;

const FRAME_BYTES_MAX: usize = 100 << 20;

/// The size that a frame claims, once its four bytes are there.
pub(super) fn frame_size(bytes: &[u8]) -> io::Result<Option<usize>> {
    let Some(size) = bytes.first_chunk::<4>() else { return Ok(None) };
    match usize::try_from(i32::from_be_bytes(*size)) {
        Ok(size) if size <= FRAME_BYTES_MAX => Ok(Some(size)),
        _ => Err(invalid("frame size")),
    }
}

pub(super) fn invalid(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("not of the floor: {what}"))
}

pub(super) fn number(batch: &[u8], at: usize) -> io::Result<i32> {
    let bytes = batch.get(at..at + 4).and_then(|bytes| bytes.first_chunk());
    Ok(i32::from_be_bytes(*bytes.ok_or_else(|| invalid("batch"))?))
}

/// Starts an answer with a flexible header: where its size stands.
pub(super) fn begin(answers: &mut Vec<u8>, correlation_id: i32) -> usize {
    let start = answers.len();
    answers.extend_from_slice(&[0; 4]);
    answers.extend_from_slice(&correlation_id.to_be_bytes());
    answers.push(0);
    start
}

/// Sets the size of an answer, of which so many bytes follow.
pub(super) fn end(answers: &mut [u8], start: usize, following: usize) {
    let size = (answers.len() - start - 4 + following) as u32;
    answers[start..start + 4].copy_from_slice(&size.to_be_bytes());
}

pub(super) fn name(answers: &mut Vec<u8>, name: &[u8]) {
    varint(answers, name.len() + 1);
    answers.extend_from_slice(name);
}

pub(super) fn varint(answers: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        answers.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    answers.push(value as u8);
}

/// Reads a request.
pub(super) struct Cursor<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
}

impl Cursor<'_> {
    fn take<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let rest = self.bytes.get(self.at..).and_then(<[u8]>::first_chunk);
        self.at += N;
        rest.copied().ok_or_else(|| invalid("end"))
    }

    pub(super) fn skip(&mut self, count: usize) -> io::Result<()> {
        self.at = self
            .at
            .checked_add(count)
            .filter(|&at| at <= self.bytes.len())
            .ok_or_else(|| invalid("end"))?;
        Ok(())
    }

    pub(super) fn i16(&mut self) -> io::Result<i16> {
        Ok(i16::from_be_bytes(self.take()?))
    }

    pub(super) fn i32(&mut self) -> io::Result<i32> {
        Ok(i32::from_be_bytes(self.take()?))
    }

    pub(super) fn i64(&mut self) -> io::Result<i64> {
        Ok(i64::from_be_bytes(self.take()?))
    }

    /// A compact length, which is written as one more.
    pub(super) fn length(&mut self) -> io::Result<usize> {
        let mut value = 0_usize;
        for shift in [0, 7, 14, 21, 28] {
            let [byte] = self.take()?;
            value |= usize::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return value.checked_sub(1).ok_or_else(|| invalid("null"));
            }
        }
        Err(invalid("varint"))
    }
}
