//! A consumer's membership of its group: what both protocols of groups promise to the consumer.
//!
//! The consumer asks for the [`Step`] that is next and does it; which protocol says so is known only
//! here. A step that was given and not done, since whoever polled went away, is given again.

use super::{ConsumerConfig, classic, consumer_protocol};
use crate::Error;
use crate::admin::CommittedOffset;
use crate::cluster::{Client, Topics};
use crate::metadata::TopicPartition;
use crate::wait::Bell;
use dohle_env::clock::Instant;
use dohle_protocol::ErrorCode;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// By which protocol a consumer belongs to its group (`group.protocol`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum GroupProtocol {
    /// Members share out among themselves.
    #[default]
    Classic,
    /// The coordinator shares out, and members follow one by one (KIP-848).
    Consumer,
}

impl GroupProtocol {
    /// The protocol that is called so, in whatever case.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let all = [Self::Classic, Self::Consumer];
        all.into_iter().find(|one| one.to_string().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for GroupProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Classic => "CLASSIC",
            Self::Consumer => "CONSUMER",
        })
    }
}

/// What a consumer subscribes to.
#[derive(Clone)]
pub enum Subscribed {
    /// These topics.
    Topics(Vec<Text>),
    /// The topics that a rule finds among all names.
    Matching(Arc<dyn Fn(&str) -> bool + Send + Sync>),
    /// The topics whose whole names an expression matches (RE2), as the coordinator finds them: only
    /// [`GroupProtocol::Consumer`] can say so.
    Pattern(Text),
}

/// What a member is to do next with what it holds.
pub(super) enum Step {
    /// Nothing.
    Rest,
    /// It gives up all but what it keeps, and says so by [`Membership::gave_up`].
    GiveUp {
        keeps: Vec<TopicPartition>,
        /// Nobody else can have had it yet: where it is may be committed first.
        is_ours: bool,
    },
    /// It has these from now on. What it held and keeps stands where it is.
    Take(Vec<TopicPartition>),
}

/// Who commits, and who asks for what was committed.
#[derive(Clone, Debug)]
pub(crate) struct Seat {
    pub(crate) member_id: Text,
    /// Its generation or epoch; -1 outside.
    pub(crate) epoch: i32,
}

/// A member of a group, as a producer has to name it that commits offsets for it
/// (`ConsumerGroupMetadata` of Kafka's Java client).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMetadata {
    /// The group.
    pub group: Text,
    /// The generation or epoch of the member; -1 for nobody in particular.
    pub generation: i32,
    /// The member's id.
    pub member_id: Text,
    /// What it calls itself if it is static.
    pub instance_id: Option<Text>,
}

impl GroupMetadata {
    /// Nobody in particular: offsets are committed to the group whoever is in it.
    #[must_use]
    pub fn of_group(group: impl Into<Text>) -> Self {
        let (group, member_id) = (group.into(), Text::default());
        Self { group, generation: -1, member_id, instance_id: None }
    }
}

/// A commit by a member.
pub(super) type Committing = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A membership, by either protocol.
pub(super) enum Membership {
    Classic(Box<classic::Member>),
    Consumer(consumer_protocol::Member),
}

impl Membership {
    /// The membership of a consumer that subscribes to this; `wake` rings when there is a step to do.
    pub(super) fn new(
        client: Client,
        config: Arc<ConsumerConfig>,
        group: Text,
        subscribed: Subscribed,
        wake: Bell,
    ) -> Self {
        match config.group_protocol {
            GroupProtocol::Classic => {
                Self::Classic(Box::new(classic::Member::new(client, config, group, subscribed)))
            }
            GroupProtocol::Consumer => Self::Consumer(consumer_protocol::Member::new(
                client, config, group, subscribed, wake,
            )),
        }
    }

    /// Wants other topics from now on.
    pub(super) fn subscribe(&mut self, to: Subscribed) {
        match self {
            Self::Classic(member) => member.subscribe(to),
            Self::Consumer(member) => member.subscribe(to),
        }
    }

    /// The generation or epoch that it has; -1 outside.
    pub(super) fn generation(&self) -> i32 {
        match self {
            Self::Classic(member) => member.generation(),
            Self::Consumer(member) => member.epoch(),
        }
    }

    /// Looks after the group, and says what is to be done next; waits for the group until `deadline`
    /// at most.
    ///
    /// # Errors
    /// What ends the membership for good, again and again; or a try of joining that has failed, and the
    /// next call is another.
    pub(super) async fn next(&mut self, deadline: Instant) -> Result<Step, Error> {
        match self {
            Self::Classic(member) => member.next(deadline).await,
            Self::Consumer(member) => member.next(),
        }
    }

    /// All but what [`Step::GiveUp`] let it keep is given up.
    pub(super) fn gave_up(&mut self) {
        match self {
            Self::Classic(member) => member.gave_up(),
            Self::Consumer(member) => member.gave_up(),
        }
    }

    /// Commits offsets as this member, whoever waits for it.
    pub(super) fn commit(&self, offsets: &BTreeMap<TopicPartition, CommittedOffset>) -> Committing {
        match self {
            Self::Classic(member) => Box::pin(member.commit(offsets)),
            Self::Consumer(member) => Box::pin(member.commit(offsets)),
        }
    }

    /// Where it sits in its group, or sat last; `None` before it was let in. Who was put out goes by its
    /// old seat, which the coordinator refuses: without any it would count as somebody outside, whom
    /// nobody fences.
    pub(super) fn last_seat(&self) -> Option<Seat> {
        match self {
            Self::Classic(member) => member.last_seat(),
            Self::Consumer(member) => member.last_seat(),
        }
    }

    /// As whom it asks for what the group has committed; anybody may, where this says nothing.
    pub(super) fn reads_as(&self) -> Option<Seat> {
        match self {
            Self::Classic(_) => None,
            Self::Consumer(member) => member.seat(),
        }
    }

    /// Leaves; a static member stays, so that it may come back.
    pub(super) async fn leave(self) {
        match self {
            Self::Classic(member) => member.leave().await,
            Self::Consumer(member) => member.leave().await,
        }
    }
}

/// The topics that are wanted and exist, with how many partitions each has.
pub(super) async fn wanted_topics(
    client: &Client,
    subscribed: &Subscribed,
    may_create: bool,
    deadline: Instant,
) -> Result<BTreeMap<Text, usize>, Error> {
    let answer = match subscribed {
        Subscribed::Topics(names) if may_create => {
            client.learn(Topics::NamedOrCreated(names), deadline).await?
        }
        Subscribed::Topics(names) => client.learn(Topics::Named(names), deadline).await?,
        Subscribed::Matching(_) => client.learn(Topics::All, deadline).await?,
        Subscribed::Pattern(_) => {
            return Err(Error::Usage(format!(
                "Subscribe to RE2/J pattern is not supported when using the {} protocol defined in \
                 config group.protocol",
                GroupProtocol::Classic
            )));
        }
    };
    let mut wanted = BTreeMap::new();
    for topic in answer.topics {
        let name = topic.name.unwrap_or_default().detached();
        let is_wanted = match subscribed {
            Subscribed::Topics(_) => true,
            Subscribed::Matching(rule) => rule(&name),
            Subscribed::Pattern(_) => false,
        };
        if topic.error_code == ErrorCode::TOPIC_AUTHORIZATION_FAILED && is_wanted {
            return Err(topic.error_code.into());
        }
        if is_wanted && !topic.error_code.is_error() {
            wanted.insert(name, topic.partitions.len());
        }
    }
    Ok(wanted)
}
