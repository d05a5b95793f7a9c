//! Which node a question is for: who leads a partition, who coordinates a group or a transactional id.
//!
//! Where there is one node it is the one, and nobody is asked. Else Metadata and FindCoordinator say so,
//! once: until a node says that it is not the one any more, or cannot be reached.

use super::{Client, NoAnswer};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::{FindCoordinatorRequest, MetadataRequest};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

/// Kinds of coordinators, as FindCoordinator has them.
const GROUP: i8 = 0;
const TRANSACTION: i8 = 1;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum To<'a> {
    /// Whoever answers.
    Any,
    /// The leader of a topic's partition.
    Leader(&'a str, i32),
    /// The coordinator of a group.
    Group(&'a str),
    /// The coordinator of a transactional id.
    Transactions(&'a str),
}

/// What a client knows of a cluster's nodes.
#[derive(Debug)]
pub(super) struct Routes {
    /// The addresses that it was given, the first of which is asked what any may answer.
    servers: Vec<SocketAddr>,
    leaders: BTreeMap<(String, i32), SocketAddr>,
    /// By their kind, and what they coordinate.
    coordinators: BTreeMap<(i8, String), SocketAddr>,
}

impl Routes {
    pub(super) fn new(servers: Vec<SocketAddr>) -> Self {
        assert!(!servers.is_empty(), "a client is given some address");
        Self { servers, leaders: BTreeMap::new(), coordinators: BTreeMap::new() }
    }

    pub(super) fn any(&self) -> SocketAddr {
        self.servers[0]
    }

    /// What is known without a question.
    fn known(&self, to: To<'_>) -> Option<SocketAddr> {
        match to {
            _ if self.servers.len() == 1 => Some(self.any()),
            To::Any => Some(self.any()),
            To::Leader(topic, index) => self.leaders.get(&(topic.to_owned(), index)).copied(),
            To::Group(id) => self.coordinators.get(&(GROUP, id.to_owned())).copied(),
            To::Transactions(id) => self.coordinators.get(&(TRANSACTION, id.to_owned())).copied(),
        }
    }

    /// A node cannot be reached: others are asked.
    pub(super) fn on_lost(&mut self, server: SocketAddr) {
        if server == self.any() {
            self.servers.rotate_left(1);
        }
        self.leaders.retain(|_, leader| *leader != server);
        self.coordinators.retain(|_, coordinator| *coordinator != server);
    }

    /// An answer came with this error: who says that it is not the one is not asked again.
    fn on_error(&mut self, to: To<'_>, code: ErrorCode) {
        match (to, code) {
            (To::Leader(topic, index), ErrorCode::NOT_LEADER_OR_FOLLOWER) => {
                self.leaders.remove(&(topic.to_owned(), index));
            }
            (To::Group(id), ErrorCode::NOT_COORDINATOR) => {
                self.coordinators.remove(&(GROUP, id.to_owned()));
            }
            (To::Transactions(id), ErrorCode::NOT_COORDINATOR) => {
                self.coordinators.remove(&(TRANSACTION, id.to_owned()));
            }
            _ => {}
        }
    }
}

impl Client {
    /// The address of who is to be asked. Late, if nobody can tell now.
    ///
    /// # Errors
    /// Why nobody has told.
    pub async fn route(&mut self, to: To<'_>) -> Result<SocketAddr, NoAnswer> {
        if let Some(known) = self.routes.known(to) {
            return Ok(known);
        }
        match to {
            To::Any => {}
            To::Leader(topic, _) => self.find_leaders(topic).await?,
            To::Group(id) => self.find_coordinator(GROUP, id).await?,
            To::Transactions(id) => self.find_coordinator(TRANSACTION, id).await?,
        }
        self.routes.known(to).ok_or(NoAnswer::Late)
    }

    /// As it is told: an answer of who was asked had this error.
    pub fn on_error(&mut self, to: To<'_>, code: ErrorCode) {
        self.routes.on_error(to, code);
    }

    async fn find_leaders(&mut self, topic: &str) -> Result<(), NoAnswer> {
        let wanted =
            MetadataRequestTopic { name: Some(topic.into()), ..MetadataRequestTopic::default() };
        let request = MetadataRequest { topics: Some(vec![wanted]), ..MetadataRequest::default() };
        let answer = self.ask(12, &request).await?;
        let mut nodes = BTreeMap::new();
        for broker in &answer.brokers {
            nodes.insert(broker.node_id, address(&broker.host, broker.port)?);
        }
        for partition in answer.topics.iter().flat_map(|topic| &topic.partitions) {
            if let Some(leader) = nodes.get(&partition.leader_id) {
                let of = (topic.to_owned(), partition.partition_index);
                self.routes.leaders.insert(of, *leader);
            }
        }
        Ok(())
    }

    async fn find_coordinator(&mut self, kind: i8, id: &str) -> Result<(), NoAnswer> {
        let request =
            FindCoordinatorRequest { key: id.into(), key_type: kind, ..Default::default() };
        let answer = self.ask(3, &request).await?;
        if answer.error_code == ErrorCode::NONE {
            let found = address(&answer.host, answer.port)?;
            self.routes.coordinators.insert((kind, id.to_owned()), found);
        }
        Ok(())
    }
}

/// Nodes of a world have no names.
fn address(host: &str, port: i32) -> Result<SocketAddr, NoAnswer> {
    let wrong = || NoAnswer::Wrong(format!("a node at {host}:{port}"));
    let host: IpAddr = host.parse().map_err(|_| wrong())?;
    Ok(SocketAddr::new(host, u16::try_from(port).map_err(|_| wrong())?))
}
