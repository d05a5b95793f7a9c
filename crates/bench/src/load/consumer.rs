//! A member of a consumer group (KIP-848): it heartbeats when the server asks it to, takes over
//! what it is assigned, and says so at once, as Kafka's Java client does.

use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::ConsumerGroupHeartbeatRequest;
use dohle_protocol::messages::consumer_group_heartbeat_request::TopicPartitions;
use dohle_protocol::wire::Text;

use super::crowd::{GroupMember, Member};
use super::{Answer, Line, broken};

const HEARTBEAT_VERSION: i16 = 1;
/// `max.poll.interval.ms` of the Java client.
const REBALANCE_TIMEOUT_MS: i32 = 300_000;
/// Before the coordinator is asked again.
const RETRY_BACKOFF: Duration = Duration::from_millis(100);

/// One member; it may be of one group after the other.
pub(crate) struct ConsumerMember {
    line: Line,
    topic: Text,
    group: Text,
    member_id: Text,
    epoch: i32,
    owned: Vec<i32>,
    topic_id: Uuid,
    /// Its next heartbeat tells what it owns.
    tells_owned: bool,
    due: Option<Instant>,
    /// What it was last answered, if that passes.
    last_error: Option<ErrorCode>,
}

impl ConsumerMember {
    pub(crate) fn new(line: Line, topic: Text) -> Self {
        Self {
            line,
            topic,
            group: Text::default(),
            member_id: Text::default(),
            epoch: 0,
            owned: Vec::new(),
            topic_id: Uuid::ZERO,
            tells_owned: false,
            due: None,
            last_error: None,
        }
    }

    fn heartbeat(&mut self) -> io::Result<()> {
        let joins = self.epoch == 0;
        let owned = TopicPartitions {
            topic_id: self.topic_id,
            partitions: self.owned.clone(),
            ..TopicPartitions::default()
        };
        let owned = if self.owned.is_empty() { Vec::new() } else { vec![owned] };
        let request = ConsumerGroupHeartbeatRequest {
            group_id: self.group.clone(),
            member_id: self.member_id.clone(),
            member_epoch: self.epoch,
            rebalance_timeout_ms: if joins { REBALANCE_TIMEOUT_MS } else { -1 },
            subscribed_topic_names: joins.then(|| vec![self.topic.clone()]),
            topic_partitions: (joins || self.tells_owned).then_some(owned),
            ..ConsumerGroupHeartbeatRequest::default()
        };
        self.due = None;
        self.line.ask(HEARTBEAT_VERSION, &request)
    }
}

impl GroupMember for ConsumerMember {
    fn join(&mut self, group: &str, id: &str) -> io::Result<()> {
        self.group = group.into();
        self.member_id = id.into();
        self.epoch = 0;
        self.owned.clear();
        self.tells_owned = false;
        self.heartbeat()
    }

    fn member_id(&self) -> &Text {
        &self.member_id
    }

    fn owned(&self) -> Option<(i32, &[i32])> {
        (!self.tells_owned && self.epoch > 0).then_some((self.epoch, self.owned.as_slice()))
    }

    fn into_line(self) -> Line {
        self.line
    }
}

impl Member for ConsumerMember {
    fn line(&self) -> &Line {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Line {
        &mut self.line
    }

    fn rest(&mut self) {
        self.due = None;
    }

    fn state(&self) -> String {
        match self.last_error {
            Some(code) => format!("held up by {code:?}"),
            None => format!("in epoch {} with {} partitions", self.epoch, self.owned.len()),
        }
    }

    fn hear(&mut self, answer: Answer, now: Instant) -> io::Result<()> {
        let answer = answer.read::<ConsumerGroupHeartbeatRequest>()?;
        match answer.error_code {
            ErrorCode::NONE => self.last_error = None,
            code @ (ErrorCode::COORDINATOR_LOAD_IN_PROGRESS
            | ErrorCode::COORDINATOR_NOT_AVAILABLE
            | ErrorCode::NOT_COORDINATOR) => {
                self.last_error = Some(code);
                self.due = Some(now + RETRY_BACKOFF);
                return Ok(());
            }
            code => {
                return Err(broken(format!(
                    "a heartbeat to group {} in epoch {} was answered with {code:?}: {}",
                    self.group,
                    self.epoch,
                    answer.error_message.as_deref().unwrap_or_default(),
                )));
            }
        }
        self.tells_owned = false;
        self.epoch = answer.member_epoch;
        if let Some(assignment) = answer.assignment {
            let mut owned = Vec::new();
            for topic in assignment.topic_partitions {
                self.topic_id = topic.topic_id;
                owned.extend(topic.partitions);
            }
            owned.sort_unstable();
            if owned != self.owned {
                self.owned = owned;
                self.tells_owned = true;
                return self.heartbeat();
            }
        }
        let interval = u64::try_from(answer.heartbeat_interval_ms).unwrap_or_default();
        self.due = Some(now + Duration::from_millis(interval.max(1)));
        Ok(())
    }

    fn due(&self) -> Option<Instant> {
        self.due
    }

    fn speak(&mut self) -> io::Result<()> {
        self.heartbeat()
    }
}
