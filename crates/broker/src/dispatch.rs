//! From a frame to the API that answers it.
//!
//! Header, version, then one match over what is served. What Kafka answers to a version that it
//! does not know, and what it closes the connection for, is decided here and nowhere else.

use crate::api;
use crate::cost::Cost;
use crate::limits::DECODED_BYTES_FREE;
use crate::node::Node;
use crate::request::Context;
use crate::session::Session;
use bytes::Bytes;
use dohle_env::budget::Permit;
use dohle_env::clock::Instant;
use dohle_env::net::Pieces;
use dohle_protocol::api_key::ApiKey;
use dohle_protocol::frame;
use dohle_protocol::wire::{DecodeError, DecodeErrorKind, Few, Message, Parts, Reader, Request};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Poll};

/// A response frame in parts; what lies elsewhere under key `n` are the pieces `elsewhere[n]`.
#[derive(Debug)]
pub(crate) struct InParts {
    pub(crate) parts: Parts,
    pub(crate) elsewhere: Few<Pieces>,
}

/// What a request ended with.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A response frame in one piece.
    Send(Bytes),
    /// A response frame in parts. Boxed, because every reply is moved as often as this one.
    SendParts(Box<InParts>),
    /// acks=0: done, and nothing to say.
    Nothing,
    /// The connection ends; with the reason if there is one to log.
    Close(Option<String>),
    /// A reply, after which the connection takes nothing new for a while.
    Throttled { reply: Box<Reply>, wait_ms: i32 },
}

impl Reply {
    /// How long the client has to wait behind it, in milliseconds.
    pub(crate) fn wait_ms(&self) -> i32 {
        match self {
            Self::Throttled { wait_ms, .. } => *wait_ms,
            Self::Send(_) | Self::SendParts(_) | Self::Nothing | Self::Close(_) => 0,
        }
    }

    /// The same, for a client that has to wait behind it.
    pub(crate) fn throttled(self, wait_ms: i32) -> Self {
        if wait_ms <= 0 { self } else { Self::Throttled { reply: Box::new(self), wait_ms } }
    }
}

/// A request that has begun.
pub(crate) struct Handled {
    stage: Stage,
    /// Memory of the request's frame, and of what it was decoded into; given back with the reply.
    permits: [Option<Permit>; 2],
    /// What is to be told of the time that it takes.
    cost: Option<Arc<Cost>>,
    /// `None` for what was not understood.
    pub(crate) asked: Option<Asked>,
}

/// What is asked, and when it came how far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    pub(crate) key: ApiKey,
    pub(crate) version: i16,
    /// Of the frame.
    pub(crate) size_bytes: usize,
    /// The frame was there.
    pub(crate) came: Instant,
    /// Its turn had come.
    pub(crate) began: Instant,
    /// It was answered, or left with those who can answer.
    pub(crate) left: Option<Instant>,
}

enum Stage {
    Ready(Reply),
    /// Not submitted yet; the next request waits.
    Before(Pin<Box<dyn Future<Output = Handled> + Send>>),
    /// Submitted; the next request may begin.
    Produce(Box<api::produce::Waiting>),
    /// The same, of another kind.
    Submitted(Pin<Box<dyn Future<Output = Reply> + Send>>),
    /// Running; the next request waits.
    Later(Pin<Box<dyn Future<Output = Reply> + Send>>),
    /// The reply was taken.
    Over,
}

impl Handled {
    const fn at(stage: Stage) -> Self {
        Self { stage, permits: [None, None], cost: None, asked: None }
    }

    pub(crate) fn ready(reply: Reply) -> Self {
        Self::at(Stage::Ready(reply))
    }

    pub(crate) fn produce(waiting: api::produce::Waiting) -> Self {
        Self::at(Stage::Produce(Box::new(waiting)))
    }

    /// Something has to be known before the request can be submitted.
    pub(crate) fn before(future: impl Future<Output = Handled> + Send + 'static) -> Self {
        Self::at(Stage::Before(Box::pin(future)))
    }

    pub(crate) fn later(future: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::at(Stage::Later(Box::pin(future)))
    }

    /// What is asked has its place among all that is asked there: the next request may begin.
    pub(crate) fn submitted(future: impl Future<Output = Reply> + Send + 'static) -> Self {
        Self::at(Stage::Submitted(Box::pin(future)))
    }

    /// Keeps the permit of its frame until the reply is taken.
    pub(crate) fn holding(mut self, permit: Option<Permit>) -> Self {
        self.permits[0] = permit;
        self
    }

    /// The reply, once it is there. Not called again after that.
    pub(crate) fn poll_reply(&mut self, cx: &mut task::Context<'_>, now: Instant) -> Poll<Reply> {
        self.advance(cx, now);
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Ready(reply) => {
                self.permits = [None, None];
                Poll::Ready(reply)
            }
            running @ (Stage::Before(_)
            | Stage::Produce(_)
            | Stage::Submitted(_)
            | Stage::Later(_)
            | Stage::Over) => {
                self.stage = running;
                Poll::Pending
            }
        }
    }

    /// Lets a request that runs go on.
    pub(crate) fn advance(&mut self, cx: &mut task::Context<'_>, now: Instant) {
        match self.cost.clone() {
            None => self.go_on(cx, now),
            Some(cost) => {
                cost.resume();
                self.go_on(cx, now);
                cost.pause();
            }
        }
    }

    fn go_on(&mut self, cx: &mut task::Context<'_>, now: Instant) {
        while let Stage::Before(future) = &mut self.stage
            && let Poll::Ready(begun) = future.as_mut().poll(cx)
        {
            self.stage = begun.stage;
        }
        let reply = match &mut self.stage {
            Stage::Produce(waiting) => waiting.poll_reply(cx, now),
            Stage::Submitted(future) | Stage::Later(future) => future.as_mut().poll(cx),
            Stage::Before(_) | Stage::Ready(_) | Stage::Over => return,
        };
        if let Poll::Ready(reply) = reply {
            self.stage = Stage::Ready(reply);
        }
    }

    /// Whether the next request has to wait for this one.
    pub(crate) fn blocks_next(&self) -> bool {
        match &self.stage {
            Stage::Before(_) | Stage::Later(_) => true,
            Stage::Ready(Reply::Close(_) | Reply::Throttled { .. }) => true,
            Stage::Ready(Reply::Send(_) | Reply::SendParts(_) | Reply::Nothing)
            | Stage::Produce(_)
            | Stage::Submitted(_)
            | Stage::Over => false,
        }
    }

    /// When it has to be looked at again even if nothing happens.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.stage {
            Stage::Produce(waiting) => Some(waiting.deadline()),
            Stage::Before(_)
            | Stage::Submitted(_)
            | Stage::Later(_)
            | Stage::Ready(_)
            | Stage::Over => None,
        }
    }
}

/// A request whose turn has come.
pub(crate) struct Turn {
    pub(crate) frame: Bytes,
    /// What it may be decoded into; without one, into [`DECODED_BYTES_FREE`].
    pub(crate) permit: Option<Permit>,
    /// When it was there.
    pub(crate) came: Instant,
    pub(crate) began: Instant,
}

/// A request that takes more than [`DECODED_BYTES_FREE`] when it is decoded, and has no permit.
pub(crate) struct Larger {
    pub(crate) frame: Bytes,
}

/// Begins a request. What it is decoded into is held until it is answered; what takes too much of
/// that is not begun, or if it has a permit, refused.
pub(crate) fn begin(
    node: &Arc<Node>,
    session: &mut Session,
    turn: Turn,
) -> Result<Handled, Larger> {
    let most = turn.permit.as_ref().map_or(DECODED_BYTES_FREE, Permit::size_bytes);
    let mut reader = Reader::within(turn.frame, most);
    match begin_within(node, session, &mut reader, (turn.came, turn.began)) {
        Ok(mut handled) => {
            handled.permits[1] = turn.permit.map(|mut permit| {
                permit.shrink_to(reader.decoded_bytes());
                permit
            });
            Ok(handled)
        }
        Err(Unread { error, .. })
            if matches!(error.kind, DecodeErrorKind::TooLarge(_)) && turn.permit.is_none() =>
        {
            Err(Larger { frame: reader.into_frame() })
        }
        Err(Unread { what, error }) => Ok(close(format!("{what} that cannot be read: {error}"))),
    }
}

/// What cannot be read, and why.
struct Unread {
    what: String,
    error: DecodeError,
}

fn begin_within(
    node: &Arc<Node>,
    session: &mut Session,
    reader: &mut Reader,
    (came, began): (Instant, Instant),
) -> Result<Handled, Unread> {
    let size_bytes = reader.remaining();
    let cost = node.quotas.costs().then(|| Arc::new(Cost::begin(node.env.clock.clone())));
    let start = frame::read_request_start(reader)
        .map_err(|error| Unread { what: "a request header".to_owned(), error })?;
    let key = start.key;
    let of = session.listener.of;
    let Some(versions) = api::versions(key, of) else {
        return Ok(close(format!("{key:?} is not served")));
    };
    let context = Context {
        node: node.clone(),
        key,
        version: start.version,
        correlation_id: start.correlation_id,
        client_id: start.client_id.unwrap_or_default(),
        listener: session.listener.clone(),
        host: session.host.clone(),
        size_bytes,
        cost: cost.clone(),
    };
    if !versions.contains(&context.version) {
        if key == ApiKey::ApiVersions {
            return Ok(Handled::ready(api::api_versions::unsupported_version(context)));
        }
        return Ok(close(format!("version {} of {key:?} is not served", context.version)));
    }
    let version = context.version;
    let mut handled = route(context, session, reader).map_err(|error| Unread {
        what: format!("a {key:?} request, version {version},"),
        error,
    })?;
    if let Some(cost) = &cost {
        cost.pause();
    }
    handled.cost = cost;
    handled.asked = Some(Asked { key, version, size_bytes, came, began, left: None });
    Ok(handled)
}

fn close(why: String) -> Handled {
    Handled::ready(Reply::Close(Some(why)))
}

/// A handler that answers at once.
fn now<R: Request>(
    context: &Context,
    reader: &mut Reader,
    handle: impl FnOnce(&Context, R) -> R::Response,
) -> Result<Handled, DecodeError> {
    let request = R::decode(reader, context.version)?;
    Ok(Handled::ready(context.answer(handle(context, request))))
}

/// A handler that replies at once, or ends the connection.
fn replied<R: Request>(
    context: &Context,
    reader: &mut Reader,
    handle: impl FnOnce(&Context, R) -> Reply,
) -> Result<Handled, DecodeError> {
    let request = R::decode(reader, context.version)?;
    Ok(Handled::ready(handle(context, request)))
}

/// A handler that waits for something.
fn later<R, F>(
    context: Context,
    reader: &mut Reader,
    handle: impl FnOnce(Context, R) -> F,
) -> Result<Handled, DecodeError>
where
    R: Request,
    R::Response: Send,
    F: Future<Output = R::Response> + Send + 'static,
{
    replying(context, reader, handle).map(Handled::later)
}

/// Calls a handler; its reply is there once what comes back is awaited.
fn replying<R, F, H>(
    context: Context,
    reader: &mut Reader,
    handle: H,
) -> Result<impl Future<Output = Reply> + Send + 'static + use<R, F, H>, DecodeError>
where
    R: Request,
    R::Response: Send,
    F: Future<Output = R::Response> + Send + 'static,
    H: FnOnce(Context, R) -> F,
{
    let request = R::decode(reader, context.version)?;
    let answer = handle(context.clone(), request);
    Ok(async move { context.answer(answer.await) })
}

#[expect(clippy::wildcard_enum_match_arm, reason = "what is not here, `administration` has")]
fn route(
    context: Context,
    session: &mut Session,
    reader: &mut Reader,
) -> Result<Handled, DecodeError> {
    match context.key {
        ApiKey::Produce => {
            let request = Message::decode(reader, context.version)?;
            Ok(api::produce::begin(context, request))
        }
        ApiKey::Fetch => {
            let request = Message::decode(reader, context.version)?;
            Ok(Handled::later(api::fetch::handle(context, request)))
        }
        ApiKey::ApiVersions => now(&context, reader, |context, request| {
            api::api_versions::handle(context, session, request)
        }),
        ApiKey::GetTelemetrySubscriptions => now(&context, reader, |context, request| {
            api::telemetry::subscriptions(context, session, request)
        }),
        ApiKey::PushTelemetry => now(&context, reader, |context, request| {
            api::telemetry::push(context, session, request)
        }),
        ApiKey::Metadata => later(context, reader, api::metadata::handle),
        ApiKey::ListOffsets => later(context, reader, api::list_offsets::handle),
        ApiKey::OffsetCommit => {
            replying(context, reader, api::groups::offset_commit).map(Handled::submitted)
        }
        ApiKey::OffsetFetch => later(context, reader, api::groups::offset_fetch),
        ApiKey::OffsetDelete => later(context, reader, api::groups::offset_delete),
        ApiKey::FindCoordinator => later(context, reader, api::find_coordinator::handle),
        ApiKey::JoinGroup => later(context, reader, api::groups::join),
        ApiKey::SyncGroup => later(context, reader, api::groups::sync),
        ApiKey::Heartbeat => later(context, reader, api::groups::heartbeat),
        ApiKey::LeaveGroup => later(context, reader, api::groups::leave),
        ApiKey::ListGroups => later(context, reader, api::groups::list),
        ApiKey::DescribeGroups => later(context, reader, api::groups::describe),
        ApiKey::DeleteGroups => later(context, reader, api::groups::delete),
        ApiKey::ConsumerGroupHeartbeat => later(context, reader, api::groups::consumer_heartbeat),
        ApiKey::ConsumerGroupDescribe => later(context, reader, api::groups::consumer_describe),
        ApiKey::InitProducerId => later(context, reader, api::init_producer_id::handle),
        ApiKey::AddPartitionsToTxn => later(context, reader, api::transactions::add_partitions),
        ApiKey::AddOffsetsToTxn => later(context, reader, api::transactions::add_offsets),
        ApiKey::EndTxn => later(context, reader, api::transactions::end),
        ApiKey::WriteTxnMarkers => later(context, reader, api::transactions::write),
        ApiKey::TxnOffsetCommit => later(context, reader, api::transactions::offset_commit),
        ApiKey::DescribeTransactions => later(context, reader, api::transactions::describe),
        ApiKey::ListTransactions => later(context, reader, api::transactions::list),
        ApiKey::OffsetForLeaderEpoch => {
            later(context, reader, api::offset_for_leader_epoch::handle)
        }
        _ => administration(context, reader),
    }
}

/// What tools ask for.
#[expect(clippy::wildcard_enum_match_arm, reason = "of the 95 keys, those in `api::SERVED`")]
fn administration(context: Context, reader: &mut Reader) -> Result<Handled, DecodeError> {
    match context.key {
        ApiKey::CreateTopics => later(context, reader, api::create_topics::handle),
        ApiKey::DeleteTopics => later(context, reader, api::delete_topics::handle),
        ApiKey::DeleteRecords => later(context, reader, api::delete_records::handle),
        ApiKey::DescribeConfigs => now(&context, reader, api::configs::describe),
        ApiKey::AlterConfigs => later(context, reader, api::configs::alter),
        ApiKey::IncrementalAlterConfigs => {
            later(context, reader, api::configs::alter_incrementally)
        }
        ApiKey::AlterReplicaLogDirs => later(context, reader, api::alter_replica_log_dirs::handle),
        ApiKey::DescribeLogDirs => later(context, reader, api::describe_log_dirs::handle),
        ApiKey::CreatePartitions => later(context, reader, api::create_partitions::handle),
        ApiKey::DescribeQuorum => later(context, reader, api::describe_quorum::handle),
        ApiKey::UpdateFeatures => later(context, reader, api::update_features::handle),
        ApiKey::DescribeCluster => now(&context, reader, api::describe_cluster::handle),
        ApiKey::DescribeProducers => later(context, reader, api::describe_producers::handle),
        ApiKey::DescribeTopicPartitions => {
            now(&context, reader, api::describe_topic_partitions::handle)
        }
        ApiKey::ListConfigResources => now(&context, reader, api::list_config_resources::handle),
        ApiKey::DescribeClientQuotas => now(&context, reader, api::client_quotas::describe),
        ApiKey::AlterClientQuotas => later(context, reader, api::client_quotas::alter),
        ApiKey::DescribeUserScramCredentials => {
            now(&context, reader, api::scram_credentials::describe)
        }
        ApiKey::AlterUserScramCredentials => later(context, reader, api::scram_credentials::alter),
        ApiKey::DescribeAcls => replied(&context, reader, api::acls::describe),
        ApiKey::CreateAcls => replied(&context, reader, api::acls::create),
        ApiKey::DeleteAcls => replied(&context, reader, api::acls::delete),
        ApiKey::ElectLeaders => later(context, reader, api::elect_leaders::handle),
        ApiKey::AlterPartitionReassignments => later(context, reader, api::reassignments::alter),
        ApiKey::ListPartitionReassignments => now(&context, reader, api::reassignments::list),
        ApiKey::AssignReplicasToDirs => {
            later(context, reader, api::assign_replicas_to_dirs::handle)
        }
        ApiKey::UnregisterBroker => later(context, reader, api::unregister_broker::handle),
        unserved => Ok(close(format!("{unserved:?} is advertised and has no handler"))),
    }
}
