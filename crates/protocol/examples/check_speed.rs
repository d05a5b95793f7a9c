//! How fast the leader's check goes through batches of 64 KiB with records of 1 KiB and of 100
//! bytes: `cargo run --release -p dohle-protocol --example check_speed`.
#![allow(clippy::print_stdout, reason = "it prints its figures")]
#![allow(clippy::disallowed_methods, reason = "it measures real time")]

use std::time::{Duration, Instant};

use bytes::Bytes;
use dohle_protocol::record::batch::HEADER_SIZE;
use dohle_protocol::record::check::{CheckRules, Scratch, check};
use dohle_protocol::record::crc::crc32c;
use dohle_protocol::record::{BatchBuilder, Codec, Compression, NewRecord};

const NOW: i64 = 1_700_000_000_000;
const BATCH_SIZE_BYTES: usize = 64 * 1024;
const RUN_TIME: Duration = Duration::from_millis(500);

fn main() {
    println!(
        "{:>8} {:>7} {:>9} {:>12} {:>12}",
        "codec", "record", "batch", "batch GB/s", "data GB/s"
    );
    for value_size in [1024, 100] {
        for codec in Codec::ALL {
            let (bytes, unpacked_size) = batch(codec, value_size);
            let mut scratch = Scratch::new();
            let rules = CheckRules { now: NOW, ..CheckRules::default() };
            let rate = per_second(|| {
                let checked = check(&bytes, &rules, &mut scratch).expect("the batch is good");
                assert_eq!(checked.size_bytes(), bytes.len());
            });
            row(codec.name(), value_size, [bytes.len(), unpacked_size], rate);
        }
    }
    let (bytes, size) = batch(Codec::None, 1024);
    let mut sum = 0;
    let rate = per_second(|| sum ^= crc32c(&bytes));
    row("crc32c", 1024, [bytes.len(), size], rate);
    assert!(sum == 0 || sum == crc32c(&bytes));
}

fn row(what: &str, value_size: usize, [packed, unpacked]: [usize; 2], rate: f64) {
    let gigabytes = |size: usize| rate * size as f64 / 1e9;
    let (packed_rate, unpacked_rate) = (gigabytes(packed), gigabytes(unpacked));
    println!("{what:>8} {value_size:>7} {packed:>9} {packed_rate:>12.2} {unpacked_rate:>12.2}");
}

/// A batch of text-like values that shrink to about a third, and its size before packing.
fn batch(codec: Codec, value_size: usize) -> (Bytes, usize) {
    let mut builder = BatchBuilder::new(0).compression(Compression::of(codec));
    let mut state = 0x9e37_79b9_u32;
    let mut timestamp = NOW - 1000;
    while builder.unpacked_size_bytes() + value_size + 20 < BATCH_SIZE_BYTES {
        let mut value = Vec::with_capacity(value_size);
        while value.len() < value_size {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            value.extend_from_slice(format!("{{\"user\":{},\"ok\":true}}", state >> 12).as_bytes());
        }
        value.truncate(value_size);
        let record = NewRecord { timestamp, key: Some(b"k1"), value: Some(&value), headers: &[] };
        builder.append(&record).expect("the record fits");
        timestamp += 1;
    }
    let unpacked_size = builder.unpacked_size_bytes();
    let bytes = builder.build().expect("the batch can be built");
    assert!(bytes.len() > HEADER_SIZE);
    (bytes, unpacked_size)
}

fn per_second(mut work: impl FnMut()) -> f64 {
    let start = Instant::now();
    let mut count = 0u32;
    while start.elapsed() < RUN_TIME {
        for _ in 0..20 {
            work();
        }
        count += 20;
    }
    f64::from(count) / start.elapsed().as_secs_f64()
}
