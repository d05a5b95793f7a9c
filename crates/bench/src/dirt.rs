//! Records of few keys, written beside a measurement, so that the cleaner has always work to do.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use dohle_protocol::record::{BatchBuilder, NewRecord};

use crate::admin::Admin;
use crate::load;
use crate::measure::{OPEN_TIME_MAX, now_ms};
use crate::server::Server;

const TOPIC: &str = "dirt";
/// Three segments fill in a second, and nearly all of each is superseded by the next.
const CONFIGS: [(&str, &str); 4] = [
    ("cleanup.policy", "compact"),
    ("segment.bytes", "4194304"),
    ("min.cleanable.dirty.ratio", "0.01"),
    ("file.delete.delay.ms", "100"),
];
const RECORD_BYTES: usize = 1024;
const RECORDS: usize = 64;
/// Batches of different keys.
const BATCHES: usize = 8;
const BATCHES_PER_SECOND: u32 = 200;

/// Who writes them.
pub(crate) struct Dirt {
    is_over: Arc<AtomicBool>,
    writer: JoinHandle<io::Result<u64>>,
    directory: PathBuf,
}

/// What came of them, in bytes.
pub(crate) struct Swept {
    pub(crate) written: u64,
    /// Of it, what the log still has.
    pub(crate) left: u64,
}

impl Dirt {
    /// Begins to write, to a topic of its own.
    ///
    /// # Errors
    /// When the topic cannot be made or takes nothing.
    pub(crate) fn begin(server: &Server) -> io::Result<Self> {
        let mut admin = Admin::connect(server.port)?;
        admin.create(&[TOPIC.into()], 1, &CONFIGS)?;
        let batches: Vec<Bytes> = (0..BATCHES).map(batch).collect();
        let size_bytes = batches[0].len() as u64;
        let frames: Vec<Vec<u8>> =
            batches.into_iter().map(|batch| load::produce_frame(TOPIC, 0, batch)).collect();
        admin.produce(&frames[0], OPEN_TIME_MAX)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let told = is_over.clone();
        let writer = std::thread::spawn(move || {
            let begin = Instant::now();
            let mut count = 1;
            while !told.load(Ordering::Relaxed) {
                let due = Duration::from_secs(1) * count / BATCHES_PER_SECOND;
                std::thread::sleep(due.saturating_sub(begin.elapsed()));
                admin.produce(&frames[count as usize % BATCHES], OPEN_TIME_MAX)?;
                count += 1;
            }
            Ok(u64::from(count) * size_bytes)
        });
        let directory = server.directory().join("data").join(format!("{TOPIC}-0"));
        Ok(Self { is_over, writer, directory })
    }

    /// Stops writing, and looks at what is left.
    ///
    /// # Errors
    /// When a batch was refused, or the log cannot be seen.
    pub(crate) fn end(self) -> io::Result<Swept> {
        self.is_over.store(true, Ordering::Relaxed);
        let written = self.writer.join().map_err(|_| io::Error::other("the writer panicked"))??;
        let mut left = 0;
        for entry in std::fs::read_dir(&self.directory)?.flatten() {
            if entry.path().extension().is_some_and(|extension| extension == "log") {
                left += entry.metadata()?.len();
            }
        }
        Ok(Swept { written, left })
    }
}

fn batch(number: usize) -> Bytes {
    let mut builder = BatchBuilder::new(0);
    let value = [b'x'; RECORD_BYTES];
    for record in 0..RECORDS {
        let key = format!("key-{}", number * RECORDS + record);
        let record = NewRecord {
            timestamp: now_ms(),
            key: Some(key.as_bytes()),
            value: Some(&value),
            ..NewRecord::default()
        };
        builder.append(&record).expect("offsets rise and the time is positive");
    }
    builder.build().expect("nothing is compressed")
}
