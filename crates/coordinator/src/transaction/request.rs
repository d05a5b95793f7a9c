//! What a transaction coordinator is asked, what it answers, and what it has done elsewhere.

use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::Text;
use dohle_replication::machine::{ProducerIdAndEpoch, Token};

/// A request, and what it needs to be decided on.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Who waits for the answer.
    pub token: Token,
    /// The version of the request of the same name in the protocol: it says which transactions
    /// the client knows (KIP-890).
    pub version: i16,
    /// An unused producer id of this node, if one was drawn: see [`Answer::NeedsProducerId`].
    pub fresh_producer_id: Option<i64>,
    /// What is asked.
    pub request: Request,
}

/// A request about one transactional id.
#[derive(Clone, Debug)]
#[allow(missing_docs, reason = "each is the request of that name")]
pub enum Request {
    InitProducerId(m::InitProducerIdRequest),
    AddPartitions {
        transactional_id: Text,
        producer: ProducerIdAndEpoch,
        partitions: Vec<TopicPartition>,
        /// Only asked whether they belong to the transaction already.
        verify_only: bool,
    },
    EndTxn(m::EndTxnRequest),
    Describe(Text),
    /// All transactions of this log that pass the filters.
    List(m::ListTransactionsRequest),
}

/// A partition by name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Text,
    /// The partition's number in it.
    pub partition: i32,
}

/// The answer to the request of the same name.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each answers the request of that name")]
pub enum Answer {
    InitProducerId(m::InitProducerIdResponse),
    /// By partition, in the order of the request.
    AddPartitions(Vec<ErrorCode>),
    EndTxn(m::EndTxnResponse),
    Describe(m::describe_transactions_response::TransactionState),
    List(Vec<m::list_transactions_response::TransactionState>),
    /// Ask again with a fresh producer id: this request needs one.
    NeedsProducerId,
    /// The request as a whole is refused.
    Refused(ErrorCode),
}

/// What is done elsewhere once the records are committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// The end of a transaction is written to all its partitions, again and again until it is.
    WriteMarkers(Markers),
    /// A transaction of this id has taken too long, and the next epoch of its producer does not
    /// exist: a producer id is drawn. It comes back with
    /// [`Command::ProducerIdDrawn`](super::Command::ProducerIdDrawn).
    DrawProducerId(Text),
}

/// The end of a transaction, on its way to its partitions. It comes back with
/// [`Command::MarkersWritten`](super::Command::MarkersWritten).
#[derive(Clone, Debug, PartialEq)]
pub struct Markers {
    /// Whose transaction ends.
    pub transactional_id: Text,
    /// Who wrote it; the epoch is the one that the markers carry.
    pub producer: ProducerIdAndEpoch,
    /// The epoch of the coordinator: that of its log's leader.
    pub coordinator_epoch: i32,
    /// Whether what was written now holds.
    pub committed: bool,
    /// 2 where each transaction has an epoch of its own (KIP-890).
    pub transaction_version: i8,
    /// Where it has written.
    pub partitions: Vec<TopicPartition>,
}
