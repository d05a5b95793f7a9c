//! A client wants a replica in another log directory.

use super::{Key, Move};
use crate::checkpoints;
use crate::directory::Directory;
use crate::node::Node;
use crate::partition::moving::{Moving, Progress};
use crate::partition::{Partition, ask};
use dohle_env::strand::Strand;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_storage::partition_directory::{Purpose, TopicPartition};
use dohle_storage::{Log, LogConfig, Opening, Place};
use std::sync::Arc;

/// How often a request is looked at anew because others want the same partition elsewhere.
const TRIES: usize = 10;

/// Who is wanted where.
pub(crate) struct Wish<'a> {
    pub(crate) key: Key,
    pub(crate) topic_id: Uuid,
    pub(crate) partition: &'a Arc<Strand<Partition>>,
    pub(crate) target: &'a Arc<Directory>,
}

/// How the partition stands to the directory that it is wanted in.
enum Standing {
    /// It lies there and stays.
    There,
    /// It is on its way there.
    OnItsWay,
    /// It is on its way to another one, be it from there.
    OnAnotherWay,
    /// The move is noted, and is to be begun from this.
    Begun(Box<Begun>),
}

struct Begun {
    config: LogConfig,
    start_offset: i64,
    first_dirty_offset: Option<i64>,
    progress: Arc<Progress>,
}

/// Has a partition move to `target`; once it says so, the copy survives a restart.
pub(crate) async fn request(node: &Arc<Node>, wish: Wish<'_>) -> Result<(), ErrorCode> {
    let Wish { key, partition, target, .. } = &wish;
    // Else there could be two copies of one partition at the next start.
    let is_whole = node.directories.iter().all(|directory| directory.log_dir.is_online());
    for _ in 0..TRIES {
        let to = Arc::clone(target);
        let standing = ask(partition, move |partition, _| stand(partition, to, is_whole));
        match standing.await.unwrap_or(Err(ErrorCode::REPLICA_NOT_AVAILABLE))? {
            Standing::There => return Ok(()),
            Standing::OnItsWay => {
                node.moves.again(key);
                return Ok(());
            }
            Standing::OnAnotherWay => node.moves.cancel(node, key).await,
            Standing::Begun(begun) => return begin(node, wish, *begun).await,
        }
    }
    Err(ErrorCode::REPLICA_NOT_AVAILABLE)
}

fn stand(
    partition: &mut Partition,
    target: Arc<Directory>,
    is_whole: bool,
) -> Result<Standing, ErrorCode> {
    let log = partition.log().map_err(|error| match error {
        ErrorCode::NOT_LEADER_OR_FOLLOWER => ErrorCode::REPLICA_NOT_AVAILABLE,
        other => other,
    })?;
    match &partition.moving {
        Some(moving) if Arc::ptr_eq(&moving.directory, &target) => return Ok(Standing::OnItsWay),
        Some(_) => return Ok(Standing::OnAnotherWay),
        None if Arc::ptr_eq(&partition.directory, &target) => return Ok(Standing::There),
        None if !is_whole => return Err(ErrorCode::KAFKA_STORAGE_ERROR),
        None => {}
    }
    let begun = Begun {
        config: log.config().clone(),
        start_offset: log.start_offset(),
        first_dirty_offset: log.first_dirty_offset(),
        progress: Arc::default(),
    };
    let progress = begun.progress.clone();
    partition.moving = Some(Moving { directory: target, progress });
    Ok(Standing::Begun(Box::new(begun)))
}

/// Makes the folder of the copy.
async fn begin(node: &Arc<Node>, wish: Wish<'_>, begun: Begun) -> Result<(), ErrorCode> {
    let Wish { key, topic_id, partition, target } = wish;
    // What a checkpoint says of a log that lay there before must not be believed of this one.
    if std::mem::take(&mut node.moves.lock().is_unsaved) {
        checkpoints::write_all(node).await;
    }
    let name = TopicPartition::new(key.0.as_str(), key.1);
    let (making, directory) = (node.clone(), target.clone());
    let Begun { config, start_offset, first_dirty_offset, progress } = begun;
    let made = target.on_lane(move || {
        let random = &*making.env.random;
        let made = directory.log_dir.create_partition(&name, Purpose::Future, topic_id, random);
        let path = made.map_err(|offline| offline.to_string())?;
        let place = Place::new(making.storage.clone(), path, name.to_string());
        place.set_new();
        let now = making.env.clock.timestamp();
        let opening =
            Opening { clean: true, recovery_point: 0, log_start_offset: start_offset, now };
        let opened = Log::open(place.clone(), config, opening).map_err(|error| {
            super::remove_copy(&making, &directory, place.directory(), &name);
            error.to_string()
        });
        let mut copy = Box::new(opened?.0);
        copy.set_copy_of_compacted(first_dirty_offset);
        Ok::<_, String>(copy)
    });
    let why = match made.await {
        Some(Ok(copy)) => {
            progress.tell(&copy);
            let (partition, directory) = (partition.clone(), target.clone());
            node.moves.submit(Box::new(Move {
                key,
                topic_id,
                partition,
                directory,
                copy,
                progress,
                is_told: false,
                unflushed_bytes: 0,
            }));
            return Ok(());
        }
        Some(Err(why)) => why,
        None => "the node stops".to_owned(),
    };
    tracing::error!(topic = %key.0, partition = key.1, "cannot be moved: {why}");
    ask(partition, |partition, _| partition.moving = None).await;
    Err(node.undone())
}
