//! An application: producers, members of a group and an administrator of the `client` crate, each on
//! a host of its own, that share a topic which nobody else writes to.
//!
//! The topic is durable, so what is acknowledged there or was read outlives every power loss, and
//! what the application knows holds for good. Its offsets' log is not: committed offsets may go back
//! with the power.

mod keeper;
mod reader;
mod sender;

use super::clients::{Clients, Hosts};
use crate::checker::{History, Key, Partition, RecordId};
use crate::random::Generator;
use dohle_client::{Client, ClientConfig, Error};
use dohle_env::Env;
use dohle_protocol::ErrorCode;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The topic that the application writes to and reads.
const TOPIC: &str = "application";
/// Its readers' group.
const GROUP: &str = "application-readers";
/// The first pause before another try of the client's.
const RETRY_BACKOFF: Duration = Duration::from_millis(200);
/// A call that took less was sent once: no pause before another try is shorter.
const ONCE: Duration = Duration::from_millis(160);
/// Names of its hosts begin with this.
const HOST: &str = "application";

/// How an application goes wrong on purpose: what checks it must be able to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A reader is not given one of the records.
    Skipped,
    /// A reader is given a record again.
    Repeated,
    /// A producer is told that a record which it never sent was acknowledged.
    Unsent,
    /// A reader commits what it has left behind long ago.
    Backwards,
}

impl Flaw {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Skipped, Self::Repeated, Self::Unsent, Self::Backwards];
}

/// How many take part.
#[derive(Clone, Copy, Debug, Default)]
pub struct Size {
    /// Producers.
    pub senders: u32,
    /// Members of the group.
    pub readers: u32,
}

impl Size {
    /// An application in every fourth run.
    pub(super) fn any(random: &mut Generator) -> Self {
        if !random.one_in(4) {
            return Self::default();
        }
        let mut some = |most: u64| u32::try_from(random.within(1..most + 1)).unwrap_or(1);
        Self { senders: some(2), readers: some(3) }
    }
}

/// Whether a topic is the application's: others read it, but leave it as it is.
pub(super) fn is_its_topic(name: &str) -> bool {
    name.starts_with(TOPIC)
}

/// What all parts of an application know.
#[derive(Clone)]
struct Shared {
    history: History,
    /// The addresses of all nodes.
    servers: Vec<SocketAddr>,
    progress: Arc<Mutex<Progress>>,
    flaw: Option<Flaw>,
}

/// What the group's members know of its offsets, by partition.
#[derive(Default)]
struct Progress {
    /// The history's generation: what was known before is void.
    power: u32,
    /// What a member that is given the partition must at least begin with.
    floor: BTreeMap<i32, Floor>,
    /// The highest that anybody wanted to commit.
    wanted: BTreeMap<i32, i64>,
    /// The newest that was acknowledged.
    reached: BTreeMap<i32, i64>,
}

/// What was committed for good: whoever is dealt the partition in this generation of the group or a
/// later one begins there or beyond.
#[derive(Clone, Copy, Debug, Default)]
struct Floor {
    generation: i32,
    offset: i64,
}

impl Shared {
    /// A client on a host.
    fn client(&self, env: &Env, name: &str) -> Client {
        let servers: Vec<String> = self.servers.iter().map(SocketAddr::to_string).collect();
        let mut config =
            ClientConfig::new(&servers.join(",")).expect("addresses and ports are of the form");
        config.client_id = name.into();
        config.request_timeout = Duration::from_secs(3);
        config.api_timeout = Duration::from_secs(20);
        config.retry_backoff = RETRY_BACKOFF;
        config.metadata_age_max = Duration::from_secs(2);
        Client::new(env.clone(), config)
    }

    /// The progress, without what a power loss has made void.
    fn progress(&self) -> MutexGuard<'_, Progress> {
        let (power, keeps_commits) = {
            let known = self.history.known();
            (known.generation, known.keeps_commits)
        };
        let mut progress = self.progress.lock().unwrap_or_else(PoisonError::into_inner);
        if progress.power != power && !keeps_commits {
            progress.power = power;
            progress.floor.clear();
            progress.reached.clear();
        }
        progress
    }

    /// The topic's partitions, once it is there.
    fn partitions(&self) -> Vec<Key> {
        let known = self.history.known();
        let live = known.topics.get(TOPIC).filter(|topic| topic.is_live());
        live.map_or_else(Vec::new, |topic| {
            (0..topic.partitions).map(|index| (topic.id, index)).collect()
        })
    }

    /// The end of what readers see of each partition, as far as anybody knows.
    fn ends(&self) -> BTreeMap<i32, i64> {
        let keys = self.partitions();
        let known = self.history.known();
        let end = |key: &Key| Some((key.1, known.partitions.get(key)?.marks().high_watermark));
        keys.iter().filter_map(end).collect()
    }

    /// Below this records of a partition may have been deleted.
    fn deletable_to(&self, key: Key) -> i64 {
        self.history.known().partitions.get(&key).map_or(0, |partition| partition.deletable_to)
    }

    /// Where a reader at `position` goes on.
    fn after_holes(&self, key: Key, position: i64) -> i64 {
        let known = self.history.known();
        known.partitions.get(&key).map_or(position, |partition| partition.after_holes(position))
    }

    /// A partition of one of its topics, of which nothing is known: not even its leader, if that may be
    /// one of several.
    fn new_partition(&self, topic: &str) -> Partition {
        Partition::new(topic, true, 0).led_by(self.history.known().nodes.only())
    }

    fn is_ending(&self) -> bool {
        self.history.known().is_ending
    }

    fn violate(&self, name: &str, what: impl std::fmt::Display) {
        self.history.violate(format!("{name}: {what}"));
    }

    /// An error of the client's: whether another try may mend it, or it is one of `expected`; anything
    /// else is wrong.
    fn judge(&self, name: &str, what: &str, error: &Error, expected: &[ErrorCode]) {
        self.note(name, what, error);
        let passes = match error {
            Error::Refused { code, .. } => error.is_retriable() || expected.contains(code),
            Error::Disconnected(_) | Error::TimedOut(_) => true,
            Error::Bootstrap(_)
            | Error::Tls(_)
            | Error::UnsupportedVersion { .. }
            | Error::Invalid(_)
            | Error::Usage(_)
            | Error::Closed => false,
        };
        if !passes {
            self.violate(name, format_args!("{what}: {error:?}"));
        }
    }

    /// One error of the client in words that say whose it is.
    fn note(&self, name: &str, what: &str, error: &Error) {
        self.history.trace().line(format_args!("{name}: {what}: {error:?}"));
    }
}

/// The record after this one.
fn next_of(id: RecordId) -> RecordId {
    RecordId { number: id.number + 1, ..id }
}

/// Starts all parts of an application.
pub(super) fn start(clients: &mut Clients, hosts: &mut impl Hosts, size: Size, flaw: Option<Flaw>) {
    let (servers, history) = clients.place();
    let shared = Shared { history, servers, progress: Arc::default(), flaw };
    let mut random = hosts.random("application kinds");
    let (name, of) = (format!("{HOST} keeper"), shared.clone());
    clients.start_process(hosts, &name.clone(), |env| keeper::run(env, name, of));
    for number in 0..size.senders {
        let kind = sender::Kind::any(number, &mut random);
        let (name, of) = (format!("{HOST} sender {number}"), shared.clone());
        clients.start_process(hosts, &name.clone(), |env| sender::run(kind, env, name, of));
    }
    let manners = reader::Manners::any(&mut random);
    for number in 0..size.readers {
        let kind = reader::Kind::any(number, manners, &mut random);
        let (name, of) = (format!("{HOST} reader {number}"), shared.clone());
        clients.start_process(hosts, &name.clone(), |env| reader::run(kind, env, name, of));
    }
}
