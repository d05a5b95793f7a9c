//! All connections of a network: what is sent when, what arrives, what is lost.

use super::end::{Accepting, End, EndId, Host, Link, Packet};
use super::{WeakNetwork, Weather};
use crate::executor::{Executor, ProcessId};
use crate::random::Generator;
use crate::trace::Trace;
use bytes::Bytes;
use dohle_env::clock::Instant;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::task::Waker;
use std::time::Duration;

/// How long Linux tries to connect to a host that is silent (six repeats of the SYN).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(127);
/// How long after a SYN without an answer the next one is sent, at first.
const SYN_REPEAT: Duration = Duration::from_secs(1);
/// A sender is told of room once it is this part of the window.
const LEAST_ROOM: usize = 4;
/// Between two processes of one host.
const LOOPBACK_DELAY: Duration = Duration::from_micros(20);
/// The first port given to who does not ask for one.
const FIRST_FREE_PORT: u16 = 32768;

pub(super) struct State {
    itself: WeakNetwork,
    executor: Executor,
    pub(super) hosts: BTreeMap<IpAddr, Host>,
    pub(super) listeners: BTreeMap<SocketAddr, Accepting>,
    pub(super) links: BTreeMap<u64, Link>,
    next_link: u64,
    next_port: u16,
    pub(super) weather: Weather,
    pub(super) ways: BTreeMap<(IpAddr, IpAddr), Weather>,
    pub(super) blocked: BTreeSet<(IpAddr, IpAddr)>,
    pub(super) random: Generator,
    pub(super) trace: Trace,
    /// To be woken once the lock is free.
    pub(super) woken: Vec<Waker>,
}

impl State {
    pub(super) fn new(
        itself: WeakNetwork,
        executor: Executor,
        random: Generator,
        trace: Trace,
    ) -> Self {
        Self {
            itself,
            executor,
            hosts: BTreeMap::new(),
            listeners: BTreeMap::new(),
            links: BTreeMap::new(),
            next_link: 0,
            next_port: FIRST_FREE_PORT,
            weather: Weather::default(),
            ways: BTreeMap::new(),
            blocked: BTreeSet::new(),
            random,
            trace,
            woken: Vec::new(),
        }
    }

    fn call_at(&self, at: Instant, act: impl FnOnce(&mut Self) + Send + 'static) {
        let network = self.itself.clone();
        self.executor.call_at(at, Box::new(move || network.with(act)));
    }

    pub(super) fn check_runs(&self, address: IpAddr, process: ProcessId) -> io::Result<()> {
        let runs = self
            .hosts
            .get(&address)
            .is_some_and(|host| host.is_on && host.process == Some(process));
        if runs { Ok(()) } else { Err(io::ErrorKind::NetworkDown.into()) }
    }

    pub(super) fn free_port(&mut self) -> u16 {
        let port = self.next_port;
        self.next_port = port.checked_add(1).unwrap_or(FIRST_FREE_PORT);
        port
    }

    pub(super) fn end(&mut self, id: EndId) -> Option<&mut End> {
        self.links.get_mut(&id.link).map(|link| &mut link[id.side])
    }

    /// The hosts from and to which `id` sends.
    fn way(&self, id: EndId) -> Option<(IpAddr, IpAddr)> {
        let link = self.links.get(&id.link)?;
        Some((link[id.side].address.ip(), link[1 - id.side].address.ip()))
    }

    pub(super) fn weather_from(&self, id: EndId) -> &Weather {
        let way = self.way(id).and_then(|way| self.ways.get(&way));
        way.unwrap_or(&self.weather)
    }

    fn is_blocked(&self, way: (IpAddr, IpAddr)) -> bool {
        way.0 != way.1 && self.blocked.contains(&way)
    }

    fn delay(&mut self, id: EndId) -> Duration {
        if self.way(id).is_none_or(|(from, to)| from == to) {
            return LOOPBACK_DELAY;
        }
        let Range { start, end } = self.weather_from(id).delay.clone();
        let spread = u64::try_from(end.saturating_sub(start).as_nanos()).unwrap_or(u64::MAX);
        start + Duration::from_nanos(self.random.below(spread.max(1)))
    }

    pub(super) fn dial(
        &mut self,
        from: IpAddr,
        process: ProcessId,
        to: SocketAddr,
    ) -> (EndId, SocketAddr) {
        let address = SocketAddr::new(from, self.free_port());
        let link = self.next_link;
        self.next_link += 1;
        // Who accepts is known when the SYN arrives.
        let ends = [End::new(address, process, false), End::new(to, process, true)];
        self.links.insert(link, ends);
        let dialled = EndId { link, side: 0 };
        let at = self.executor.now() + self.delay(dialled);
        let give_up = self.executor.now() + CONNECT_TIMEOUT;
        self.call_at(at, move |state| state.on_syn(dialled, give_up, SYN_REPEAT));
        self.trace.line(format_args!("net {address} dials {to}"));
        (dialled, address)
    }

    fn on_syn(&mut self, dialled: EndId, give_up: Instant, repeat: Duration) {
        let Some(way) = self.way(dialled) else { return };
        let Some(target) = self.end(dialled.other()).map(|end| end.address) else { return };
        let is_on = self.hosts.get(&way.1).is_some_and(|host| host.is_on);
        if !is_on || self.is_blocked(way) || self.is_blocked((way.1, way.0)) {
            let now = self.executor.now();
            if now >= give_up {
                self.fail(dialled, io::ErrorKind::TimedOut);
            } else {
                let next = (now + repeat).min(give_up);
                self.call_at(next, move |state| state.on_syn(dialled, give_up, repeat * 2));
            }
            return;
        }
        let answered = self.executor.now() + self.delay(dialled.other());
        let accepted = dialled.other();
        let Some(accepting) = self.listeners.get_mut(&target) else {
            self.call_at(answered, move |state| {
                state.fail(dialled, io::ErrorKind::ConnectionRefused);
            });
            return;
        };
        accepting.arrived.push_back(accepted);
        let (process, waker) = (accepting.process, accepting.waker.take());
        self.woken.extend(waker);
        if let Some(end) = self.end(accepted) {
            end.process = process;
        }
        self.call_at(answered, move |state| {
            if let Some(end) = state.end(dialled) {
                end.is_connected = true;
            }
            state.wake(dialled);
        });
    }

    fn wake(&mut self, id: EndId) {
        if let Some(end) = self.end(id) {
            let wakers = [end.reader.take(), end.writer.take()];
            self.woken.extend(wakers.into_iter().flatten());
        }
    }

    /// The end will never work again.
    fn fail(&mut self, id: EndId, error: io::ErrorKind) {
        let loses_unread = self.random.one_in(2);
        if let Some(end) = self.end(id) {
            end.error = Some(error);
            // The other end still learns of it.
            end.on_the_way.retain(|(_, packet)| matches!(packet, Packet::Reset));
            if loses_unread {
                end.inbox.clear();
            }
            self.trace.line(format_args!("net end {}.{} fails: {error}", id.link, id.side));
        }
        self.wake(id);
        self.forget_if_done(id.link);
    }

    /// Room for more from `id`. As with TCP a sender hears of it only when there is some to speak of:
    /// else a full window is filled byte by byte for ever (RFC 9293, 3.8.6.2).
    pub(super) fn room_bytes(&mut self, id: EndId) -> usize {
        let window = self.weather_from(id).window_bytes;
        let Some(link) = self.links.get(&id.link) else { return 0 };
        let used = link[id.side].on_the_way_bytes() + link[1 - id.side].unread_bytes();
        let room = window.saturating_sub(used);
        if room < window / LEAST_ROOM { 0 } else { room }
    }

    pub(super) fn send_data(&mut self, id: EndId, bytes: Bytes) {
        let cut_one_in = self.weather_from(id).cut_one_in;
        self.trace.note_bytes(&[4, id.link, id.side as u64, bytes.len() as u64], &bytes);
        self.send(id, Packet::Data(bytes));
        if self.random.one_in(cut_one_in) {
            self.cut(id.link);
        }
    }

    fn send(&mut self, id: EndId, packet: Packet) {
        let size_bytes = match &packet {
            Packet::Data(bytes) => bytes.len() as u64,
            Packet::End | Packet::Reset => 0,
        };
        let delay = self.delay(id);
        let rate = self.weather_from(id).bytes_per_second;
        let transfer = rate.map_or(Duration::ZERO, |rate| {
            Duration::from_nanos(size_bytes.saturating_mul(1_000_000_000) / rate.max(1))
        });
        let now = self.executor.now();
        let Some(end) = self.end(id) else { return };
        // After all that was sent before: a stream has an order, and a slow way one lane.
        let before = end.on_the_way.back().map_or(now, |(at, _)| *at + transfer);
        let at = before.max(now + delay + transfer);
        end.on_the_way.push_back((at, packet));
        self.call_at(at, move |state| state.deliver(id));
    }

    /// Delivers what is due from `id`.
    fn deliver(&mut self, id: EndId) {
        let now = self.executor.now();
        let Some(way) = self.way(id) else { return };
        if self.is_blocked(way) || !self.hosts.get(&way.1).is_some_and(|host| host.is_on) {
            return;
        }
        while let Some(end) = self.end(id) {
            let Some((at, _)) = end.on_the_way.front() else { break };
            if *at > now {
                break;
            }
            let Some((_, packet)) = end.on_the_way.pop_front() else { break };
            self.arrive(id.other(), packet);
        }
        self.forget_if_done(id.link);
    }

    fn arrive(&mut self, id: EndId, packet: Packet) {
        let Some(end) = self.end(id) else { return };
        if !end.is_open || end.error.is_some() {
            // The other side learns that nobody is here; its ends and resets need no answer.
            if matches!(packet, Packet::Data(_)) {
                self.send(id, Packet::Reset);
            }
            return;
        }
        match packet {
            Packet::Data(bytes) => end.inbox.push_back(bytes),
            Packet::End => end.is_ended = true,
            Packet::Reset => return self.fail(id, io::ErrorKind::ConnectionReset),
        }
        self.wake(id);
    }

    /// The owner of the end dropped it.
    pub(super) fn close(&mut self, id: EndId) {
        let Some(end) = self.end(id) else { return };
        if !std::mem::replace(&mut end.is_open, false) {
            return;
        }
        (end.reader, end.writer) = (None, None);
        let has_failed = end.error.is_some();
        let has_unread = !end.inbox.is_empty();
        let is_connected = end.is_connected;
        end.inbox.clear();
        if is_connected && !has_failed {
            self.send(id, if has_unread { Packet::Reset } else { Packet::End });
        }
        if !is_connected {
            // Nobody has seen it, or who accepted it gets an end from a peer that gave up.
            self.send(id, Packet::End);
        }
        self.forget_if_done(id.link);
    }

    /// Forgets a link when nothing can come from it any more.
    fn forget_if_done(&mut self, link: u64) {
        let Some(ends) = self.links.get(&link) else { return };
        let waits = self
            .listeners
            .values()
            .any(|listener| listener.arrived.contains(&EndId { link, side: 1 }));
        // Data that arrives later is answered with a reset, which nobody awaits.
        let done = |end: &End| !end.is_open && end.on_the_way.is_empty();
        // An end that never was accepted is open only by name.
        let refused = !ends[0].is_connected && ends[0].error.is_some() && !ends[0].is_open;
        if refused || (!waits && ends.iter().all(done)) {
            self.links.remove(&link);
        }
    }

    /// Who listens at `at` stops, and closes what it has not accepted.
    pub(super) fn stop_listening(&mut self, at: SocketAddr, process: ProcessId) {
        if self.listeners.get(&at).is_none_or(|listener| listener.process != process) {
            return;
        }
        let listener = self.listeners.remove(&at);
        for id in listener.into_iter().flat_map(|listener| listener.arrived) {
            self.close(id);
        }
    }

    /// The addresses of this end and the other.
    pub(super) fn addresses(&self, id: EndId) -> Option<(SocketAddr, SocketAddr)> {
        let ends = self.links.get(&id.link)?;
        Some((ends[id.side].address, ends[1 - id.side].address))
    }

    fn links_of(&self, address: IpAddr) -> Vec<EndId> {
        let ends = self.links.iter().flat_map(|(link, ends)| {
            [0, 1].map(|side| (EndId { link: *link, side }, ends[side].address.ip()))
        });
        ends.filter(|(_, at)| *at == address).map(|(id, _)| id).collect()
    }

    pub(super) fn close_all(&mut self, address: IpAddr) {
        let Some(host) = self.hosts.get_mut(&address) else { return };
        let Some(process) = host.process.take() else { return };
        self.listeners.retain(|at, _| at.ip() != address);
        for id in self.links_of(address) {
            if self.end(id).is_some_and(|end| end.process == process) {
                self.close(id);
            }
        }
        self.trace.line(format_args!("net {address} closes all"));
    }

    pub(super) fn power_off(&mut self, address: IpAddr) {
        self.listeners.retain(|at, _| at.ip() != address);
        for id in self.links_of(address) {
            if let Some(end) = self.end(id) {
                end.is_open = false;
                end.inbox.clear();
                end.on_the_way.clear();
                (end.reader, end.writer) = (None, None);
            }
            self.forget_if_done(id.link);
        }
        if let Some(host) = self.hosts.get_mut(&address) {
            host.is_on = false;
            host.process = None;
        }
        self.trace.line(format_args!("net {address} is off"));
    }

    pub(super) fn heal(&mut self) {
        self.blocked.clear();
        self.repeat_all();
        self.trace.line(format_args!("net heals"));
    }

    /// Sends again what waits on a way that may be open now.
    pub(super) fn repeat_all(&mut self) {
        let links: Vec<u64> = self.links.keys().copied().collect();
        for id in links.into_iter().flat_map(|link| [0, 1].map(|side| EndId { link, side })) {
            let at = self.executor.now() + self.delay(id);
            let Some(end) = self.end(id) else { continue };
            let mut last = at;
            for (arrival, _) in &mut end.on_the_way {
                *arrival = (*arrival).max(at);
                last = *arrival;
            }
            if !end.on_the_way.is_empty() {
                self.call_at(at, move |state| state.deliver(id));
                self.call_at(last, move |state| state.deliver(id));
            }
        }
    }

    pub(super) fn cut_between(&mut self, one: IpAddr, other: IpAddr) {
        let between = |ends: &Link| {
            let pair = (ends[0].address.ip(), ends[1].address.ip());
            pair == (one, other) || pair == (other, one)
        };
        let links: Vec<u64> =
            self.links.iter().filter(|(_, ends)| between(ends)).map(|(link, _)| *link).collect();
        links.into_iter().for_each(|link| self.cut(link));
    }

    /// Each end still gets some bytes of what was on the way, then a reset.
    fn cut(&mut self, link: u64) {
        for id in [0, 1].map(|side| EndId { link, side }) {
            // What was sent after an earlier cut never arrives.
            if let Some(end) = self.end(id) {
                let is_data = |(_, packet): &(Instant, Packet)| matches!(packet, Packet::Data(_));
                let data = end.on_the_way.iter().take_while(|packet| is_data(packet)).count();
                end.on_the_way.truncate(data);
            }
            let sent = self.end(id).map_or(0, |end| end.on_the_way_bytes());
            let mut left = self.random.index(sent + 1);
            let Some(end) = self.end(id) else { return };
            if !end.is_open || !end.is_connected {
                continue;
            }
            for (_, packet) in &mut end.on_the_way {
                if let Packet::Data(bytes) = packet {
                    bytes.truncate(left);
                    left -= bytes.len();
                }
            }
            end.on_the_way.retain(|(_, packet)| match packet {
                Packet::Data(bytes) => !bytes.is_empty(),
                Packet::End | Packet::Reset => false,
            });
            self.send(id, Packet::Reset);
        }
        self.trace.line(format_args!("net link {link} is cut"));
    }
}
