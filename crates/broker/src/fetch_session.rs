//! Incremental fetch sessions (KIP-227).
//!
//! A session remembers what a client fetches, so that a request names only what changed, and what
//! the client was told, so that a response holds only what is new. Here it also remembers which
//! partitions have nothing for the client and will say so when they do: the work of a fetch is in
//! proportion to what changed, not to the size of the session. A client without sessions gets one
//! for the length of a request.

use dohle_env::clock::Instant;
use dohle_env::collections::HashMap;
use dohle_env::ready::Ready;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use dohle_storage::Cursor;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// `min.incremental.fetch.session.eviction.ms` of Kafka's broker, which no config changes.
const EVICTION_AFTER: Duration = Duration::from_secs(120);

/// A partition as a client names it: by topic name up to Fetch 12, by topic id from 13 on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct FetchKey {
    pub(crate) topic: TopicKey,
    pub(crate) index: i32,
}

/// A topic as a client names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum TopicKey {
    Name(Text),
    Id(Uuid),
}

/// What a client wants of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub(crate) fetch_offset: i64,
    pub(crate) size_bytes_max: i32,
    pub(crate) current_leader_epoch: i32,
    pub(crate) last_fetched_epoch: i32,
}

/// One partition of a session.
pub(crate) struct SessionPartition {
    pub(crate) key: FetchKey,
    pub(crate) wanted: Wanted,
    /// Where the next read begins; knows more than the offset after a first read.
    pub(crate) cursor: Cursor,
    /// It had nothing, and will mark the session's [`Ready`] when it has.
    pub(crate) watched: bool,
    /// Where a read after this one goes on, if the client takes what it was given.
    pub(crate) next: Option<Cursor>,
    /// The high watermark and log start offset that the client knows; -1 if none.
    pub(crate) told: (i64, i64),
}

/// What one client fetches.
pub(crate) struct FetchSession {
    /// 0 if it ends with the request.
    pub(crate) id: i32,
    /// The epoch that the next request must have.
    epoch: i32,
    by_id: bool,
    pub(crate) ready: Ready,
    /// In the order of answering; a partition that was given data goes to the end, so that a byte
    /// limit starves none. Keyed by a number that only grows.
    pub(crate) partitions: HashMap<u32, SessionPartition>,
    places: HashMap<FetchKey, u32>,
    next_place: u32,
}

impl FetchSession {
    fn new(id: i32, by_id: bool) -> Self {
        Self {
            id,
            epoch: 1,
            by_id,
            ready: Ready::new(),
            partitions: HashMap::default(),
            places: HashMap::default(),
            next_place: 0,
        }
    }

    /// Adds a partition, or changes what is wanted of it.
    pub(crate) fn want(&mut self, key: FetchKey, wanted: Wanted) {
        if let Some(partition) = self.places.get(&key).and_then(|at| self.partitions.get_mut(at)) {
            partition.cursor = match partition.next.take() {
                Some(next) if next.offset == wanted.fetch_offset => next,
                _ if partition.cursor.offset == wanted.fetch_offset => partition.cursor,
                _ => Cursor::at(wanted.fetch_offset),
            };
            partition.wanted = wanted;
            partition.watched = false;
            return;
        }
        let cursor = Cursor::at(wanted.fetch_offset);
        let partition =
            SessionPartition { key, wanted, cursor, next: None, watched: false, told: (-1, -1) };
        self.place(partition);
    }

    fn place(&mut self, partition: SessionPartition) {
        self.places.insert(partition.key.clone(), self.next_place);
        self.partitions.insert(self.next_place, partition);
        self.next_place += 1;
    }

    /// The client no longer wants it.
    pub(crate) fn forget(&mut self, key: &FetchKey) {
        if let Some(place) = self.places.remove(key) {
            self.partitions.remove(&place);
        }
    }

    /// Moves a partition behind all others.
    pub(crate) fn move_to_end(&mut self, place: u32) {
        if let Some(partition) = self.partitions.remove(&place) {
            self.place(partition);
        }
    }
}

/// All sessions of a node: `max.incremental.fetch.session.cache.slots` of them.
pub(crate) struct FetchSessions {
    slots: usize,
    evicted: AtomicU64,
    open: Mutex<HashMap<i32, Place>>,
}

struct Place {
    /// `None` while a request has it.
    session: Option<FetchSession>,
    used_at: Instant,
}

/// A session that a request has; it goes back when this is dropped.
pub(crate) struct Borrowed {
    /// `None` only once this was dropped.
    session: Option<FetchSession>,
    /// Every partition is answered, as a new or sessionless fetch wants it.
    pub(crate) full: bool,
    sessions: Arc<FetchSessions>,
    now: Instant,
}

/// What a fetch says of its session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SessionClaim {
    pub(crate) id: i32,
    pub(crate) epoch: i32,
    /// Topics by id (Fetch 13 and later).
    pub(crate) by_id: bool,
}

impl FetchSessions {
    pub(crate) fn new(slots: usize) -> Arc<Self> {
        Arc::new(Self { slots, evicted: AtomicU64::new(0), open: Mutex::default() })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.lock().len()
    }

    /// How many partitions they have, those aside that a request has right now.
    pub(crate) fn partition_count(&self) -> usize {
        let open = self.lock();
        let resting = open.values().filter_map(|place| place.session.as_ref());
        resting.map(|session| session.partitions.len()).sum()
    }

    /// How many had to make room for others.
    pub(crate) fn evicted(&self) -> u64 {
        self.evicted.load(Ordering::Relaxed)
    }

    /// The session that a request claims, or why it cannot have it.
    pub(crate) fn borrow(
        self: &Arc<Self>,
        claim: SessionClaim,
        now: Instant,
        random: u64,
    ) -> Result<Borrowed, ErrorCode> {
        let lend =
            |session, full| Borrowed { session: Some(session), full, sessions: self.clone(), now };
        let mut open = self.lock();
        if claim.epoch <= 0 {
            // 0 asks for a new session, -1 for none; either ends the one that is named.
            open.remove(&claim.id);
            let id = if claim.epoch == 0 { self.free_id(&mut open, now, random) } else { 0 };
            return Ok(lend(FetchSession::new(id, claim.by_id), true));
        }
        let Some(place) = open.get_mut(&claim.id) else {
            return Err(ErrorCode::FETCH_SESSION_ID_NOT_FOUND);
        };
        let session = place.session.take_if(|session| session.epoch == claim.epoch);
        let Some(mut session) = session else {
            return Err(ErrorCode::INVALID_FETCH_SESSION_EPOCH);
        };
        if session.by_id != claim.by_id {
            place.session = Some(session);
            return Err(ErrorCode::FETCH_SESSION_TOPIC_ID_ERROR);
        }
        session.epoch = next_epoch(claim.epoch);
        Ok(lend(session, false))
    }

    /// Makes a place for a new session: 0 if there is none.
    fn free_id(&self, open: &mut HashMap<i32, Place>, now: Instant, random: u64) -> i32 {
        if self.slots <= open.len() {
            let oldest = open.iter().min_by_key(|(id, place)| (place.used_at, **id));
            match oldest {
                Some((id, place)) if EVICTION_AFTER < now - place.used_at => {
                    let id = *id;
                    open.remove(&id);
                    self.evicted.fetch_add(1, Ordering::Relaxed);
                }
                _ => return 0,
            }
        }
        let mut id = i32::try_from(random % 0x7fff_ffff).unwrap_or(0).max(1);
        while open.contains_key(&id) {
            id = id % 0x7fff_fffe + 1;
        }
        open.insert(id, Place { session: None, used_at: now });
        id
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i32, Place>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Borrowed {
    /// Gives up a session that nobody was told of.
    pub(crate) fn end(&mut self) {
        let id = std::mem::replace(&mut self.id, 0);
        self.sessions.lock().remove(&id);
    }
}

impl Deref for Borrowed {
    type Target = FetchSession;

    fn deref(&self) -> &FetchSession {
        self.session.as_ref().expect("only a drop takes it")
    }
}

impl DerefMut for Borrowed {
    fn deref_mut(&mut self) -> &mut FetchSession {
        self.session.as_mut().expect("only a drop takes it")
    }
}

impl Drop for Borrowed {
    fn drop(&mut self) {
        let Some(session) = self.session.take().filter(|session| session.id != 0) else { return };
        let mut open = self.sessions.lock();
        // It may have been ended meanwhile, by a request for a new one.
        if let Some(place) = open.get_mut(&session.id) {
            place.session = Some(session);
            place.used_at = self.now;
        }
    }
}

/// Epochs of a session begin at 1 and wrap from 2^31-1 to 1.
fn next_epoch(epoch: i32) -> i32 {
    epoch.checked_add(1).unwrap_or(1)
}
