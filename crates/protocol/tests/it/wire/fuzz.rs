//! Any bytes, to any message: refused or decoded, never a panic, and what decodes also encodes.

use std::path::Path;

use bytes::Bytes;
use dohle_protocol::descriptor::{Descriptor, Kind, descriptors};

use crate::record::data::unhex;

/// How many damaged copies are made of each sample in the tests.
const COPIES: u64 = 40;

/// A small generator of numbers (xorshift64*): the same seed gives the same run.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() >> 16) as usize % limit.max(1)
    }
}

/// The samples: `kind name version hex` a line.
#[allow(clippy::disallowed_methods, reason = "tests read their data")]
fn corpus() -> Vec<(&'static Descriptor, i16, Vec<u8>)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/corpus/messages.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let samples = text.lines().map(|line| {
        let columns: Vec<_> = line.split(' ').collect();
        let [kind, name, version, bytes] = columns[..] else { panic!("{line}") };
        (super::descriptor(kind, name), version.parse().unwrap(), unhex(bytes))
    });
    samples.collect()
}

fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) {
    for _ in 0..=chance.below(4) {
        let position = chance.below(bytes.len() + 1);
        let run = chance.below(8).min(bytes.len() - position);
        match chance.below(6) {
            0 => bytes.truncate(position),
            1 => drop(bytes.drain(position..position + run)),
            2 => bytes.insert(position, chance.next() as u8),
            3 => bytes[position..position + run].fill([0, 0xff, 0x7f, 0x80][chance.below(4)]),
            4 => {
                let copy = bytes[position..position + run].to_vec();
                let to = chance.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(position) {
                    *byte ^= 1 << chance.below(8);
                }
            }
        }
    }
}

/// Whether it decodes; what decodes must encode, and that must decode to the same JSON.
fn check(message: &Descriptor, version: i16, bytes: Vec<u8>) -> bool {
    let frame = Bytes::from(bytes);
    let mut json = String::new();
    let Ok(left) = (message.decode_json)(frame.clone(), version, &mut json) else { return false };
    assert!(left <= frame.len());
    let again = (message.recode)(frame, version).unwrap();
    let mut json_again = String::new();
    assert_eq!((message.decode_json)(again, version, &mut json_again), Ok(0), "{}", message.name);
    assert_eq!(json, json_again, "{} {version}", message.name);
    true
}

#[test]
#[allow(clippy::print_stdout, reason = "the counts are what it shows")]
fn damaged_samples_are_refused_or_decoded() {
    let mut chance = Chance(0x0b5e_55ed_5eed);
    let (mut decoded, mut refused) = (0, 0);
    for (message, version, sample) in corpus() {
        assert!(check(message, version, sample.clone()), "{} {version}", message.name);
        for _ in 0..COPIES {
            let mut bytes = sample.clone();
            damage(&mut bytes, &mut chance);
            if check(message, version, bytes) { decoded += 1 } else { refused += 1 }
        }
    }
    println!("{decoded} decoded, {refused} refused");
    assert!(decoded > 1000 && refused > 1000);
}

#[test]
fn chance_bytes_are_refused_or_decoded() {
    let mut chance = Chance(0xfeed);
    for message in descriptors() {
        for version in message.lowest_version - 1..=message.highest_version + 1 {
            for _ in 0..COPIES {
                // Mostly small numbers, so that lengths are sometimes believable.
                let bytes = (0..chance.below(200)).map(|_| {
                    let byte = chance.next() as u8;
                    if byte & 1 == 0 { byte >> 5 } else { byte }
                });
                check(message, version, bytes.collect());
            }
        }
    }
}

#[test]
fn the_corpus_has_every_message() {
    let corpus = corpus();
    for message in descriptors() {
        let newest = message.highest_version;
        let has = |version| {
            corpus.iter().any(|(each, number, _)| {
                each.name == message.name && each.kind == message.kind && *number == version
            })
        };
        assert!(has(newest) && has(message.lowest_version), "{:?} {}", message.kind, message.name);
    }
    assert!(corpus.iter().any(|(each, ..)| each.kind == Kind::Header));
}
