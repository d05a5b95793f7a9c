//! How many connections there are, and how many there may be.
//!
//! As in Kafka, clients' listeners and controllers' listeners are counted apart. Who comes when
//! there is no place waits, and with him all behind him at that listener; only an address that has
//! too many is sent away. The listener of brokers among themselves does not wait for the others:
//! one of theirs ends for it, the one that has been silent for longest. The same happens when the
//! limit is lowered.

use crate::hosts::Hosts;
use crate::listener::{Listener, ListenerType};
use dohle_env::clock::Instant;
use dohle_env::collections::HashMap;
use dohle_metadata::config::{Layers, broker};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll, Waker};

/// What limits connections, as the configs say it now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ConnectionLimits {
    /// `max.connections`.
    total: usize,
    /// The same for each listener, which may have its own.
    of_listeners: Vec<usize>,
    /// `max.connections.per.ip`, and for single addresses.
    per_ip: usize,
    per_ip_overrides: BTreeMap<IpAddr, usize>,
}

impl ConnectionLimits {
    /// The limits of a node with these listeners. A host whose address is not known has none of its
    /// own.
    pub(crate) fn of(configs: Layers<'_>, listeners: &[Arc<Listener>], hosts: &Hosts) -> Self {
        let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
        let own = |listener: &Arc<Listener>| {
            number(configs.listener_value(&listener.name, "max.connections").integer())
        };
        let overrides = broker::connections_per_ip_overrides(configs).unwrap_or_default();
        Self {
            total: number(configs.value("max.connections").integer()),
            of_listeners: listeners.iter().map(own).collect(),
            per_ip: number(configs.value("max.connections.per.ip").integer()),
            per_ip_overrides: overrides
                .into_iter()
                .filter_map(|(host, count)| Some((hosts.address(&host)?, count as usize)))
                .collect(),
        }
    }

    fn of_address(&self, ip: IpAddr) -> usize {
        self.per_ip_overrides.get(&ip).copied().unwrap_or(self.per_ip)
    }
}

/// The connections of a node.
pub(crate) struct Connections {
    open: Mutex<Open>,
}

/// Invariant: a pool's total is the sum of its listeners'.
struct Open {
    limits: ConnectionLimits,
    /// `inter.broker.listener.name`.
    inter_broker: String,
    /// By the listener's place among the node's.
    listeners: Vec<AtListener>,
    pools: [Pool; 2],
    next: u64,
}

struct AtListener {
    of: ListenerType,
    /// Brokers use it among themselves.
    is_inter_broker: bool,
    /// False once it is closed: then its place is another's as soon as nobody is there.
    is_open: bool,
    count: usize,
    told: OfListener,
    /// Who accepts there, while there is no place.
    waiting: Option<Waker>,
}

/// The connections of one listener since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OfListener {
    pub(crate) open: u64,
    /// Those that are closed again among them.
    pub(crate) accepted: u64,
    /// They came too fast, or their address had too many.
    pub(crate) refused: u64,
}

#[derive(Default)]
struct Pool {
    by_ip: HashMap<IpAddr, usize>,
    /// Who is there, in the order in which they came.
    seats: BTreeMap<u64, Seat>,
    total: usize,
    /// Of those, who has been told to end.
    ending: usize,
}

struct Seat {
    listener: usize,
    lease: Arc<Lease>,
}

/// Why a connection has to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Over {
    /// Others need its place.
    MadeRoom,
    /// Its listener is there no more.
    ListenerClosed,
}

/// What a connection and its place have in common.
#[derive(Default)]
pub(crate) struct Lease {
    active_at: AtomicU64,
    over: OnceLock<Over>,
    waker: Mutex<Option<Waker>>,
}

impl Lease {
    /// Something came.
    pub(crate) fn touch(&self, now: Instant) {
        self.active_at.store(now.0, Ordering::Relaxed);
    }

    /// Why the connection has to end, once it has to. To be asked first by the task that is then told.
    pub(crate) fn poll_over(&self, cx: &Context<'_>, is_first: bool) -> Option<Over> {
        if is_first {
            let waker = cx.waker().clone();
            *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
        }
        self.over.get().copied()
    }

    /// Says why, so that nobody is chosen twice; who is chosen hears of it from [`Self::tell`].
    fn end(&self, why: Over) {
        self.over.get_or_init(|| why);
    }

    fn tell(&self) {
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_over(&self) -> bool {
        self.over.get().is_some()
    }
}

/// One connection's place; given back on drop.
pub(crate) struct Place {
    connections: Arc<Connections>,
    listener: usize,
    ip: IpAddr,
    number: u64,
    pub(crate) lease: Arc<Lease>,
}

impl Place {
    /// Whether its address has too many connections with this one.
    pub(crate) fn is_too_many(&self) -> bool {
        let open = self.connections.lock();
        let of = open.listeners[self.listener].of;
        let count = open.pools[of as usize].by_ip.get(&self.ip).copied().unwrap_or(0);
        open.limits.of_address(self.ip) < count
    }

    /// Gives it back: the connection is not served.
    pub(crate) fn refuse(self) {
        let mut open = self.connections.lock();
        let told = &mut open.listeners[self.listener].told;
        told.accepted -= 1;
        told.refused += 1;
    }
}

impl Connections {
    /// None yet, and none may be: [`Self::limit`] comes before the first.
    pub(crate) fn new(inter_broker: &str) -> Self {
        let (limits, pools, listeners) = Default::default();
        let open =
            Open { limits, inter_broker: inter_broker.to_owned(), listeners, pools, next: 0 };
        Self { open: Mutex::new(open) }
    }

    /// A listener takes its place, which is free ([`Self::is_free`]) or the next one.
    pub(crate) fn open(&self, listener: &Listener) {
        let mut open = self.lock();
        let at = AtListener {
            of: listener.of,
            is_inter_broker: listener.name == open.inter_broker,
            is_open: true,
            count: 0,
            told: OfListener::default(),
            waiting: None,
        };
        match open.listeners.get_mut(listener.index) {
            Some(place) => *place = at,
            None => open.listeners.push(at),
        }
    }

    /// The listener at that place accepts no more: all who came through it have to end.
    pub(crate) fn close(&self, listener: usize) {
        let mut open = self.lock();
        let at = &mut open.listeners[listener];
        at.is_open = false;
        let of = at.of;
        let pool = &mut open.pools[of as usize];
        let seats = pool.seats.values().filter(|seat| seat.listener == listener);
        let ended: Vec<_> =
            seats.map(|seat| seat.lease.clone()).filter(|lease| !lease.is_over()).collect();
        pool.ending += ended.len();
        ended.iter().for_each(|lease| lease.end(Over::ListenerClosed));
        drop(open);
        ended.iter().for_each(|lease| lease.tell());
    }

    /// Whether a listener's place is closed and nobody is there any more.
    pub(crate) fn is_free(&self, listener: usize) -> bool {
        let at = &self.lock().listeners[listener];
        !at.is_open && at.count == 0
    }

    /// Whether brokers use that listener among themselves, and clients have others.
    pub(crate) fn is_protected(&self, listener: usize) -> bool {
        self.lock().is_protected(listener)
    }

    /// Takes over other limits.
    pub(crate) fn limit(&self, limits: ConnectionLimits) {
        let mut open = self.lock();
        open.limits = limits;
        let mut ended = open.make_room(ListenerType::Broker);
        ended.extend(open.make_room(ListenerType::Controller));
        let waiting = open.waiting();
        drop(open);
        ended.iter().for_each(|lease| lease.tell());
        waiting.into_iter().for_each(Waker::wake);
    }

    /// `max.connections`.
    pub(crate) fn total_max(&self) -> usize {
        self.lock().limits.total
    }

    /// How many are open.
    pub(crate) fn total(&self) -> usize {
        self.lock().pools.iter().map(|pool| pool.total).sum()
    }

    /// By the listener's place among the node's.
    pub(crate) fn by_listener(&self) -> Vec<OfListener> {
        let of = |at: &AtListener| OfListener { open: at.count as u64, ..at.told };
        self.lock().listeners.iter().map(of).collect()
    }

    /// Takes a place for a connection that came to `listener`, once there is one.
    pub(crate) fn poll_take(
        self: &Arc<Self>,
        cx: &Context<'_>,
        listener: usize,
        ip: IpAddr,
        now: Instant,
    ) -> Poll<Place> {
        let mut open = self.lock();
        if !open.has_place(listener) {
            open.listeners[listener].waiting = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let lease = Arc::new(Lease::default());
        lease.touch(now);
        let (number, at) = (open.next, &mut open.listeners[listener]);
        at.count += 1;
        at.told.accepted += 1;
        let of = at.of;
        open.next += 1;
        let pool = &mut open.pools[of as usize];
        pool.total += 1;
        *pool.by_ip.entry(ip).or_default() += 1;
        pool.seats.insert(number, Seat { listener, lease: lease.clone() });
        let ended = open.make_room(of);
        drop(open);
        ended.iter().for_each(|lease| lease.tell());
        Poll::Ready(Place { connections: self.clone(), listener, ip, number, lease })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn has_place(&self, listener: usize) -> bool {
        let at = &self.listeners[listener];
        let own = self.limits.of_listeners.get(listener).copied().unwrap_or(0);
        let is_room =
            self.is_protected(listener) || self.pools[at.of as usize].total < self.limits.total;
        at.count < own && is_room
    }

    fn is_protected(&self, listener: usize) -> bool {
        let at = &self.listeners[listener];
        let others = self.listeners.iter().filter(|other| other.is_open && other.of == at.of);
        at.is_inter_broker && 1 < others.count()
    }

    /// Chooses who ends so that there are no more than may be, and gives their leases.
    fn make_room(&mut self, of: ListenerType) -> Vec<Arc<Lease>> {
        let pool = &self.pools[of as usize];
        let surplus = pool.total.saturating_sub(pool.ending).saturating_sub(self.limits.total);
        if surplus == 0 {
            return Vec::new();
        }
        let may_end = |seat: &&Seat| !seat.lease.is_over() && !self.is_protected(seat.listener);
        let mut candidates: Vec<&Arc<Lease>> =
            pool.seats.values().filter(may_end).map(|seat| &seat.lease).collect();
        candidates.sort_by_key(|lease| lease.active_at.load(Ordering::Relaxed));
        let chosen: Vec<_> = candidates.into_iter().take(surplus).cloned().collect();
        self.pools[of as usize].ending += chosen.len();
        chosen.iter().for_each(|lease| lease.end(Over::MadeRoom));
        chosen
    }

    fn waiting(&mut self) -> Vec<Waker> {
        self.listeners.iter_mut().filter_map(|at| at.waiting.take()).collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.connections.lock();
        let at = &mut open.listeners[self.listener];
        at.count -= 1;
        let of = at.of;
        let pool = &mut open.pools[of as usize];
        pool.total -= 1;
        pool.ending -= usize::from(self.lease.is_over());
        pool.seats.remove(&self.number);
        if let Some(count) = pool.by_ip.get_mut(&self.ip) {
            *count -= 1;
            if *count == 0 {
                pool.by_ip.remove(&self.ip);
            }
        }
        let waiting = open.waiting();
        drop(open);
        waiting.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests;
