//! Audits of a node that is played: what it says wrong is told, sentence by sentence.

use crate::played::{self, Played};
use crate::scripted::{Asked, Reply};
use bytes::Bytes;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages as m;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use dohle_sim::checker::{History, Known, Life, Moment, RecordId, Topic};
use dohle_sim::client::Client;
use dohle_sim::workload::audit::{self, After};
use dohle_sim::world::World;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const TOPIC: &str = "t";
const ID: Uuid = Uuid([7; 16]);
const OTHER: Uuid = Uuid([8; 16]);
/// The records that the topic has, and their timestamps.
const TIMES: [i64; 4] = [10, 30, 20, 40];
const LIMIT: Duration = Duration::from_secs(1_000);

/// What is told of a topic's configs: an error, and their values.
type Told = (ErrorCode, Vec<(String, String)>);

/// A node that tells the truth, as long as nobody changes what it says.
struct Node {
    /// Name, id and partitions.
    topics: Vec<(String, Uuid, i32)>,
    is_internal: bool,
    /// Of each topic that is told of.
    configs: BTreeMap<String, Told>,
    start: i64,
    end: i64,
    /// The log, a batch a record.
    batches: Vec<Bytes>,
    fetch_code: ErrorCode,
    /// Every lookup of a timestamp is answered with this.
    found: Option<(i64, i64)>,
    /// What a group has committed to each partition.
    committed: i64,
}

fn id(number: u64) -> RecordId {
    RecordId { producer: 0, incarnation: 0, number }
}

/// A batch of one record.
fn batch(offset: i64, number: u64) -> Bytes {
    let mut batch = BatchBuilder::new(offset);
    let timestamp = TIMES[usize::try_from(offset).unwrap() % TIMES.len()];
    let value = id(number).value();
    let record = NewRecord { timestamp, value: Some(&value), ..NewRecord::default() };
    batch.append(&record).unwrap();
    batch.build().unwrap()
}

impl Node {
    fn new() -> Self {
        let configs = vec![("segment.ms".to_owned(), "100".to_owned())];
        Self {
            topics: vec![(TOPIC.to_owned(), ID, 1)],
            is_internal: false,
            configs: [(TOPIC.to_owned(), (ErrorCode::NONE, configs))].into(),
            start: 0,
            end: 4,
            batches: (0..4).map(|at| batch(at, at.unsigned_abs())).collect(),
            fetch_code: ErrorCode::NONE,
            found: None,
            committed: -1,
        }
    }

    fn metadata(&self) -> m::MetadataResponse {
        let topic = |(name, id, count): &(String, Uuid, i32)| {
            let partition = |index| m::metadata_response::MetadataResponsePartition {
                partition_index: index,
                ..Default::default()
            };
            m::metadata_response::MetadataResponseTopic {
                name: Some(name.as_str().into()),
                topic_id: *id,
                is_internal: self.is_internal,
                partitions: (0..*count).map(partition).collect(),
                ..Default::default()
            }
        };
        m::MetadataResponse {
            topics: self.topics.iter().map(topic).collect(),
            ..Default::default()
        }
    }

    fn configs(&self) -> m::DescribeConfigsResponse {
        let config = |(name, value): &(String, String)| {
            m::describe_configs_response::DescribeConfigsResourceResult {
                name: name.as_str().into(),
                value: Some(value.as_str().into()),
                ..Default::default()
            }
        };
        let result = |(name, (code, configs)): (&String, &Told)| {
            m::describe_configs_response::DescribeConfigsResult {
                error_code: *code,
                resource_type: 2,
                resource_name: name.as_str().into(),
                configs: configs.iter().map(config).collect(),
                ..Default::default()
            }
        };
        m::DescribeConfigsResponse {
            results: self.configs.iter().map(result).collect(),
            ..Default::default()
        }
    }

    fn offsets(&self, request: &m::ListOffsetsRequest) -> m::ListOffsetsResponse {
        let timestamp = request.topics[0].partitions[0].timestamp;
        let first = TIMES.iter().position(|at| timestamp <= *at);
        let first = first.map(|at| (i64::try_from(at).unwrap(), TIMES[at]));
        let (offset, timestamp) = match timestamp {
            -2 => (self.start, -1),
            -1 => (self.end, -1),
            _ => self.found.or(first).unwrap_or((-1, -1)),
        };
        let partition = m::list_offsets_response::ListOffsetsPartitionResponse {
            offset,
            timestamp,
            ..Default::default()
        };
        let topic = m::list_offsets_response::ListOffsetsTopicResponse {
            name: TOPIC.into(),
            partitions: vec![partition],
            ..Default::default()
        };
        m::ListOffsetsResponse { topics: vec![topic], ..Default::default() }
    }

    fn fetch(&self, request: &m::FetchRequest) -> m::FetchResponse {
        let from = request.topics[0].partitions[0].fetch_offset;
        let left = self.batches.iter().skip(usize::try_from(from).unwrap());
        let left: Vec<u8> = left.flat_map(|batch| batch.iter().copied()).collect();
        let data = m::fetch_response::PartitionData {
            error_code: self.fetch_code,
            high_watermark: self.end,
            last_stable_offset: self.end,
            log_start_offset: self.start,
            records: Some(Records::Bytes(left.into())),
            ..Default::default()
        };
        let topic = m::fetch_response::FetchableTopicResponse {
            topic: TOPIC.into(),
            topic_id: ID,
            partitions: vec![data].into(),
            ..Default::default()
        };
        m::FetchResponse { responses: vec![topic].into(), ..Default::default() }
    }

    fn committed(&self, request: &m::OffsetFetchRequest) -> m::OffsetFetchResponse {
        let wanted = &request.groups[0].topics.as_ref().unwrap()[0];
        let row = |index: &i32| m::offset_fetch_response::OffsetFetchResponsePartitions {
            partition_index: *index,
            committed_offset: self.committed,
            ..Default::default()
        };
        let topic = m::offset_fetch_response::OffsetFetchResponseTopics {
            name: wanted.name.clone(),
            partitions: wanted.partition_indexes.iter().map(row).collect(),
            ..Default::default()
        };
        let group = m::offset_fetch_response::OffsetFetchResponseGroup {
            group_id: request.groups[0].group_id.clone(),
            topics: vec![topic],
            ..Default::default()
        };
        m::OffsetFetchResponse { groups: vec![group], ..Default::default() }
    }
}

impl Played for Node {
    #[expect(clippy::wildcard_enum_match_arm, reason = "nothing else is asked")]
    fn answer(&mut self, _: usize, asked: &Asked) -> Reply {
        match asked.key {
            ApiKey::Metadata => asked.say(&self.metadata()),
            ApiKey::DescribeConfigs => asked.say(&self.configs()),
            ApiKey::ListOffsets => {
                let request: m::ListOffsetsRequest = asked.read().unwrap();
                asked.say(&self.offsets(&request))
            }
            ApiKey::Fetch => {
                let request: m::FetchRequest = asked.read().unwrap();
                asked.say(&self.fetch(&request))
            }
            ApiKey::OffsetFetch => {
                let request: m::OffsetFetchRequest = asked.read().unwrap();
                asked.say(&self.committed(&request))
            }
            other => panic!("asked for {other:?}"),
        }
    }
}

/// A topic with one partition that was acknowledged.
fn topic() -> Topic {
    Topic {
        id: ID,
        life: Life::Live,
        partitions: 1,
        partitions_wanted: 1,
        is_durable: true,
        has_retention: false,
        kept_ms: None,
        is_deleting: true,
        compaction: None,
        configs: [("segment.ms".to_owned(), ["100".to_owned()].into())].into(),
    }
}

/// What an audit finds of a node that tells the truth but for `lie`, by who knows the four records and
/// what `learn` adds.
fn audited(
    after: After,
    lie: impl FnOnce(&mut Node),
    learn: impl FnOnce(&mut Known),
) -> Option<String> {
    let mut world = World::new(5);
    let node = Arc::new(Mutex::new(Node::new()));
    lie(&mut node.lock().unwrap());
    let servers = played::start(&mut world, &["node"], &node);
    let history = History::new(world.trace().clone(), &servers);
    {
        let mut known = history.known();
        let mut partition = topic().new_partition(TOPIC, servers.first().copied());
        partition.on_sent(id(9), true, Moment::default());
        let asked = partition.asked_in(0);
        partition.on_acknowledged(asked, 0, id(0)..id(4), true).unwrap();
        known.partitions.insert((ID, 0), partition);
        known.topics.insert(TOPIC.to_owned(), topic());
        learn(&mut known);
    }
    let env = world.start("auditor");
    let client = Client::of_cluster(env, servers, "auditor");
    world.complete("auditor", LIMIT, audit::run(client, history.clone(), after)).unwrap();
    history.violation()
}

fn says(found: Option<String>, words: &str) {
    assert!(found.as_ref().is_some_and(|what| what.contains(words)), "{words}: {found:?}");
}

fn nothing(_: &mut Known) {}

const ALL: [After; 3] = [After::Kill, After::PowerLoss, After::End];

#[test]
fn who_tells_the_truth_is_not_accused() {
    for after in ALL {
        assert_eq!(audited(after, |_| {}, nothing), None, "{after:?}");
    }
}

#[test]
fn topics_are_those_that_were_acknowledged() {
    for after in ALL {
        says(audited(after, |node| node.topics.clear(), nothing), "t was made and is gone");
        says(audited(after, |node| node.topics[0].1 = OTHER, nothing), "was BwcHBw");
        says(audited(after, |node| node.topics[0].2 = 0, nothing), "with 0 partitions");
        says(audited(after, |node| node.topics[0].2 = 2, nothing), "with 2 partitions");
        let more = |node: &mut Node| node.topics.push(("more".to_owned(), OTHER, 1));
        says(audited(after, more, nothing), "a topic more that nobody made");
    }
}

#[test]
fn a_deleted_topic_stays_deleted() {
    let delete = |known: &mut Known| {
        known.topics.insert("gone".to_owned(), Topic { life: Life::Gone, ..topic() });
    };
    assert_eq!(audited(After::Kill, |_| {}, delete), None);
    let back = |node: &mut Node| node.topics.push(("gone".to_owned(), ID, 1));
    says(audited(After::Kill, back, delete), "gone was deleted and is there");
}

/// What was asked for and not answered may have come to either.
#[test]
fn what_nobody_has_acknowledged_may_be_either_way() {
    let wanted = |known: &mut Known| {
        let grown = Topic { partitions_wanted: 2, ..topic() };
        known.topics.insert(TOPIC.to_owned(), grown);
        known.topics.insert("w".to_owned(), Topic { life: Life::Wanted, ..topic() });
        known.topics.insert("l".to_owned(), Topic { life: Life::Leaving, ..topic() });
    };
    assert_eq!(audited(After::Kill, |_| {}, wanted), None);
    let more = |node: &mut Node| {
        node.topics[0].2 = 2;
        node.topics.push(("w".to_owned(), OTHER, 1));
        node.topics.push(("l".to_owned(), OTHER, 1));
    };
    assert_eq!(audited(After::Kill, more, wanted), None);
}

#[test]
fn configs_are_those_that_were_acknowledged() {
    let set = |value: &'static str| {
        move |node: &mut Node| {
            let (_, configs) = node.configs.get_mut(TOPIC).unwrap();
            configs[0].1 = value.to_owned();
        }
    };
    says(audited(After::Kill, set("200"), nothing), "t has segment.ms=Some(\"200\")");
    let unset = |node: &mut Node| node.configs.get_mut(TOPIC).unwrap().1.clear();
    says(audited(After::Kill, unset, nothing), "t has segment.ms=None");
    let silent = |node: &mut Node| node.configs.clear();
    says(audited(After::Kill, silent, nothing), "nothing is told of the configs of t");
    let refuse = |node: &mut Node| {
        node.configs.get_mut(TOPIC).unwrap().0 = ErrorCode::UNKNOWN_TOPIC_OR_PARTITION;
    };
    says(audited(After::Kill, refuse, nothing), "configs of t: UNKNOWN_TOPIC_OR_PARTITION");
}

#[test]
fn a_log_has_all_that_was_acknowledged() {
    let cut = |node: &mut Node| {
        node.batches.pop();
        node.end = 3;
    };
    says(audited(After::Kill, cut, nothing), "it ends at 3, 4 was seen");
    says(audited(After::PowerLoss, cut, nothing), "after a power loss the log ends at 3");
    says(audited(After::End, cut, nothing), "it ends at 3, 4 was seen");
    let start = |node: &mut Node| node.start = 1;
    says(audited(After::PowerLoss, start, nothing), "after a power loss the log starts at 1");
}

#[test]
fn each_record_is_where_it_was() {
    for after in ALL {
        let swap = |node: &mut Node| node.batches[2] = batch(2, 5);
        says(audited(after, swap, nothing), "0.0.5 is at 2, where 0.0.2 was");
        let twice = |node: &mut Node| {
            node.batches.push(batch(4, 3));
            node.end = 5;
        };
        says(audited(after, twice, nothing), "0.0.3 is at 3 and at 4");
        let unsent = |node: &mut Node| {
            node.batches.push(batch(4, 77));
            node.end = 5;
        };
        says(audited(after, unsent, nothing), "0.0.77 at 4 was never sent here");
    }
}

#[test]
fn no_record_is_missing_between_others() {
    let hole = |node: &mut Node| node.batches[1] = Bytes::new();
    says(audited(After::Kill, hole, nothing), "skips to 2");
    says(audited(After::PowerLoss, hole, nothing), "was promised, 1..2 is missing");
    // Where nobody waited for a disk, a power loss may take it, and a kill may not.
    let unsynced = |known: &mut Known| {
        let mut partition = Topic { is_durable: false, ..topic() }.new_partition(TOPIC, None);
        partition.on_sent(id(9), true, Moment::default());
        let asked = partition.asked_in(0);
        partition.on_acknowledged(asked, 0, id(0)..id(4), true).unwrap();
        known.partitions.insert((ID, 0), partition);
    };
    assert_eq!(audited(After::PowerLoss, hole, unsynced), None);
    says(audited(After::Kill, hole, unsynced), "skips to 2");
    let gap = |node: &mut Node| {
        node.batches.push(batch(4, 6));
        node.end = 5;
    };
    says(audited(After::End, gap, nothing), "a gap");
}

#[test]
fn a_log_can_be_read() {
    let refuse = |node: &mut Node| node.fetch_code = ErrorCode::INVALID_REQUEST;
    says(audited(After::Kill, refuse, nothing), "reading from 0: INVALID_REQUEST");
    let busy = |node: &mut Node| node.fetch_code = ErrorCode::NOT_LEADER_OR_FOLLOWER;
    says(audited(After::Kill, busy, nothing), "it cannot be read from 0 on, its end is 4");
    let empty = |node: &mut Node| node.batches.clear();
    says(audited(After::Kill, empty, nothing), "it cannot be read from 0 on");
}

#[test]
fn a_wrong_checksum_needs_a_disk_that_has_damaged_that_batch() {
    let damage = |node: &mut Node| {
        let mut bytes = node.batches[2].to_vec();
        *bytes.last_mut().unwrap() ^= 1;
        node.batches[2] = bytes.into();
    };
    for after in ALL {
        says(audited(after, damage, nothing), "no disk has damaged what lies at 2");
    }
    let know = |known: &mut Known| known.partitions.get_mut(&(ID, 0)).unwrap().on_damage(2..3, 0);
    assert_eq!(audited(After::PowerLoss, damage, know), None);
    let before = |known: &mut Known| known.partitions.get_mut(&(ID, 0)).unwrap().on_damage(1..2, 0);
    says(audited(After::PowerLoss, damage, before), "no disk has damaged what lies at 2");
    let behind = |known: &mut Known| known.partitions.get_mut(&(ID, 0)).unwrap().on_damage(3..4, 0);
    says(audited(After::PowerLoss, damage, behind), "was promised, 2..3 is missing");
    // What lies before it is compared as ever.
    let swap = |node: &mut Node| {
        damage(node);
        node.batches[1] = batch(1, 5);
    };
    says(audited(After::PowerLoss, swap, know), "where 0.0.1 was");
}

#[test]
fn the_first_record_at_a_timestamp_is_found_in_the_end() {
    let late = |node: &mut Node| node.found = Some((3, 40));
    says(audited(After::End, late, nothing), "the node says Some((3, 40))");
    assert_eq!(audited(After::Kill, late, nothing), None, "others may be writing");
}

#[test]
fn what_was_committed_is_kept() {
    let commit = |known: &mut Known| {
        known.group.on_committing(0, 3);
        known.group.on_committed(1, 1, 0, 3).unwrap();
        for partition in 1..5 {
            known.group.on_committing(partition, 3);
        }
    };
    let at = |offset| move |node: &mut Node| node.committed = offset;
    assert_eq!(audited(After::Kill, at(3), commit), None);
    says(audited(After::Kill, at(2), commit), "partition 0 was committed to 3, read is 2");
    says(audited(After::Kill, at(-1), commit), "was committed to 3");
    says(audited(After::Kill, at(4), commit), "nobody went beyond 3");
}

#[test]
fn a_node_that_says_nothing_is_told() {
    let mut world = World::new(5);
    let node = Arc::new(Mutex::new(Node::new()));
    let servers = played::start(&mut world, &["node"], &node);
    world.kill("node");
    let history = History::new(world.trace().clone(), &servers);
    let env = world.start("auditor");
    let client = Client::of_cluster(env, servers, "auditor");
    world.complete("auditor", LIMIT, audit::run(client, history.clone(), After::Kill)).unwrap();
    says(history.violation(), "an audit gets no answer to Metadata");
}
