//! Committed offsets.

use super::{Client, HANG, Node};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::offset_commit_request::{
    OffsetCommitRequestPartition, OffsetCommitRequestTopic,
};
use dohle_protocol::messages::offset_fetch_request::{
    OffsetFetchRequestGroup, OffsetFetchRequestTopics,
};
use dohle_protocol::messages::{
    FindCoordinatorRequest, HeartbeatRequest, OffsetCommitRequest, OffsetFetchRequest,
};
use std::time::{Duration, Instant};

const COMMIT: i16 = 8;
const FETCH: i16 = 8;

/// Many commits of one connection are sent before the first answer is read; a fetch behind them sees the
/// last one, and so does a node that starts on what was written.
#[test]
fn commits_that_come_together_keep_their_order() {
    let mut node = Node::start(&[("offsets.topic.replication.factor", "1")]);
    let mut client = node.connect();
    assert_eq!(client.create_topic("read", 1, &[]), ErrorCode::NONE);
    find(&mut client);
    let sent: Vec<i32> =
        (0..200).map(|offset| client.send(COMMIT, &commit("read", offset))).collect();
    // What is not there is refused in its place.
    let missing = client.send(COMMIT, &commit("not-there", 7));
    let fetched = client.send(FETCH, &fetch());
    for id in sent {
        let (answered, response) = client.receive::<OffsetCommitRequest>(COMMIT);
        assert_eq!(answered, id);
        assert_eq!(response.topics[0].partitions[0].error_code, ErrorCode::NONE);
    }
    let (answered, response) = client.receive::<OffsetCommitRequest>(COMMIT);
    let error = response.topics[0].partitions[0].error_code;
    assert_eq!((answered, error), (missing, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
    let (answered, response) = client.receive::<OffsetFetchRequest>(FETCH);
    assert_eq!(answered, fetched);
    assert_eq!(response.groups[0].topics[0].partitions[0].committed_offset, 199);

    node.restart(&[]);
    let mut client = node.connect();
    find(&mut client);
    let response = client.ask(FETCH, &fetch());
    assert_eq!(response.groups[0].topics[0].partitions[0].committed_offset, 199);
}

/// What was committed cannot be read any more: who asks is not told to wait for what never comes.
#[test]
fn a_log_that_cannot_be_read_has_no_coordinator() {
    let settings =
        [("offsets.topic.replication.factor", "1"), ("offsets.topic.num.partitions", "1")];
    let mut node = Node::start(&settings);
    let mut client = node.connect();
    assert_eq!(client.create_topic("read", 1, &[]), ErrorCode::NONE);
    find(&mut client);
    client.ask(COMMIT, &commit("read", 7));
    node.stop();
    // Behind the first batch's header: its record.
    let log = node.directory.join("data/__consumer_offsets-0/00000000000000000000.log");
    let mut bytes = std::fs::read(&log).unwrap();
    bytes[61..].fill(0xff);
    std::fs::write(&log, &bytes).unwrap();

    node.restart(&settings);
    let mut client = node.connect();
    let began = Instant::now();
    let mut fetched = ErrorCode::COORDINATOR_LOAD_IN_PROGRESS;
    while fetched == ErrorCode::COORDINATOR_LOAD_IN_PROGRESS {
        assert!(began.elapsed() < HANG, "it is loaded for ever");
        std::thread::sleep(Duration::from_millis(20));
        fetched = client.ask(FETCH, &fetch()).groups[0].error_code;
    }
    assert_eq!(fetched, ErrorCode::NOT_COORDINATOR);
    let response = client.ask(COMMIT, &commit("read", 8));
    let committed = response.topics[0].partitions[0].error_code;
    assert_eq!(committed, ErrorCode::NOT_COORDINATOR);
    let beat =
        HeartbeatRequest { group_id: "g".into(), member_id: "m".into(), ..Default::default() };
    assert_eq!(client.ask(4, &beat).error_code, ErrorCode::NOT_COORDINATOR);
    // Nothing of it is thrown away.
    assert_eq!(std::fs::read(&log).unwrap(), bytes);
}

/// The group's coordinator, once it is there and has its log.
fn find(client: &mut Client) {
    let began = Instant::now();
    loop {
        let found =
            client.ask(3, &FindCoordinatorRequest { key: "g".into(), ..Default::default() });
        if found.error_code == ErrorCode::NONE
            && client.ask(FETCH, &fetch()).groups[0].error_code == ErrorCode::NONE
        {
            return;
        }
        assert!(began.elapsed() < HANG, "no coordinator");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn commit(topic: &str, offset: i64) -> OffsetCommitRequest {
    let partition = OffsetCommitRequestPartition {
        partition_index: 0,
        committed_offset: offset,
        ..OffsetCommitRequestPartition::default()
    };
    let topic = OffsetCommitRequestTopic {
        name: topic.into(),
        partitions: vec![partition],
        ..OffsetCommitRequestTopic::default()
    };
    OffsetCommitRequest {
        group_id: "g".into(),
        generation_id_or_member_epoch: -1,
        topics: vec![topic],
        ..OffsetCommitRequest::default()
    }
}

fn fetch() -> OffsetFetchRequest {
    let topic = OffsetFetchRequestTopics {
        name: "read".into(),
        partition_indexes: vec![0],
        ..OffsetFetchRequestTopics::default()
    };
    let group = OffsetFetchRequestGroup {
        group_id: "g".into(),
        topics: Some(vec![topic]),
        ..OffsetFetchRequestGroup::default()
    };
    OffsetFetchRequest { groups: vec![group], ..OffsetFetchRequest::default() }
}
