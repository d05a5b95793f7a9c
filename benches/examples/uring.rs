//! Whether io_uring would cost less than what the node does today: epoll with a `recv` and a `send`
//! for each request, and writes to the page cache one at a time.
//!
//! `cargo run --release --manifest-path benches/Cargo.toml --example uring`, on a quiet machine with
//! two cores or more; it takes two minutes. The files lie in the system's temporary folder: `TMPDIR`
//! chooses the file system, which decides what a write by io_uring costs.
//!
//! It is of no crate of Dohle: these are the bare calls, so that what differs is the kernel's work.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "it is about real sockets, files and clocks"
)]

#[path = "uring/buffers.rs"]
mod buffers;
#[path = "uring/by_epoll.rs"]
mod by_epoll;
#[path = "uring/by_ring.rs"]
mod by_ring;
#[path = "uring/files.rs"]
mod files;
#[path = "uring/generator.rs"]
mod generator;
#[path = "uring/meter.rs"]
mod meter;
#[path = "uring/sockets.rs"]
mod sockets;

use std::io;
use std::path::{Path, PathBuf};

use files::Way;
use meter::{Row, Sample};
use sockets::{Serve, Shape};

/// So often each variant of a point is measured, in turn with the others.
const ROUNDS: usize = 15;

const SMALL: Shape = Shape { connections: 1, outstanding: 1, request_bytes: 32, answer_bytes: 400 };
const BODY: Shape =
    Shape { connections: 4, outstanding: 5, request_bytes: 16 << 10, answer_bytes: 60 };
const SHAPES: [Shape; 5] = [
    SMALL,
    Shape { connections: 100, ..SMALL },
    Shape { connections: 4, outstanding: 64, ..SMALL },
    BODY,
    Shape { request_bytes: 64 << 10, ..BODY },
];

const SERVERS: [(&str, Serve); 3] = [
    ("epoll", by_epoll::serve),
    ("io_uring, multishot recv", by_ring::serve_multishot),
    ("io_uring, recv by recv", by_ring::serve_single),
];
const WAYS: [(&str, Way); 3] = [
    ("pwrite", Way::Pwrite),
    ("io_uring, one write", Way::RingOne),
    ("io_uring, eight writes", Way::RingEight),
];

/// A folder that goes with its value.
struct Folder(PathBuf);

impl Folder {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("dohle-uring-{}", std::process::id()));
        std::fs::create_dir(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

fn main() -> io::Result<()> {
    // The first variant of each list needs no ring.
    let variants = match by_ring::build(8) {
        Ok(_) => SERVERS.len(),
        Err(error) => {
            println!("io_uring is not to be had here ({error}): the rest is measured without it");
            1
        }
    };
    measure_sockets(&SERVERS[..variants])?;
    measure_files(&WAYS[..variants], &Folder::new()?.0)
}

fn measure_sockets(servers: &[(&'static str, Serve)]) -> io::Result<()> {
    meter::print_head("sockets", ["server's CPU µs", "client's CPU µs", "requests/s"]);
    for shape in SHAPES {
        let rows = alternate(servers, |serve| sockets::measure(serve, shape))?;
        meter::print(&shape.to_string(), &rows, |sample| {
            [sample.cpu_us(), sample.client_us(), sample.rate()]
        });
    }
    Ok(())
}

fn measure_files(ways: &[(&'static str, Way)], folder: &Path) -> io::Result<()> {
    meter::print_head("files", ["process' CPU µs", "MB/s", "appends/s"]);
    for size_bytes in [16 << 10, 64 << 10] {
        let rows = alternate(ways, |way| files::measure(folder, way, size_bytes))?;
        meter::print(&format!("appends of {} KiB", size_bytes >> 10), &rows, |sample| {
            [sample.cpu_us(), sample.rate() * size_bytes as f64 / 1e6, sample.rate()]
        });
    }
    Ok(())
}

/// Measures the variants in turn, round by round: what else the machine does falls on all of them.
fn alternate<V: Copy>(
    variants: &[(&'static str, V)],
    mut measure: impl FnMut(V) -> io::Result<Sample>,
) -> io::Result<Vec<Row>> {
    let mut rows: Vec<Row> = variants.iter().map(|&(name, _)| Row::new(name)).collect();
    for _ in 0..ROUNDS {
        for (row, &(name, variant)) in rows.iter_mut().zip(variants) {
            let sample = measure(variant)
                .map_err(|error| io::Error::new(error.kind(), format!("{name}: {error}")))?;
            row.samples.push(sample);
        }
    }
    Ok(rows)
}
