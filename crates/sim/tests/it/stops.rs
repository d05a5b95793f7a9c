//! A clean stop while others ask for changes of metadata, at any moment.

use crate::place::{LONG, Place, creation};
use dohle_env::tasks::Home;
use dohle_sim::client::Client;
use std::time::Duration;

const CLIENTS: u64 = 8;
/// As many moments, of so far apart.
const MOMENTS: u32 = 100;
const APART: Duration = Duration::from_micros(43);

/// Asks for one topic after the other, as long as anybody answers.
pub(crate) async fn create_topics(mut client: Client, name: String) {
    for number in 0.. {
        let request = creation(&format!("{name}-{number}"));
        if client.ask(7, &request).await.is_err() {
            return;
        }
    }
}

#[test]
fn metadata_that_changes_while_a_node_stops() {
    for moment in 0..MOMENTS {
        let mut place = Place::new(&[]);
        let server = place.node.address(&mut place.world);
        for number in 0..CLIENTS {
            let name = format!("client-{number}");
            let env = place.world.start_again(&name);
            let client = Client::new(env.clone(), server, &name);
            env.tasks.spawn(Home::LeastLoaded, Box::pin(create_topics(client, name)));
        }
        place.wait(Duration::from_millis(5) + APART * moment);
        place.node.stop(&mut place.world, LONG).unwrap_or_else(|why| panic!("{moment}: {why}"));
        place.node.start(&mut place.world, LONG).unwrap();
    }
}
