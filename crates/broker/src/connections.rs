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
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    pub(crate) fn of(configs: Layers<'_>, listeners: &[Listener], hosts: &Hosts) -> Self {
        let number = |value: i64| usize::try_from(value).unwrap_or(usize::MAX);
        let own = |listener: &Listener| {
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
    listeners: Vec<AtListener>,
    pools: [Pool; 2],
    next: u64,
}

struct AtListener {
    of: ListenerType,
    /// Brokers use it among themselves, and clients have others.
    is_protected: bool,
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
    /// Those at listeners that are not protected, in the order in which they came.
    unprotected: BTreeMap<u64, Arc<Lease>>,
    total: usize,
    /// Of those, who has been told to end.
    ending: usize,
}

/// What a connection and its place have in common.
#[derive(Default)]
pub(crate) struct Lease {
    active_at: AtomicU64,
    is_over: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Lease {
    /// Something came.
    pub(crate) fn touch(&self, now: Instant) {
        self.active_at.store(now.0, Ordering::Relaxed);
    }

    /// True once the connection has to make room. To be asked first by the task that is then told.
    pub(crate) fn poll_over(&self, cx: &Context<'_>, is_first: bool) -> bool {
        if is_first {
            let waker = cx.waker().clone();
            *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(waker);
        }
        self.is_over.load(Ordering::Acquire)
    }

    fn end(&self) {
        self.is_over.store(true, Ordering::Release);
        let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
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
    pub(crate) fn new(listeners: &[Listener], inter_broker: &str) -> Self {
        let count = |of| listeners.iter().filter(|listener| listener.of == of).count();
        let at = |listener: &Listener| AtListener {
            of: listener.of,
            is_protected: listener.name == inter_broker && 1 < count(listener.of),
            count: 0,
            told: OfListener::default(),
            waiting: None,
        };
        let listeners = listeners.iter().map(at).collect();
        let (limits, pools) = (ConnectionLimits::default(), Default::default());
        Self { open: Mutex::new(Open { limits, listeners, pools, next: 0 }) }
    }

    /// Whether brokers use that listener among themselves, and clients have others.
    pub(crate) fn is_protected(&self, listener: usize) -> bool {
        self.lock().listeners[listener].is_protected
    }

    /// Takes over other limits.
    pub(crate) fn limit(&self, limits: ConnectionLimits) {
        let mut open = self.lock();
        open.limits = limits;
        let mut ended = open.make_room(ListenerType::Broker);
        ended.extend(open.make_room(ListenerType::Controller));
        let waiting = open.waiting();
        drop(open);
        ended.iter().for_each(|lease| lease.end());
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
        let (of, is_protected) = (at.of, at.is_protected);
        open.next += 1;
        let pool = &mut open.pools[of as usize];
        pool.total += 1;
        *pool.by_ip.entry(ip).or_default() += 1;
        if !is_protected {
            pool.unprotected.insert(number, lease.clone());
        }
        let ended = open.make_room(of);
        drop(open);
        ended.iter().for_each(|lease| lease.end());
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
        let is_room = at.is_protected || self.pools[at.of as usize].total < self.limits.total;
        at.count < own && is_room
    }

    /// Chooses who ends so that there are no more than may be, and gives their leases.
    fn make_room(&mut self, of: ListenerType) -> Vec<Arc<Lease>> {
        let pool = &mut self.pools[of as usize];
        let surplus = pool.total.saturating_sub(pool.ending).saturating_sub(self.limits.total);
        if surplus == 0 {
            return Vec::new();
        }
        let mut candidates: Vec<&Arc<Lease>> =
            pool.unprotected.values().filter(|lease| !lease.is_over()).collect();
        candidates.sort_by_key(|lease| lease.active_at.load(Ordering::Relaxed));
        let chosen: Vec<_> = candidates.into_iter().take(surplus).cloned().collect();
        pool.ending += chosen.len();
        // Said here, so that nobody is chosen twice; who is chosen hears of it from `end`.
        chosen.iter().for_each(|lease| lease.is_over.store(true, Ordering::Release));
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
        pool.unprotected.remove(&self.number);
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
