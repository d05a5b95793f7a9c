//! A producer of the `client` crate that outlives a long outage of its only node.

use crate::place::{LONG, Place};
use dohle_client::producer::Record;
use dohle_client::{Client, ClientConfig, Error, Producer, ProducerConfig};
use dohle_env::clock::sleep;
use std::time::Duration;

async fn send(producer: &Producer) -> Result<i64, Error> {
    let delivered = producer.send(Record::of_value("t", "value")).await?.wait().await?;
    Ok(delivered.offset.unwrap())
}

#[test]
fn what_is_sent_after_an_outage_is_sent() {
    let mut place = Place::new(&[]);
    place.create("t", 1, &[]);
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("p");
    let (told, seen) = std::sync::mpsc::channel();
    let clock = env.clock.clone();
    let config = ClientConfig::new(&server.to_string()).unwrap();
    let client = Client::new(env.clone(), config);
    let task = async move {
        let delivery_timeout = Duration::from_secs(4);
        let config = ProducerConfig { delivery_timeout, ..ProducerConfig::default() };
        let producer = Producer::new(client.clone(), config);
        // So that the topic is known, and no more is asked for than an id.
        client.topic("t", false).await.unwrap();
        sleep(&*clock, Duration::from_secs(5)).await;
        let _heard = told.send(send(&producer).await);
        sleep(&*clock, Duration::from_secs(20)).await;
        let _heard = told.send(send(&producer).await);
    };
    env.tasks.spawn(dohle_env::tasks::Home::Here, Box::pin(task));
    place.wait(Duration::from_secs(2));
    place.world.kill("n");
    place.wait(Duration::from_secs(15));
    assert!(seen.try_recv().unwrap().is_err(), "nobody was there");
    place.node.start(&mut place.world, LONG).unwrap();
    place.wait(Duration::from_secs(20));
    assert_eq!(seen.try_recv().unwrap().map_err(|error| error.to_string()), Ok(0));
}
