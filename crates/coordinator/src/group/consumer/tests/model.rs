//! Clients that come, go, crash, lose answers, change their minds and their protocol, over topics that
//! grow and go. At any time a partition has one owner; once faults stop, every group converges.

use super::host::{Host, topic_id};
use crate::group::Request;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::Text;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

pub(super) const CLIENTS: usize = 6;
const TOPICS: [&str; 3] = ["t", "u", "v"];

/// What happens next. Numbers name clients, topics and amounts, modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    /// A client sends a heartbeat. Its answer may be lost, and it may not have done yet what the
    /// last one asked for.
    Beat {
        client: usize,
        is_lost: bool,
        is_slow: bool,
    },
    /// The same, and the log takes no records.
    Refused {
        client: usize,
    },
    Leave {
        client: usize,
    },
    /// It leaves, and a new one comes that speaks the other protocol.
    Migrate {
        client: usize,
    },
    /// It is gone without a word, and a new one comes in its place later.
    Crash {
        client: usize,
    },
    Resubscribe {
        client: usize,
        topics: u8,
        by_regex: bool,
    },
    Grow {
        topic: usize,
        by: i32,
    },
    Remove {
        topic: usize,
    },
    /// Time passes. The log may take no records meanwhile.
    Wait {
        ms: i64,
        is_full: bool,
    },
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        20 => (client.clone(), prop::bool::weighted(0.15), prop::bool::weighted(0.3))
            .prop_map(|(client, is_lost, is_slow)| Step::Beat { client, is_lost, is_slow }),
        1 => client.clone().prop_map(|client| Step::Refused { client }),
        1 => client.clone().prop_map(|client| Step::Leave { client }),
        2 => client.clone().prop_map(|client| Step::Migrate { client }),
        1 => client.clone().prop_map(|client| Step::Crash { client }),
        1 => (client, 0..8_u8, prop::bool::weighted(0.2)).prop_map(|(client, topics, by_regex)| {
            Step::Resubscribe { client, topics, by_regex }
        }),
        1 => (0..TOPICS.len(), 1..4_i32).prop_map(|(topic, by)| Step::Grow { topic, by }),
        1 => (0..TOPICS.len()).prop_map(|topic| Step::Remove { topic }),
        4 => (0..2_000_i64).prop_map(|ms| Step::Wait { ms, is_full: false }),
        1 => (0..70_000_i64, prop::bool::weighted(0.3))
            .prop_map(|(ms, is_full)| Step::Wait { ms, is_full }),
        1 => Just(Step::Restart),
    ]
}

/// A client, as clients of the protocol behave.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) id: String,
    pub(super) instance: Option<Text>,
    pub(super) topics: u8,
    by_regex: bool,
    pub(super) epoch: i32,
    /// What it consumes.
    pub(super) owned: BTreeSet<(Uuid, i32)>,
    /// What it was told to own.
    pub(super) assigned: BTreeSet<(Uuid, i32)>,
    /// It does not know what the coordinator knows of it: its next request says everything.
    pub(super) tells_all: bool,
    incarnation: usize,
    /// It speaks the classic protocol: its id and its epoch are what it was given.
    pub(super) is_classic: bool,
}

impl Client {
    fn new(index: usize) -> Self {
        let mut client = Self {
            id: String::new(),
            // The last ones are static.
            instance: (index >= CLIENTS - 2).then(|| Text::from(format!("i{index}"))),
            topics: 1 << (index % TOPICS.len()) | 1,
            by_regex: false,
            epoch: 0,
            owned: BTreeSet::new(),
            assigned: BTreeSet::new(),
            tells_all: true,
            incarnation: 0,
            is_classic: false,
        };
        client.begin(index);
        client
    }

    /// A new process.
    pub(super) fn begin(&mut self, index: usize) {
        self.incarnation += 1;
        self.id = match self.is_classic {
            true => String::new(),
            false => format!("c{index}-{}", self.incarnation),
        };
        self.rejoin();
    }

    pub(super) fn rejoin(&mut self) {
        self.epoch = 0;
        self.owned.clear();
        self.assigned.clear();
        self.tells_all = true;
    }

    pub(super) fn wants(&self) -> Vec<&'static str> {
        let named = TOPICS.iter().enumerate().filter(|(at, _)| self.topics >> at & 1 == 1);
        named.map(|(_, name)| *name).collect()
    }

    fn request(&self) -> m::ConsumerGroupHeartbeatRequest {
        let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
        for (topic, partition) in &self.owned {
            topics.entry(*topic).or_default().push(*partition);
        }
        let owned = topics.into_iter().map(|(topic_id, partitions)| TopicPartitions {
            topic_id,
            partitions,
            ..Default::default()
        });
        let (names, regex) = if self.by_regex {
            (Vec::new(), self.wants().join("|"))
        } else {
            (self.wants().into_iter().map(Text::from).collect(), String::new())
        };
        let tells = self.tells_all || self.epoch == 0;
        m::ConsumerGroupHeartbeatRequest {
            group_id: Text::from("g"),
            member_id: Text::from(self.id.as_str()),
            member_epoch: self.epoch,
            instance_id: self.instance.clone(),
            rebalance_timeout_ms: if tells { 30_000 } else { -1 },
            subscribed_topic_names: tells.then_some(names),
            subscribed_topic_regex: tells.then(|| Text::from(regex)),
            topic_partitions: Some(owned.collect()),
            ..Default::default()
        }
    }
}

pub(super) struct World {
    pub(super) host: Host,
    pub(super) clients: Vec<Client>,
}

impl World {
    fn new() -> Self {
        let mut host = Host::default();
        // No group goes back: classic groups have a model of their own.
        host.configs.set("group.consumer.migration.policy", "upgrade");
        for (at, name) in TOPICS.iter().enumerate() {
            host.topic(name, at as i32 * 2 + 1);
        }
        host.surround();
        Self { host, clients: (0..CLIENTS).map(Client::new).collect() }
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Beat { client, is_lost, is_slow } => self.beat(client, is_lost, is_slow),
            Step::Refused { client } => self.beat_refused(client),
            Step::Leave { client } => self.leave(client),
            Step::Migrate { client: number } => {
                self.leave(number);
                let client = &mut self.clients[number];
                client.is_classic = !client.is_classic;
                client.begin(number);
            }
            Step::Crash { client } => self.clients[client].begin(client),
            Step::Resubscribe { client, topics, by_regex } => {
                let client = &mut self.clients[client];
                client.topics = topics;
                client.by_regex = by_regex && topics != 0;
                client.tells_all = true;
            }
            Step::Grow { topic, by } => {
                let name = TOPICS[topic];
                let known = self.host.image.topics.by_name(name);
                let count = known.map_or(0, |topic| topic.partitions.len() as i32);
                self.host.topic(name, (count + by).min(9));
                self.host.surround();
            }
            Step::Remove { topic } => {
                self.host.remove_topic(TOPICS[topic]);
                self.host.surround();
            }
            Step::Wait { ms, is_full } => {
                self.host.batch_bytes_max = if is_full { 0 } else { usize::MAX };
                self.host.wait(ms);
                self.host.batch_bytes_max = usize::MAX;
            }
            Step::Restart => self.host.restart(),
        }
        self.check();
    }

    fn beat(&mut self, index: usize, is_lost: bool, is_slow: bool) {
        if self.clients[index].is_classic && self.is_there() {
            return self.beat_classic(index, is_lost, is_slow);
        }
        if std::mem::take(&mut self.clients[index].is_classic) {
            // It would begin a classic group.
            self.clients[index].begin(index);
        }
        let client = &mut self.clients[index];
        if !is_slow {
            client.owned.clone_from(&client.assigned);
        }
        let answer = self.host.beat(client.request());
        if is_lost {
            client.tells_all = true;
            // What it said that it does not own may be given to others by now: it takes nothing new
            // until it has heard again.
            client.assigned = &client.assigned & &client.owned;
            return;
        }
        match answer.error_code {
            ErrorCode::NONE => {}
            ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID => {
                client.rejoin();
                return;
            }
            // Who crashed was static: its name is free when its session ends.
            ErrorCode::UNRELEASED_INSTANCE_ID => return,
            other => panic!("{other} {:?} for {client:?}", answer.error_message),
        }
        client.epoch = answer.member_epoch;
        client.tells_all = false;
        if let Some(assignment) = answer.assignment {
            let partitions = assignment.topic_partitions.iter().flat_map(|topic| {
                topic.partitions.iter().map(|partition| (topic.topic_id, *partition))
            });
            client.assigned = partitions.collect();
        }
    }

    /// What comes of a heartbeat gets no place in the log, and the client no answer, if there is anything.
    fn beat_refused(&mut self, index: usize) {
        if self.clients[index].is_classic {
            return;
        }
        self.host.batch_bytes_max = 0;
        let request = Request::ConsumerGroupHeartbeat(self.clients[index].request());
        let before = self.host.log.len();
        self.host.ask(1, request);
        assert_eq!(self.host.log.len(), before, "nothing is written");
        self.host.batch_bytes_max = usize::MAX;
        let client = &mut self.clients[index];
        client.tells_all = true;
        client.assigned = &client.assigned & &client.owned;
    }

    /// Whether there is a consumer group that one of the classic protocol can join.
    fn is_there(&self) -> bool {
        self.host.group("g").is_some_and(|group| !group.is_empty())
    }

    fn leave(&mut self, index: usize) {
        if self.clients[index].is_classic {
            return self.leave_classic(index);
        }
        let client = &mut self.clients[index];
        let epoch = if client.instance.is_some() { -2 } else { -1 };
        let request = m::ConsumerGroupHeartbeatRequest { member_epoch: epoch, ..client.request() };
        self.host.beat(request);
        client.begin(index);
    }

    /// No partition has two owners, and nobody owns what the coordinator does not know of.
    fn check(&self) {
        let Some(group) = self.host.group("g") else { return };
        let mut owners = BTreeMap::new();
        for (id, member) in &group.members {
            for owned in [&member.assigned, &member.revoking] {
                for (topic, partitions) in owned {
                    for partition in partitions.keys() {
                        let other = owners.insert((*topic, *partition), id);
                        assert!(other.is_none(), "{topic}-{partition} of {id} and {other:?}");
                    }
                }
            }
        }
        for client in self.clients.iter().filter(|c| group.members.contains_key(&*c.id)) {
            for partition in &client.owned {
                let owner = owners.get(partition).map(|owner| owner.as_str());
                assert_eq!(owner, Some(&*client.id), "{partition:?}");
            }
        }
    }

    /// Everyone is well from now on: within so many rounds all is as it should be.
    fn heal(&mut self) {
        // Sessions of those who are gone end.
        for _ in 0..20 {
            self.round(3_000);
        }
        let mut rounds = 0;
        while !self.is_settled() {
            rounds += 1;
            assert!(rounds < 20, "not settled: {:#?}", self.host.group("g"));
            self.round(250);
        }
        self.check_balance();
        self.host.check_replay();
        self.check_steps();
    }

    /// Whatever comes, groups and members take the steps of their tables.
    fn check_steps(&self) {
        for (seen, table) in [
            (&self.host.group_steps, super::group_steps()),
            (&self.host.member_steps, super::member_steps()),
        ] {
            let unlisted: Vec<_> = seen.difference(&table).collect();
            assert!(unlisted.is_empty(), "the table lacks {unlisted:?}");
        }
    }

    fn round(&mut self, ms: i64) {
        for client in 0..CLIENTS {
            self.beat(client, false, false);
            self.check();
        }
        self.host.wait(ms);
        self.check();
    }

    fn is_settled(&self) -> bool {
        let group = self.host.group("g").expect("a group");
        group.state().name() == "Stable"
            && group.members.len() == CLIENTS
            && self.clients.iter().all(|client| client.owned == client.assigned)
    }

    /// Every partition that somebody wants is owned by one who wants it.
    fn check_balance(&self) {
        let mut owners = BTreeMap::new();
        for client in &self.clients {
            for (topic, partition) in &client.owned {
                let wanted = client.wants().into_iter().any(|name| topic_id(name) == *topic);
                assert!(wanted, "{topic} is not wanted by {client:?}");
                let other = owners.insert((*topic, *partition), &client.id);
                assert_eq!(other, None);
            }
        }
        let wanted = |name: &str| self.clients.iter().any(|client| client.wants().contains(&name));
        let topics = self.host.image.topics.iter().filter(|topic| wanted(&topic.name));
        let count: usize = topics.map(|topic| topic.partitions.len()).sum();
        assert_eq!(owners.len(), count);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_partition_has_one_owner_and_groups_converge(
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.heal();
    }
}
