//! How fast the group coordinator is: assignors, heartbeats, and how long groups take to settle.
//!
//! `cargo run --release -p dohle-coordinator --example group_speed`

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use dohle_coordinator::assign::{Assignor, Partitions, Subscriber};
use dohle_coordinator::group::{
    Answer, Asked, Client, Command, GroupCoordinator, Groups, Leadership, Request,
};
use dohle_coordinator::{Coordinated, Surroundings};
use dohle_metadata::config::Layers;
use dohle_metadata::config::resource::Configs;
use dohle_metadata::controller::Seed;
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Offset, Timestamp, Uuid};
use dohle_protocol::messages as m;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{Entry, Machine, Token};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

fn main() {
    assignors();
    heartbeats();
    for count in [1, 10, 100, 1_000] {
        settle(count);
    }
}

fn topic_id(number: usize) -> Uuid {
    Uuid::from_u128(1 << 64 | (number as u128 + 1_000))
}

/// 1,000 members, 10 topics of 1,000 partitions.
fn assignors() {
    let counts: BTreeMap<Uuid, usize> = (0..10).map(|at| (topic_id(at), 1_000)).collect();
    let ids: Vec<Text> = (0..1_001).map(|at| Text::from(format!("member-{at:05}"))).collect();
    let all: Arc<[Uuid]> = counts.keys().copied().collect();
    let some = |at: usize| -> Arc<[Uuid]> {
        all.iter()
            .enumerate()
            .filter(|(t, _)| !(t + at).is_multiple_of(3))
            .map(|(_, id)| *id)
            .collect()
    };
    for (assignor, is_even) in
        [(Assignor::Uniform, true), (Assignor::Uniform, false), (Assignor::Range, true)]
    {
        let mut current = vec![Partitions::new(); 1_001];
        let subscribers = |count: usize, current: &[Partitions]| -> Vec<Subscriber<'static>> {
            let leaked: &'static [Partitions] = Box::leak(current.to_vec().into_boxed_slice());
            let ids: &'static [Text] = Box::leak(ids.clone().into_boxed_slice());
            (0..count)
                .map(|at| Subscriber {
                    id: &ids[at],
                    instance_id: None,
                    topics: if is_even { Arc::clone(&all) } else { some(at) },
                    current: &leaked[at],
                })
                .collect()
        };
        let members = subscribers(1_000, &current);
        let start = Instant::now();
        let given = assignor.assign(&members, &counts);
        let from_nothing = start.elapsed();
        current[..1_000].clone_from_slice(&given);
        let members = subscribers(1_001, &current);
        let start = Instant::now();
        let _ = assignor.assign(&members, &counts);
        let one_more = start.elapsed();
        let kind = if is_even { "same topics" } else { "different topics" };
        println!(
            "assign {:8} 1,000 members x 10,000 partitions, {kind}: {:.1} ms; one member more: {:.1} ms",
            assignor.name(),
            from_nothing.as_secs_f64() * 1e3,
            one_more.as_secs_f64() * 1e3,
        );
    }
}

/// The machine with a log that is forgotten.
struct Host {
    hard: Groups,
    soft: Leadership,
    now: Timestamp,
    wake_at: Option<Timestamp>,
    records: usize,
    next_token: u64,
}

impl Host {
    fn new(partitions: i32) -> Self {
        let mut image = Image::default();
        let id = topic_id(0);
        image
            .apply(&m::TopicRecord { name: "t".into(), topic_id: id, ..Default::default() }.into());
        for partition_id in 0..partitions {
            let record = m::PartitionRecord {
                partition_id,
                topic_id: id,
                replicas: vec![1],
                isr: vec![1],
                leader: 1,
                ..Default::default()
            };
            image.apply(&record.into());
        }
        let mut host = Self {
            hard: Groups::default(),
            soft: Leadership::default(),
            now: Timestamp(1_000_000),
            wake_at: None,
            records: 0,
            next_token: 0,
        };
        let none = Configs::default();
        let configs = Layers { broker: &none, cluster: &none, file: &none };
        let surroundings = Surroundings { image: &image, configs, topics_deleted: &[] };
        host.decide(GroupCoordinator::surround(GroupCoordinator::known(surroundings), 1));
        host
    }

    fn decide(&mut self, command: Command) -> Option<Answer> {
        let outcome = GroupCoordinator::decide(&self.hard, &mut self.soft, self.now, command);
        self.wake_at = outcome.wake_at;
        for record in outcome.records {
            self.records += 1;
            let entry = Entry::Record { record, timestamp: self.now, producer: None };
            GroupCoordinator::apply(&mut self.hard, Offset(self.records as i64), &entry);
        }
        outcome.answers.into_iter().next().map(|(_, answer, _)| answer)
    }

    fn beat(
        &mut self,
        request: m::ConsumerGroupHeartbeatRequest,
    ) -> m::ConsumerGroupHeartbeatResponse {
        self.next_token += 1;
        let asked = Asked {
            token: Token(self.next_token),
            version: 1,
            seed: Seed([1, 2]),
            client: Client { id: "c".into(), host: "/127.0.0.1".into() },
            request: Request::ConsumerGroupHeartbeat(request),
        };
        match self.decide(Command::Ask(Box::new(asked))) {
            Some(Answer::ConsumerGroupHeartbeat(answer)) if !answer.error_code.is_error() => answer,
            other => panic!("{other:?}"),
        }
    }
}

/// A client that does at once what it is told.
struct Member {
    id: Text,
    epoch: i32,
    owned: BTreeSet<i32>,
    tells: bool,
    beats: usize,
    settled_at: i64,
}

impl Member {
    fn request(&self) -> m::ConsumerGroupHeartbeatRequest {
        let joins = self.epoch == 0;
        let owned = TopicPartitions {
            topic_id: topic_id(0),
            partitions: self.owned.iter().copied().collect(),
            ..Default::default()
        };
        let owned = if self.owned.is_empty() { Vec::new() } else { vec![owned] };
        m::ConsumerGroupHeartbeatRequest {
            group_id: "g".into(),
            member_id: self.id.clone(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if joins { 60_000 } else { -1 },
            subscribed_topic_names: joins.then(|| vec!["t".into()]),
            topic_partitions: (joins || self.tells).then_some(owned),
            ..Default::default()
        }
    }

    /// When it comes again.
    fn hear(&mut self, answer: m::ConsumerGroupHeartbeatResponse, now: i64) -> i64 {
        self.beats += 1;
        self.tells = false;
        if self.epoch != answer.member_epoch {
            self.settled_at = now;
        }
        self.epoch = answer.member_epoch;
        if let Some(assignment) = answer.assignment {
            let topics = assignment.topic_partitions.into_iter();
            let owned: BTreeSet<i32> = topics.flat_map(|topic| topic.partitions).collect();
            if owned != self.owned {
                self.owned = owned;
                self.tells = true;
                self.settled_at = now;
                // Clients tell at once what they gave up and took over.
                return now + 2;
            }
        }
        now + i64::from(answer.heartbeat_interval_ms)
    }
}

/// Members that start within a fifth of a second share 10 partitions each.
fn settle(count: usize) {
    let mut host = Host::new(count as i32 * 10);
    let begin = host.now.0;
    let mut members: Vec<Member> = (0..count)
        .map(|at| Member {
            id: Text::from(format!("member-{at}")),
            epoch: 0,
            owned: BTreeSet::new(),
            tells: true,
            beats: 0,
            settled_at: 0,
        })
        .collect();
    let mut queue: BTreeSet<(i64, usize)> =
        (0..count).map(|at| (begin + (at * 200 / count) as i64, at)).collect();
    let start = Instant::now();
    while let Some((at, index)) = queue.pop_first() {
        if at > begin + 8_000 {
            break;
        }
        while let Some(wake) = host.wake_at.filter(|wake| wake.0 <= at) {
            host.now = Timestamp(wake.0.max(host.now.0));
            host.decide(Command::Wake);
        }
        host.now = Timestamp(at);
        let answer = host.beat(members[index].request());
        // The answer takes a millisecond.
        queue.insert((members[index].hear(answer, at + 1), index));
    }
    let took = start.elapsed();
    let settled = members.iter().map(|member| member.settled_at).max().unwrap_or(begin) - begin;
    let beats: usize = members.iter().map(|member| member.beats).sum();
    let owned: BTreeSet<i32> = members.iter().flat_map(|member| member.owned.clone()).collect();
    assert_eq!(owned.len(), count * 10, "every partition has an owner");
    println!(
        "settle {count} members that join within 200 ms: {settled} ms after the first join; \
         {beats} heartbeats and {} records in 8 s, {:.1} ms of CPU",
        host.records,
        took.as_secs_f64() * 1e3
    );
}

/// Heartbeats of a settled group of 1,000.
fn heartbeats() {
    let mut host = Host::new(10_000);
    let mut members: Vec<Member> = (0..1_000)
        .map(|at| Member {
            id: Text::from(format!("member-{at}")),
            epoch: 0,
            owned: BTreeSet::new(),
            tells: true,
            beats: 0,
            settled_at: 0,
        })
        .collect();
    for _ in 0..10 {
        for member in &mut members {
            let answer = host.beat(member.request());
            member.hear(answer, 0);
        }
        host.now.0 += 500;
        while host.wake_at.is_some_and(|wake| wake.0 <= host.now.0) {
            host.decide(Command::Wake);
        }
    }
    host.now.0 += 3_000;
    let records = host.records;
    let rounds = 200;
    let start = Instant::now();
    for _ in 0..rounds {
        for member in &members {
            host.beat(member.request());
        }
    }
    let took = start.elapsed().as_secs_f64();
    assert_eq!(host.records, records, "a settled group writes nothing");
    println!(
        "heartbeats of a settled group of 1,000: {:.0} a second, {:.2} us each",
        f64::from(rounds) * 1e3 / took,
        took * 1e6 / (f64::from(rounds) * 1e3)
    );
}
