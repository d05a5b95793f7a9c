//! Sending memory and file ranges mixed, through small kernel buffers.

use super::{ANY_PORT, Directory, accept, options, pattern, run, send, start};
use bytes::Bytes;
use dohle_env::Env;
use dohle_env::disk::{Disk, File, Open};
use dohle_env::net::Piece;
use dohle_env::tasks::Home;
use dohle_server::world::World;
use dohle_server::world::disk::RealDisk;
use std::collections::VecDeque;
use std::io::{self, ErrorKind, IoSlice, Read};
use std::net::TcpStream;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::Arc;

/// A file that has no descriptor, as those of a simulated or encrypted disk.
struct Hidden(Arc<dyn File>);

impl File for Hidden {
    fn write_at(&self, position: u64, bytes: &[IoSlice<'_>]) -> io::Result<()> {
        self.0.write_at(position, bytes)
    }
    fn read_at(&self, position: u64, into: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(position, into)
    }
    fn size_bytes(&self) -> io::Result<u64> {
        self.0.size_bytes()
    }
    fn set_size(&self, size_bytes: u64) -> io::Result<()> {
        self.0.set_size(size_bytes)
    }
    fn is_cached(&self, range: Range<u64>) -> bool {
        self.0.is_cached(range)
    }
    fn start_writeback(&self, range: Range<u64>) {
        self.0.start_writeback(range);
    }
    fn sync(&self) -> io::Result<()> {
        self.0.sync()
    }
    fn set_read_only(&self) -> io::Result<()> {
        self.0.set_read_only()
    }
    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

fn small_buffers() -> World {
    let mut options = options(1);
    options.tcp.send_buffer_bytes = Some(8 << 10);
    World::start(&options).unwrap()
}

fn file_of(directory: &Directory, content: &[u8]) -> Arc<dyn File> {
    let file = RealDisk.open(&directory.join("content"), Open::Truncate).unwrap();
    file.write_at(0, &[IoSlice::new(content)]).unwrap();
    file
}

/// Sends `pieces` on a fresh connection; what arrived, and how the sending ended.
fn through(env: &Env, mut pieces: VecDeque<Piece>) -> (Vec<u8>, io::Result<()>) {
    let mut listener = env.net.listen(ANY_PORT).unwrap();
    let mut peer = TcpStream::connect(listener.local()).unwrap();
    let sending = start(env, Home::LeastLoaded, async move {
        let mut stream = accept(&mut *listener).await.unwrap();
        let result = send(&mut *stream, &mut pieces).await;
        assert!(result.is_err() || pieces.is_empty());
        result
    });
    let mut arrived = Vec::new();
    // Reads in odd bits, so that the sender meets a full buffer at every kind of place.
    let mut bit = [0; 3001];
    loop {
        match peer.read(&mut bit) {
            Ok(0) => break,
            Ok(read) => arrived.extend_from_slice(&bit[..read]),
            Err(error) => panic!("{error}"),
        }
    }
    (arrived, sending.recv_timeout(super::HANG).unwrap())
}

#[test]
fn memory_and_ranges_arrive_in_order() {
    let directory = Directory::new();
    let content = pattern(3 << 20, 1);
    let file = file_of(&directory, &content);
    let hidden: Arc<dyn File> = Arc::new(Hidden(file.clone()));
    let memory = Bytes::from(pattern(700_000, 2));
    let mut pieces = VecDeque::new();
    let mut expected = Vec::new();
    for step in 0..60usize {
        let (from, length) = (step * 40_009, [0, 1, 4_096, 65_537, 300_000][step % 5]);
        match step % 4 {
            0 | 2 => {
                let part = memory.slice(from % 300_000..from % 300_000 + length);
                expected.extend_from_slice(&part);
                pieces.push_back(Piece::Bytes(part));
            }
            other => {
                let file = if other == 1 { file.clone() } else { hidden.clone() };
                let size_bytes = u32::try_from(length).unwrap();
                expected.extend_from_slice(&content[from..from + length]);
                pieces.push_back(Piece::File { file, position: from as u64, size_bytes });
            }
        }
    }
    let world = small_buffers();
    let (arrived, result) = through(world.env(), pieces);
    result.unwrap();
    assert!(arrived == expected, "{} of {} bytes", arrived.len(), expected.len());
}

#[test]
fn more_memory_pieces_than_one_call_takes() {
    let memory = Bytes::from(pattern(5_000, 3));
    let pieces = (0..5_000).map(|i| Piece::Bytes(memory.slice(i..=i))).collect();
    let (arrived, result) = through(small_buffers().env(), pieces);
    result.unwrap();
    assert_eq!(arrived, memory);
}

#[test]
fn a_file_that_ends_early_ends_the_connection() {
    let directory = Directory::new();
    let content = pattern(100_000, 4);
    let file = file_of(&directory, &content);
    let hidden: Arc<dyn File> = Arc::new(Hidden(file.clone()));
    for (file, expected) in [(file, 100_000), (hidden, 3)] {
        let world = small_buffers();
        let pieces = VecDeque::from([
            Piece::Bytes(Bytes::from_static(b"abc")),
            Piece::File { file, position: 0, size_bytes: 100_001 },
            Piece::Bytes(Bytes::from_static(b"never")),
        ]);
        let (arrived, result) = through(world.env(), pieces);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert!(arrived.len() <= 3 + expected && !arrived.ends_with(b"never"));
    }
}

#[test]
fn nothing_to_send_is_sent_at_once() {
    let world = small_buffers();
    let (arrived, result) = through(world.env(), VecDeque::from([Piece::Bytes(Bytes::new())]));
    result.unwrap();
    assert!(arrived.is_empty());
}

#[test]
fn a_peer_that_is_gone_is_an_error_and_no_signal() {
    let world = small_buffers();
    let mut listener = world.env().net.listen(ANY_PORT).unwrap();
    drop(TcpStream::connect(listener.local()).unwrap());
    let error = run(world.env(), async move {
        let mut stream = accept(&mut *listener).await.unwrap();
        let block = Bytes::from(vec![0; 1 << 20]);
        loop {
            let mut out = VecDeque::from([Piece::Bytes(block.clone())]);
            if let Err(error) = send(&mut *stream, &mut out).await {
                return error;
            }
        }
    });
    assert!(matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset));
}
