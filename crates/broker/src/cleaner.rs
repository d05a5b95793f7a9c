//! The cleaner: which log is compacted next, by whom, and how fast.
//!
//! `log.cleaner.threads` hands share the work. Each takes the dirtiest log that nobody is at, does
//! it step by step on its directory's lane, and waits for `log.cleaner.backoff.ms` once nothing is
//! due. No lane is held for longer than a step, and nothing but the swap of segments is done on a
//! partition's strand. Configs are read again for every log, and the rate with every step.

use crate::checkpoints;
use crate::directory::Directory;
use crate::housekeeping::{self, ASKED_AT_ONCE, Retained, partitions};
use crate::limits::CLEANER_QUEUE;
use crate::node::Node;
use crate::partition::command::Command;
use crate::partition::compacting::{Compacting, Replace, Swapped};
use crate::partition::{Partition, ask, submit_question};
use dohle_env::clock::{self, Instant};
use dohle_env::gather::{Answer, Gather};
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_metadata::config::Value;
use dohle_storage::checkpoint::OffsetCheckpoint;
use dohle_storage::compaction::{
    Bounds, Cleaned, Cleaning, CleaningError, Compactable, Replacement, Resources, Step,
};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How long the offsets of compacted logs stay unwritten while there is always something to do.
const CHECKPOINT_MS: i64 = 10_000;
/// How often who rests looks whether the settings have changed.
const LOOK_MS: i64 = 1000;
/// The least memory for reading or writing: where the configured share is smaller, Kafka grows its
/// buffers to the size of a batch.
const BUFFER_BYTES_MIN: usize = 4096;

/// The settings of the cleaner as they are now.
struct Settings {
    threads: usize,
    backoff_ms: i64,
    bytes_per_second_max: f64,
    dedupe_bytes: usize,
    load_factor: f64,
    io_bytes: usize,
}

impl Settings {
    fn of(node: &Node) -> Self {
        let view = node.view();
        node.with_layers(&view.image, |layers| {
            let value = |name: &str| -> Value { layers.value(name) };
            let size = |name: &str| usize::try_from(value(name).integer()).unwrap_or(0);
            Self {
                threads: size("log.cleaner.threads"),
                backoff_ms: value("log.cleaner.backoff.ms").integer().max(1),
                bytes_per_second_max: value("log.cleaner.io.max.bytes.per.second").real(),
                dedupe_bytes: size("log.cleaner.dedupe.buffer.size"),
                load_factor: value("log.cleaner.io.buffer.load.factor").real(),
                io_bytes: size("log.cleaner.io.buffer.size"),
            }
        })
    }

    /// One hand's share.
    fn resources(&self, node: &Node) -> Resources {
        let threads = self.threads.max(1);
        Resources {
            map_bytes: self.dedupe_bytes / threads,
            load_factor: self.load_factor,
            buffer_bytes: (self.io_bytes / threads / 2).max(BUFFER_BYTES_MIN),
            secret: node.env.random.uuid(),
        }
    }
}

/// What the hands share.
struct Crew {
    node: Arc<Node>,
    /// The numbers of those at work.
    hands: Mutex<BTreeSet<usize>>,
    /// Logs that were due, the dirtiest last.
    queue: Mutex<Vec<Arc<Strand<Partition>>>>,
    /// Until then what was moved has used up the rate.
    throttled_until: Mutex<Instant>,
    /// A log was compacted further than its checkpoint says.
    is_unsaved: AtomicBool,
}

/// Begins to compact, if `log.cleaner.enable` says so.
pub(crate) fn start(node: &Arc<Node>) {
    if !node.config.flag("log.cleaner.enable") {
        return;
    }
    let now = node.env.clock.now();
    let crew = Arc::new(Crew {
        node: node.clone(),
        hands: Mutex::new(BTreeSet::from([0])),
        queue: Mutex::default(),
        throttled_until: Mutex::new(now),
        is_unsaved: AtomicBool::new(false),
    });
    hire(&crew, 0);
}

fn hire(crew: &Arc<Crew>, hand: usize) {
    crew.node.env.tasks.spawn(Home::LeastLoaded, Box::pin(work(crew.clone(), hand)));
}

/// One hand's work. The first one is there for as long as the node lives, and hires the others.
async fn work(crew: Arc<Crew>, hand: usize) {
    let clock = crew.node.env.clock.clone();
    let mut saved_at = clock.now();
    while !crew.node.is_stopping() {
        let settings = Settings::of(&crew.node);
        if hand == 0 {
            for other in 1..settings.threads {
                if lock(&crew.hands).insert(other) {
                    hire(&crew, other);
                }
            }
        } else if hand >= settings.threads {
            lock(&crew.hands).remove(&hand);
            return;
        }
        let is_found = settings.threads > 0 && crew.clean_next(&settings).await;
        if hand == 0 && (!is_found || saved_at.after_ms(CHECKPOINT_MS) < clock.now()) {
            saved_at = clock.now();
            if crew.is_unsaved.swap(false, Ordering::Relaxed) {
                checkpoints::write(&crew.node, &[OffsetCheckpoint::Cleaner]).await;
            }
        }
        if !is_found {
            if hand == 0 {
                housekeeping::retain(&crew.node, Retained::Compacted).await;
            }
            crew.rest(settings.threads).await;
        }
    }
}

/// A log that is compacted.
struct Subject {
    partition: Arc<Strand<Partition>>,
    directory: Arc<Directory>,
    compactable: Compactable,
}

/// How the compaction of one log has ended, other than by an error of the log's.
enum End {
    Done(Cleaned),
    Error(CleaningError),
    /// The node stops, the log was taken, or the lane has no room: there is nothing to say.
    Silent,
}

impl Crew {
    /// Compacts the dirtiest log; false if none is due, or nothing came of it.
    async fn clean_next(&self, settings: &Settings) -> bool {
        let next = lock(&self.queue).pop();
        let next = match next {
            Some(next) => Some(next),
            None => {
                let mut due = self.due().await;
                let next = due.pop();
                *lock(&self.queue) = due;
                next
            }
        };
        match next {
            Some(partition) => self.clean(partition, settings).await,
            None => false,
        }
    }

    /// The dirtiest logs of those that are due, the dirtiest last.
    async fn due(&self) -> Vec<Arc<Strand<Partition>>> {
        let mut due: Vec<(f64, Arc<Strand<Partition>>)> = Vec::new();
        let began = self.node.env.clock.now();
        let (mut dirtiest, mut delay_ms) = (0.0_f64, 0);
        for some in partitions(&self.node, |topic| topic.settings.compact).chunks(ASKED_AT_ONCE) {
            let gather = Gather::with_capacity(some.len());
            some.iter().for_each(|partition| look(partition, Compacting::Idle, &gather));
            let subjects = gather.all().await.into_iter().filter_map(answered).flatten();
            let mut by_directory: Vec<(Arc<Directory>, Vec<Subject>)> = Vec::new();
            for subject in subjects {
                let is_its = |of: &(Arc<Directory>, _)| Arc::ptr_eq(&of.0, &subject.directory);
                match by_directory.iter_mut().find(|of| is_its(of)) {
                    Some((_, subjects)) => subjects.push(subject),
                    None => by_directory.push((subject.directory.clone(), vec![subject])),
                }
            }
            for (directory, subjects) in by_directory {
                let now = self.node.env.clock.timestamp();
                let judge = move || {
                    let judged = subjects.into_iter().map(|of| (of.compactable.judge(now), of));
                    judged.collect::<Vec<_>>()
                };
                for (bounds, subject) in directory.on_lane(judge).await.unwrap_or_default() {
                    // One that cannot be judged is taken up, so that the failure is told.
                    let Ok(bounds) = bounds else {
                        due.push((1.0, subject.partition));
                        continue;
                    };
                    if bounds.is_reset {
                        tell_reset(&subject, bounds);
                        self.note(&subject.partition, bounds.first_dirty_offset).await;
                    }
                    dirtiest = dirtiest.max(bounds.dirty_ratio());
                    delay_ms = delay_ms.max(bounds.delay_ms);
                    if bounds.is_due() {
                        due.push((bounds.dirty_ratio(), subject.partition));
                    }
                }
            }
        }
        let now = self.node.env.clock.now();
        self.node.metrics.cleaning.on_looked(began, now, dirtiest, delay_ms);
        due.sort_by(|one, other| one.0.total_cmp(&other.0));
        let count = due.len().saturating_sub(CLEANER_QUEUE);
        due.split_off(count).into_iter().map(|(_, partition)| partition).collect()
    }

    /// `None` if the lane has no room.
    async fn judge(&self, subject: &Subject) -> Option<Result<Bounds, CleaningError>> {
        let (compactable, now) = (subject.compactable.clone(), self.node.env.clock.timestamp());
        subject.directory.on_lane(move || compactable.judge(now)).await
    }

    /// Compacts one log, if it still is due and nobody is at it. False if nothing came of it.
    async fn clean(&self, partition: Arc<Strand<Partition>>, settings: &Settings) -> bool {
        let is_claimed = ask(&partition, |partition, _| {
            let is_free = partition.may_compact();
            if is_free {
                partition.compacting = Compacting::Running;
            }
            is_free
        });
        if is_claimed.await != Some(true) {
            // Somebody else is at it: the next one, then.
            return true;
        }
        let began = self.node.env.clock.now();
        let gather = Gather::with_capacity(1);
        look(&partition, Compacting::Running, &gather);
        let end = match gather.all().await.pop().and_then(answered).flatten() {
            Some(subject) => match self.judge(&subject).await {
                Some(Ok(bounds)) if bounds.is_due() => self.run(&subject, bounds, settings).await,
                Some(Ok(_)) | None => End::Silent,
                Some(Err(error)) => End::Error(error),
            },
            None => End::Silent,
        };
        let is_done = matches!(end, End::Done(_) | End::Error(CleaningError::Outrun));
        self.finish(&partition, end, began).await;
        is_done
    }

    async fn run(&self, subject: &Subject, bounds: Bounds, settings: &Settings) -> End {
        let (compactable, resources) =
            (subject.compactable.clone(), settings.resources(&self.node));
        let now = self.node.env.clock.timestamp();
        let begun = ask(&subject.partition, move |partition, _| {
            let log = partition.log().ok()?;
            Some(log.begin_cleaning(compactable, bounds, resources, now))
        });
        let Some(Some(mut cleaning)) = begun.await else { return End::Silent };
        let mut moved_bytes = 0;
        loop {
            if self.node.is_stopping() {
                self.abandon(subject, cleaning).await;
                return End::Silent;
            }
            let stepped = subject.directory.on_lane(move || (cleaning.step(), cleaning)).await;
            let Some((step, stepped)) = stepped else { return End::Silent };
            cleaning = stepped;
            match step {
                Ok(Step::More) => {}
                Ok(Step::Replace(replacement)) => match self.swap(subject, replacement).await {
                    Ok(()) => {}
                    Err(end) => {
                        self.abandon(subject, cleaning).await;
                        return end;
                    }
                },
                Ok(Step::Done(cleaned)) => return End::Done(cleaned),
                Err(error) => return End::Error(error),
            }
            let bytes = cleaning.tally().moved_bytes();
            self.throttle(bytes - moved_bytes).await;
            moved_bytes = bytes;
        }
    }

    async fn abandon(&self, subject: &Subject, mut cleaning: Cleaning) {
        subject.directory.on_lane(move || cleaning.abandon()).await;
    }

    /// Has the log take a compacted segment.
    async fn swap(&self, subject: &Subject, replacement: Box<Replacement>) -> Result<(), End> {
        let gather = Gather::with_capacity(1);
        let slot = gather.slot();
        subject.partition.submit(Command::Replace(Replace { replacement, slot }));
        match gather.all().await.pop() {
            Some(Answer::Filled(Swapped::Taken(deletion))) => {
                let delay_ms = subject.compactable.file_delete_delay_ms();
                let directory = subject.directory.clone();
                self.node.remove_later(directory, delay_ms, Box::new(move || deletion.run()));
                Ok(())
            }
            Some(Answer::Filled(Swapped::Refused(replacement))) => {
                // Where the partition was deleted its folder has another name by now.
                let _ = subject.directory.on_lane(move || replacement.discard()).await;
                Err(End::Error(CleaningError::Outrun))
            }
            Some(Answer::Filled(Swapped::Failed) | Answer::Gone | Answer::Missing) | None => {
                Err(End::Silent)
            }
        }
    }

    /// Pauses for `log.cleaner.backoff.ms`, which may change meanwhile, or until other hands are wanted.
    async fn rest(&self, threads: usize) {
        let clock = &*self.node.env.clock;
        let began = clock.now();
        loop {
            let (settings, now) = (Settings::of(&self.node), clock.now());
            let due = began.after_ms(settings.backoff_ms);
            if due <= now || settings.threads != threads || self.node.is_stopping() {
                return;
            }
            clock::sleep_until(clock, due.min(now.after_ms(LOOK_MS))).await;
        }
    }

    /// Waits until the bytes of all hands together fit into the rate, as it is now.
    async fn throttle(&self, bytes: u64) {
        let bytes_per_second_max = Settings::of(&self.node).bytes_per_second_max;
        let cost_ms = bytes as f64 * 1000.0 / bytes_per_second_max.max(1.0);
        let clock = &*self.node.env.clock;
        let until = {
            let mut until = lock(&self.throttled_until);
            *until = (*until).max(clock.now()).after_ms(cost_ms as i64);
            *until
        };
        if clock.now() < until {
            clock::sleep_until(clock, until).await;
        }
    }

    /// Notes and tells how it ended, and lets others at the log.
    async fn finish(&self, partition: &Arc<Strand<Partition>>, end: End, began: Instant) {
        let is_unreadable = matches!(end, End::Error(CleaningError::Unreadable(_)));
        let subject = ask(partition, move |partition, _| {
            // A log that was taken meanwhile has no files to be unreadable.
            let is_here = partition.log().is_ok();
            partition.compacting =
                if is_unreadable && is_here { Compacting::Uncleanable } else { Compacting::Idle };
            is_here.then(|| (partition.topic.clone(), partition.index, partition.directory.clone()))
        });
        let Some(Some((topic, index, directory))) = subject.await else { return };
        match end {
            End::Done(cleaned) => {
                self.note(partition, cleaned.first_dirty_offset).await;
                let took = self.node.env.clock.now() - began;
                self.node.metrics.cleaning.on_cleaned(&cleaned, took);
                let Cleaned { tally, first_dirty_offset, map_utilization } = cleaned;
                let ms = took.as_millis();
                tracing::info!(
                    %topic, partition = index, first_dirty_offset, ms,
                    bytes_read = tally.mapped_bytes + tally.read_bytes,
                    bytes_before = tally.read_bytes, bytes_after = tally.written_bytes,
                    records_before = tally.read_records, records_after = tally.kept_records,
                    keyless = tally.keyless_records, damaged_batches = tally.damaged_batches,
                    map_percent = (map_utilization * 100.0) as i64, "compacted"
                );
            }
            End::Error(CleaningError::Unreadable(why)) => tracing::error!(
                %topic, partition = index,
                "cannot be compacted: {why}; it grows until it is mended and the node is started \
                 again, all else goes on"
            ),
            End::Error(CleaningError::Full(error)) => tracing::warn!(
                %topic, partition = index,
                "cannot be compacted for want of room: {error}; tried again later"
            ),
            End::Error(CleaningError::Disk(error)) => directory.fail("Compacting a log", &error),
            End::Error(CleaningError::Outrun) | End::Silent => {}
        }
    }

    async fn note(&self, partition: &Arc<Strand<Partition>>, first_dirty_offset: i64) {
        self.is_unsaved.store(true, Ordering::Relaxed);
        ask(partition, move |partition, _| {
            if let Ok(log) = partition.log_mut() {
                log.set_first_dirty_offset(first_dirty_offset);
            }
        })
        .await;
    }
}

fn tell_reset(subject: &Subject, bounds: Bounds) {
    if !subject.compactable.deletes() {
        tracing::warn!(
            log = subject.compactable.name(),
            "what is noted as compacted does not fit the log: it is dirty from {} on",
            bounds.first_dirty_offset
        );
    }
}

/// Has a partition say what there is to compact, if that is how the cleaner stands to it.
fn look(partition: &Arc<Strand<Partition>>, state: Compacting, gather: &Gather<Option<Subject>>) {
    let strand = partition.clone();
    submit_question(partition, gather, move |partition, effects| {
        if partition.compacting != state || partition.moving.is_some() {
            return None;
        }
        if partition.log().ok()?.has_unwritten_sealed_segments() {
            partition.flush(effects);
        }
        let high_watermark = partition.high_watermark();
        let compactable = partition.log().ok()?.compactable(high_watermark)?;
        Some(Subject { partition: strand, directory: partition.directory.clone(), compactable })
    });
}

fn answered<T>(answer: Answer<T>) -> Option<T> {
    match answer {
        Answer::Filled(said) => Some(said),
        Answer::Gone | Answer::Missing => None,
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
