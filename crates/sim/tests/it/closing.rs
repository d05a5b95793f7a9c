//! A consumer of the `client` crate that is closed while it joins its group.

use crate::place::Place;
use dohle_client::consumer::Subscribed;
use dohle_client::{Client, ClientConfig, Consumer, ConsumerConfig};
use dohle_protocol::messages::DescribeGroupsRequest;
use std::time::Duration;

/// The members of the group, as its coordinator knows them.
fn members(place: &mut Place) -> usize {
    let request = DescribeGroupsRequest { groups: vec!["g".into()], ..Default::default() };
    place.ask(5, request).groups[0].members.len()
}

#[test]
fn who_is_closed_while_it_joins_is_no_member() {
    let delay = ("group.initial.rebalance.delay.ms", "3000");
    let mut place = Place::new(&[delay, ("offsets.topic.num.partitions", "1")]);
    place.create("t", 1, &[]);
    let server = place.node.address(&mut place.world);
    place.with(|asking| async move {
        let config = ClientConfig::new(&server.to_string()).unwrap();
        let client = Client::new(asking.env().clone(), config);
        let group = ConsumerConfig { group: Some("g".into()), ..ConsumerConfig::default() };
        let mut consumer = Consumer::new(client.clone(), group);
        consumer.subscribe(Subscribed::Topics(vec!["t".into()]));
        // Its coordinator is found, its id is given, and the group waits for others.
        assert!(consumer.poll(Duration::from_secs(2)).await.unwrap().is_empty());
        assert_eq!(consumer.generation(), -1, "it still joins");
        consumer.close().await;
        let clock = client.env().clock.clone();
        dohle_env::clock::sleep(&*clock, Duration::from_secs(5)).await;
    });
    assert_eq!(members(&mut place), 0);
}
