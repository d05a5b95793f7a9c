//! What is encoded decodes to itself, whatever it holds.

use std::fmt::Debug;

use bytes::Bytes;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::fetch_response::{
    AbortedTransaction, FetchableTopicResponse, LeaderIdAndEpoch, PartitionData,
};
use dohle_protocol::messages::metadata_request::MetadataRequestTopic;
use dohle_protocol::messages::produce_request::{PartitionProduceData, TopicProduceData};
use dohle_protocol::messages::{FetchResponse, MetadataRequest, ProduceRequest};
use dohle_protocol::wire::{Message, Reader, Records, Text, UnknownTags, Writer};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

/// The newest version keeps every field, all others at least decode to what encodes the same.
fn check<M: Message + Debug>(message: &M) -> Result<(), TestCaseError> {
    for version in M::LOWEST_VERSION..=M::HIGHEST_VERSION {
        let bytes = encoded(message, version);
        let mut reader = Reader::new(bytes.clone());
        let decoded = M::decode(&mut reader, version).unwrap();
        prop_assert_eq!(reader.remaining(), 0);
        prop_assert_eq!(&encoded(&decoded, version), &bytes);
    }
    Ok(())
}

fn encoded<M: Message>(message: &M, version: i16) -> Bytes {
    let size_bytes = message.encoded_size(version);
    let mut writer = Writer::with_capacity(size_bytes);
    message.encode(&mut writer, version);
    let bytes = writer.into_bytes();
    assert_eq!(bytes.len(), size_bytes);
    bytes
}

fn text() -> impl Strategy<Value = Text> {
    ".{0,40}".prop_map(Text::from)
}

fn records() -> impl Strategy<Value = Option<Records>> {
    option::of(vec(any::<u8>(), 0..3000).prop_map(|bytes| Records::Bytes(Bytes::from(bytes))))
}

fn uuid() -> impl Strategy<Value = Uuid> {
    any::<[u8; 16]>().prop_map(Uuid)
}

fn tags() -> impl Strategy<Value = UnknownTags> {
    vec((100..u32::MAX, vec(any::<u8>(), 0..200)), 0..4).prop_map(|fields| {
        let mut tags = UnknownTags::default();
        for (tag, data) in fields {
            tags.insert(tag, Bytes::from(data));
        }
        tags
    })
}

fn produce() -> impl Strategy<Value = ProduceRequest> {
    let partition = (any::<i32>(), records(), tags()).prop_map(|(index, records, unknown_tags)| {
        PartitionProduceData { index, records, unknown_tags }
    });
    let topic =
        (text(), uuid(), vec(partition, 0..4)).prop_map(|(name, topic_id, partition_data)| {
            TopicProduceData {
                name,
                topic_id,
                partition_data: partition_data.into(),
                ..TopicProduceData::default()
            }
        });
    (option::of(text()), any::<i16>(), any::<i32>(), vec(topic, 0..4), tags()).prop_map(
        |(transactional_id, acks, timeout_ms, topic_data, unknown_tags)| ProduceRequest {
            transactional_id,
            acks,
            timeout_ms,
            topic_data: topic_data.into(),
            unknown_tags,
        },
    )
}

fn fetched() -> impl Strategy<Value = FetchResponse> {
    let aborted = (any::<i64>(), any::<i64>()).prop_map(|(producer_id, first_offset)| {
        AbortedTransaction { producer_id, first_offset, ..AbortedTransaction::default() }
    });
    let leader =
        (any::<i32>(), any::<i32>(), tags()).prop_map(|(leader_id, leader_epoch, unknown_tags)| {
            LeaderIdAndEpoch { leader_id, leader_epoch, unknown_tags }
        });
    let partition = (any::<i16>(), any::<i64>(), option::of(vec(aborted, 0..3)), leader, records())
        .prop_map(|(code, high_watermark, aborted_transactions, current_leader, records)| {
            PartitionData {
                error_code: ErrorCode(code),
                high_watermark,
                aborted_transactions,
                current_leader,
                records,
                ..PartitionData::default()
            }
        });
    let topic =
        (text(), vec(partition, 0..4)).prop_map(|(topic, partitions)| FetchableTopicResponse {
            topic,
            partitions: partitions.into(),
            ..FetchableTopicResponse::default()
        });
    (any::<i32>(), vec(topic, 0..3)).prop_map(|(session_id, responses)| FetchResponse {
        session_id,
        responses: responses.into(),
        ..FetchResponse::default()
    })
}

fn metadata() -> impl Strategy<Value = MetadataRequest> {
    let topic = (uuid(), option::of(text()), tags()).prop_map(|(topic_id, name, unknown_tags)| {
        MetadataRequestTopic { topic_id, name, unknown_tags }
    });
    (option::of(vec(topic, 0..5)), any::<bool>()).prop_map(|(topics, allow_auto_topic_creation)| {
        MetadataRequest { topics, allow_auto_topic_creation, ..MetadataRequest::default() }
    })
}

proptest! {
    #[test]
    fn produce_requests_survive(message in produce()) {
        check(&message)?;
    }

    #[test]
    fn fetch_responses_survive(message in fetched()) {
        check(&message)?;
    }

    #[test]
    fn metadata_requests_survive(message in metadata()) {
        check(&message)?;
        let newest = MetadataRequest::HIGHEST_VERSION;
        let decoded = MetadataRequest::decode(&mut Reader::new(encoded(&message, newest)), newest);
        prop_assert_eq!(decoded, Ok(message));
    }
}

#[test]
fn a_text_too_long_for_the_wire_is_cut_between_characters() {
    let message = MetadataRequest {
        topics: Some(vec![MetadataRequestTopic {
            name: Some("ä".repeat(20_000).into()),
            ..MetadataRequestTopic::default()
        }]),
        ..MetadataRequest::default()
    };
    for version in [0, 13] {
        let bytes = encoded(&message, version);
        let decoded = MetadataRequest::decode(&mut Reader::new(bytes), version).unwrap();
        let topics = decoded.topics.unwrap();
        assert_eq!(topics[0].name.as_ref().unwrap().as_bytes().len(), 32_766);
    }
}
