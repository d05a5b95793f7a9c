//! DescribeLogDirs: the log directories, and what lies in them.

use super::asking::{ask_each, find};
use crate::directory::Directory;
use crate::node::View;
use crate::partition::{Effect, Partition};
use crate::request::Context;
use crate::topic::Replica;
use dohle_env::disk::Space;
use dohle_env::gather::{Answer, Gather};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_log_dirs_request::DescribeLogDirsRequest;
use dohle_protocol::messages::describe_log_dirs_response::{
    DescribeLogDirsPartition, DescribeLogDirsResponse, DescribeLogDirsResult, DescribeLogDirsTopic,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

pub(crate) async fn handle(
    context: Context,
    request: DescribeLogDirsRequest,
) -> DescribeLogDirsResponse {
    let view = context.view();
    let wanted = match &request.topics {
        None => all_here(&view),
        Some(topics) => topics
            .iter()
            .flat_map(|topic| {
                let indexes = topic.partitions.iter();
                indexes.map(|index| (topic.topic.clone(), *index))
            })
            .collect(),
    };
    let questions = wanted.iter().map(|(topic, index)| (find(&view, topic, *index), places));
    let sizes = ask_each(questions).answers().await;
    let sizes: Vec<Sized> = wanted
        .into_iter()
        .zip(sizes)
        .filter_map(|((topic, index), places)| Some((topic, index, places.ok()?)))
        .flat_map(|(topic, index, places)| {
            let of = move |place| Sized { topic: topic.clone(), index, place };
            places.into_iter().flatten().map(of)
        })
        .collect();
    let spaces = spaces(&context.node.directories).await;
    let cordoned = context.node.cordoned(&view.image);
    let directories = context.node.directories.iter().zip(spaces).zip(cordoned);
    let results = directories
        .map(|((directory, space), is_cordoned)| describe(directory, space, &sizes, is_cordoned));
    DescribeLogDirsResponse { results: results.collect(), ..DescribeLogDirsResponse::default() }
}

/// A replica or a copy of it.
struct Sized {
    topic: Text,
    index: i32,
    place: Place,
}

/// Where it lies, how large it is, and how far behind.
struct Place {
    directory: Arc<Path>,
    size_bytes: u64,
    offset_lag: i64,
    is_future: bool,
}

fn all_here(view: &View) -> BTreeSet<(Text, i32)> {
    let mut all = BTreeSet::new();
    for topic in view.topics() {
        for (index, replica) in (0..).zip(&topic.partitions) {
            if let Replica::Here(_) = replica {
                all.insert((topic.name.clone(), index));
            }
        }
    }
    all
}

fn places(partition: &mut Partition, _: &mut Vec<Effect>) -> Result<[Option<Place>; 2], ErrorCode> {
    let log = partition.log()?;
    let current = Place {
        directory: partition.directory.log_dir.path().clone(),
        size_bytes: log.size_bytes(),
        // A leader does not lag behind itself.
        offset_lag: 0,
        is_future: false,
    };
    let future = partition.moving.as_ref().map(|moving| Place {
        directory: moving.directory.log_dir.path().clone(),
        size_bytes: moving.progress.size_bytes(),
        offset_lag: log.end_offset() - moving.progress.end_offset(),
        is_future: true,
    });
    Ok([Some(current), future])
}

/// The space of each directory; `None` for one that is offline.
async fn spaces(directories: &[Arc<Directory>]) -> Vec<Option<Space>> {
    let gather = Gather::with_capacity(directories.len());
    for directory in directories {
        let (slot, log_dir) = (gather.slot(), directory.log_dir.clone());
        directory.client_job(Box::new(move || slot.fill(log_dir.space().ok())));
    }
    let answer = |answer| match answer {
        Answer::Filled(space) => space,
        Answer::Gone | Answer::Missing => None,
    };
    gather.all().await.into_iter().map(answer).collect()
}

fn describe(
    directory: &Directory,
    space: Option<Space>,
    sizes: &[Sized],
    is_cordoned: bool,
) -> DescribeLogDirsResult {
    let path = directory.log_dir.path();
    let log_dir = Text::from(path.to_string_lossy().into_owned());
    let Some(space) = space.filter(|_| directory.log_dir.is_online()) else {
        return DescribeLogDirsResult {
            error_code: ErrorCode::KAFKA_STORAGE_ERROR,
            log_dir,
            ..DescribeLogDirsResult::default()
        };
    };
    let mut topics: Vec<DescribeLogDirsTopic> = Vec::new();
    // Sorted by topic, so one look at the last is enough.
    for sized in sizes.iter().filter(|sized| sized.place.directory == *path) {
        if topics.last().is_none_or(|last| last.name != sized.topic) {
            let name = sized.topic.clone();
            topics.push(DescribeLogDirsTopic { name, ..DescribeLogDirsTopic::default() });
        }
        let topic = topics.last_mut().expect("it was pushed if there was none");
        topic.partitions.push(DescribeLogDirsPartition {
            partition_index: sized.index,
            partition_size: bytes(sized.place.size_bytes),
            offset_lag: sized.place.offset_lag,
            is_future_key: sized.place.is_future,
            ..DescribeLogDirsPartition::default()
        });
    }
    DescribeLogDirsResult {
        log_dir,
        topics,
        total_bytes: bytes(space.total_bytes),
        usable_bytes: bytes(space.usable_bytes),
        is_cordoned,
        ..DescribeLogDirsResult::default()
    }
}

/// Very large file systems count as the largest that fits.
fn bytes(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
