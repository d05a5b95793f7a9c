//! What a node holds for its clients: never more than it may, and nothing once they are gone.

use super::{NODE, Run};
use crate::checker::History;
use crate::node::Node;
use dohle_broker::holdings::{Holdings, Share};
use std::cell::Cell;
use std::time::Duration;

/// Within this a node whose clients are gone holds nothing for them: members of groups and open
/// transactions have their timeouts.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// Looks at a node after every step.
pub(super) struct Watch<'a> {
    node: &'a Node,
    history: History,
    was_short: Cell<bool>,
}

impl<'a> Watch<'a> {
    pub(super) fn new(node: &'a Node, history: History) -> Self {
        Self { node, history, was_short: Cell::new(false) }
    }

    /// What it holds above its limits is a violation.
    pub(super) fn look(&self) {
        let Some(holdings) = self.node.holdings() else { return };
        if let Err(what) = check(&holdings) {
            self.history.violate(what);
        }
        let trace = self.history.trace();
        if holdings.is_short && !self.was_short.replace(holdings.is_short) {
            trace.sometimes("a large request waited for memory");
        }
        self.was_short.set(holdings.is_short);
    }
}

/// Whether nothing is above its limit.
fn check(holdings: &Holdings) -> Result<(), String> {
    let Holdings { request_bytes, is_short: _, connections, fetch_sessions } = *holdings;
    let all = [
        ("bytes of requests", request_bytes),
        ("connections", connections),
        ("fetch sessions", fetch_sessions),
    ];
    match all.into_iter().find(|(_, share)| share.limit < share.taken) {
        Some((what, Share { taken, limit })) => {
            Err(format!("the node holds {taken} {what}, its limit is {limit}"))
        }
        None => Ok(()),
    }
}

/// Why a node without clients is not idle; `None` if it is.
fn left_over(holdings: &Holdings, open_answers: usize) -> Option<String> {
    let is_idle = holdings.request_bytes.taken == 0
        && !holdings.is_short
        && holdings.connections.taken == 0
        && open_answers == 0;
    (!is_idle).then(|| format!("{holdings:?}, {open_answers} answers wait"))
}

impl Run<'_> {
    /// All clients go; the node must hold nothing for them some time later.
    pub(super) fn check_idle(&mut self) -> Result<(), String> {
        let names = self.clients.clone();
        for name in names.iter().map(String::as_str).chain(["auditor"]) {
            if self.world.is_running(name) {
                self.world.kill(name);
            }
        }
        let end = self.world.elapsed() + IDLE_LIMIT;
        loop {
            self.run_for(Duration::from_millis(500))?;
            let holdings = self.node.holdings().ok_or_else(|| format!("{NODE} has ended"))?;
            let open_answers = self.node.open_answers(self.world, IDLE_LIMIT)?;
            let Some(what) = left_over(&holdings, open_answers) else {
                self.world.trace().sometimes("a node held nothing for those who were gone");
                return Ok(());
            };
            if end <= self.world.elapsed() {
                let all = "its clients are gone, and the node still holds something for them";
                return Err(format!("{IDLE_LIMIT:?} ago {all}: {what}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Holdings, Share, check, left_over};

    const IDLE: Holdings = Holdings {
        request_bytes: Share { taken: 0, limit: 10 },
        is_short: false,
        connections: Share { taken: 0, limit: 10 },
        fetch_sessions: Share { taken: 3, limit: 10 },
    };

    #[test]
    fn what_is_above_its_limit_is_found() {
        let full = Share { taken: 10, limit: 10 };
        let over = Share { taken: 11, limit: 10 };
        assert_eq!(check(&Holdings { request_bytes: full, ..IDLE }), Ok(()));
        assert!(check(&Holdings { request_bytes: over, ..IDLE }).is_err());
        assert!(check(&Holdings { connections: over, ..IDLE }).is_err());
        assert!(check(&Holdings { fetch_sessions: over, ..IDLE }).is_err());
    }

    #[test]
    fn what_is_left_is_found() {
        let one = Share { taken: 1, limit: 10 };
        // A session waits for its client to come again.
        assert_eq!(left_over(&IDLE, 0), None);
        assert!(left_over(&IDLE, 1).is_some());
        assert!(left_over(&Holdings { request_bytes: one, ..IDLE }, 0).is_some());
        assert!(left_over(&Holdings { connections: one, ..IDLE }, 0).is_some());
        assert!(left_over(&Holdings { is_short: true, ..IDLE }, 0).is_some());
    }
}
