//! How fast the group coordinator is for classic groups and offsets, and what an offset takes.
//!
//! `cargo run --release -p dohle-coordinator --example classic_speed`

#![expect(clippy::print_stdout, reason = "it prints what it measured")]
#![expect(clippy::disallowed_methods, reason = "it measures time and reads its own memory")]

use bytes::Bytes;
use dohle_coordinator::group::{
    Answer, Asked, Client, Command, GroupCoordinator, Groups, Leadership, Request,
};
use dohle_coordinator::{Coordinated, Surroundings};
use dohle_metadata::config::Layers;
use dohle_metadata::config::resource::Configs;
use dohle_metadata::controller::Seed;
use dohle_metadata::image::Image;
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::messages as m;
use dohle_protocol::messages::join_group_request::JoinGroupRequestProtocol;
use dohle_protocol::messages::offset_commit_request as commit;
use dohle_protocol::messages::sync_group_request::SyncGroupRequestAssignment;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{Entry, Machine, Token};
use std::time::Instant;

fn main() {
    for members in [1, 10, 100, 1_000] {
        settle(members);
    }
    commits();
    memory();
}

/// A coordinator whose log only counts.
struct Coordinator {
    hard: Groups,
    soft: Leadership,
    now: i64,
    wake_at: Option<Timestamp>,
    end: i64,
    tokens: u64,
}

impl Coordinator {
    fn new() -> Self {
        let mut coordinator = Self {
            hard: Groups::default(),
            soft: Leadership::default(),
            now: 0,
            wake_at: None,
            end: 0,
            tokens: 0,
        };
        let nothing = Configs::default();
        let known = GroupCoordinator::known(Surroundings {
            image: &Image::default(),
            configs: Layers { broker: &nothing, cluster: &nothing, file: &nothing },
            topics_deleted: &[],
        });
        coordinator.decide(GroupCoordinator::surround(known, 0));
        coordinator
    }

    fn decide(&mut self, command: Command) -> Vec<Answer> {
        let now = Timestamp(self.now);
        let outcome = GroupCoordinator::decide(&self.hard, &mut self.soft, now, command);
        self.wake_at = outcome.wake_at;
        for record in outcome.records {
            // As the host does: the log gets the bytes, the machine the record.
            std::hint::black_box(GroupCoordinator::encode(&record));
            let entry = Entry::Record { record, timestamp: now, producer: None };
            GroupCoordinator::apply(&mut self.hard, Offset(self.end), &entry);
            self.end += 1;
        }
        outcome.answers.into_iter().map(|(_, answer, _)| answer).collect()
    }

    fn ask(&mut self, version: i16, request: Request) -> Vec<Answer> {
        self.tokens += 1;
        let asked = Asked {
            token: Token(self.tokens),
            version,
            seed: Seed([self.tokens, self.tokens]),
            client: Client { id: Text::from_static("c"), host: Text::from_static("/127.0.0.1") },
            request,
        };
        self.decide(Command::Ask(Box::new(asked)))
    }

    /// Goes on to the next time that the machine waits for.
    fn wake(&mut self) -> Vec<Answer> {
        self.now = self.wake_at.map_or(self.now, |at| at.0);
        self.decide(Command::Wake)
    }
}

fn joining(member_id: Text) -> Request {
    let protocol = JoinGroupRequestProtocol {
        name: Text::from_static("range"),
        metadata: Bytes::from_static(b"\0\0\0\0\0\x01\0\x05topic\xff\xff\xff\xff"),
        ..Default::default()
    };
    Request::JoinGroup(m::JoinGroupRequest {
        group_id: Text::from_static("g"),
        session_timeout_ms: 45_000,
        rebalance_timeout_ms: 60_000,
        member_id,
        protocol_type: Text::from_static("consumer"),
        protocols: vec![protocol],
        ..Default::default()
    })
}

/// From nothing to a stable group; then one heartbeat of each.
fn settle(count: usize) {
    let mut coordinator = Coordinator::new();
    let begun = Instant::now();
    let mut ids = Vec::new();
    for _ in 0..count {
        for answer in coordinator.ask(9, joining(Text::default())) {
            if let Answer::JoinGroup(answer) = answer {
                ids.push(answer.member_id);
            }
        }
    }
    for id in &ids {
        coordinator.ask(9, joining(id.clone()));
    }
    let mut joined = Vec::new();
    while joined.is_empty() {
        joined = coordinator.wake();
    }
    for answer in joined {
        let Answer::JoinGroup(answer) = answer else { continue };
        let assignment = |id: &Text| SyncGroupRequestAssignment {
            member_id: id.clone(),
            assignment: Bytes::from_static(&[0; 40]),
            ..Default::default()
        };
        let is_leader = answer.leader == answer.member_id;
        let request = m::SyncGroupRequest {
            group_id: Text::from_static("g"),
            generation_id: answer.generation_id,
            member_id: answer.member_id,
            assignments: ids.iter().filter(|_| is_leader).map(assignment).collect(),
            ..Default::default()
        };
        coordinator.ask(4, Request::SyncGroup(request));
    }
    let settled = begun.elapsed();
    let begun = Instant::now();
    for id in &ids {
        let request = m::HeartbeatRequest {
            group_id: Text::from_static("g"),
            generation_id: 1,
            member_id: id.clone(),
            ..Default::default()
        };
        coordinator.ask(4, Request::Heartbeat(request));
    }
    let beaten = begun.elapsed();
    println!(
        "{count} members: {:.2} ms of work from nothing to stable, {:.2} us a heartbeat",
        settled.as_secs_f64() * 1e3,
        beaten.as_secs_f64() * 1e6 / count as f64
    );
}

fn committing(group: &str, partitions: i32, offset: i64) -> Request {
    let partition = |partition_index| commit::OffsetCommitRequestPartition {
        partition_index,
        committed_offset: offset,
        ..Default::default()
    };
    let topic = commit::OffsetCommitRequestTopic {
        name: Text::from_static("some-topic"),
        partitions: (0..partitions).map(partition).collect(),
        ..Default::default()
    };
    Request::OffsetCommit(m::OffsetCommitRequest {
        group_id: Text::from(group),
        topics: vec![topic],
        ..Default::default()
    })
}

fn commits() {
    let mut coordinator = Coordinator::new();
    let groups: Vec<String> = (0..1_000).map(|number| format!("group-{number}")).collect();
    let begun = Instant::now();
    let rounds = 100;
    for round in 0..rounds {
        for group in &groups {
            coordinator.ask(9, committing(group, 1, round));
        }
    }
    let each = begun.elapsed().as_secs_f64() / (rounds as f64 * 1_000.0);
    println!("{:.2} us a commit of one partition, record included", each * 1e6);
}

fn memory() {
    let mut coordinator = Coordinator::new();
    let before = resident();
    for group in 0..1_000 {
        coordinator.ask(9, committing(&format!("group-{group}"), 1_000, 1));
    }
    let each = (resident() - before) as f64 / 1e6;
    println!("{each:.0} bytes an offset, 1,000 groups of 1,000 partitions");
    let before = resident();
    let mut coordinator = Coordinator::new();
    for group in 0..100_000 {
        coordinator.ask(9, committing(&format!("group-{group}"), 1, 1));
    }
    let each = (resident() - before) as f64 / 1e5;
    println!("{each:.0} bytes a group with one offset");
}

/// Bytes of memory that this process has.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = text.split(' ').nth(1).and_then(|text| text.parse().ok()).expect("pages");
    pages * 4096
}
