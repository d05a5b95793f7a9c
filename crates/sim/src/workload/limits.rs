//! What a node holds for its clients: never more than it may, and nothing once they are gone.

use super::cluster::{Cluster, Member};
use super::{At, Run};
use crate::checker::History;
use crate::disk::Defect;
use dohle_broker::holdings::{Holdings, Share};
use std::cell::Cell;
use std::time::Duration;

/// Within this a node whose clients are gone holds nothing for them: members of groups and open
/// transactions have their timeouts.
const IDLE_LIMIT: Duration = Duration::from_secs(60);

/// What the node may hold at most, by the settings that it was meant to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    request_bytes: usize,
    connections: usize,
    fetch_sessions: usize,
}

/// Of these the node has another idea under a defect.
const REQUEST_BYTES: &str = "queued.max.request.bytes";
const FETCH_SESSIONS: &str = "max.incremental.fetch.session.cache.slots";
const CONNECTIONS: &str = "max.connections";
/// What a frame has before its body: however little may be queued, one largest request may.
const FRAME_HEAD_BYTES: usize = 4;
/// As good as no limit.
const MANY: usize = 100_000_000;

impl Bounds {
    pub(super) fn of(settings: &[(&str, String)]) -> Self {
        let number = |wanted: &str| {
            let found = settings.iter().find(|(key, _)| *key == wanted);
            found.and_then(|(_, value)| value.parse().ok()).unwrap_or(usize::MAX)
        };
        Self {
            request_bytes: number(REQUEST_BYTES).saturating_add(FRAME_HEAD_BYTES),
            connections: number(CONNECTIONS),
            fetch_sessions: number(FETCH_SESSIONS),
        }
    }

    /// Whether nothing is above its limit.
    fn check(self, holdings: &Holdings) -> Result<(), String> {
        let all = [
            ("bytes of requests", holdings.request_bytes, self.request_bytes),
            ("bytes of decoded requests", holdings.decoded_bytes, self.request_bytes / 2),
            ("connections", holdings.connections, self.connections),
            ("fetch sessions", holdings.fetch_sessions, self.fetch_sessions),
        ];
        match all.into_iter().find(|(_, share, limit)| *limit < share.taken) {
            Some((what, Share { taken, .. }, limit)) => {
                Err(format!("the node holds {taken} {what}, its limit is {limit}"))
            }
            None => Ok(()),
        }
    }
}

/// Plays a node that does not keep some limit: its settings have another.
pub(super) fn forget(defect: Option<Defect>, settings: &mut [(&str, String)]) {
    let forgotten = match defect {
        Some(Defect::BoundlessMemory) => REQUEST_BYTES,
        Some(Defect::BoundlessSessions) => FETCH_SESSIONS,
        Some(Defect::BoundlessConnections) => CONNECTIONS,
        _ => return,
    };
    for (_, value) in settings.iter_mut().filter(|(key, _)| *key == forgotten) {
        *value = MANY.to_string();
    }
}

/// Looks at a node after every step.
pub(super) struct Watch<'a> {
    member: &'a Member,
    history: &'a History,
    was_short: Cell<bool>,
    was_crowded: Cell<bool>,
}

impl<'a> Watch<'a> {
    /// One for each node of a cluster.
    pub(super) fn of_all(cluster: &'a Cluster) -> impl Iterator<Item = Self> {
        let history = &cluster.history;
        let (was_short, was_crowded) = (Cell::new(false), Cell::new(false));
        let of = move |member| Self {
            member,
            history,
            was_short: was_short.clone(),
            was_crowded: was_crowded.clone(),
        };
        cluster.nodes.iter().map(of)
    }

    /// What it holds above its limits is a violation.
    pub(super) fn look(&self) {
        let Member { node, bounds, .. } = self.member;
        let Some(holdings) = node.holdings() else { return };
        if let Err(what) = bounds.check(&holdings) {
            self.history.violate(what);
        }
        let trace = self.history.trace();
        if holdings.is_short && !self.was_short.replace(holdings.is_short) {
            trace.sometimes("a large request waited for memory");
        }
        self.was_short.set(holdings.is_short);
        let is_crowded = holdings.connections.taken == bounds.connections;
        if is_crowded && !self.was_crowded.replace(is_crowded) {
            trace.sometimes("a node had no place for another connection");
        }
        self.was_crowded.set(is_crowded);
    }
}

/// Why a node without clients is not idle; `None` if it is.
fn left_over(holdings: &Holdings, open_answers: usize) -> Option<String> {
    let is_idle = holdings.request_bytes.taken == 0
        && holdings.decoded_bytes.taken == 0
        && !holdings.is_short
        && holdings.connections.taken == 0
        && open_answers == 0;
    (!is_idle).then(|| format!("{holdings:?}, {open_answers} answers wait"))
}

impl Run<'_> {
    /// All clients go; no node may hold anything for them some time later.
    pub(super) fn check_idle(&mut self) -> Result<(), String> {
        let hosts = self
            .clusters
            .iter()
            .flat_map(|cluster| cluster.hosts().into_iter().chain([cluster.auditor()]));
        let hosts: Vec<String> = hosts.collect();
        for host in hosts {
            if self.world.is_running(&host) {
                self.world.kill(&host);
            }
        }
        let end = self.world.elapsed() + IDLE_LIMIT;
        self.nodes().into_iter().try_for_each(|at| self.await_idle(at, end))
    }

    /// Waits until a node holds nothing, to `end` of the world's time at most.
    fn await_idle(&mut self, at: At, end: Duration) -> Result<(), String> {
        loop {
            self.run_for(Duration::from_millis(500))?;
            let node = &self.clusters[at.cluster].nodes[at.node].node;
            let name = node.name();
            let holdings = node.holdings().ok_or_else(|| format!("{name} has ended"))?;
            let open_answers = node.open_answers(self.world, IDLE_LIMIT)?;
            let left = left_over(&holdings, open_answers).or_else(|| self.left_behind(at));
            let Some(what) = left else {
                self.world.trace().sometimes("a node held nothing for those who were gone");
                return Ok(());
            };
            if end <= self.world.elapsed() {
                let all = "its clients went, and there is still something that should be gone";
                return Err(format!("{IDLE_LIMIT:?} ago {all}: {what}"));
            }
        }
    }

    /// A file on a node's disk that waits for its removal, or of a copy that is under way: both come to
    /// their ends.
    fn left_behind(&mut self, at: At) -> Option<String> {
        let paths = self.disk(at).paths();
        // A log that was read wrong is not copied on before the next start.
        let Member { address, .. } = *self.member(at);
        let may_wait = self.cluster(at).history.known().nodes.was_misread(address);
        let waits = |path: &str| {
            // What was put aside is left as it was.
            !path.contains("-stray/")
                && (path.contains("-delete/")
                    || path.ends_with(".deleted")
                    || (path.contains("-future/") && !may_wait))
        };
        paths.into_iter().map(|(path, _)| path).find(|path| waits(path))
    }
}

#[cfg(test)]
mod tests {
    use super::{Bounds, Holdings, Share, left_over};

    const IDLE: Holdings = Holdings {
        request_bytes: Share { taken: 0, limit: 10 },
        decoded_bytes: Share { taken: 0, limit: 5 },
        is_short: false,
        connections: Share { taken: 0, limit: 10 },
        fetch_sessions: Share { taken: 3, limit: 10 },
    };

    #[test]
    fn what_is_above_its_limit_is_found() {
        let bounds = Bounds { request_bytes: 10, connections: 10, fetch_sessions: 10 };
        // Whatever limit the node itself knows of.
        let full = Share { taken: 10, limit: 10 };
        let over = Share { taken: 11, limit: 12 };
        assert_eq!(bounds.check(&Holdings { request_bytes: full, ..IDLE }), Ok(()));
        assert!(bounds.check(&Holdings { request_bytes: over, ..IDLE }).is_err());
        assert!(bounds.check(&Holdings { decoded_bytes: over, ..IDLE }).is_err());
        assert!(bounds.check(&Holdings { connections: over, ..IDLE }).is_err());
        assert!(bounds.check(&Holdings { fetch_sessions: over, ..IDLE }).is_err());
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
