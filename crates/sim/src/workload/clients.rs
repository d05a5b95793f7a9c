//! The clients of a run: who takes part, and how each begins.

use super::{
    accountant, admin, application, bulk, consumer, crowd, member, producer, subscriber, transactor,
};
use crate::checker::{Group, History};
use crate::client::Client;
use crate::random::Generator;
use crate::trace::Trace;
use dohle_env::Env;
use dohle_env::tasks::Home;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

/// The number of the transactor that has another's id.
const RIVAL: u32 = 4;

/// Where clients live: the simulated world, or the real one.
pub trait Hosts {
    /// Begins a process of this name; its doors.
    fn begin(&mut self, name: &str) -> Env;

    /// Random numbers for who sets up what has this name: apart from all others.
    fn random(&self, name: &str) -> Generator;
}

/// How many there are of the clients that not every run has.
#[derive(Clone, Copy, Debug)]
pub struct Cast {
    /// Members of a classic group.
    pub members: u32,
    /// Members of a group of the consumer protocol.
    pub subscribers: u32,
    /// Transactional producers.
    pub transactors: u32,
    /// An application of the `client` crate.
    pub application: application::Size,
}

impl Cast {
    /// Each group and the transactors in every third run.
    pub(super) fn any(random: &mut Generator, application: application::Size) -> Self {
        let mut some = |most: u64| if random.one_in(3) { random.within(1..most + 1) } else { 0 };
        let mut some = |most| u32::try_from(some(most)).unwrap_or(0);
        Self { members: some(3), subscribers: some(3), transactors: some(2), application }
    }

    /// Whether all logs must be durable: a transaction that half survives a power loss would be
    /// nobody's fault.
    #[must_use]
    pub fn needs_durable_logs(&self) -> bool {
        self.transactors != 0
    }

    /// What is known of the nodes at these addresses before anybody of these has begun.
    #[must_use]
    pub fn history(
        &self,
        trace: Trace,
        nodes: &[SocketAddr],
        ledger_is_compacted: bool,
    ) -> History {
        let history = History::new(trace, nodes);
        let mut known = history.known();
        known.ledger_is_compacted = ledger_is_compacted;
        known.keeps_commits = self.needs_durable_logs();
        known.group = Group::new(self.needs_durable_logs());
        known.subscribers = Group::new(self.needs_durable_logs());
        drop(known);
        history
    }
}

/// A client that keeps nothing that another process of its name would need.
#[derive(Clone, Copy, Debug)]
enum Mortal {
    Producer(producer::Kind),
    Consumer(consumer::Kind),
}

/// The clients of a run.
pub struct Clients {
    /// The addresses of all nodes.
    servers: Vec<SocketAddr>,
    history: History,
    /// Names of those that are left out.
    without: BTreeSet<String>,
    /// Names of all, those that are left out too.
    names: Vec<String>,
    /// Those that may die: they begin anew.
    mortals: BTreeMap<String, Mortal>,
}

impl Clients {
    /// Nobody yet, of the nodes at these addresses; who has a name in `without` will be left out.
    #[must_use]
    pub fn new(servers: Vec<SocketAddr>, history: History, without: BTreeSet<String>) -> Self {
        Self { servers, history, without, names: Vec::new(), mortals: BTreeMap::new() }
    }

    /// The names of their processes, those that are left out too.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The names of those that may die.
    #[must_use]
    pub fn mortals(&self) -> Vec<String> {
        self.mortals.keys().cloned().collect()
    }

    /// Nobody begins anything new from here on, and each of those that run has to say that it is done.
    pub fn end(&self, is_running: impl Fn(&str) -> bool) {
        let mut known = self.history.known();
        known.is_ending = true;
        for client in self.names.iter().filter(|name| is_running(name)) {
            known.pending.insert(client.clone(), "it has said nothing since".to_owned());
        }
    }

    /// Starts those that every run has. Partitions move between the node's directories if `log_dirs`
    /// names several.
    pub fn start_first(
        &mut self,
        hosts: &mut impl Hosts,
        random: &mut Generator,
        log_dirs: Vec<String>,
    ) {
        self.start_client(hosts, "admin", |client, history| admin::run(client, history, log_dirs));
        let producers = 1 + u32::try_from(random.below(3)).unwrap_or(0);
        for number in 0..=producers {
            let kind = producer_kind(number, random);
            self.start_mortal(hosts, format!("producer {number}"), Mortal::Producer(kind));
        }
        for number in 0..=u32::try_from(random.below(2)).unwrap_or(0) {
            let kind = consumer::Kind {
                number,
                version: *random.pick(&[7, 12, 13, 17]),
                committed_only: random.below(2) == 0,
                has_sessions: random.below(4) != 0,
                max_bytes: *random.pick(&[300, 5_000, 1 << 20]),
            };
            self.start_mortal(hosts, format!("consumer {number}"), Mortal::Consumer(kind));
        }
    }

    /// Starts those that not every run has.
    pub fn start_cast(
        &mut self,
        hosts: &mut impl Hosts,
        random: &mut Generator,
        cast: Cast,
        flaw: Option<application::Flaw>,
    ) {
        self.start_members(hosts, random, cast.members);
        self.start_subscribers(hosts, random, cast.subscribers);
        self.start_transactors(hosts, random, cast.transactors);
        self.start_bulk(hosts);
        self.start_crowd(hosts);
        self.start_application(hosts, cast.application, flaw);
    }

    /// Starts a client, unless it is left out.
    fn start_client<F>(
        &mut self,
        hosts: &mut impl Hosts,
        name: &str,
        run: impl FnOnce(Client, History) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let (servers, history) = self.place();
        self.start_process(hosts, name, |env| run(Client::of_cluster(env, servers, name), history));
    }

    /// Starts a process, unless it is left out.
    pub(super) fn start_process<F>(
        &mut self,
        hosts: &mut impl Hosts,
        name: &str,
        run: impl FnOnce(Env) -> F,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        self.names.push(name.to_owned());
        if !self.without.contains(name) {
            spawn(hosts, name, run);
        }
    }

    fn start_mortal(&mut self, hosts: &mut impl Hosts, name: String, mortal: Mortal) {
        self.names.push(name.clone());
        self.mortals.insert(name.clone(), mortal);
        if !self.without.contains(&name) {
            self.start_again(hosts, &name);
        }
    }

    /// A client that may die begins, and knows nothing.
    pub fn start_again(&mut self, hosts: &mut impl Hosts, name: &str) {
        let (servers, history) = self.place();
        let client = |env| Client::of_cluster(env, servers, name);
        match self.mortals.get(name).copied() {
            Some(Mortal::Producer(kind)) => {
                spawn(hosts, name, |env| producer::run(kind, client(env), history));
            }
            Some(Mortal::Consumer(kind)) => {
                spawn(hosts, name, |env| consumer::run(kind, client(env), history));
            }
            None => {}
        }
    }

    fn start_members(&mut self, hosts: &mut impl Hosts, random: &mut Generator, members: u32) {
        for number in 0..members {
            let is_static = random.below(3) == 0;
            let instance = is_static.then(|| format!("instance {number}"));
            let kind = member::Kind { number, members, instance };
            self.start_client(hosts, &format!("member {number}"), |client, history| {
                member::run(kind, client, history)
            });
        }
    }

    fn start_subscribers(&mut self, hosts: &mut impl Hosts, random: &mut Generator, members: u32) {
        for number in 0..members {
            let is_static = random.below(3) == 0;
            let instance = is_static.then(|| format!("instance {number}"));
            let version = *random.pick(&[0, 1, 1]);
            let kind = subscriber::Kind { number, members, instance, version };
            self.start_client(hosts, &format!("subscriber {number}"), |client, history| {
                subscriber::run(kind, client, history)
            });
        }
    }

    fn start_transactors(
        &mut self,
        hosts: &mut impl Hosts,
        random: &mut Generator,
        transactors: u32,
    ) {
        let mut kinds: Vec<transactor::Kind> = Vec::new();
        for number in 0..transactors {
            let is_new = random.below(2) == 0;
            kinds.push(transactor::Kind { number, id: number, is_new });
        }
        // In every second run somebody has the id of another.
        let mut random = hosts.random("rival");
        if transactors != 0 && random.one_in(2) {
            let id = u32::try_from(random.below(u64::from(transactors))).unwrap_or(0);
            let is_new = random.one_in(2);
            kinds.push(transactor::Kind { number: RIVAL, id, is_new });
        }
        for kind in kinds {
            self.start_client(hosts, &format!("transactor {}", kind.number), |client, history| {
                transactor::run(kind, client, history)
            });
        }
        if transactors != 0 {
            self.start_client(hosts, "accountant", accountant::run);
        }
    }

    /// In every third run. Each has its own dice: what others draw stays as it is.
    fn start_bulk(&mut self, hosts: &mut impl Hosts) {
        let mut random = hosts.random("bulk");
        let clients = if random.one_in(3) { random.within(2..5) } else { 0 };
        for number in 0..clients {
            let name = format!("bulk {number}");
            self.start_client(hosts, &name.clone(), |client, history| {
                bulk::run(name, client, history)
            });
        }
    }

    /// In every fourth run.
    fn start_crowd(&mut self, hosts: &mut impl Hosts) {
        if hosts.random("crowd").one_in(4) {
            self.start_client(hosts, "crowd", crowd::run);
        }
    }

    fn start_application(
        &mut self,
        hosts: &mut impl Hosts,
        size: application::Size,
        flaw: Option<application::Flaw>,
    ) {
        if size.readers != 0 || size.senders != 0 {
            application::start(self, hosts, size, flaw);
        }
    }

    /// The addresses of all nodes, and what is known of them.
    pub(super) fn place(&self) -> (Vec<SocketAddr>, History) {
        (self.servers.clone(), self.history.clone())
    }
}

fn spawn<F>(hosts: &mut impl Hosts, name: &str, run: impl FnOnce(Env) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let env = hosts.begin(name);
    let task = run(env.clone());
    env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
}

/// The first is idempotent.
fn producer_kind(number: u32, random: &mut Generator) -> producer::Kind {
    let is_idempotent = number == 0 || random.below(3) != 0;
    let acks = match random.below(6) {
        _ if number == 0 => producer::Acks::All,
        0 | 1 if is_idempotent => producer::Acks::Leader,
        0 | 1 => producer::Acks::None,
        2 => producer::Acks::Leader,
        _ => producer::Acks::All,
    };
    producer::Kind {
        number,
        is_idempotent,
        acks,
        version: i16::try_from(random.within(3..14)).unwrap_or(13),
        is_joint: random.below(2) == 0,
        pause: Duration::from_millis(random.within(2..80)),
    }
}
