//! Client quotas: what a client used, and how long it has to wait for having used too much.
//!
//! ```text
//!  metadata ─► table: who has which quota        answer ─► record what it cost ─► wait ─► muted
//! ```
//!
//! Without any quota nothing is measured: one relaxed load tells. What a client without a quota
//! uses is never measured either.

mod accepting;
pub(crate) mod rate;
mod table;

#[cfg(test)]
mod tests;

use crate::hosts::Hosts;
use accepting::Accepted;
use arc_swap::{ArcSwap, ArcSwapOption};
use dohle_env::clock::Instant;
use dohle_env::collections::HashMap;
use dohle_metadata::config::BrokerConfig;
use dohle_metadata::image::Image;
use dohle_protocol::wire::Text;
use rate::Bucket;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use table::Table;

pub(crate) use accepting::AcceptRates;
pub(crate) use rate::{Rate, Windows};
pub(crate) use table::{Kind, Sharers};

/// Who has not been heard of for so long begins anew, as in Kafka.
const FORGOTTEN_AFTER_MS: i64 = 3_600_000;
/// How many more are known before those are looked for that may be forgotten.
const PURGE_EACH: usize = 1024;
/// The bit for addresses beside those of the kinds.
const ADDRESSES: u8 = 1 << 7;

/// Who uses something.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) user: Text,
    pub(crate) client_id: Text,
}

impl Client {
    /// One that did not say who it is, as Kafka calls it.
    pub(crate) fn anonymous(client_id: Text) -> Self {
        Self { user: Text::from_static("ANONYMOUS"), client_id }
    }
}

/// The quotas of a node, and what they count.
pub(crate) struct Quotas {
    /// Of which kinds there is any quota: a bit each.
    kinds: AtomicU8,
    table: ArcSwap<Table>,
    windows: Windows,
    mutation_windows: Windows,
    /// `None` if all connections are accepted at once.
    accept_rates: ArcSwapOption<AcceptRates>,
    /// How often clients were told to wait, and for how many milliseconds, by kind.
    throttled: [[AtomicU64; 2]; 4],
    used: Mutex<Used>,
}

/// What clients that share a quota have used.
#[derive(Clone, Debug)]
pub(crate) struct Usage {
    pub(crate) kind: Kind,
    pub(crate) sharers: Sharers,
    /// In a second.
    pub(crate) rate: f64,
    /// How long they were last told to wait, if that was within the windows; in milliseconds.
    pub(crate) throttle_ms: i64,
}

#[derive(Default)]
struct Used {
    rates: HashMap<(Kind, Sharers), Known<Rate>>,
    mutations: HashMap<Sharers, Known<Bucket>>,
    addresses: HashMap<IpAddr, Known<Rate>>,
    accepted: Accepted,
    /// So many are known when the forgotten are looked for next.
    purge_at: usize,
}

#[derive(Default)]
struct Known<T> {
    used: T,
    seen_ms: i64,
    /// When they were last told to wait, and for how long.
    throttled: Option<(i64, i64)>,
}

impl Quotas {
    /// With the windows of the node's file; no quota is known yet.
    pub(crate) fn new(config: &BrokerConfig) -> Self {
        let windows = |prefix: &str| {
            let of = |name: &str| config.integer(&format!("{prefix}quota.window.{name}"));
            Windows::new(of("num"), of("size.seconds").max(1) * 1000)
        };
        Self::with_windows(windows(""), windows("controller."))
    }

    fn with_windows(windows: Windows, mutation_windows: Windows) -> Self {
        Self {
            kinds: AtomicU8::new(0),
            table: ArcSwap::default(),
            windows,
            mutation_windows,
            accept_rates: ArcSwapOption::empty(),
            throttled: Default::default(),
            used: Mutex::default(),
        }
    }

    /// Takes over the quotas that the metadata has now.
    pub(crate) fn follow(&self, image: &Image, hosts: &Hosts) {
        let table = Table::of(image, hosts);
        let mut kinds = if table.has_addresses() { ADDRESSES } else { 0 };
        for kind in [Kind::Produce, Kind::Fetch, Kind::Request, Kind::Mutation] {
            kinds |= if table.has(kind) { bit(kind) } else { 0 };
        }
        self.table.store(table.into());
        self.kinds.store(kinds, Ordering::Release);
    }

    /// True if a request of any API could make its client wait.
    pub(crate) fn costs(&self) -> bool {
        self.kinds.load(Ordering::Relaxed) & (bit(Kind::Request) | bit(Kind::Mutation)) != 0
    }

    /// True if anybody has a quota of that kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.kinds.load(Ordering::Relaxed) & bit(kind) != 0
    }

    /// Records bytes or thread time in percent seconds; how long the client has to wait, in
    /// milliseconds. Thread time makes nobody wait for longer than a window.
    pub(crate) fn record(&self, kind: Kind, client: &Client, amount: f64, now: Instant) -> i32 {
        let now_ms = now.as_millis();
        let longest = if kind == Kind::Request { self.windows.length_ms } else { i64::MAX };
        let wait_ms = self.with_rate(kind, client, now_ms, |known, limit| {
            known.used.record(self.windows, amount, now_ms);
            let wait_ms = known.used.throttle_ms(self.windows, limit, now_ms).min(longest);
            if 0 < wait_ms {
                known.throttled = Some((now_ms, wait_ms));
            }
            wait_ms
        });
        self.tell_wait(kind, int(wait_ms.unwrap_or(0)))
    }

    /// Counts a wait, if there is one.
    fn tell_wait(&self, kind: Kind, wait_ms: i32) -> i32 {
        if 0 < wait_ms {
            let [count, sum] = &self.throttled[kind as usize];
            count.fetch_add(1, Ordering::Relaxed);
            sum.fetch_add(u64::from(wait_ms.unsigned_abs()), Ordering::Relaxed);
        }
        wait_ms
    }

    /// How often clients were told to wait for that kind, and for how many milliseconds.
    pub(crate) fn throttled(&self, kind: Kind) -> [u64; 2] {
        self.throttled[kind as usize].each_ref().map(|count| count.load(Ordering::Relaxed))
    }

    /// What was used of bytes and time of threads, of `count_max` at most that share a quota.
    pub(crate) fn usage(&self, now: Instant, count_max: usize) -> Vec<Usage> {
        let (now_ms, mut used) = (now.as_millis(), self.lock());
        let past_ms = (self.windows.past_seconds() * 1000.0) as i64;
        let known = used.rates.iter_mut().take(count_max);
        let mut usage: Vec<Usage> = known
            .map(|((kind, sharers), known)| Usage {
                kind: *kind,
                sharers: sharers.clone(),
                rate: known.used.measure(self.windows, now_ms),
                throttle_ms: known
                    .throttled
                    .filter(|(at_ms, _)| now_ms - at_ms <= past_ms)
                    .map_or(0, |(_, wait_ms)| wait_ms),
            })
            .collect();
        usage.sort_by(|one, other| (one.kind, &one.sharers).cmp(&(other.kind, &other.sharers)));
        usage
    }

    /// Takes back what was recorded.
    pub(crate) fn unrecord(&self, kind: Kind, client: &Client, amount: f64, now: Instant) {
        let now_ms = now.as_millis();
        self.with_rate(kind, client, now_ms, |known, _| {
            known.used.record(self.windows, -amount, now_ms);
        });
    }

    /// The most that can be used at once without having to wait for certain.
    pub(crate) fn most_at_once(&self, kind: Kind, client: &Client) -> Option<f64> {
        let table = self.table.load();
        let (_, limit) = table.limit(kind, &client.user, &client.client_id)?;
        Some(limit * self.windows.past_seconds())
    }

    /// How many partitions the client may make and delete, below zero for a debt; `None` if it has
    /// no quota of them.
    pub(crate) fn mutations_left(&self, client: &Client, now: Instant) -> Option<f64> {
        self.with_bucket(client, now, |bucket, limit, now_ms| {
            bucket.left(self.mutation_windows, limit, now_ms)
        })
    }

    /// Records partitions that were made or deleted; how long the debt lasts now, in milliseconds.
    pub(crate) fn mutate(&self, client: &Client, partitions: f64, now: Instant) -> i32 {
        let wait_ms = self.with_bucket(client, now, |bucket, limit, now_ms| {
            bucket.take(self.mutation_windows, limit, partitions, now_ms);
            bucket.throttle_ms(self.mutation_windows, limit, now_ms)
        });
        self.tell_wait(Kind::Mutation, int(wait_ms.unwrap_or(0)))
    }

    /// Takes over how many connections the node and its listeners accept in a second.
    pub(crate) fn limit_accepting(&self, rates: AcceptRates) {
        let rates = (!rates.are_unlimited()).then(|| Arc::new(rates));
        self.accept_rates.store(rates);
    }

    /// Another listener has that place: what came to the one before does not count.
    pub(crate) fn begin_accepting(&self, listener: usize) {
        self.lock().accepted.forget(listener);
    }

    /// A connection is accepted at a listener: how long to wait before it is served and the next one
    /// accepted there, in milliseconds.
    pub(crate) fn accept(&self, listener: usize, now: Instant) -> i32 {
        int(self.count_accepted(listener, 1.0, now))
    }

    fn count_accepted(&self, listener: usize, amount: f64, now: Instant) -> i64 {
        let Some(rates) = &*self.accept_rates.load() else { return 0 };
        let counted = (self.windows, amount, now.as_millis());
        self.lock().accepted.record(rates, listener, counted)
    }

    /// A connection comes from an address to a listener: how long it is held and then closed, in
    /// milliseconds; 0 if it is welcome.
    pub(crate) fn connect(&self, listener: usize, address: IpAddr, now: Instant) -> i32 {
        if self.kinds.load(Ordering::Relaxed) & ADDRESSES == 0 {
            return 0;
        }
        let now_ms = now.as_millis();
        let Some(limit) = self.table.load().connection_rate(address) else { return 0 };
        let mut used = self.lock();
        used.purge(now_ms);
        let known = used.addresses.entry(address).or_default();
        known.seen_ms = now_ms;
        known.used.record(self.windows, 1.0, now_ms);
        let wait_ms = known.used.throttle_ms(self.windows, limit, now_ms);
        if 0 < wait_ms {
            // It does not count, for it is not taken.
            known.used.record(self.windows, -1.0, now_ms);
            drop(used);
            self.count_accepted(listener, -1.0, now);
        }
        int(wait_ms.min(self.windows.length_ms))
    }

    fn with_bucket<T>(
        &self,
        client: &Client,
        now: Instant,
        with: impl FnOnce(&mut Bucket, f64, i64) -> T,
    ) -> Option<T> {
        let (table, now_ms) = (self.table.load(), now.as_millis());
        let (sharers, limit) = table.limit(Kind::Mutation, &client.user, &client.client_id)?;
        let mut used = self.lock();
        used.purge(now_ms);
        let known = used.mutations.entry(sharers).or_default();
        known.seen_ms = now_ms;
        Some(with(&mut known.used, limit, now_ms))
    }

    fn with_rate<T>(
        &self,
        kind: Kind,
        client: &Client,
        now_ms: i64,
        with: impl FnOnce(&mut Known<Rate>, f64) -> T,
    ) -> Option<T> {
        let table = self.table.load();
        let (sharers, limit) = table.limit(kind, &client.user, &client.client_id)?;
        let mut used = self.lock();
        used.purge(now_ms);
        let known = used.rates.entry((kind, sharers)).or_default();
        known.seen_ms = now_ms;
        Some(with(known, limit))
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Used {
    /// Forgets who was not heard of for long, once in a while.
    fn purge(&mut self, now_ms: i64) {
        let known = self.rates.len() + self.mutations.len() + self.addresses.len();
        if known < self.purge_at.max(PURGE_EACH) {
            return;
        }
        let is_fresh = |seen_ms: i64| now_ms - seen_ms < FORGOTTEN_AFTER_MS;
        self.rates.retain(|_, known| is_fresh(known.seen_ms));
        self.mutations.retain(|_, known| is_fresh(known.seen_ms));
        self.addresses.retain(|_, known| is_fresh(known.seen_ms));
        let left = self.rates.len() + self.mutations.len() + self.addresses.len();
        self.purge_at = left * 2 + PURGE_EACH;
    }
}

fn bit(kind: Kind) -> u8 {
    1 << kind as u8
}

fn int(milliseconds: i64) -> i32 {
    i32::try_from(milliseconds).unwrap_or(i32::MAX)
}
