//! What a group coordinator is asked, and what it answers.

use dohle_metadata::controller::Seed;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;

/// A request, and what it needs to be decided on.
#[derive(Debug)]
pub struct Asked {
    /// Who waits for the answer.
    pub token: Token,
    /// The version of the request: it says what the client can understand.
    pub version: i16,
    /// Where member ids are drawn from.
    pub seed: Seed,
    /// Who asks.
    pub client: Client,
    /// What is asked.
    pub request: Request,
}

/// A client, as groups remember their members.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// What it calls itself; may be empty.
    pub id: Text,
    /// Its address as Java writes it: `/127.0.0.1`.
    pub host: Text,
}

/// A request about one group. Requests about several are taken apart by who asks.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the request of that name")]
pub enum Request {
    JoinGroup(m::JoinGroupRequest),
    SyncGroup(m::SyncGroupRequest),
    Heartbeat(m::HeartbeatRequest),
    LeaveGroup(m::LeaveGroupRequest),
    /// Topic names and ids are both set where both are known.
    OffsetCommit(m::OffsetCommitRequest),
    /// Written in the producer's transaction.
    TxnOffsetCommit(m::TxnOffsetCommitRequest),
    /// With `require_stable`: offsets of open transactions make it wait (KIP-447).
    OffsetFetch(m::offset_fetch_request::OffsetFetchRequestGroup, bool),
    OffsetDelete(m::OffsetDeleteRequest),
    /// All groups of this log that pass the filters.
    ListGroups(m::ListGroupsRequest),
    DescribeGroup(Text),
    DeleteGroup(Text),
    ConsumerGroupHeartbeat(m::ConsumerGroupHeartbeatRequest),
    ConsumerGroupDescribe(Text),
}

/// The answer to the request of the same name.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each answers the request of that name")]
pub enum Answer {
    JoinGroup(m::JoinGroupResponse),
    SyncGroup(m::SyncGroupResponse),
    Heartbeat(m::HeartbeatResponse),
    LeaveGroup(m::LeaveGroupResponse),
    OffsetCommit(m::OffsetCommitResponse),
    TxnOffsetCommit(m::TxnOffsetCommitResponse),
    OffsetFetch(m::offset_fetch_response::OffsetFetchResponseGroup),
    OffsetDelete(m::OffsetDeleteResponse),
    ListGroups(Vec<m::list_groups_response::ListedGroup>),
    DescribeGroup(m::describe_groups_response::DescribedGroup),
    DeleteGroup(ErrorCode),
    ConsumerGroupHeartbeat(m::ConsumerGroupHeartbeatResponse),
    ConsumerGroupDescribe(m::consumer_group_describe_response::DescribedGroup),
}
