//! Two log directories, and one of them fails, or its device does: its partitions answer with an error, the others are
//! served on, and once it works again a restart brings everything back.

use crate::device::{self, DeviceErrors};
use crate::scenario::{Ground, want, within};
use crate::server::Server;
use crate::wire::{Failure, Wire};
use crate::writer::Writer;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::{DescribeLogDirsRequest, MetadataRequest};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const TOPIC: &str = "split";
const PARTITIONS: i32 = 8;
/// A directory must be known as failed within this.
const NOTICED: Duration = Duration::from_secs(10);

/// A node on `a` (with its metadata) and `b`.
struct Split {
    server: Server,
    writer: Writer,
    b: PathBuf,
    aside: PathBuf,
    in_a: Vec<i32>,
    in_b: Vec<i32>,
}

pub(crate) fn run(ground: &Ground) -> Result<(), String> {
    let mut split = Split::new(ground)?;
    split.fails("read-only", |split| read_only(&split.b, true))?;
    read_only(&split.b, false)?;
    split.is_back("read-only")?;
    split.fails("removed", |split| rename(&split.b, &split.aside))?;
    rename(&split.aside, &split.b)?;
    split.is_back("removed")?;
    if DeviceErrors::can_be_shown() {
        split.device("its device fails to write", device::WRITES)?;
        split.device("its device fails to sync", device::SYNCS)?;
        split.device_that_is_not_read()?;
    } else {
        ground.leave_out("a device that fails: there is no strace, or it may not trace");
    }
    split.missing_at_start()
}

impl Split {
    fn new(ground: &Ground) -> Result<Self, String> {
        let (data, a, b) =
            (ground.folder.join("data"), ground.folder.join("a"), ground.folder.join("b"));
        let mut server = Server::new(&ground.binary, &data)?.with(format!(
            "log.dirs={},{}",
            a.display(),
            b.display()
        ));
        server.start()?;
        // Some writes wait for a sync.
        let configs = [("flush.messages", "10")];
        Wire::dial(&server.address())?.create(TOPIC, PARTITIONS, &configs)?;
        let lies = |index: &i32, in_: &Path| in_.join(format!("{TOPIC}-{index}")).exists();
        let in_a: Vec<i32> = (0..PARTITIONS).filter(|index| lies(index, &a)).collect();
        let in_b: Vec<i32> = (0..PARTITIONS).filter(|index| lies(index, &b)).collect();
        println!("   {} partitions in one directory, {} in the other", in_a.len(), in_b.len());
        want(in_a.len() == 4 && in_b.len() == 4, "they are not spread evenly")?;
        let aside = ground.folder.join("b-aside");
        let mut split = Self { server, writer: Writer::new(TOPIC), b, aside, in_a, in_b };
        split.write(20)?;
        Ok(split)
    }

    /// Some records into every partition.
    fn write(&mut self, count: i32) -> Result<(), String> {
        let mut wire = Wire::dial(&self.server.address())?;
        for number in 0..count * PARTITIONS {
            self.writer.send(&mut wire, number % PARTITIONS, 20_000)?;
        }
        Ok(())
    }

    /// `break_it`, and holds what is served then.
    fn fails(
        &mut self,
        how: &str,
        break_it: impl FnOnce(&Self) -> Result<(), String>,
    ) -> Result<(), String> {
        break_it(self)?;
        let address = self.server.address();
        let (first, writer) = (self.in_b[0], &mut self.writer);
        let refused = Failure::STORAGE;
        let waited = within(NOTICED, "a write there is refused", || {
            let wire = Wire::dial(&address);
            wire.is_ok_and(|mut wire| writer.send(&mut wire, first, 64).is_err())
        })?;
        let mut answers = Vec::new();
        let mut wire = Wire::dial(&address)?;
        within(NOTICED, "every partition there is refused", || {
            answers.clear();
            for index in &self.in_b {
                let sent = self.writer.send(&mut wire, *index, 64).err();
                answers.push((sent, wire.fetch(TOPIC, *index, 0).err()));
            }
            answers.iter().all(|(write, read)| {
                write.as_ref() == Some(&refused) && read.as_ref() == Some(&refused)
            })
        })
        .map_err(|why| format!("{how}: {why}: {answers:?}"))?;
        println!("   {how}: its partitions are refused after {} ms", waited.as_millis());
        self.others_are_served(how)?;
        self.is_told(how)
    }

    fn others_are_served(&mut self, how: &str) -> Result<(), String> {
        let mut wire = Wire::dial(&self.server.address())?;
        for index in &self.in_a {
            for _ in 0..20 {
                let sent = self.writer.send(&mut wire, *index, 20_000);
                sent.map_err(|failure| format!("{how}: {TOPIC}-{index}: {failure}"))?;
            }
            let read = wire.read(TOPIC, *index, 0)?;
            let compared = self.writer.compare(*index, &read);
            want(compared.lost + compared.other == 0, format!("{how}: {index}: {compared:?}"))?;
        }
        // A new topic goes where there is a directory for it.
        let name = format!("new-{}", how.replace(' ', "-"));
        wire.create(&name, 4, &[]).map_err(|failure| format!("{how}: a new topic: {failure}"))?;
        let mut new = Writer::new(&name);
        for index in 0..4 {
            new.send(&mut wire, index, 64)
                .map_err(|failure| format!("{how}: {name}-{index}: {failure}"))?;
        }
        Ok(())
    }

    /// Metadata, DescribeLogDirs and the log say so.
    fn is_told(&self, how: &str) -> Result<(), String> {
        let mut wire = Wire::dial(&self.server.address())?;
        let all = MetadataRequest { topics: None, ..MetadataRequest::default() };
        let mut offline = Vec::new();
        within(NOTICED, "the metadata names offline replicas", || {
            let Ok(answer) = wire.ask(9, &all) else { return false };
            let topics = answer.topics.iter();
            let of =
                topics.filter(|it| it.name.as_ref().is_some_and(|name| name.as_str() == TOPIC));
            let rows = of.flat_map(|topic| &topic.partitions);
            let gone = rows.filter(|row| !row.offline_replicas.is_empty());
            offline = gone.map(|row| row.partition_index).collect();
            offline.sort_unstable();
            offline == self.in_b
        })
        .map_err(|why| format!("{how}: {why}: {offline:?}"))?;
        let answer = wire.ask(4, &DescribeLogDirsRequest::default())?;
        let codes: Vec<_> =
            answer.results.iter().map(|row| (row.log_dir.clone(), row.error_code)).collect();
        let is_failed = |code: ErrorCode| code == ErrorCode::KAFKA_STORAGE_ERROR;
        let failed: Vec<_> = codes.iter().filter(|(_, code)| is_failed(*code)).collect();
        let name = self.b.display().to_string();
        want(
            failed.len() == 1 && failed[0].0.as_str() == name,
            format!("{how}: DescribeLogDirs says {codes:?}"),
        )?;
        let log = self.server.log();
        let line = log.lines().rev().find(|line| line.contains("ERROR") && line.contains(&name));
        println!("   it says: {}", line.unwrap_or("nothing"));
        want(
            line.is_some_and(|line| line.contains("started again")),
            format!("{how}: no word on what to do"),
        )
    }

    /// After a restart everything is there and served.
    fn is_back(&mut self, how: &str) -> Result<(), String> {
        let code = self.server.stop()?;
        want(code == Some(0), format!("{how}: a stop with a failed directory ends with {code:?}"))?;
        self.server.start()?;
        self.write(1).map_err(|why| format!("{how}, then restarted: {why}"))?;
        let compared = self.writer.check(&self.server.address(), PARTITIONS)?;
        println!("   {how}, mended and started again: {compared:?}");
        Ok(())
    }

    /// Calls that touch one partition's active segment end with errors.
    fn device(&mut self, how: &str, calls: &str) -> Result<(), String> {
        let mut errors = None;
        self.fails(how, |split| {
            errors = Some(split.device_errors(calls)?);
            Ok(())
        })?;
        drop(errors);
        self.is_back(how)
    }

    fn device_errors(&self, calls: &str) -> Result<DeviceErrors, String> {
        let folder = self.b.join(format!("{TOPIC}-{}", self.in_b[0]));
        let mut logs = Vec::new();
        for entry in fs::read_dir(&folder).map_err(|error| format!("{folder:?}: {error}"))? {
            let path = entry.map_err(|error| error.to_string())?.path();
            logs.extend(path.extension().is_some_and(|it| it == "log").then_some(path));
        }
        let active = logs.into_iter().max().ok_or("no log")?;
        DeviceErrors::begin(self.server.id().ok_or("it does not run")?, &active, calls)
    }

    /// What cannot be read is refused, and nothing else: a read leaves no log in doubt.
    fn device_that_is_not_read(&mut self) -> Result<(), String> {
        let (how, first) = ("its device fails to read", self.in_b[0]);
        let errors = self.device_errors(device::READS)?;
        let mut wire = Wire::dial(&self.server.address())?;
        let read = wire.fetch(TOPIC, first, 0).err();
        want(read == Some(Failure::STORAGE), format!("{how}: a read is answered with {read:?}"))?;
        self.write(1).map_err(|why| format!("{how}: a write: {why}"))?;
        for index in self.in_b.iter().skip(1) {
            wire.read(TOPIC, *index, 0).map_err(|why| format!("{how}: {TOPIC}-{index}: {why}"))?;
        }
        self.others_are_served(how)?;
        let log = self.server.log();
        let line = log.lines().rev().find(|line| line.contains("cannot be read"));
        println!("   it says: {}", line.unwrap_or("nothing"));
        want(line.is_some_and(|line| line.contains("restart")), format!("{how}: no word on it"))?;
        drop(errors);
        self.is_back(how)
    }

    fn missing_at_start(&mut self) -> Result<(), String> {
        let how = "missing at the start";
        self.server.kill()?;
        rename(&self.b, &self.aside)?;
        // A file has the name: it cannot be made either.
        fs::write(&self.b, b"").map_err(|error| error.to_string())?;
        self.server.start()?;
        self.fails(how, |_| Ok(()))?;
        self.server.kill()?;
        fs::remove_file(&self.b).map_err(|error| error.to_string())?;
        rename(&self.aside, &self.b)?;
        self.server.start()?;
        self.is_back(how)
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), String> {
    fs::rename(from, to).map_err(|error| format!("{from:?}: {error}"))
}

/// Lets nobody change anything in `folder`, root included where the file system knows how.
fn read_only(folder: &Path, is_on: bool) -> Result<(), String> {
    let flag = if is_on { "+i" } else { "-i" };
    let immutable = Command::new("chattr").args(["-R", flag]).arg(folder).output();
    if immutable.is_ok_and(|output| output.status.success()) {
        return Ok(());
    }
    let mode = if is_on { "u-w" } else { "u+w" };
    let status = Command::new("chmod").args(["-R", mode]).arg(folder).status();
    want(status.is_ok_and(|status| status.success()), "chmod fails")
}
