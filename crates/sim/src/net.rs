//! A network in memory: streams between hosts that are late, slow, split, cut and parted.
//!
//! Streams keep what TCP promises (bytes in order, once) and nothing more: a read returns any part
//! of what has arrived, two connections overtake each other, a partition looks like silence, a
//! host that lost power forgets its connections and resets them when it is back.

mod connection;
mod end;
mod link;

use crate::executor::{Executor, ProcessId};
use crate::random::Generator;
use crate::trace::Trace;
use connection::{SimulatedConnection, SimulatedListener};
use dohle_env::net::{Connection, Listener, Net};
use end::{Accepting, Host};
use link::State;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// What the way between two hosts is like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weather {
    /// How long a packet takes; drawn for each.
    pub delay: Range<Duration>,
    /// How much passes; `None` for no limit.
    pub bytes_per_second: Option<u64>,
    /// Bytes that may be on the way or unread before a sender waits.
    pub window_bytes: usize,
    /// One in so many sends cuts its connection, somewhere in what is on the way; 0 for none.
    pub cut_one_in: u64,
    /// One in so many reads and sends handles only a part; 0 for none.
    pub split_one_in: u64,
}

impl Default for Weather {
    fn default() -> Self {
        Self {
            delay: Duration::from_micros(50)..Duration::from_micros(500),
            bytes_per_second: None,
            window_bytes: 128 << 10,
            cut_one_in: 0,
            split_one_in: 4,
        }
    }
}

impl Weather {
    /// Any weather that clients can live with: near or far, fast or slow, calm or rough.
    #[must_use]
    pub fn any(random: &mut Generator) -> Self {
        let delay = Duration::from_micros(random.within(10..20_000));
        Self {
            delay: delay / 10..delay,
            bytes_per_second: *random.pick(&[None, None, Some(100 << 20), Some(1 << 20)]),
            window_bytes: *random.pick(&[4 << 10, 64 << 10, 1 << 20]),
            cut_one_in: *random.pick(&[0, 0, 500, 50]),
            split_one_in: random.below(5),
        }
    }
}

/// The address of the `number`-th host.
#[must_use]
pub fn address_of(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, number))
}

/// All hosts and what is between them. Cloning shares it.
#[derive(Clone)]
pub struct Network {
    state: Arc<Mutex<State>>,
}

/// Does not keep the network: events in the executor hold it.
#[derive(Clone)]
struct WeakNetwork {
    state: Weak<Mutex<State>>,
}

impl WeakNetwork {
    fn with(&self, act: impl FnOnce(&mut State)) {
        if let Some(state) = self.state.upgrade() {
            Network { state }.with(act);
        }
    }
}

impl Network {
    /// A network of no hosts.
    #[must_use]
    pub fn new(executor: Executor, random: Generator, trace: Trace) -> Self {
        let state = Arc::new_cyclic(|state: &Weak<Mutex<State>>| {
            let itself = WeakNetwork { state: state.clone() };
            Mutex::new(State::new(itself, executor, random, trace))
        });
        Self { state }
    }

    /// Does `act`, then wakes whom it made ready, without the lock.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        let woken = std::mem::take(&mut state.woken);
        drop(state);
        woken.into_iter().for_each(std::task::Waker::wake);
        result
    }

    /// `process` runs at `address` from now on: its door to the network.
    #[must_use]
    pub fn attach(&self, address: IpAddr, process: ProcessId) -> HostNet {
        self.with(|state| {
            state.hosts.insert(address, Host { process: Some(process), is_on: true });
            state.repeat_all();
        });
        HostNet { network: self.clone(), address, process }
    }

    /// The process at `address` has ended and the system closes its connections and listeners.
    pub fn close_all(&self, address: IpAddr) {
        self.with(|state| state.close_all(address));
    }

    /// The host lost power: its connections are gone and nobody is told.
    pub fn power_off(&self, address: IpAddr) {
        self.with(|state| state.power_off(address));
    }

    /// What every way is like that is not set alone.
    pub fn set_weather(&self, weather: Weather) {
        self.with(|state| state.weather = weather);
    }

    /// What the way from `from` to `to` is like.
    pub fn set_weather_between(&self, from: IpAddr, to: IpAddr, weather: Weather) {
        self.with(|state| state.ways.insert((from, to), weather));
    }

    /// Nothing from `from` reaches `to` until healed; what is on the way waits, as TCP repeats it.
    pub fn block(&self, from: IpAddr, to: IpAddr) {
        self.with(|state| state.blocked.insert((from, to)));
    }

    /// Nothing passes between the two, either way.
    pub fn part(&self, one: IpAddr, other: IpAddr) {
        self.block(one, other);
        self.block(other, one);
    }

    /// Everything passes again.
    pub fn heal(&self) {
        self.with(State::heal);
    }

    /// Resets all connections between two hosts: each end gets any part of what was on the way.
    pub fn cut(&self, one: IpAddr, other: IpAddr) {
        self.with(|state| state.cut_between(one, other));
    }

    /// Connections of which one end at least is still open.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.with(|state| state.links.len())
    }
}

/// One process's door to the network.
#[derive(Clone)]
pub struct HostNet {
    network: Network,
    address: IpAddr,
    process: ProcessId,
}

impl HostNet {
    /// The address in the network of what this host calls `address`.
    fn resolve(&self, address: SocketAddr) -> SocketAddr {
        let ip = address.ip();
        let own = ip.is_loopback() || ip.is_unspecified();
        SocketAddr::new(if own { self.address } else { ip }, address.port())
    }
}

impl Net for HostNet {
    fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Listener>> {
        let mut at = self.resolve(address);
        if at.ip() != self.address {
            return Err(io::ErrorKind::AddrNotAvailable.into());
        }
        self.network.with(|state| {
            state.check_runs(self.address, self.process)?;
            if at.port() == 0 {
                at.set_port(state.free_port());
            }
            if state.listeners.contains_key(&at) {
                return Err(io::Error::from(io::ErrorKind::AddrInUse));
            }
            state.listeners.insert(at, Accepting::new(self.process));
            Ok(())
        })?;
        let local = SocketAddr::new(address.ip(), at.port());
        let (network, process) = (self.network.clone(), self.process);
        Ok(Box::new(SimulatedListener { network, process, at, local }))
    }

    fn dial(&self, address: SocketAddr) -> io::Result<Box<dyn Connection>> {
        let to = self.resolve(address);
        let (end, local) = self.network.with(|state| {
            state.check_runs(self.address, self.process)?;
            Ok::<_, io::Error>(state.dial(self.address, self.process, to))
        })?;
        Ok(Box::new(SimulatedConnection::new(self.network.clone(), end, (local, to))))
    }
}
