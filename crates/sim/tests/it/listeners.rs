//! Listeners that change while the node loses power, is killed, or cannot tell anybody.

use crate::place::{LONG, Place, Whose, alteration, creation};
use dohle_metadata::config::ConfigResource;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::{ApiVersionsRequest, IncrementalAlterConfigsRequest};
use dohle_sim::client::Client;
use dohle_sim::disk::Costs;
use std::net::SocketAddr;
use std::time::Duration;

const BEGUN: &str = "PLAINTEXT://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093";
const MORE: &str = "PLAINTEXT://0.0.0.0:9092,TWO://0.0.0.0:9094,CONTROLLER://0.0.0.0:9093";
const PORT: u16 = 9094;

fn change(listeners: &str) -> IncrementalAlterConfigsRequest {
    alteration(Whose::Broker, "listeners", listeners)
}

/// Whether somebody serves at the listener that comes and goes.
fn is_served(place: &mut Place) -> bool {
    let address = SocketAddr::new(place.node.address(&mut place.world).ip(), PORT);
    let env = place.world.start_again("b");
    let ask = async move {
        let mut client = Client::new(env, address, "b");
        client.ask(0, &ApiVersionsRequest::default()).await.is_ok()
    };
    place.world.complete("b", LONG, ask).unwrap()
}

/// Whether the metadata names it.
fn is_named(place: &Place) -> bool {
    let image = place.node.image().unwrap();
    let configs = image.configs_of(&ConfigResource::broker(1));
    configs.get("listeners").is_some_and(|value| value.contains("TWO"))
}

#[test]
fn a_listener_is_there_after_a_power_loss_if_the_metadata_has_it() {
    let map = "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,TWO:PLAINTEXT";
    let (mut came, mut went) = ([0; 2], [0; 2]);
    for step in 0..40 {
        let mut place = Place::new(&[("listener.security.protocol.map", map)]);
        let is_coming = step % 2 == 0;
        if !is_coming {
            place.ask(1, change(MORE));
            assert!(is_served(&mut place));
        }
        let (server, env) = (place.node.address(&mut place.world), place.world.start_again("a"));
        let value = if is_coming { MORE } else { BEGUN };
        let asked = async move {
            let mut client = Client::new(env, server, "a");
            client.ask(1, &change(value)).await.is_ok()
        };
        // Sooner or later, before and behind the moment in which it is decided.
        let wait = Duration::from_micros(100 * step);
        let is_answered = place.world.complete("a", wait, asked).unwrap_or(false);
        place.node.crash(&mut place.world);
        place.node.start(&mut place.world, LONG).unwrap();
        let is_there = is_named(&place);
        assert_eq!(is_served(&mut place), is_there, "step {step}");
        assert!(!is_answered || is_there == is_coming, "what was answered holds, step {step}");
        let seen = if is_coming { &mut came } else { &mut went };
        seen[usize::from(is_there)] += 1;
    }
    // Both ends of both changes were seen.
    assert!(came.iter().chain(&went).all(|count| 0 < *count), "{came:?} {went:?}");
}

/// Nobody is let in before the node can do what it is asked: the first records of a new cluster have a
/// broker's config among them.
#[test]
fn who_is_answered_first_is_served() {
    let mut place = Place::unborn(&[]);
    place.disk().set_costs(Costs { sync: Duration::from_millis(20), ..Costs::default() });
    place.node.begin(&mut place.world);
    let made = place.with(|mut client| async move {
        while client.ask(0, &ApiVersionsRequest::default()).await.is_err() {
            client.pause(Duration::from_micros(50)).await;
        }
        let request = creation("t");
        client.ask(7, &request).await.unwrap().topics[0].error_code
    });
    assert_eq!(made, ErrorCode::NONE);
}
