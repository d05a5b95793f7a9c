//! The metadata feed: makes committed metadata real on this node, then visible.
//!
//! One task takes what the quorum has committed, in order, and reacts in one place and a fixed
//! order: close what is gone; make what is new; lead; configs; then the new view is published, and
//! last those who asked for the changes are answered. Strands first, view last: who finds a
//! partition in the view finds it ready.

use crate::coordinators;
use crate::directory::Directory;
use crate::hosts;
use crate::listeners;
use crate::load;
use crate::node::{Node, View};
use crate::partition::Partition;
use crate::partition::command::Command;
use crate::registration;
use crate::topic::{Replica, Topic, TopicSettings, is_internal};
use crate::without_effect;
use dohle_env::gather::{Answer as Gathered, Gather, Slot};
use dohle_env::strand::Strand;
use dohle_env::tasks::Home;
use dohle_metadata::config::{ConfigResource, ResourceKind};
use dohle_metadata::controller::Answer;
use dohle_metadata::image::{self, Image};
use dohle_metadata::{Changes, MetadataRecord};
use dohle_protocol::ids::Uuid;
use dohle_storage::Log;
use dohle_storage::partition_directory::TopicPartition;
use std::collections::{BTreeMap, BTreeSet};
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Where committed metadata is left for the feed.
#[derive(Clone, Default)]
pub(crate) struct Feed {
    inbox: Arc<Mutex<Inbox>>,
}

#[derive(Default)]
struct Inbox {
    committed: Vec<Committed>,
    waker: Option<Waker>,
}

/// What one commit of the quorum brings.
pub(crate) struct Committed {
    pub(crate) batches: Vec<CommittedBatch>,
    /// Given once the batches are visible here.
    pub(crate) answers: Vec<(Slot<Answer>, Answer)>,
}

/// One batch of the metadata log.
pub(crate) struct CommittedBatch {
    pub(crate) base_offset: i64,
    pub(crate) epoch: i32,
    pub(crate) timestamp: i64,
    pub(crate) records: Vec<MetadataRecord>,
}

impl Feed {
    /// Leaves what was committed.
    pub(crate) fn submit(&self, committed: Committed) {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.committed.push(committed);
        let waker = inbox.waker.take();
        drop(inbox);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn poll_committed(&self, cx: &mut Context<'_>) -> Poll<Vec<Committed>> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        if inbox.committed.is_empty() {
            inbox.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(std::mem::take(&mut inbox.committed))
    }
}

/// Follows the metadata log for as long as the node lives.
pub(crate) async fn run(node: Arc<Node>, feed: Feed) {
    loop {
        let committed = poll_fn(|cx| feed.poll_committed(cx)).await;
        let mut view = (*node.view()).clone();
        let mut changes = Changes::default();
        let mut answers = Vec::new();
        for commit in committed {
            for batch in commit.batches {
                apply(&mut view.image, &batch, &mut changes);
            }
            answers.extend(commit.answers);
        }
        react(&node, &mut view, &changes).await;
        node.publish(view);
        coordinators::surround(&node, &changes);
        if !changes.quotas.is_empty()
            || changes.configs.iter().any(|resource| resource.kind == ResourceKind::Broker)
        {
            if node.listeners.have_begun() {
                listeners::follow_on(&node).await;
            }
            limit_clients(&node);
            registration::tell_cordoned(&node);
        }
        if changes.configs.iter().any(|resource| resource.kind == ResourceKind::ClientMetrics) {
            node.telemetry.follow(&node.view().image);
        }
        for (slot, answer) in answers {
            slot.fill(answer);
        }
    }
}

/// Takes over what limits clients and their connections; for hosts that are named for the first
/// time again, once their addresses are found.
fn limit_clients(node: &Arc<Node>) {
    node.limit_connections();
    let names = hosts::unknown(node, &node.view().image);
    if names.is_empty() {
        return;
    }
    let of = node.clone();
    let looked_up = async move {
        for name in hosts::look_up(&of, names).await {
            tracing::warn!("the host {name} has no address: its limits hold for nobody");
        }
        of.limit_connections();
    };
    node.env.tasks.spawn(Home::LeastLoaded, Box::pin(looked_up));
}

fn apply(image: &mut Image, batch: &CommittedBatch, changes: &mut Changes) {
    for (offset, record) in (batch.base_offset..).zip(&batch.records) {
        without_effect::tell(image, record);
        image.apply_noting(record, changes);
        image.set_provenance(offset, batch.epoch, batch.timestamp);
    }
}

async fn react(node: &Arc<Node>, view: &mut View, changes: &Changes) {
    remove_topics(node, view, changes.topics_deleted.keys()).await;
    let changed: BTreeSet<Uuid> = changes
        .topics_created
        .iter()
        .chain(changes.partitions.iter().map(|(topic, _)| topic))
        .copied()
        .collect();
    make_topics(node, view, &changed).await;
    lead(node, view, &changes.partitions);
    if changes.configs.iter().any(|resource| resource.kind == ResourceKind::Broker) {
        // A default of the broker may be the value of any topic.
        let all: Vec<_> = view.topics().map(|topic| topic.id).collect();
        apply_settings(node, view, all);
    } else {
        let topics = changes.configs.iter().filter_map(|resource| match resource {
            ConfigResource { kind: ResourceKind::Topic, name } => view.image.topics.by_name(name),
            _ => None,
        });
        let ids: Vec<_> = topics.map(|topic| topic.id).collect();
        apply_settings(node, view, ids);
    }
}

/// A topic's settings as the image has them.
pub(crate) fn settings(node: &Node, image: &Image, topic: &str) -> Arc<TopicSettings> {
    Arc::new(TopicSettings {
        config: image.topic_config(topic, node.id, &node.config.set),
        producer_id_expiration_ms: node
            .with_layers(image, |layers| layers.value("producer.id.expiration.ms").integer()),
        transaction_verification: node.verifies_transactions(image),
    })
}

/// Takes deleted topics out of service, renames their folders, and has them removed later.
async fn remove_topics(node: &Arc<Node>, view: &mut View, ids: impl Iterator<Item = &Uuid>) {
    let mut taken = Vec::new();
    for id in ids {
        let Some(topic) = view.remove_topic(*id) else { continue };
        for (index, replica) in topic.partitions.iter().enumerate() {
            if let Replica::Here(partition) = replica {
                let number = i32::try_from(index).expect("partition numbers are ints");
                node.moves.cancel(node, &(topic.name.clone(), number)).await;
                let (counter, gather) = (node.clone(), Gather::with_capacity(1));
                partition.submit(Command::Ask(Box::new(move |partition, _| {
                    counter.metrics.retire(&std::mem::take(&mut partition.counts));
                })));
                partition.submit(Command::TakeLog(gather.slot()));
                taken.push((topic.clone(), index, gather));
            }
        }
    }
    for (topic, index, gather) in taken {
        let Some(Gathered::Filled(log)) = gather.all().await.pop() else { continue };
        let index = i32::try_from(index).expect("partition numbers are ints");
        let partition = TopicPartition::new(topic.name.as_str(), index);
        delete_log(node, log, partition, topic.settings.file_delete_delay_ms).await;
    }
}

/// Renames the folder of a log that nobody uses any more, and has it removed after its delay.
async fn delete_log(node: &Arc<Node>, log: Box<Log>, partition: TopicPartition, delay_ms: i64) {
    let path = log.place().directory().to_path_buf();
    let Some(directory) = node.directory_of(&path).cloned() else { return };
    let random = node.env.random.clone();
    let renamed = directory
        .on_lane({
            let directory = directory.clone();
            move || {
                drop(log);
                directory.log_dir.delete_partition(&path, &partition, &*random)
            }
        })
        .await;
    if let Some(Ok(removal)) = renamed {
        let disk = node.env.disk.clone();
        node.remove_later(directory, delay_ms, Box::new(move || removal.run(&*disk)));
    }
}

/// Makes or grows topics, with the partitions that this node has a replica of.
async fn make_topics(node: &Arc<Node>, view: &mut View, changed: &BTreeSet<Uuid>) {
    let mut wanted = Vec::new();
    for id in changed {
        let Some(topic) = view.image.topics.by_id(id) else { continue };
        let known = view.topic_by_id(*id).map_or(0, |known| known.partitions.len());
        let settings = match view.topic_by_id(*id) {
            Some(known) => known.settings.clone(),
            None => settings(node, &view.image, topic.name.as_str()),
        };
        for (index, partition) in &topic.partitions {
            if known <= usize::try_from(*index).unwrap_or(0)
                && partition.replicas.contains(&node.id)
            {
                wanted.push(load::Wanted {
                    partition: TopicPartition::new(topic.name.as_str(), *index),
                    topic_id: *id,
                    directory_id: partition.directory_of(node.id).unwrap_or(Uuid::ZERO),
                    settings: settings.clone(),
                });
            }
        }
    }
    let mut made = load::create(node, &view.image, wanted).await;
    for id in changed {
        let Some(topic) = view.image.topics.by_id(id).cloned() else { continue };
        let known = view.topic_by_id(*id);
        let settings = known.map_or_else(
            || settings(node, &view.image, topic.name.as_str()),
            |known| known.settings.clone(),
        );
        let partitions = replicas(&topic, known.map(|known| &*known.partitions), &mut made);
        let name = topic.name.clone();
        let is_internal = is_internal(name.as_str());
        let topic = Topic { is_internal, name, id: *id, settings, partitions };
        view.put_topic(Arc::new(topic));
    }
}

/// Partitions by number: those known, those just made.
pub(crate) fn replicas(
    topic: &image::Topic,
    known: Option<&[Replica]>,
    made: &mut BTreeMap<(Uuid, i32), Replica>,
) -> Vec<Replica> {
    let known = known.unwrap_or_default();
    let count = topic.partitions.keys().next_back().map_or(0, |last| *last + 1);
    (0..count)
        .map(|index| {
            let known = usize::try_from(index).ok().and_then(|index| known.get(index));
            match known {
                Some(replica) => replica.clone(),
                None => made.remove(&(topic.id, index)).unwrap_or(Replica::Elsewhere),
            }
        })
        .collect()
}

/// Tells partitions what role they have now.
pub(crate) fn lead<'a>(
    node: &Arc<Node>,
    view: &View,
    partitions: impl IntoIterator<Item = &'a (Uuid, i32)>,
) {
    for (id, index) in partitions {
        let Some(state) = view.image.topics.partition(id, *index) else { continue };
        let Some(Ok(partition)) = view.topic_by_id(*id).map(|topic| topic.find(*index)) else {
            continue;
        };
        if state.leader == node.id {
            partition.submit(Command::Lead {
                leader_epoch: state.leader_epoch,
                partition_epoch: state.partition_epoch,
            });
            let topic = view.topic_by_id(*id).map_or("", |topic| topic.name.as_str());
            coordinators::load(node, topic, partition, state.leader_epoch);
        }
    }
}

fn apply_settings(node: &Node, view: &mut View, ids: Vec<Uuid>) {
    for id in ids {
        let Some(known) = view.topic_by_id(id) else { continue };
        let settings = settings(node, &view.image, known.name.as_str());
        if settings == known.settings {
            continue;
        }
        for replica in &known.partitions {
            if let Replica::Here(partition) = replica {
                partition.submit(Command::Settings(settings.clone()));
            }
        }
        let topic = Topic {
            settings,
            name: known.name.clone(),
            id,
            is_internal: known.is_internal,
            partitions: known.partitions.clone(),
        };
        view.put_topic(Arc::new(topic));
    }
}

/// A partition's strand for a log.
pub(crate) fn strand(
    node: &Node,
    directory: &Arc<Directory>,
    log: Log,
    high_watermark: Option<i64>,
    wanted: &load::Wanted,
) -> Arc<Strand<Partition>> {
    let partition = Partition::new(crate::partition::NewPartition {
        topic: wanted.partition.topic.as_ref().into(),
        index: wanted.partition.partition,
        log,
        directory: directory.clone(),
        high_watermark,
        settings: wanted.settings.clone(),
        clock: node.env.clock.clone(),
    });
    Strand::new(node.env.tasks.clone(), partition)
}
