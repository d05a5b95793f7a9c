//! Members and producers against a coordinator that says what a test tells it to.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use dohle_protocol::frame;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::consumer_group_heartbeat_response::{Assignment, TopicPartitions};
use dohle_protocol::messages::join_group_response::JoinGroupResponseMember;
use dohle_protocol::messages::offset_commit_response::{
    OffsetCommitResponsePartition, OffsetCommitResponseTopic,
};
use dohle_protocol::messages::produce_response::{PartitionProduceResponse, TopicProduceResponse};
use dohle_protocol::messages::{
    ConsumerGroupHeartbeatRequest, ConsumerGroupHeartbeatResponse, EndTxnRequest, EndTxnResponse,
    InitProducerIdRequest, InitProducerIdResponse, JoinGroupRequest, JoinGroupResponse,
    OffsetCommitRequest, OffsetCommitResponse, ProduceRequest, ProduceResponse, SyncGroupRequest,
    SyncGroupResponse,
};
use dohle_protocol::record::{AnyBatch, Batches};
use dohle_protocol::wire::{Message, Part, Reader, Records, Request};
use dohle_protocol::{ApiKey, ErrorCode};

use super::classic::ranges;
use super::crowd::{GroupMember, Member};
use super::{
    ClassicMember, Client, ConsumerMember, Crowd, Limits, Line, Producer, Subscription,
    TransactionVersion, Transactor, closed, commit_frame,
};

const TIME_MAX: Duration = Duration::from_secs(20);

/// The server's end of one connection.
struct Script {
    socket: TcpStream,
    correlation_id: i32,
    version: i16,
}

impl Script {
    /// Takes the next request, which must be of this kind.
    fn take<R: Request>(&mut self) -> R {
        let mut size = [0; 4];
        self.socket.read_exact(&mut size).unwrap();
        let mut bytes = vec![0; u32::from_be_bytes(size) as usize];
        self.socket.read_exact(&mut bytes).unwrap();
        let mut reader = Reader::new(bytes.into());
        let start = frame::read_request_start(&mut reader).unwrap();
        assert_eq!(start.key, R::KEY);
        (self.correlation_id, self.version) = (start.correlation_id, start.version);
        R::decode(&mut reader, start.version).unwrap()
    }

    fn answer<M: Message>(&mut self, key: ApiKey, message: &M) {
        for part in frame::encode_response(key, self.version, self.correlation_id, message) {
            let Part::Bytes(bytes) = part else { panic!("only bytes") };
            self.socket.write_all(&bytes).unwrap();
        }
    }
}

/// Plays a script to the first who connects: its port, and the player, which returns once all went
/// as the script says and the client is gone.
fn play(script: impl FnOnce(&mut Script) + Send + 'static) -> (u16, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let player = std::thread::spawn(move || {
        let (socket, _) = listener.accept().unwrap();
        let mut player = Script { socket, correlation_id: 0, version: 0 };
        script(&mut player);
        while player.socket.read(&mut [0; 64]).is_ok_and(|count| count > 0) {}
    });
    (port, player)
}

fn crowd_of<M: Member>(member: M) -> Crowd<M> {
    Crowd::new(vec![member]).unwrap()
}

#[test]
fn ranges_share_all_partitions() {
    for (partitions, members, expected) in
        [(3, 3, vec![1, 1, 1]), (7, 3, vec![3, 2, 2]), (2, 4, vec![1, 1, 0, 0])]
    {
        let ranges: Vec<_> = (0..members).map(|index| ranges(partitions, members, index)).collect();
        assert_eq!(ranges.iter().map(ExactSizeIterator::len).collect::<Vec<_>>(), expected);
        assert!(ranges.into_iter().flatten().eq(0..partitions));
    }
}

#[test]
fn a_classic_leader_gets_an_id_joins_and_assigns() {
    let (port, player) = play(|server| {
        let first: JoinGroupRequest = server.take();
        assert_eq!(first.member_id, "");
        server.answer(
            ApiKey::JoinGroup,
            &JoinGroupResponse {
                error_code: ErrorCode::MEMBER_ID_REQUIRED,
                member_id: "m-2".into(),
                ..JoinGroupResponse::default()
            },
        );
        let again: JoinGroupRequest = server.take();
        assert_eq!((again.group_id.as_str(), again.member_id.as_str()), ("g", "m-2"));
        let member = |id: &str| JoinGroupResponseMember {
            member_id: id.into(),
            ..JoinGroupResponseMember::default()
        };
        server.answer(
            ApiKey::JoinGroup,
            &JoinGroupResponse {
                generation_id: 7,
                protocol_type: Some("consumer".into()),
                protocol_name: Some("range".into()),
                leader: "m-2".into(),
                member_id: "m-2".into(),
                members: vec![member("m-2"), member("m-1")],
                ..JoinGroupResponse::default()
            },
        );
        let sync: SyncGroupRequest = server.take();
        assert_eq!(sync.generation_id, 7);
        let ids: Vec<&str> = sync.assignments.iter().map(|one| one.member_id.as_str()).collect();
        assert_eq!(ids, ["m-1", "m-2"]);
        server.answer(
            ApiKey::SyncGroup,
            &SyncGroupResponse {
                assignment: sync.assignments[1].assignment.clone(),
                ..SyncGroupResponse::default()
            },
        );
    });
    let subscription = Subscription { topic: "t".into(), partitions: 3 };
    let mut crowd = crowd_of(ClassicMember::new(Line::connect(port).unwrap(), subscription));
    crowd.each(|_, member| member.join("g", "")).unwrap();
    crowd.run(TIME_MAX, |members, _| members[0].owned().is_some()).unwrap();
    // Two of three partitions go to the first id.
    assert_eq!(crowd.members()[0].owned(), Some((7, &[2][..])));
    drop(crowd);
    player.join().unwrap();
}

#[test]
fn a_consumer_acknowledges_what_it_is_assigned() {
    const TOPIC: Uuid = Uuid::from_u128(0x1234_5678_9abc_def0_1234_5678_9abc_def0);
    let (port, player) = play(|server| {
        let join: ConsumerGroupHeartbeatRequest = server.take();
        assert_eq!((join.member_id.as_str(), join.member_epoch), ("me", 0));
        assert_eq!(join.topic_partitions, Some(Vec::new()));
        let partitions = |partitions| TopicPartitions {
            topic_id: TOPIC,
            partitions,
            ..TopicPartitions::default()
        };
        server.answer(
            ApiKey::ConsumerGroupHeartbeat,
            &ConsumerGroupHeartbeatResponse {
                member_id: Some("me".into()),
                member_epoch: 3,
                heartbeat_interval_ms: 1,
                assignment: Some(Assignment {
                    topic_partitions: vec![partitions(vec![5, 4])],
                    ..Assignment::default()
                }),
                ..ConsumerGroupHeartbeatResponse::default()
            },
        );
        let told: ConsumerGroupHeartbeatRequest = server.take();
        assert_eq!(told.member_epoch, 3);
        let owned = told.topic_partitions.unwrap();
        assert_eq!((owned[0].topic_id, owned[0].partitions.as_slice()), (TOPIC, &[4, 5][..]));
        let settled = ConsumerGroupHeartbeatResponse {
            member_epoch: 3,
            heartbeat_interval_ms: 1,
            ..ConsumerGroupHeartbeatResponse::default()
        };
        server.answer(ApiKey::ConsumerGroupHeartbeat, &settled);
        // With nothing new to tell, the next one comes when it was asked for.
        let next: ConsumerGroupHeartbeatRequest = server.take();
        assert_eq!(next.topic_partitions, None);
        server.answer(
            ApiKey::ConsumerGroupHeartbeat,
            &ConsumerGroupHeartbeatResponse {
                member_epoch: 4,
                heartbeat_interval_ms: 60_000,
                ..settled
            },
        );
    });
    let mut crowd = crowd_of(ConsumerMember::new(Line::connect(port).unwrap(), "t".into()));
    crowd.each(|_, member| member.join("g", "me")).unwrap();
    let in_epoch_4 =
        |members: &[ConsumerMember], _| members[0].owned().is_some_and(|owned| owned.0 == 4);
    crowd.run(TIME_MAX, in_epoch_4).unwrap();
    assert_eq!(crowd.members()[0].owned(), Some((4, &[4, 5][..])));
    drop(crowd);
    player.join().unwrap();
}

/// Takes a transactional produce: producer id, epoch and sequence of its batch.
fn take_batch(server: &mut Script) -> (i64, i16, i32) {
    let produce: ProduceRequest = server.take();
    assert_eq!((server.version, produce.transactional_id.as_deref()), (12, Some("tx")));
    let Some(Records::Bytes(bytes)) = &produce.topic_data[0].partition_data[0].records else {
        panic!("a batch was sent")
    };
    let Some(Ok(AnyBatch::V2(batch))) = Batches::new(bytes).next() else {
        panic!("magic 2 was sent")
    };
    batch.ensure_valid().unwrap();
    (batch.header.producer_id, batch.header.producer_epoch, batch.header.base_sequence)
}

fn answer_produce(server: &mut Script, error_code: ErrorCode) {
    let partition = PartitionProduceResponse { error_code, ..PartitionProduceResponse::default() };
    let topic = TopicProduceResponse {
        name: "t".into(),
        partition_responses: vec![partition].into(),
        ..TopicProduceResponse::default()
    };
    let answer = ProduceResponse { responses: vec![topic].into(), ..ProduceResponse::default() };
    server.answer(ApiKey::Produce, &answer);
}

#[test]
fn a_transaction_begins_with_the_epoch_that_the_last_one_ended_with() {
    let (port, player) = play(|server| {
        let _: InitProducerIdRequest = server.take();
        server.answer(
            ApiKey::InitProducerId,
            &InitProducerIdResponse {
                producer_id: 9,
                producer_epoch: 0,
                ..InitProducerIdResponse::default()
            },
        );
        for epoch in 0..2 {
            assert_eq!(take_batch(server), (9, epoch, 0));
            answer_produce(server, ErrorCode::CONCURRENT_TRANSACTIONS);
            assert_eq!(take_batch(server), (9, epoch, 0));
            answer_produce(server, ErrorCode::NONE);
            let end: EndTxnRequest = server.take();
            assert_eq!((server.version, end.producer_epoch, end.committed), (5, epoch, true));
            server.answer(
                ApiKey::EndTxn,
                &EndTxnResponse {
                    producer_id: 9,
                    producer_epoch: epoch + 1,
                    ..EndTxnResponse::default()
                },
            );
        }
    });
    let line = Line::connect(port).unwrap();
    let producer = Transactor::new(line, TransactionVersion::V2, "tx".into(), ("t".into(), 0));
    let mut crowd = crowd_of(producer);
    crowd.each(|_, producer| producer.begin()).unwrap();
    crowd.run(TIME_MAX, |producers, _| producers[0].committed == 2).unwrap();
    assert_eq!(crowd.members()[0].retries, 2);
    drop(crowd);
    player.join().unwrap();
}

#[test]
fn a_refusal_ends_the_crowd_and_a_delay_is_told() {
    for (code, expected) in [
        (ErrorCode::GROUP_AUTHORIZATION_FAILED, "GROUP_AUTHORIZATION_FAILED"),
        (
            ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
            "not there after 0 s: 1 held up by COORDINATOR_LOAD",
        ),
    ] {
        let (port, player) = play(move |server| {
            let _: ConsumerGroupHeartbeatRequest = server.take();
            server.answer(
                ApiKey::ConsumerGroupHeartbeat,
                &ConsumerGroupHeartbeatResponse {
                    error_code: code,
                    ..ConsumerGroupHeartbeatResponse::default()
                },
            );
        });
        let mut crowd = crowd_of(ConsumerMember::new(Line::connect(port).unwrap(), "t".into()));
        crowd.each(|_, member| member.join("g", "me")).unwrap();
        let error = crowd.run(Duration::from_millis(60), |_, _| false).unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
        drop(crowd);
        player.join().unwrap();
    }
}

#[test]
fn errors_of_commits_are_seen() {
    for (code, expected) in
        [(ErrorCode::NONE, None), (ErrorCode::NOT_COORDINATOR, Some("error 16"))]
    {
        let (port, player) = play(move |server| {
            let commit: OffsetCommitRequest = server.take();
            assert_eq!((commit.group_id.as_str(), commit.topics[0].name.as_str()), ("g", "t"));
            assert_eq!(commit.topics[0].partitions[0].committed_offset, 42);
            let partition = OffsetCommitResponsePartition {
                error_code: code,
                ..OffsetCommitResponsePartition::default()
            };
            let topic = OffsetCommitResponseTopic {
                name: "t".into(),
                partitions: vec![partition],
                ..OffsetCommitResponseTopic::default()
            };
            let answer =
                OffsetCommitResponse { topics: vec![topic], ..OffsetCommitResponse::default() };
            server.answer(ApiKey::OffsetCommit, &answer);
        });
        let frames = vec![commit_frame("g", "t", 42)];
        let producer = Producer::of_commits(port, "t", frames).unwrap();
        let limits = Limits { warm: Duration::ZERO, time: TIME_MAX, requests_max: 1 };
        let error = closed(vec![Client::Producer(producer, 1)], &limits, || ()).err();
        match expected {
            None => assert!(error.is_none(), "{error:?}"),
            Some(text) => assert!(error.unwrap().to_string().contains(text)),
        }
        player.join().unwrap();
    }
}
