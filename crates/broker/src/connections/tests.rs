//! Who gets a place, who waits, and who makes room.

use super::*;
use std::net::SocketAddr;

type Configs<'a> = &'a [(&'a str, &'a str)];

const BROKERS: &str = "BROKERS";

/// No connections yet, at listeners of clients, brokers and controllers.
fn connections(configs: Configs<'_>) -> Arc<Connections> {
    let listeners = [
        listener(0, "CLIENTS", ListenerType::Broker),
        listener(1, BROKERS, ListenerType::Broker),
        listener(2, "CONTROLLER", ListenerType::Controller),
    ];
    let connections = Connections::new(BROKERS);
    listeners.iter().for_each(|listener| connections.open(listener));
    connections.limit(limits(configs, &listeners));
    Arc::new(connections)
}

fn listener(index: usize, name: &str, of: ListenerType) -> Arc<Listener> {
    Arc::new(Listener::new(index, name, of, SocketAddr::from(([127, 0, 0, 1], 1))))
}

fn limits(configs: Configs<'_>, listeners: &[Arc<Listener>]) -> ConnectionLimits {
    let pair = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
    let file = configs.iter().map(pair).collect();
    let nothing = Default::default();
    let layers = Layers { broker: &nothing, cluster: &nothing, file: &file };
    ConnectionLimits::of(layers, listeners, &Hosts::default())
}

/// The place of the next connection at a listener, if there is one now.
fn take(connections: &Arc<Connections>, listener: usize, from: u8, at: u64) -> Option<Place> {
    let (cx, ip) = (Context::from_waker(Waker::noop()), IpAddr::from([10, 0, 0, from]));
    match connections.poll_take(&cx, listener, ip, Instant(at)) {
        Poll::Ready(place) => Some(place),
        Poll::Pending => None,
    }
}

#[test]
fn so_many_find_a_place_and_the_next_waits() {
    // Configs; how many find a place at the listeners of clients, brokers and controllers.
    let cases: [(Configs<'_>, [usize; 3]); 5] = [
        (&[], [9, 9, 9]),
        (&[("max.connections", "3")], [3, 3, 3]),
        (&[("listener.name.clients.max.connections", "2")], [2, 9, 9]),
        (&[("max.connections", "3"), ("listener.name.clients.max.connections", "5")], [3, 3, 3]),
        (&[("max.connections", "5"), ("listener.name.brokers.max.connections", "1")], [5, 1, 5]),
    ];
    for (configs, expected) in cases {
        let connections = connections(configs);
        let found = [0, 1, 2].map(|listener| {
            let places: Vec<Place> =
                (0..9).map_while(|_| take(&connections, listener, 1, 0)).collect();
            places.len()
        });
        assert_eq!(found, expected, "{configs:?}");
        assert_eq!(connections.total(), 0);
    }
}

#[test]
fn an_address_may_have_so_many() {
    let overrides = ("max.connections.per.ip.overrides", "10.0.0.1:1,[10.0.0.2]:3,unknown:7");
    let connections = connections(&[("max.connections.per.ip", "2"), overrides]);
    for (from, most) in [(1, 1), (2, 3), (3, 2)] {
        let places: Vec<Place> =
            (0..5).filter_map(|_| take(&connections, 0, from, 0)).take(most).collect();
        assert!(places.iter().all(|place| !place.is_too_many()));
        // Controllers' listeners count by themselves.
        assert!(!take(&connections, 2, from, 0).unwrap().is_too_many());
        assert!(take(&connections, 1, from, 0).unwrap().is_too_many(), "10.0.0.{from}");
    }
}

#[test]
fn the_most_silent_makes_room() {
    let connections = connections(&[("max.connections", "3")]);
    let clients: Vec<Place> =
        (0..3).map(|at| take(&connections, 0, 1, at).expect("a place")).collect();
    clients[0].lease.touch(Instant(10));
    let over = |places: &[Place]| places.iter().map(|of| of.lease.is_over()).collect::<Vec<_>>();
    let brokers = take(&connections, 1, 1, 20).expect("brokers do not wait");
    assert_eq!(over(&clients), [false, true, false]);
    assert!(take(&connections, 0, 1, 21).is_none());
    // It has not ended yet, so another one must.
    let second = take(&connections, 1, 1, 22).expect("brokers do not wait");
    assert_eq!(over(&clients), [false, true, true]);
    drop((brokers, second));
    // With fewer allowed all of them, and no more.
    let mut limits = connections.lock().limits.clone();
    limits.total = 0;
    connections.limit(limits);
    assert_eq!(over(&clients), [true, true, true]);
    drop(clients);
    assert_eq!(connections.lock().pools[0].ending, 0);
    assert!(take(&connections, 0, 1, 30).is_none());
}

#[test]
fn who_waits_is_told_of_room() {
    let connections = connections(&[("max.connections", "1")]);
    let place = take(&connections, 0, 1, 0);
    assert!(take(&connections, 0, 1, 0).is_none());
    assert!(connections.lock().listeners[0].waiting.is_some());
    drop(place);
    assert!(connections.lock().listeners[0].waiting.is_none(), "woken");
    assert!(take(&connections, 0, 1, 0).is_some());
}

#[test]
fn a_listener_that_closes_ends_its_connections_and_leaves_its_place_to_another() {
    let connections = connections(&[]);
    let old: Vec<Place> = (0..3).map(|at| take(&connections, 0, 1, at).expect("a place")).collect();
    let kept = take(&connections, 1, 1, 0).expect("a place");
    assert!(connections.is_protected(1) && !connections.is_free(0));
    connections.close(0);
    assert!(old.iter().all(|of| of.lease.over.get() == Some(&Over::ListenerClosed)));
    assert!(!kept.lease.is_over());
    // The only listener that is left is nobody's own.
    assert!(!connections.is_protected(1) && !connections.is_free(0));
    drop(old);
    assert!(connections.is_free(0));
    assert_eq!((connections.total(), connections.lock().pools[0].ending), (1, 0));
    connections.open(&listener(0, "OTHERS", ListenerType::Broker));
    assert!(connections.is_protected(1) && !connections.is_free(0));
    assert_eq!(connections.by_listener()[0].accepted, 0);
    assert!(take(&connections, 0, 1, 0).is_some());
}
