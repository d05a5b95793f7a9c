//! The coordinators of this node: which partition has a key's machine, and how it is asked.
//!
//! A machine lives in the partition of an internal topic that its key's hash names. It is loaded
//! when this node begins to lead the partition (`loading`), and asked through the partition's
//! strand. What is coordinated, this module does not know.

mod loading;
mod transaction_markers;

use crate::node::{Node, View};
use crate::partition::Partition;
use crate::partition::carrier::Carrier;
use crate::partition::command::Command;
use crate::topic::Topic;
use dohle_coordinator::group::GroupCoordinator;
use dohle_coordinator::transaction::TransactionCoordinator;
use dohle_coordinator::{Coordinated, Surroundings, partition_for};
use dohle_env::gather::{Answer, Gather, Slot};
use dohle_env::strand::Strand;
use dohle_metadata::Changes;
use dohle_metadata::config::{Layers, ResourceKind};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::record::compression::{Codec, Compression};
use dohle_protocol::wire::Text;
use dohle_replication::machine::Token;
use dohle_storage::Log;
use dohle_storage::producers::Guard;
use std::io;
use std::sync::Arc;

pub(crate) use loading::load;
#[cfg(test)]
pub(crate) use loading::{Loaded, read_on};

/// A machine that this node can carry: what it begins elsewhere is begun here.
pub(crate) trait Served: Coordinated<Answer: Send, Effect: Send, Command: Send> {
    /// Begins an effect whose records are committed.
    fn begin(node: &Arc<Node>, partition: &Arc<Strand<Partition>>, effect: Self::Effect);

    /// What its batches are packed with.
    fn compression(_configs: Layers<'_>) -> Compression {
        Compression::NONE
    }
}

impl Served for GroupCoordinator {
    fn begin(_: &Arc<Node>, _: &Arc<Strand<Partition>>, effect: Self::Effect) {
        match effect {}
    }

    fn compression(configs: Layers<'_>) -> Compression {
        let number = configs.value("offsets.topic.compression.codec").integer();
        let codec = u8::try_from(number).ok().and_then(Codec::from_id);
        Compression::of(codec.unwrap_or(Codec::None))
    }
}

/// The partition that has `key`'s machine.
pub(crate) fn find<M: Served>(view: &View, key: &str) -> Result<Arc<Strand<Partition>>, ErrorCode> {
    let topic = view.topic(&Text::from_static(M::TOPIC)).ok_or(ErrorCode::NOT_COORDINATOR)?;
    let index = partition_for(key, topic.partitions.len());
    topic.find(index).cloned().map_err(|error| match error {
        ErrorCode::KAFKA_STORAGE_ERROR => ErrorCode::COORDINATOR_NOT_AVAILABLE,
        _ => ErrorCode::NOT_COORDINATOR,
    })
}

/// Asks the machine of `key`, at once; its answer is waited for by who awaits what comes back.
///
/// # Errors
/// `NOT_COORDINATOR` if another node has it, `COORDINATOR_LOAD_IN_PROGRESS` while it is loaded.
pub(crate) fn ask<M: Served, C: FnOnce(Token) -> M::Command + Send + 'static>(
    node: &Node,
    key: &str,
    command: C,
) -> impl Future<Output = Result<M::Answer, ErrorCode>> + Send + use<M, C> {
    ask_behind::<M, C>(node, key, command, None)
}

/// Asks for records in a client's transaction: `guard` is what its coordinator has confirmed, if it
/// had to be asked.
///
/// # Errors
/// As [`ask`].
pub(crate) fn ask_behind<M: Served, C: FnOnce(Token) -> M::Command + Send + 'static>(
    node: &Node,
    key: &str,
    command: C,
    guard: Option<Guard>,
) -> impl Future<Output = Result<M::Answer, ErrorCode>> + Send + use<M, C> {
    let asked = find::<M>(&node.view(), key).map(|partition| {
        let gather = Gather::with_capacity(1);
        submit::<M>(&partition, command, gather.slot(), guard);
        gather
    });
    async move { asked?.all().await.pop().map_or(Err(ErrorCode::NOT_COORDINATOR), said) }
}

/// What became of a question: who had it is gone if the partition went away, or its leadership did.
pub(crate) fn said<A>(answer: Answer<Result<A, ErrorCode>>) -> Result<A, ErrorCode> {
    match answer {
        Answer::Filled(answer) => answer,
        Answer::Gone | Answer::Missing => Err(ErrorCode::NOT_COORDINATOR),
    }
}

/// Asks every machine of this kind that this node has, and gathers what they answer.
pub(crate) async fn ask_all<M: Served>(
    node: &Node,
    command: impl Fn(Token) -> M::Command + Clone + Send + 'static,
) -> Vec<Result<M::Answer, ErrorCode>> {
    let view = node.view();
    let Some(topic) = view.topic(&Text::from_static(M::TOPIC)) else { return Vec::new() };
    let gather = Gather::with_capacity(topic.partitions.len());
    for partition in here(topic) {
        submit::<M>(partition, command.clone(), gather.slot(), None);
    }
    gather.all().await.into_iter().map(said).collect()
}

fn submit<M: Served>(
    partition: &Arc<Strand<Partition>>,
    command: impl FnOnce(Token) -> M::Command + Send + 'static,
    slot: Slot<Result<M::Answer, ErrorCode>>,
    guard: Option<Guard>,
) {
    partition.submit(question::<M>(command, slot, guard));
}

/// A question to the machine of a partition; the answer to `slot` where there is none.
pub(crate) fn question<M: Served>(
    command: impl FnOnce(Token) -> M::Command + Send + 'static,
    slot: Slot<Result<M::Answer, ErrorCode>>,
    guard: Option<Guard>,
) -> Command {
    Command::Decide(Box::new(move |partition, effects| {
        let now = partition.timestamp();
        let asked = match partition.carrier::<M>() {
            Ok((carrier, log)) => {
                carrier.behind(guard);
                carrier.ask(log, now, command, slot)
            }
            Err(error) => {
                slot.fill(Err(error));
                Ok(())
            }
        };
        if let Err(error) = asked {
            partition.go_offline(error, effects);
        }
    }))
}

/// Tells a machine something that nobody waits for, if it is still there.
pub(crate) fn tell<M: Served>(
    partition: &Arc<Strand<Partition>>,
    command: impl FnOnce() -> M::Command + Send + 'static,
) {
    with_machine::<M>(partition, |carrier, log, now| carrier.decide(log, now, command()));
}

/// Runs `then` in a turn of the partition, if the machine is still there.
fn with_machine<M: Served>(
    partition: &Arc<Strand<Partition>>,
    then: impl FnOnce(&mut Carrier<M>, &mut Log, i64) -> io::Result<()> + Send + 'static,
) {
    partition.submit(Command::Decide(Box::new(move |partition, effects| {
        let now = partition.timestamp();
        let done = match partition.carrier::<M>() {
            Ok((carrier, log)) => then(carrier, log, now),
            Err(_) => Ok(()),
        };
        if let Err(error) = done {
            partition.go_offline(error, effects);
        }
    })));
}

/// What machines of this kind are told of the cluster.
#[derive(Clone)]
pub(crate) struct Surrounded<K> {
    pub(crate) known: K,
    pub(crate) compression: Compression,
}

impl<K> Surrounded<K> {
    /// What a view says.
    pub(crate) fn of<M: Served<Known = K>>(
        node: &Node,
        view: &View,
        topics_deleted: &[Text],
    ) -> Self {
        let image = &view.image;
        node.with_layers(image, |configs| Self {
            known: M::known(Surroundings { image, configs, topics_deleted }),
            compression: M::compression(configs),
        })
    }
}

/// Tells all machines of this node that the cluster has changed, once the new view is published.
pub(crate) fn surround(node: &Node, changes: &Changes) {
    let is_known = |kind: ResourceKind| matches!(kind, ResourceKind::Broker | ResourceKind::Group);
    let is_about_them = !changes.topics_created.is_empty()
        || !changes.topics_deleted.is_empty()
        || !changes.partitions.is_empty()
        || !changes.features.is_empty()
        || changes.configs.iter().any(|resource| is_known(resource.kind));
    if !is_about_them {
        return;
    }
    let deleted: Vec<Text> = changes.topics_deleted.values().cloned().collect();
    surround_all::<GroupCoordinator>(node, &deleted);
    surround_all::<TransactionCoordinator>(node, &deleted);
}

fn surround_all<M: Served>(node: &Node, topics_deleted: &[Text]) {
    let view = node.view();
    let Some(topic) = view.topic(&Text::from_static(M::TOPIC)) else { return };
    let surrounded = Surrounded::of::<M>(node, &view, topics_deleted);
    for partition in here(topic) {
        let surrounded = surrounded.clone();
        with_machine::<M>(partition, move |carrier, log, now| {
            carrier.surround(log, now, surrounded)
        });
    }
}

fn here(topic: &Arc<Topic>) -> impl Iterator<Item = &Arc<Strand<Partition>>> {
    (0..topic.partitions.len()).filter_map(|index| topic.find(i32::try_from(index).ok()?).ok())
}
