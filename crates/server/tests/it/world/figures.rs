//! How fast the bare world is: frames there and back over loopback. Printed, not judged, since
//! machines differ; run with `--release` and `--nocapture`.

use super::{echo_server, in_own_process, world};
use dohle_server::world::counters::{self, Call};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_millis(700);

/// Keeps `in_flight` frames of `size_bytes` on the way; frames per second.
fn echo_rate(address: SocketAddr, size_bytes: usize, in_flight: usize) -> (u64, f64) {
    let mut peer = TcpStream::connect(address).unwrap();
    peer.set_nodelay(true).unwrap();
    let mut writer = peer.try_clone().unwrap();
    let burst = vec![3; size_bytes * in_flight];
    let mut back = vec![0; size_bytes * in_flight];
    let begun = Instant::now();
    let mut frames = 0;
    while begun.elapsed() < FOR {
        std::thread::scope(|scope| {
            // Large bursts exceed what the kernel holds, so both ways go at once.
            if burst.len() > 100_000 {
                scope.spawn(|| writer.write_all(&burst).unwrap());
            } else {
                writer.write_all(&burst).unwrap();
            }
            peer.read_exact(&mut back).unwrap();
        });
        frames += in_flight as u64;
    }
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
