//! How fast the bare world is: frames there and back over loopback. Printed, not judged, since
//! machines differ; run with `--release` and `--nocapture`.

use super::{echo_server, in_own_process, world};
use dohle_server::world::counters::{self, Call};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc;
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_millis(700);

/// Keeps `in_flight` frames of `size_bytes` on the way; how many came back, and how many a second.
fn echo_rate(address: SocketAddr, size_bytes: usize, in_flight: usize) -> (u64, f64) {
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_nodelay(true).unwrap();
    let mut writer = peer.try_clone().unwrap();
    let burst = vec![3; size_bytes * in_flight];
    let (credit, credits) = mpsc::channel();
    credit.send(in_flight).unwrap();
    let begun = Instant::now();
    // Two threads: with one, large frames could fill the kernel's buffers both ways and stop.
    let frames = std::thread::scope(|scope| {
        scope.spawn(move || {
            while begun.elapsed() < FOR {
                let Ok(first) = credits.recv() else { break };
                let frames: usize = first + credits.try_iter().sum::<usize>();
                writer.write_all(&burst[..frames * size_bytes]).unwrap();
            }
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut back = vec![0; size_bytes.max(4096) * 16];
        let (mut bytes, mut frames) = (0, 0);
        loop {
            match peer.read(&mut back).unwrap() {
                0 => return frames as u64,
                read => bytes += read,
            }
            let whole = bytes / size_bytes;
            if whole > frames {
                // The writer may have stopped.
                let _left = credit.send(whole - frames);
                frames = whole;
            }
        }
    });
    (frames, frames as f64 / begun.elapsed().as_secs_f64())
}

#[test]
fn echo_of_small_and_large_frames() {
    in_own_process("world::figures::echo_of_small_and_large_frames", || {
        for reactors in [1, 2] {
            let world = world(reactors);
            let address = echo_server(world.env());
            for (size_bytes, in_flight) in [(100, 1), (100, 64), (64 << 10, 16)] {
                let before = counters::read();
                let (frames, per_second) = echo_rate(address, size_bytes, in_flight);
                let spent = counters::read() - before;
                let calls = |call| spent.of(call) as f64 / frames as f64;
                println!(
                    "{reactors} reactors, {size_bytes} bytes, {in_flight} in flight: \
                     {per_second:.0} frames/s, {:.0} MB/s each way; per frame {:.3} recv, \
                     {:.3} send, {:.3} waits, {:.3} wakes",
                    per_second * size_bytes as f64 / 1e6,
                    calls(Call::Receive),
                    calls(Call::Send),
                    calls(Call::Wait),
                    calls(Call::WakeThread),
                );
            }
        }
    });
}
