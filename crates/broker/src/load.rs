//! Opening partitions: those that a start finds in the log directories, and new ones.
//!
//! Work is spread over each directory's lane, a few jobs at a time; every job opens its share one
//! after the other.

use crate::directory::Directory;
use crate::feed;
use crate::moves;
use crate::node::{Node, View};
use crate::topic::{Replica, Topic, TopicSettings, is_internal};
use dohle_env::gather::{Answer, Answers, Gather};
use dohle_metadata::image::Image;
use dohle_protocol::ids::Uuid;
use dohle_storage::log_dir::load::{LoadPlan, ReplicaToLoad};
use dohle_storage::partition_directory::{Purpose, TopicPartition};
use dohle_storage::{Log, Opening, Place};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

/// Jobs at once per directory for new partitions.
const CREATING_JOBS: usize = 4;

/// A partition that this node is to have.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) partition: TopicPartition,
    pub(crate) topic_id: Uuid,
    /// Which log directory the metadata gives it.
    pub(crate) directory_id: Uuid,
    pub(crate) settings: Arc<TopicSettings>,
}

type Made = BTreeMap<(Uuid, i32), Replica>;
type Opened = (Wanted, Arc<Directory>, Result<(Log, Option<i64>), String>);

/// Makes new partitions, each in its directory.
///
/// `image` says which directories get no new ones.
pub(crate) async fn create(node: &Arc<Node>, image: &Image, wanted: Vec<Wanted>) -> Made {
    let mut made = Made::new();
    let mut shares: BTreeMap<usize, Vec<Wanted>> = BTreeMap::new();
    let mut counts: Vec<usize> =
        node.directories.iter().map(|directory| directory.partition_count()).collect();
    let cordoned = node.cordoned(image);
    for wanted in wanted {
        let place = preferred(node, &wanted)
            .or_else(|| place(node, &counts, &cordoned, wanted.directory_id));
        match place {
            Some(at) => {
                counts[at] += 1;
                shares.entry(at).or_default().push(wanted);
            }
            None => {
                made.insert((wanted.topic_id, wanted.partition.partition), Replica::Offline);
            }
        }
    }
    let gather = Gather::with_capacity(shares.len() * CREATING_JOBS);
    for (at, share) in shares {
        let directory = &node.directories[at];
        directory.add_partitions(share.len());
        for part in share.chunks(share.len().div_ceil(CREATING_JOBS)) {
            let (node, lane) = (node.clone(), directory.clone());
            let (directory, part, slot) = (directory.clone(), part.to_vec(), gather.slot());
            lane.job(Box::new(move || {
                // After the stop nobody would close it.
                if !node.is_stopping() {
                    slot.fill(create_share(&node, &directory, part));
                }
            }));
        }
    }
    let answers = gather.all().await;
    make_durable(node, &answers);
    put_opened(node, answers, &mut made);
    made
}

/// Sees to it that folders of new partitions survive a crash. Nobody waits for it: until then there
/// is nothing in them that was promised, for a flush of a log sees to its folder first.
fn make_durable(node: &Arc<Node>, answers: &[Answer<Vec<Opened>>]) {
    let mut by_directory: Vec<(Arc<Directory>, Vec<Arc<Place>>)> = Vec::new();
    let shares = answers.iter().filter_map(|answer| match answer {
        Answer::Filled(share) => Some(share),
        Answer::Gone | Answer::Missing => None,
    });
    for (_, directory, opened) in shares.flatten() {
        let Ok((log, _)) = opened else { continue };
        match by_directory.last_mut().filter(|(known, _)| Arc::ptr_eq(known, directory)) {
            Some((_, places)) => places.push(log.place().clone()),
            None => by_directory.push((directory.clone(), vec![log.place().clone()])),
        }
    }
    for (directory, places) in by_directory {
        let (node, lane) = (node.clone(), directory.clone());
        lane.job(Box::new(move || {
            if node.is_stopping() {
                return;
            }
            match Place::make_durable(&places) {
                // Deleted meanwhile. The others are made durable by their flushes.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => directory.fail("Syncing partitions' directories", &error),
                Ok(()) => {}
            }
        }));
    }
}

/// The directory that a client has wished for, if it is still there.
fn preferred(node: &Node, wanted: &Wanted) -> Option<usize> {
    let wish = node.preferred.take(&wanted.partition)?;
    let at = node.directories.iter().position(|directory| Arc::ptr_eq(directory, &wish));
    at.filter(|_| wish.log_dir.is_online())
}

/// The directory with this id; if the metadata names none, the one with the fewest partitions among
/// those that get new ones. Where all are cordoned since the metadata was written, any will do.
fn place(node: &Node, counts: &[usize], cordoned: &[bool], id: Uuid) -> Option<usize> {
    let known = node.directories.iter().position(|directory| directory.log_dir.id() == id);
    if let Some(at) = known {
        return node.directories[at].log_dir.is_online().then_some(at);
    }
    if !id.is_reserved() && id != Uuid::ZERO {
        return None;
    }
    let online = |at: &usize| node.directories[*at].log_dir.is_online();
    (0..counts.len()).filter(online).min_by_key(|at| (cordoned[*at], counts[*at]))
}

fn create_share(node: &Node, directory: &Arc<Directory>, share: Vec<Wanted>) -> Vec<Opened> {
    let random = &*node.env.random;
    let make = |wanted: &Wanted| {
        let made = directory.log_dir.create_partition(
            &wanted.partition,
            Purpose::Current,
            wanted.topic_id,
            random,
        );
        let path = made.map_err(|offline| offline.to_string())?;
        let place = Place::new(node.storage.clone(), path, wanted.partition.to_string());
        place.set_new();
        let now = node.env.clock.timestamp();
        let opening = Opening { clean: true, recovery_point: 0, log_start_offset: 0, now };
        let opened = Log::open(place, wanted.settings.log_config(), opening);
        let (log, _) = opened.map_err(|error| error.to_string())?;
        Ok((log, None))
    };
    share
        .into_iter()
        .map(|wanted| {
            let made = make(&wanted);
            (wanted, directory.clone(), made)
        })
        .collect()
}

fn put_opened(node: &Node, answers: Answers<Vec<Opened>>, made: &mut Made) {
    for answer in answers {
        let Answer::Filled(share) = answer else { continue };
        for (wanted, directory, opened) in share {
            let key = (wanted.topic_id, wanted.partition.partition);
            let replica = match opened {
                Ok((log, high_watermark)) => {
                    let directory_id = directory.log_dir.id();
                    if wanted.directory_id != directory_id && directory_id != Uuid::ZERO {
                        node.assignments.note(key, directory_id);
                    }
                    Replica::Here(feed::strand(node, &directory, log, high_watermark, &wanted))
                }
                Err(error) => {
                    tracing::error!(partition = %wanted.partition, "partition is offline: {error}");
                    Replica::Offline
                }
            };
            made.insert(key, replica);
        }
    }
}

/// Opens what the log directories hold and the metadata knows; what it does not know is put
/// aside. The view that comes back has every topic of the image.
pub(crate) async fn load(node: &Arc<Node>, plans: Vec<(Arc<Directory>, LoadPlan)>) -> View {
    let mut view = (*node.view()).clone();
    let mut made = Made::new();
    let mut copies = Vec::new();
    let mut settings = Settings::of(node, &view.image);
    let found = found(&mut settings, plans);
    let originals = originals(&found);
    let setting = |name| node.with_layers(&view.image, |layers| layers.value(name).integer());
    let threads = usize::try_from(setting("num.recovery.threads.per.data.dir")).unwrap_or(1).max(1);
    let delay_ms = setting("log.segment.delete.delay.ms");
    let gather = Gather::with_capacity(found.len() * threads);
    for Found { directory, plan, replicas } in found {
        for warning in &plan.warnings {
            tracing::warn!("{warning}");
        }
        for removal in plan.removals {
            let disk = node.env.disk.clone();
            node.remove_later(directory.clone(), delay_ms, Box::new(move || removal.run(&*disk)));
        }
        let mut known = Vec::new();
        for (replica, wanted) in replicas {
            let Some(wanted) = wanted else {
                put_aside(node, &directory, &replica);
                continue;
            };
            let key = (wanted.topic_id, wanted.partition.partition);
            let is_alone = replica.is_future && !originals.contains(&key);
            let is_orphan = is_alone && is_orphan(node, &view.image, &directory, &wanted);
            if is_alone && !is_orphan {
                tell_missing(&directory, &wanted);
                made.insert(key, Replica::Offline);
            }
            if replica.is_future && !is_orphan {
                let (directory, clean) = (directory.clone(), plan.clean);
                copies.push(moves::Found { wanted, replica, directory, clean });
            } else if let Some(replica) = as_original(node, &directory, replica) {
                known.push((wanted, replica));
            }
        }
        directory.add_partitions(known.len());
        let clean = plan.clean;
        let share = known.len().div_ceil(threads).max(1);
        for part in known.chunks(share) {
            let (node, slot, part) = (node.clone(), gather.slot(), part.to_vec());
            let job = {
                let directory = directory.clone();
                move || slot.fill(open_share(&node, &directory, part, clean))
            };
            directory.job(Box::new(job));
        }
    }
    put_opened(node, gather.all().await, &mut made);
    add_topics(&mut settings, &mut view, made).await;
    moves::resume(node, &view, copies).await;
    view
}

/// What lies in a log directory, and what the metadata says of each replica there.
struct Found {
    directory: Arc<Directory>,
    plan: LoadPlan,
    replicas: Vec<(ReplicaToLoad, Option<Wanted>)>,
}

fn found(settings: &mut Settings<'_>, plans: Vec<(Arc<Directory>, LoadPlan)>) -> Vec<Found> {
    let mut of = |replica: ReplicaToLoad| {
        let wanted = wanted(settings, &replica);
        (replica, wanted)
    };
    let found = plans.into_iter().map(|(directory, mut plan)| {
        let replicas = std::mem::take(&mut plan.replicas).into_iter().map(&mut of).collect();
        Found { directory, plan, replicas }
    });
    found.collect()
}

/// The replicas that were found, copies on their way aside.
fn originals(found: &[Found]) -> BTreeSet<(Uuid, i32)> {
    let all = found.iter().flat_map(|it| &it.replicas);
    all.filter(|(replica, _)| !replica.is_future)
        .filter_map(|(_, wanted)| wanted.as_ref())
        .map(|wanted| (wanted.topic_id, wanted.partition.partition))
        .collect()
}

/// The settings of topics: made once of each, and shared by its partitions.
struct Settings<'a> {
    node: &'a Arc<Node>,
    image: Image,
    made: BTreeMap<Uuid, Arc<TopicSettings>>,
}

impl<'a> Settings<'a> {
    fn of(node: &'a Arc<Node>, image: &Image) -> Self {
        Self { node, image: image.clone(), made: BTreeMap::new() }
    }

    fn get(&mut self, id: Uuid, topic: &str) -> Arc<TopicSettings> {
        let make = || feed::settings(self.node, &self.image, topic);
        self.made.entry(id).or_insert_with(make).clone()
    }
}

/// Whether a copy is all that is left of its partition, whose log is not there: a move ended between
/// its two renames, so the copy is whole. The controller knows of a move before these, while records
/// still go to the log alone; so a log that may lie in a directory which is offline is not given up.
fn is_orphan(node: &Node, image: &Image, directory: &Directory, wanted: &Wanted) -> bool {
    let is_told = wanted.directory_id == directory.log_dir.id()
        || !image.metadata_version().has_directories();
    is_told && are_all_online(node)
}

/// Whether a log that is in none of the directories that can be read is in none at all.
fn are_all_online(node: &Node) -> bool {
    node.directories.iter().all(|directory| directory.log_dir.is_online())
}

fn tell_missing(directory: &Directory, wanted: &Wanted) {
    tracing::error!(
        partition = %wanted.partition,
        "partition is offline: it was being moved to {}, and the directory that it was moved from is \
         offline or not in log.dirs; with that directory again it is served and moved",
        directory.log_dir.path().display()
    );
}

/// Gives a copy that is to be opened as the replica the replica's name.
fn as_original(
    node: &Node,
    directory: &Directory,
    replica: ReplicaToLoad,
) -> Option<ReplicaToLoad> {
    if !replica.is_future {
        return Some(replica);
    }
    let renamed = directory.log_dir.rename_partition(
        &replica.directory,
        &replica.partition,
        Purpose::Current,
        &*node.env.random,
    );
    match renamed {
        Ok(path) => {
            tracing::warn!(
                partition = %replica.partition,
                "a move to {} ended just before its last step, which is made up for",
                directory.log_dir.path().display()
            );
            Some(ReplicaToLoad { directory: path, is_future: false, ..replica })
        }
        Err(offline) => {
            tracing::error!("{offline}");
            None
        }
    }
}

/// What the metadata says of a replica that was found; `None` if it does not know it.
fn wanted(settings: &mut Settings<'_>, replica: &ReplicaToLoad) -> Option<Wanted> {
    let node = settings.node;
    let topic_id = replica.topic_id(&*node.env.disk).ok().flatten()?;
    let topic = settings.image.topics.by_id(&topic_id)?.clone();
    let partition = topic.partitions.get(&replica.partition.partition)?;
    let is_ours =
        topic.name.as_str() == &*replica.partition.topic && partition.replicas.contains(&node.id);
    is_ours.then(|| Wanted {
        partition: replica.partition.clone(),
        topic_id,
        directory_id: partition.directory_of(node.id).unwrap_or(Uuid::ZERO),
        settings: settings.get(topic_id, topic.name.as_str()),
    })
}

/// Renames the folder of a partition that the metadata does not give to this node.
fn put_aside(node: &Node, directory: &Directory, replica: &ReplicaToLoad) {
    let renamed = directory.log_dir.rename_partition(
        &replica.directory,
        &replica.partition,
        Purpose::Stray,
        &*node.env.random,
    );
    match renamed {
        Ok(path) => tracing::warn!(
            partition = %replica.partition,
            "the cluster's metadata does not give this partition to this node; its records were \
             put aside in {} and are kept: remove the folder if nobody needs them",
            path.display()
        ),
        Err(offline) => tracing::error!("{offline}"),
    }
}

fn open_share(
    node: &Node,
    directory: &Arc<Directory>,
    share: Vec<(Wanted, ReplicaToLoad)>,
    clean: bool,
) -> Vec<Opened> {
    let open = |wanted: &Wanted, replica: &ReplicaToLoad| {
        let name = wanted.partition.to_string();
        let place = Place::new(node.storage.clone(), &*replica.directory, name);
        if replica.recovery_point == 0 {
            // Never flushed as far as is known, and so perhaps not its folder either.
            place.set_new();
        }
        let opening = Opening {
            clean,
            recovery_point: replica.recovery_point,
            log_start_offset: replica.log_start_offset,
            now: node.env.clock.timestamp(),
        };
        let opened = Log::open(place, wanted.settings.log_config(), opening);
        let (mut log, report) = opened.map_err(|error| error.to_string())?;
        if report.truncated_bytes != 0 || report.removed_segments != 0 {
            tracing::warn!(
                partition = %wanted.partition,
                bytes = report.truncated_bytes,
                segments = report.removed_segments,
                "cut off what was not whole after an unclean stop"
            );
        }
        if let Some(offset) = replica.first_dirty_offset {
            log.set_first_dirty_offset(offset.min(log.end_offset()));
        }
        if wanted.settings.flush_messages == 1 {
            // Readers of such a topic see what is on the disk; what the last process wrote and did
            // not flush was perhaps seen before, so it is flushed before anybody asks.
            flush(&mut log, node.env.clock.timestamp()).map_err(|error| {
                directory.fail("Flushing what an unclean stop left", &error);
                error.to_string()
            })?;
        }
        let delay_ms = log.config().file_delete_delay_ms;
        let deletion = report.deletion;
        if !deletion.is_empty() {
            node.remove_later(directory.clone(), delay_ms, Box::new(move || deletion.run()));
        }
        Ok((log, replica.high_watermark))
    };
    share
        .into_iter()
        .map(|(wanted, replica)| {
            let opened = open(&wanted, &replica);
            if opened.is_err() {
                directory.unopened.note(wanted.topic_id, &replica);
            }
            (wanted, directory.clone(), opened)
        })
        .collect()
}

fn flush(log: &mut Log, now: i64) -> io::Result<()> {
    if let Some(work) = log.flush_work() {
        log.on_flushed(work.run()?, now);
    }
    Ok(())
}

/// Adds every topic of the image. Partitions of ours that no directory holds are made, unless one is
/// offline: the log may lie there, whatever the metadata says, for a move that was given up after the
/// controller was told of it, or one whose end it was not told of before a crash.
async fn add_topics(settings: &mut Settings<'_>, view: &mut View, mut made: Made) {
    let node = settings.node;
    let mut missing = Vec::new();
    let are_all_online = are_all_online(node);
    for topic in view.image.topics.iter() {
        for (index, partition) in &topic.partitions {
            let key = (topic.id, *index);
            if !partition.replicas.contains(&node.id) || made.contains_key(&key) {
                continue;
            }
            let name = TopicPartition::new(topic.name.as_str(), *index);
            if are_all_online {
                missing.push(Wanted {
                    partition: name,
                    topic_id: topic.id,
                    directory_id: partition.directory_of(node.id).unwrap_or(Uuid::ZERO),
                    settings: settings.get(topic.id, topic.name.as_str()),
                });
            } else {
                tracing::error!(
                    partition = %name,
                    "partition is offline: its log is in no directory that is online"
                );
                made.insert(key, Replica::Offline);
            }
        }
    }
    made.append(&mut create(node, &view.image, missing).await);
    let topics: Vec<_> = view.image.topics.iter().cloned().collect();
    for topic in topics {
        let partitions = feed::replicas(&topic, None, &mut made);
        view.put_topic(Arc::new(Topic {
            settings: settings.get(topic.id, topic.name.as_str()),
            is_internal: is_internal(topic.name.as_str()),
            name: topic.name,
            id: topic.id,
            partitions,
        }));
    }
}
