//! A cluster of a run: its nodes, its clients, and what these know of it.

use super::clients::{Clients, Hosts};
use super::limits::{self, Bounds};
use super::{Cast, DIRECTORIES, Plan, START_LIMIT, application, settings};
use crate::checker::History;
use crate::disk::{Costs, Defect};
use crate::net::Weather;
use crate::node::Node;
use crate::random::Generator;
use crate::world::World;
use dohle_env::Env;
use std::net::SocketAddr;
use std::time::Duration;

/// Who reads everything of a cluster.
const AUDITOR: &str = "auditor";

/// A node of a cluster.
pub(super) struct Member {
    pub(super) node: Node,
    pub(super) address: SocketAddr,
    /// What its disk costs while nothing is wrong with it.
    pub(super) costs: Costs,
    pub(super) bounds: Bounds,
}

/// Nodes that are one service to their clients: one until there is replication.
pub(super) struct Cluster {
    /// Names of its hosts begin with it.
    prefix: String,
    pub(super) nodes: Vec<Member>,
    pub(super) history: History,
    /// The auditor is not among them.
    pub(super) clients: Clients,
}

/// Hosts of one cluster: their names begin with its own, and so do those of their dice.
struct Hosting<'a> {
    world: &'a mut World,
    prefix: &'a str,
}

impl Hosts for Hosting<'_> {
    fn begin(&mut self, name: &str) -> Env {
        self.world.start(&format!("{}{name}", self.prefix))
    }

    fn random(&self, name: &str) -> Generator {
        self.world.random(&format!("{}{name}", self.prefix))
    }
}

impl Cluster {
    /// Starts the `number`-th cluster of a world, and its clients.
    ///
    /// # Errors
    /// Why it does not start.
    pub(super) fn start(world: &mut World, number: u32, plan: &Plan) -> Result<Self, String> {
        // The first is as it would be alone.
        let defect = plan.defect.filter(|_| number == 0);
        let prefix = if number == 0 { String::new() } else { format!("cluster {number} ") };
        let mut hosting = Hosting { world, prefix: &prefix };
        let mut random = hosting.random("plan");
        let mut settings = settings(&mut random);
        let cast = plan.cast.unwrap_or_else(|| {
            let application = application::Size::any(&mut hosting.random("application"));
            Cast::any(&mut hosting.random("cast"), application)
        });
        if cast.needs_durable_logs() {
            settings.push(("log.flush.interval.messages", "1".to_owned()));
        }
        let log_dirs = if hosting.random("directories").one_in(3) { &DIRECTORIES[..] } else { &[] };
        if !log_dirs.is_empty() {
            settings.push(("log.dirs", log_dirs.join(",")));
        }
        let ledger_is_compacted = hosting.random("ledger").one_in(2);
        let nodes = vec![Member::new(&mut hosting, settings, &mut random, defect)];
        let addresses: Vec<SocketAddr> = nodes.iter().map(|member| member.address).collect();
        let weather = Weather::any(&mut random);
        hosting.world.set_weather(weather);
        let history = cast.history(hosting.world.trace().clone(), &addresses, ledger_is_compacted);
        history.known().ignores_isolation = defect == Some(Defect::UnstableReads);
        history.known().forgets_retention = defect == Some(Defect::HastyRetention);
        let clients = Clients::new(addresses, history.clone(), plan.without.clients.clone());
        let mut cluster = Self { prefix: prefix.clone(), nodes, history, clients };
        for member in &mut cluster.nodes {
            member.node.start(hosting.world, START_LIMIT)?;
        }
        let log_dirs = log_dirs.iter().map(|path| (*path).to_owned()).collect();
        cluster.clients.start_first(&mut hosting, &mut random, log_dirs);
        cluster.place_auditor(hosting.world);
        cluster.clients.start_cast(&mut hosting, &mut random, cast, plan.flaw);
        Ok(cluster)
    }

    /// The auditor's host is never parted and has a good line: what it reads is at stake, not how.
    fn place_auditor(&self, world: &mut World) {
        let auditor = self.host(AUDITOR);
        drop(world.start(&auditor));
        let auditor = world.address(&auditor);
        for node in self.nodes.iter().map(|member| member.address.ip()) {
            for (from, to) in [(auditor, node), (node, auditor)] {
                world.network().set_weather_between(from, to, Weather::default());
            }
        }
    }

    /// The name that a client's host has in the world.
    pub(super) fn host(&self, client: &str) -> String {
        format!("{}{client}", self.prefix)
    }

    /// The hosts of all clients, those that are left out too.
    pub(super) fn hosts(&self) -> Vec<String> {
        self.clients.names().iter().map(|name| self.host(name)).collect()
    }

    /// The host of who audits.
    pub(super) fn auditor(&self) -> String {
        self.host(AUDITOR)
    }

    /// A client that may die begins, and knows nothing.
    pub(super) fn start_again(&mut self, world: &mut World, client: &str) {
        let mut hosting = Hosting { world, prefix: &self.prefix };
        self.clients.start_again(&mut hosting, client);
    }
}

impl Member {
    /// A node that does not run yet.
    fn new(
        hosting: &mut Hosting<'_>,
        mut settings: Vec<(&str, String)>,
        random: &mut Generator,
        defect: Option<Defect>,
    ) -> Self {
        let bounds = Bounds::of(&settings);
        limits::forget(defect, &mut settings);
        let name = format!("{}node", hosting.prefix);
        let node = Node::new(hosting.world, &name, 1, &settings);
        let address = node.address(hosting.world);
        let costs = costs(random);
        let disk = hosting.world.disk(&name);
        disk.set_costs(costs);
        if let Some(defect) = defect {
            disk.set_defect(defect);
        }
        Self { node, address, costs, bounds }
    }

    pub(super) fn name(&self) -> &str {
        self.node.name()
    }
}

fn costs(random: &mut Generator) -> Costs {
    let micros = |random: &mut Generator, below| Duration::from_micros(random.below(below));
    Costs {
        operation: micros(random, 20),
        sync: micros(random, 8_000),
        write_kib: micros(random, 10),
        cold_page: micros(random, 200),
    }
}
