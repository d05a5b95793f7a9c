//! A host that opens more connections than a node takes, and says nothing on them.
//!
//! Who comes when there is no place waits: so do the clients behind it, until it goes.

use crate::checker::{History, Times};
use crate::client::Client;
use dohle_env::net::Connection;
use std::time::Duration;

/// `max.connections` of the node: more than all clients have.
pub(super) const CONNECTIONS_MAX: usize = 60;
/// It leaves within this: who waits behind it must not lose patience for good.
const STAY_MS_MAX: u64 = 800;

/// Comes and goes until the history ends.
pub async fn run(mut client: Client, history: History) {
    loop {
        let Times { is_closed, is_ending } = history.times();
        if is_ending {
            break;
        }
        let stay = 1 + client.env().random.below(STAY_MS_MAX);
        if !is_closed {
            let server = client.asked();
            let dial = |_| client.env().net.dial(server).ok();
            let all: Vec<Box<dyn Connection>> = (0..=CONNECTIONS_MAX).filter_map(dial).collect();
            client.pause(Duration::from_millis(stay)).await;
            drop(all);
        }
        let away = 1 + client.env().random.below(6_000);
        client.pause(Duration::from_millis(away)).await;
    }
    history.set_pending("crowd", None);
}
