//! One exchange of HTTP/1.1 (RFC 9112) on a connection that ends with it: what a token's endpoint is
//! asked with.

use crate::limits::HTTP_ANSWER_BYTES;
use bytes::{Bytes, BytesMut};
use dohle_env::net::{Connection, Piece};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;

const HEADERS_MAX: usize = 100;

/// What was answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// Sends a whole request and waits for the whole answer.
///
/// # Errors
/// Those of the connection, and an answer that is none or too large.
pub(super) async fn exchange(io: &mut dyn Connection, request: &Bytes) -> io::Result<Answer> {
    let mut out = VecDeque::from([Piece::Bytes(request.clone())]);
    poll_fn(|cx| io.poll_send(cx, &mut out)).await?;
    let mut arrived = BytesMut::new();
    loop {
        let has_ended = poll_fn(|cx| io.poll_receive(cx, &mut arrived)).await? == 0;
        if let Some(answer) = read(&arrived, has_ended)? {
            return Ok(answer);
        }
        if has_ended {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the answer ends before its end",
            ));
        }
        if arrived.len() > HTTP_ANSWER_BYTES {
            return Err(invalid("the answer is too large"));
        }
    }
}

/// The answer, if it is whole.
fn read(mut arrived: &[u8], has_ended: bool) -> io::Result<Option<Answer>> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
        let mut head = httparse::Response::new(&mut headers);
        let parsed = head.parse(arrived).map_err(|error| invalid(&error.to_string()))?;
        let httparse::Status::Complete(length) = parsed else { return Ok(None) };
        let status = head.code.unwrap_or_default();
        let behind = arrived.get(length..).unwrap_or_default();
        if (100..200).contains(&status) {
            // The answer comes behind it.
            arrived = behind;
            continue;
        }
        let body = body(head.headers, behind, has_ended)?;
        return Ok(body.map(|body| Answer { status, body }));
    }
}

/// What follows the headers: in chunks, of a length, or to the end of the connection.
fn body(
    headers: &[httparse::Header<'_>],
    behind: &[u8],
    has_ended: bool,
) -> io::Result<Option<Vec<u8>>> {
    let value = |name: &str| {
        let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(header.value).ok().map(str::trim)
    };
    if value("Transfer-Encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return chunks(behind);
    }
    let Some(length) = value("Content-Length") else {
        return Ok(has_ended.then(|| behind.to_vec()));
    };
    let length: usize = length.parse().map_err(|_| invalid("its Content-Length is no number"))?;
    if length > HTTP_ANSWER_BYTES {
        return Err(invalid("the answer is too large"));
    }
    Ok(behind.get(..length).map(<[u8]>::to_vec))
}

fn chunks(mut behind: &[u8]) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let parsed =
            httparse::parse_chunk_size(behind).map_err(|_| invalid("a chunk has no size"))?;
        let httparse::Status::Complete((start, size)) = parsed else { return Ok(None) };
        if size == 0 {
            // Trailers say nothing that is wanted here.
            return Ok(Some(body));
        }
        let Some(end) = usize::try_from(size).ok().and_then(|size| start.checked_add(size)) else {
            return Err(invalid("the answer is too large"));
        };
        let (Some(chunk), Some(next)) = (behind.get(start..end), behind.get(end + 2..)) else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        behind = next;
    }
}

fn invalid(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("this is no answer of HTTP: {why}"))
}

#[cfg(test)]
mod tests {
    use super::{Answer, read};

    fn whole(text: &str, has_ended: bool) -> Option<(u16, String)> {
        let answer = read(text.as_bytes(), has_ended).expect("HTTP");
        answer.map(|Answer { status, body }| (status, String::from_utf8(body).expect("text")))
    }

    /// Whatever has arrived so far, it is whole at its last byte and not before.
    #[test]
    fn answers_arrive_in_pieces() {
        for (text, status, body) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc", 200, "abc"),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", 401, ""),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n",
                200,
                "abcde",
            ),
        ] {
            for end in 0..text.len() {
                assert_eq!(whole(&text[..end], true), None, "{end} of {text:?}");
            }
            assert_eq!(whole(text, false), Some((status, body.to_owned())));
        }
        let endless = "HTTP/1.0 200 OK\r\n\r\nabc";
        assert_eq!(whole(endless, false), None);
        assert_eq!(whole(endless, true), Some((200, "abc".to_owned())));
    }

    #[test]
    fn what_is_no_answer() {
        for text in [
            "SSH-2.0-OpenSSH\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        ] {
            assert!(read(text.as_bytes(), true).is_err(), "{text:?}");
        }
    }
}
