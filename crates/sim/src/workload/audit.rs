//! An audit: reads all that a node has and compares it with what clients know.

use super::accountant;
use super::moments::{self, Read};
use super::offsets;
use super::reading::{EARLIEST, LATEST, Unread, fetched, list_offset};
use crate::checker::topic::ANY;
use crate::checker::{Asked, Fetched, History, Key, Life, Partition, Topic};
use crate::client::{Client, NoAnswer, To};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::describe_configs_request::DescribeConfigsResource;
use dohle_protocol::messages::fetch_request::{FetchPartition, FetchTopic};
use dohle_protocol::messages::{DescribeConfigsRequest, FetchRequest, MetadataRequest};
use dohle_protocol::wire::Request;
use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

/// The most of one fetch: it arrives within a client's patience in any weather.
const BYTES_MAX: i32 = 32 << 10;

/// What an audit follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// All that was written is there.
    Kill,
    /// What was not promised may be gone; nobody writes meanwhile.
    PowerLoss,
    /// Nobody writes any more, ever.
    End,
}

/// Looks at everything; what is wrong is the history's violation.
pub async fn run(mut client: Client, history: History, after: After) {
    metadata(&mut client, &history).await;
    offsets::audit(&mut client, &history).await;
    if after == After::End {
        accountant::audit(&mut client, &history).await;
    }
    let live: Vec<(String, Key)> = {
        let known = history.known();
        let live = known.topics.iter().filter(|(_, topic)| topic.is_live());
        live.flat_map(|(name, topic)| {
            (0..topic.partitions).map(|index| (name.clone(), (topic.id, index)))
        })
        .collect()
    };
    for (topic, key) in live {
        let found = partition(&mut client, &history, &topic, key, after).await;
        if after == After::PowerLoss {
            let now = history.now();
            history.look(key, |partition, counts| {
                let (forgotten, removed) =
                    partition.on_audited(found.clone().ok().flatten(), now)?;
                counts.forgotten += forgotten;
                counts.add_removed(removed);
                Ok(())
            });
        }
        // What is deleted meanwhile is no news.
        let is_live = history.known().topics.get(&topic).is_some_and(Topic::is_live);
        if let Err(what) = found
            && is_live
        {
            history.violate(format!("audit after {after:?}: {topic}-{}: {what}", key.1));
        }
        if history.is_violated() {
            return;
        }
    }
}

async fn offset(client: &mut Client, topic: &str, key: Key, at: i64) -> Result<i64, String> {
    for _ in 0..20 {
        match list_offset(client, topic, key, at).await {
            Ok(Ok(offset)) => return Ok(offset),
            Err(NoAnswer::Wrong(what)) => return Err(what),
            Ok(Err(code)) if !code.is_retriable() => return Err(format!("offset {at}: {code}")),
            Ok(Err(_)) | Err(NoAnswer::Broken(_) | NoAnswer::Late) => {}
        }
        client.pause(Duration::from_millis(200)).await;
    }
    Err(format!("its offset {at} cannot be had"))
}

/// Reads a log. Returns its end, or nothing if that was not reached.
#[allow(clippy::too_many_lines, clippy::too_many_arguments, reason = "one pass over one log")]
async fn partition(
    client: &mut Client,
    history: &History,
    topic: &str,
    key: Key,
    after: After,
) -> Result<Option<i64>, String> {
    let Some(known) = history.ask(key) else { return Ok(None) };
    let start = offset(client, topic, key, EARLIEST).await?;
    let end = offset(client, topic, key, LATEST).await?;
    if after == After::PowerLoss {
        history.look(key, |partition, counts| {
            counts.forgotten += partition.on_cut(start, end)?;
            Ok(())
        });
    }
    if after != After::PowerLoss {
        let is_last = after == After::End;
        history.look(key, |partition, _| partition.on_ends(known, (start, end), is_last));
    }
    let is_compacted = history.known().partitions.get(&key).is_some_and(Partition::is_compacted);
    let mut position = start;
    let mut whole = Read { records: Vec::new(), is_compacted };
    let mut tries = 0;
    while position < end && !history.is_violated() {
        let Some(asked) = history.ask(key) else { return Ok(None) };
        if !history.known().topics.get(topic).is_some_and(Topic::is_live) {
            return Ok(None);
        }
        let partition = FetchPartition {
            partition: key.1,
            fetch_offset: position,
            partition_max_bytes: BYTES_MAX,
            ..FetchPartition::default()
        };
        let wanted = FetchTopic {
            topic: topic.into(),
            topic_id: key.0,
            partitions: vec![partition].into(),
            ..FetchTopic::default()
        };
        let request = FetchRequest {
            max_wait_ms: 100,
            min_bytes: 1,
            max_bytes: BYTES_MAX,
            topics: vec![wanted].into(),
            ..FetchRequest::default()
        };
        tries += 1;
        if tries > 200 {
            return Err(format!("it cannot be read from {position} on, its end is {end}"));
        }
        let to = To::Leader(topic, key.1);
        let answer = match client.ask_to(to, 12, &request).await {
            Ok(answer) => answer,
            Err(NoAnswer::Wrong(what)) => return Err(what),
            Err(NoAnswer::Broken(_) | NoAnswer::Late) => continue,
        };
        let data = answer.responses.first().and_then(|topic| topic.partitions.first());
        let Some(data) = data else { continue };
        match data.error_code {
            ErrorCode::NONE => {}
            // Retention was faster.
            ErrorCode::OFFSET_OUT_OF_RANGE => {
                position = position.max(offset(client, topic, key, EARLIEST).await?);
                continue;
            }
            code if code.is_retriable() => {
                client.on_error(to, code);
                client.pause(Duration::from_millis(200)).await;
                continue;
            }
            code => return Err(format!("reading from {position}: {code}")),
        }
        let found = match fetched(position, data, is_compacted, history.now()) {
            // It leaves as it lies on the disk, as from Kafka: who reads compares the checksum.
            Err(Unread::Damaged { what, sound }) => {
                history.look(key, |partition, counts| {
                    counts.read += sound.records.len() as u64;
                    counts.forgotten += until_damage(partition, asked, &sound, &what)?;
                    Ok(())
                });
                history.trace().line(format_args!("{topic}-{}: {what}", key.1));
                history.trace().sometimes("damaged batch served");
                return Ok(None);
            }
            other => other.map_err(Unread::what)?,
        };
        // A segment's end may be lost while the next segment is there, or its name alone.
        let shows_nothing = found.records.iter().all(|(offset, _)| *offset < position);
        let is_at_end = shows_nothing && tries > 20;
        if is_compacted && is_at_end && found.end <= position {
            // Nothing is left of the log's end, or it was lost.
            let now = history.now();
            history.look(key, |partition, _| partition.on_missed(position..end, end, now));
            position = end;
            continue;
        }
        if !is_compacted && after == After::PowerLoss {
            let at_end = is_at_end.then_some(position..end);
            for hole in holes(&found).into_iter().chain(at_end) {
                history.trace().sometimes("hole after power loss");
                history.look(key, |partition, counts| {
                    counts.forgotten += partition.on_hole(hole)?;
                    Ok(())
                });
            }
        }
        let read = history.look(key, |partition, counts| {
            counts.read += found.records.len() as u64;
            let (position, removed) = partition.on_fetched(asked, &found)?;
            counts.add_removed(removed);
            Ok(position)
        });
        if after == After::End {
            let offsets = found.records.iter().map(|(offset, _)| *offset);
            let read = offsets.zip(found.timestamps.iter().copied());
            whole.records.extend(read.filter(|(offset, _)| found.position <= *offset));
        }
        tries = if read.is_some_and(|read| position < read) { 0 } else { tries };
        let known = history.known();
        let after_holes = |at| known.partitions.get(&key).map_or(at, |of| of.after_holes(at));
        position = read.map_or(end, after_holes);
    }
    if after == After::End {
        let now = history.now();
        history.look(key, |partition, _| {
            let start = partition.marks().log_start.max(start);
            partition.check_gaps(start, now)
        });
        if end <= position
            && !history.known().partitions.get(&key).is_some_and(Partition::has_decayed)
        {
            moments::compare(client, history, topic, key, &whole).await;
        }
    }
    Ok((end <= position).then_some(end))
}

/// What a power loss has taken between the records of a fetch. It takes the ends of segments; in a copy of
/// the log, which may be the log by now, they lie anywhere.
fn holes(found: &Fetched) -> Vec<Range<i64>> {
    let mut holes = Vec::new();
    let mut due = found.position;
    for (offset, _) in found.records.iter().filter(|(offset, _)| found.position <= *offset) {
        if due < *offset {
            holes.push(due..*offset);
        }
        due = *offset + 1;
    }
    holes
}

/// A fetch came to a batch that is `damaged`: what lies before it is compared as ever, as far as a power
/// loss has left it. Returns how much that has taken.
fn until_damage(
    partition: &mut Partition,
    asked: Asked,
    sound: &Fetched,
    damaged: &str,
) -> Result<u64, String> {
    let mut taken = 0;
    for hole in holes(sound) {
        taken += partition.on_hole(hole)?;
    }
    let (position, _) = partition.on_fetched(asked, sound)?;
    taken += partition.on_damaged_at(position).map_err(|why| format!("{damaged}: {why}"))?;
    Ok(taken)
}

/// Asks again and again; that there is no answer, or a wrong one, is a violation.
async fn told<R: Request>(
    client: &mut Client,
    history: &History,
    version: i16,
    request: &R,
) -> Option<R::Response> {
    for _ in 0..20 {
        match client.ask(version, request).await {
            Ok(answer) => return Some(answer),
            Err(NoAnswer::Wrong(what)) => {
                history.violate(what);
                return None;
            }
            Err(NoAnswer::Broken(_) | NoAnswer::Late) => {
                client.pause(Duration::from_millis(200)).await;
            }
        }
    }
    history.violate(format!("an audit gets no answer to {:?}", R::KEY));
    None
}

/// What the node says of topics and configs, against what was acknowledged.
async fn metadata(client: &mut Client, history: &History) {
    let expected: BTreeMap<String, Topic> = history.known().topics.clone();
    let request = MetadataRequest { topics: None, ..MetadataRequest::default() };
    let Some(answer) = told(client, history, 12, &request).await else { return };
    let expected = unchanged(expected, history);
    for (name, topic) in &expected {
        let found = answer
            .topics
            .iter()
            .find(|found| found.name.as_ref().is_some_and(|found| found.as_str() == name));
        history.known().counts.metadata += 1;
        let counts = topic.partitions..=topic.partitions.max(topic.partitions_wanted);
        match (topic.life, found) {
            (Life::Live, None) => history.violate(format!("{name} was made and is gone")),
            (Life::Gone, Some(_)) => history.violate(format!("{name} was deleted and is there")),
            (Life::Live, Some(found)) => {
                let count = i32::try_from(found.partitions.len()).unwrap_or(0);
                if found.topic_id != topic.id || !counts.contains(&count) {
                    history.violate(format!(
                        "{name} is {} with {count} partitions, was {} with {counts:?}",
                        found.topic_id, topic.id
                    ));
                }
            }
            (Life::Gone, None) | (Life::Wanted | Life::Leaving, _) => {}
        }
    }
    for found in &answer.topics {
        let known = history.known();
        let name = found.name.as_ref().map_or("", |name| name.as_str());
        // What came into being by itself: topics of members, transactors and coordinators.
        let own = [super::seat::TOPIC, super::transactor::TOPIC];
        let is_known = known.topics.contains_key(name);
        drop(known);
        if !is_known && !found.is_internal && !own.contains(&name) {
            history.violate(format!("a topic {name} that nobody made"));
        }
    }
    configs(client, history, expected).await;
}

/// Those topics of which nothing has become known since an answer was asked for.
fn unchanged(asked: BTreeMap<String, Topic>, history: &History) -> BTreeMap<String, Topic> {
    let known = history.known();
    asked.into_iter().filter(|(name, topic)| known.topics.get(name) == Some(topic)).collect()
}

async fn configs(client: &mut Client, history: &History, expected: BTreeMap<String, Topic>) {
    let live = expected.iter().filter(|(_, topic)| topic.is_live());
    let resources = live.map(|(name, _)| DescribeConfigsResource {
        resource_type: 2,
        resource_name: name.as_str().into(),
        configuration_keys: None,
        ..DescribeConfigsResource::default()
    });
    let request = DescribeConfigsRequest { resources: resources.collect(), ..Default::default() };
    let Some(answer) = told(client, history, 4, &request).await else { return };
    let expected = unchanged(expected, history);
    for name in expected.iter().filter(|(_, topic)| topic.is_live()).map(|(name, _)| name) {
        if !answer.results.iter().any(|result| result.resource_name.as_str() == name) {
            history.violate(format!("nothing is told of the configs of {name}"));
        }
    }
    for result in &answer.results {
        let name = result.resource_name.as_str();
        let Some(topic) = expected.get(name) else { continue };
        if result.error_code != ErrorCode::NONE {
            history.violate(format!("configs of {name}: {}", result.error_code));
            continue;
        }
        for (key, values) in &topic.configs {
            let found = result.configs.iter().find(|config| config.name.as_str() == key);
            let value = found.and_then(|config| config.value.as_ref()).map(|value| value.as_str());
            history.known().counts.metadata += 1;
            let is_internal = key.starts_with("internal.");
            let is_hidden = is_internal && found.is_none();
            let agrees = value.is_some_and(|value| values.contains(value));
            if !(agrees || is_hidden || values.contains(ANY)) {
                history.violate(format!("{name} has {key}={value:?}, was set to {values:?}"));
            }
        }
    }
}
