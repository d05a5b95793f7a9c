//! One of two log directories is full: two small file systems in memory.
//!
//! First producers fill it: theirs are refused, readers and the other directory's partitions are
//! served, and they go on once there is space. Then somebody else takes all of it at once: whatever
//! becomes of that directory, the node serves the other one, and after a restart with space each
//! record that was ever acknowledged is there.

use crate::scenario::{Ground, want};
use crate::server::Server;
use crate::small_disk::{fill, mount, run_inside};
use crate::wire::{Failure, Wire};
use crate::writer::Writer;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(crate) const NAME: &str = "full-directory";
const TOPIC: &str = "two";
const PARTITIONS: i32 = 8;
const RECORD_BYTES: usize = 100_000;

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    run_inside(ground, NAME)
}

/// The scenario itself, in its own namespace.
pub(crate) fn inside(ground: &Ground) -> Result<(), String> {
    let [data, a, b] = ["data", "a", "b"].map(|name| ground.folder.join(name));
    mount("size=128m", &a)?;
    mount("size=64m", &b)?;
    let directories = format!("log.dirs={},{}", a.display(), b.display());
    let metadata = format!("metadata.log.dir={}", a.display());
    let mut server = Server::new(&ground.binary, &data)?.with(directories).with(metadata);
    server.start()?;
    Wire::dial(&server.address())?.create(TOPIC, PARTITIONS, &[])?;
    let in_b = partitions_in(&b);
    want(in_b.len() == 4, format!("{in_b:?} of {PARTITIONS} partitions are in one directory"))?;
    let mut two = Two { server, writer: Writer::new(TOPIC), in_b, b };
    two.slowly()?;
    two.at_once()
}

fn partitions_in(directory: &Path) -> Vec<i32> {
    let lies = |index: &i32| directory.join(format!("{TOPIC}-{index}")).exists();
    (0..PARTITIONS).filter(lies).collect()
}

/// A node on two directories, of which `b` will be full.
struct Two {
    server: Server,
    writer: Writer,
    in_b: Vec<i32>,
    b: PathBuf,
}

impl Two {
    /// Writes to the full directory's partitions until one is refused.
    fn fill_up(&mut self) -> Result<usize, String> {
        let mut wire = Wire::dial(&self.server.address())?;
        for number in 0..2_000 {
            let partition = self.in_b[number % self.in_b.len()];
            match self.writer.send(&mut wire, partition, RECORD_BYTES) {
                Ok(_) => {}
                Err(Failure::STORAGE) => return Ok(number),
                Err(other) => return Err(format!("refused with {other}")),
            }
        }
        Err("2,000 records of 100 kB fit into 64 MiB".to_owned())
    }

    /// The partitions of the other directory: written and read; and a new topic.
    fn others_are_served(&mut self, topic: &str) -> Result<(), String> {
        let mut wire = Wire::dial(&self.server.address())?;
        for partition in (0..PARTITIONS).filter(|index| !self.in_b.contains(index)) {
            for _ in 0..20 {
                let sent = self.writer.send(&mut wire, partition, RECORD_BYTES);
                sent.map_err(|failure| format!("{TOPIC}-{partition}: {failure}"))?;
            }
            let compared = self.writer.compare(partition, &wire.read(TOPIC, partition, 0)?);
            want(compared.lost + compared.other == 0, format!("{partition}: {compared:?}"))?;
        }
        wire.create(topic, 1, &[]).map_err(|failure| format!("a new topic: {failure}"))
    }

    /// Producers fill it.
    fn slowly(&mut self) -> Result<(), String> {
        let filled = self.fill_up()?;
        println!(
            "   {filled} records of 100 kB into one of two directories, then {}",
            Failure::STORAGE
        );
        self.others_are_served("beside-full")?;
        let mut wire = Wire::dial(&self.server.address())?;
        for partition in self.in_b.clone() {
            let sent = self.writer.send(&mut wire, partition, 64);
            want(sent == Err(Failure::STORAGE), format!("{partition} on a full disk: {sent:?}"))?;
        }
        // Everything is read, that of the full one too.
        let compared = self.writer.check(&self.server.address(), PARTITIONS)?;
        println!("   the other directory's partitions are written and read; all: {compared:?}");
        mount("remount,size=128m", &self.b)?;
        let (address, first) = (self.server.address(), self.in_b[0]);
        let waited = self.writer.send_within(&address, first, Duration::from_secs(10))?;
        println!("   space again: written on after {} ms, no restart", waited.as_millis());
        self.others_are_served("beside-mended")
    }

    /// Somebody else takes all of it in one go.
    fn at_once(&mut self) -> Result<(), String> {
        let ballast = self.b.join("ballast");
        fill(&ballast)?;
        let filled = self.fill_up()?;
        println!("   all space taken at once: after {filled} more records {}", Failure::STORAGE);
        // Whoever looks must have seen it by now.
        std::thread::sleep(Duration::from_secs(2));
        self.others_are_served("beside-lost")?;
        want(self.server.resident_kib().is_ok(), "the node has ended")?;
        let log = self.server.log();
        let is_told = log
            .lines()
            .any(|line| line.contains(&self.b.display().to_string()) && line.contains("space"));
        want(is_told, "the log does not say which directory has no space")?;
        std::fs::remove_file(&ballast).map_err(|error| format!("{ballast:?}: {error}"))?;
        self.server.kill()?;
        self.server.start()?;
        let address = self.server.address();
        for partition in 0..PARTITIONS {
            self.writer.send_within(&address, partition, Duration::from_secs(10))?;
        }
        let compared = self.writer.check(&address, PARTITIONS)?;
        println!("   space again and a restart: {compared:?}");
        want(self.server.stop()? == Some(0), "a clean stop fails")
    }
}
