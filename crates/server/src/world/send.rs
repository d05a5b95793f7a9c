//! Sending pieces: memory in one `sendmsg`, file ranges with `sendfile`.

use super::counters::{self, Call};
use bytes::{Buf, Bytes};
use dohle_env::disk::{File, read_exact_at};
use dohle_env::net::Piece;
use rustix::fd::AsFd;
use rustix::net::{SendAncillaryBuffer, SendFlags};
use std::collections::VecDeque;
use std::io::{self, IoSlice};

/// Memory pieces that go into one call; more take a second one.
const SLICES_MAX: usize = 64;
/// What one call sends at most. A peer on this machine may read as fast as we write; without this
/// limit one call could go on for as long as a piece lasts, and every other connection waits.
const CALL_BYTES_MAX: usize = 1 << 20;
/// What is read at once of a file without a descriptor.
const READ_BYTES: usize = 128 << 10;

/// What one call has sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sent {
    /// As much as was asked for.
    All(usize),
    /// Less: the socket takes no more now.
    Part(usize),
}

/// Removes pieces without bytes from the front.
pub(super) fn drop_empty(out: &mut VecDeque<Piece>) {
    while out.front().is_some_and(|piece| piece.size_bytes() == 0) {
        out.pop_front();
    }
}

/// Sends what fits into one system call from the front of `out` and removes it there.
///
/// `out` must begin with a piece that has bytes. An `UnexpectedEof` means that a file was shorter
/// than its piece.
pub(super) fn send_some(socket: impl AsFd, out: &mut VecDeque<Piece>) -> io::Result<Sent> {
    match out.front_mut() {
        None => Ok(Sent::All(0)),
        Some(Piece::Bytes(_)) => send_memory(socket, out),
        Some(Piece::File { file, position, size_bytes }) => {
            let Some(descriptor) = file.descriptor() else {
                let part = read_part(&**file, *position, *size_bytes)?;
                let read = u32::try_from(part.len()).expect("at most what the piece holds");
                (*position, *size_bytes) = (*position + u64::from(read), *size_bytes - read);
                out.push_front(Piece::Bytes(part));
                return send_memory(socket, out);
            };
            counters::count(Call::SendFile);
            let mut from = *position;
            let asked = CALL_BYTES_MAX.min(*size_bytes as usize);
            let sent = rustix::fs::sendfile(socket, descriptor, Some(&mut from), asked)?;
            let sent_bytes = u32::try_from(sent).expect("at most what was asked for");
            if sent_bytes == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            (*position, *size_bytes) =
                (*position + u64::from(sent_bytes), *size_bytes - sent_bytes);
            // Short at the file's end as well as at a full socket; the next call finds out which.
            Ok(Sent::All(sent))
        }
    }
}

fn read_part(file: &dyn File, position: u64, size_bytes: u32) -> io::Result<Bytes> {
    let mut part = vec![0; READ_BYTES.min(size_bytes as usize)];
    read_exact_at(file, position, &mut part)?;
    Ok(part.into())
}

fn send_memory(socket: impl AsFd, out: &mut VecDeque<Piece>) -> io::Result<Sent> {
    let mut slices = [IoSlice::new(&[]); SLICES_MAX];
    let (mut count, mut asked) = (0, 0);
    for piece in out.iter().take(SLICES_MAX) {
        let Piece::Bytes(bytes) = piece else { break };
        let part = &bytes[..bytes.len().min(CALL_BYTES_MAX - asked)];
        slices[count] = IoSlice::new(part);
        count += 1;
        asked += part.len();
        if asked == CALL_BYTES_MAX {
            break;
        }
    }
    // What follows fills the last segment up: without this a range's length field would travel
    // alone.
    let more = if out.len() > count { SendFlags::MORE } else { SendFlags::empty() };
    counters::count(Call::Send);
    let sent = rustix::net::sendmsg(
        socket,
        &slices[..count],
        &mut SendAncillaryBuffer::default(),
        SendFlags::NOSIGNAL | more,
    )?;
    remove(out, sent);
    Ok(if sent == asked { Sent::All(sent) } else { Sent::Part(sent) })
}

/// Removes `sent` bytes of memory from the front.
fn remove(out: &mut VecDeque<Piece>, mut sent: usize) {
    while let Some(Piece::Bytes(bytes)) = out.front_mut() {
        if sent < bytes.len() {
            bytes.advance(sent);
            return;
        }
        sent -= bytes.len();
        out.pop_front();
    }
    assert!(sent == 0, "no more is sent than was there");
}
