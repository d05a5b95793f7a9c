//! Snapshots of the metadata, and the log below them, while others ask for changes.

use crate::place::Place;
use crate::stops::create_topics;
use dohle_env::tasks::Home;
use dohle_sim::client::Client;
use dohle_sim::disk::Costs;
use std::time::Duration;

/// Who asks for something in the turn in which the log is cut below a snapshot.
#[test]
fn the_log_is_cut_while_records_are_appended() {
    let mut place = Place::new(&[
        ("metadata.log.max.record.bytes.between.snapshots", "2000"),
        ("internal.metadata.log.segment.bytes", "2000"),
        ("metadata.max.retention.bytes", "1"),
    ]);
    // One is made every ten seconds. While a flush takes its time, snapshots and questions gather for the next turn.
    place.disk().set_costs(Costs { sync: Duration::from_millis(100), ..Costs::default() });
    let server = place.node.address(&mut place.world);
    for number in 0..4 {
        let name = format!("client-{number}");
        let env = place.world.start_again(&name);
        let client = Client::new(env.clone(), server, &name);
        env.tasks.spawn(Home::LeastLoaded, Box::pin(create_topics(client, name)));
    }
    place.wait(Duration::from_secs(45));
    let segments = place.files("__cluster_metadata", ".log");
    let first = segments.first().map(|(name, _)| name.clone()).unwrap();
    assert!(!first.ends_with("/00000000000000000000.log"), "it was cut: {segments:?}");
    place.create("after", 1, &[]);
}
