//! The listener of the controller (KIP-919).

use super::{Client, Node};
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::{
    ApiVersionsRequest, DescribeClusterRequest, DescribeQuorumRequest, MetadataRequest,
};

const BROKERS: i8 = 1;
const CONTROLLERS: i8 = 2;

fn describe(client: &mut Client, endpoint_type: i8) -> (ErrorCode, i32, Vec<(i32, i32)>) {
    let request = DescribeClusterRequest { endpoint_type, ..DescribeClusterRequest::default() };
    let answer = client.ask(1, &request);
    let nodes = answer.brokers.iter().map(|node| (node.broker_id, node.port)).collect();
    (answer.error_code, answer.controller_id, nodes)
}

#[test]
fn a_controller_tells_of_controllers_and_serves_what_needs_no_broker() {
    let node = Node::start(&[]);
    let mut controller = Client::connect(node.controller);
    let mut broker = node.connect();

    let keys = |client: &mut Client| -> Vec<i16> {
        let answer = client.ask(0, &ApiVersionsRequest::default());
        answer.api_keys.iter().map(|api| api.api_key).collect()
    };
    let (of_controller, of_broker) = (keys(&mut controller), keys(&mut broker));
    for key in [ApiKey::Produce, ApiKey::Metadata, ApiKey::JoinGroup] {
        assert!(of_broker.contains(&(key as i16)), "{key:?}");
        assert!(!of_controller.contains(&(key as i16)), "{key:?}");
    }
    for key in [ApiKey::ApiVersions, ApiKey::DescribeQuorum, ApiKey::CreateTopics] {
        assert!(of_controller.contains(&(key as i16)), "{key:?}");
    }

    let mismatched = (ErrorCode::MISMATCHED_ENDPOINT_TYPE, -1, vec![]);
    let port = i32::from(node.controller.port());
    assert_eq!(describe(&mut controller, CONTROLLERS), (ErrorCode::NONE, 1, vec![(1, port)]));
    assert_eq!(describe(&mut controller, BROKERS), mismatched);
    assert_eq!(describe(&mut broker, CONTROLLERS), mismatched);

    // A voter's endpoint is the one that it has registered with.
    let quorum = controller.ask(2, &quorum_request());
    assert_eq!(quorum.topics[0].partitions[0].leader_id, 1);
    assert_eq!(quorum.nodes[0].listeners[0].port, node.controller.port());

    assert_eq!(controller.create_topic("made-by-the-controller", 1, &[]), ErrorCode::NONE);
    assert_eq!(broker.produce(-1, "made-by-the-controller", &[0], &super::batch(1, 10)).len(), 1);

    controller.send(12, &MetadataRequest::default());
    assert!(controller.is_closed(), "Metadata is nothing for a controller");
}

fn quorum_request() -> DescribeQuorumRequest {
    use dohle_protocol::messages::describe_quorum_request::{PartitionData, TopicData};
    let partitions = vec![PartitionData { partition_index: 0, ..PartitionData::default() }];
    let topic =
        TopicData { topic_name: "__cluster_metadata".into(), partitions, ..TopicData::default() };
    DescribeQuorumRequest { topics: vec![topic], ..DescribeQuorumRequest::default() }
}
