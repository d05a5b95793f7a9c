//! Topics with their partitions, replicas and configs.

use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::admin::{DescribedPartition, DescribedTopic, Reassignment, ResourceType};
use dohle_client::{Admin, Error, TopicPartition};
use dohle_protocol::ErrorCode;
use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use dohle_protocol::wire::Text;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The source of a config that is nobody's choice.
const DEFAULT_CONFIG: i8 = 5;

/// What is known of one topic.
struct Known {
    topic: DescribedTopic,
    configs: Vec<DescribeConfigsResourceResult>,
}

/// What of the topics is wanted.
struct Filter {
    under_replicated: bool,
    unavailable: bool,
    under_min_isr: bool,
    at_min_isr: bool,
    overridden: bool,
    live: Vec<i32>,
}

impl Filter {
    fn has_report(&self) -> bool {
        self.under_replicated || self.unavailable || self.under_min_isr || self.at_min_isr
    }

    fn wants(&self, one: &DescribedPartition, factor: usize, min_isr: usize) -> bool {
        let partition = &one.partition;
        let in_sync = partition.in_sync.len();
        let is_led = partition.leader.is_some_and(|leader| self.live.contains(&leader));
        !self.has_report()
            || self.under_replicated && factor > in_sync
            || self.unavailable && !is_led
            || self.under_min_isr && (partition.leader.is_none() || in_sync < min_isr)
            || self.at_min_isr && in_sync == min_isr
    }
}

/// Prints the topics that were asked for.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let names = names(session, given)?;
    console.begin();
    if names.is_empty() {
        return Ok(());
    }
    let limit = given.number("partition-size-limit-per-response", 2000)?;
    let (known, live, moves) = session.admin(|admin| look_up(admin, names, limit))?;
    let filter = Filter {
        under_replicated: given.has("under-replicated-partitions"),
        unavailable: given.has("unavailable-partitions"),
        under_min_isr: given.has("under-min-isr-partitions"),
        at_min_isr: given.has("at-min-isr-partitions"),
        overridden: given.has("topics-with-overrides"),
        live,
    };
    for one in &known {
        print(one, &moves, &filter, console)?;
    }
    Ok(())
}

fn names(session: &Session, given: &Given) -> Result<Vec<Text>, Failure> {
    let Some(id) = given.value("topic-id")? else { return super::existing(session, given) };
    let wanted: Uuid = id.parse().map_err(|_| {
        // Six bits a letter.
        let count = id.trim_end_matches('=').len() * 6 / 8;
        Failure::new(format!(
            "Input string `{id}` decoded as {count} bytes, which is not equal to the expected 16 bytes of a \
             base64-encoded UUID"
        ))
    })?;
    if wanted == Uuid::ZERO {
        return super::existing(session, given);
    }
    match session.admin(|admin| async move { admin.topic_of_id(wanted).await }) {
        Ok(name) => Ok(vec![name]),
        Err(error) if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_ID) => {
            if given.has("if-exists") {
                return Ok(Vec::new());
            }
            Err(Failure::new(format!("TopicId '{id}' does not exist as expected")))
        }
        Err(error) => Err(error.into()),
    }
}

type Moves = BTreeMap<TopicPartition, Reassignment>;

async fn look_up(
    admin: Admin,
    names: Vec<Text>,
    limit: i32,
) -> Result<(Vec<Known>, Vec<i32>, Moves), Error> {
    let mut known = Vec::new();
    for topic in admin.describe_topics(&names, limit).await? {
        let topic = topic?;
        let configs = admin.describe_configs(ResourceType::Topic, &topic.name, false).await?;
        known.push(Known { topic, configs });
    }
    let cluster = admin.describe_cluster(false).await?;
    let partitions: Vec<_> = known.iter().flat_map(|one| one.topic.topic_partitions()).collect();
    let moves = match admin.list_reassignments(Some(&partitions)).await {
        Ok(moves) => moves,
        // Without the right or the API there are none to show.
        Err(Error::UnsupportedVersion { .. }) => Moves::new(),
        Err(error) if error.code() == Some(ErrorCode::CLUSTER_AUTHORIZATION_FAILED) => Moves::new(),
        Err(error) => return Err(error),
    };
    Ok((known, cluster.brokers.iter().map(|node| node.id).collect(), moves))
}

fn print(
    known: &Known,
    moves: &Moves,
    filter: &Filter,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let name = &known.topic.name;
    let partitions = &known.topic.partitions;
    let under_way = |one: &DescribedPartition| {
        let found = moves.get(&TopicPartition::new(name.clone(), one.partition.index))?;
        let changing = |id: &i32| found.adding.contains(id) || found.removing.contains(id);
        one.partition.replicas.iter().any(changing).then_some(found)
    };
    let factor = |one: &DescribedPartition| match under_way(one) {
        Some(found) => found.replicas.len() - found.adding.len().min(found.replicas.len()),
        None => one.partition.replicas.len(),
    };
    let own: Vec<_> =
        known.configs.iter().filter(|config| config.config_source != DEFAULT_CONFIG).collect();
    let min_isr = known.configs.iter().find(|config| config.name == "min.insync.replicas");
    let min_isr = min_isr.and_then(|config| config.value.as_ref()?.parse().ok()).unwrap_or(1);
    let mut wanted =
        partitions.iter().filter(|one| filter.wants(one, factor(one), min_isr)).peekable();
    if console.keeps_answer() {
        let is_wanted = if filter.overridden {
            !own.is_empty()
        } else {
            !filter.has_report() || wanted.peek().is_some()
        };
        if is_wanted {
            let partitions: Vec<_> =
                wanted.map(|one| partition_json(one, under_way(one))).collect();
            console.tell(|| topic_json(&known.topic, partitions, &own));
        }
        return Ok(());
    }
    if !filter.has_report() && (!filter.overridden || !own.is_empty()) {
        let configs: Vec<_> = own
            .iter()
            .map(|config| format!("{}={}", config.name, config.value.as_deref().unwrap_or("null")))
            .collect();
        write!(console.out, "Topic: {name}")?;
        if known.topic.id != Uuid::ZERO {
            write!(console.out, "\tTopicId: {}", known.topic.id)?;
        }
        writeln!(
            console.out,
            "\tPartitionCount: {}\tReplicationFactor: {}\tConfigs: {}",
            partitions.len(),
            partitions.first().map_or(0, factor),
            configs.join(",")
        )?;
    }
    if filter.overridden {
        return Ok(());
    }
    for one in wanted {
        print_partition(name, one, under_way(one), console)?;
    }
    Ok(())
}

fn topic_json(
    topic: &DescribedTopic,
    partitions: Vec<Value>,
    own: &[&DescribeConfigsResourceResult],
) -> Value {
    let configs =
        own.iter().map(|config| (config.name.to_string(), json!(config.value.as_deref())));
    json!({
        "name": topic.name.as_str(),
        "id": (topic.id != Uuid::ZERO).then(|| topic.id.to_string()),
        "isInternal": topic.is_internal,
        "configs": configs.collect::<serde_json::Map<_, _>>(),
        "partitions": partitions,
    })
}

fn partition_json(one: &DescribedPartition, under_way: Option<&Reassignment>) -> Value {
    let partition = &one.partition;
    json!({
        "partition": partition.index,
        "leader": partition.leader,
        "leaderEpoch": partition.leader_epoch,
        "replicas": partition.replicas,
        "isr": partition.in_sync,
        "offlineReplicas": partition.offline,
        "addingReplicas": under_way.map_or(&[][..], |found| &found.adding),
        "removingReplicas": under_way.map_or(&[][..], |found| &found.removing),
        "elr": one.eligible_leaders,
        "lastKnownElr": one.last_known_eligible,
    })
}

fn print_partition(
    topic: &str,
    one: &DescribedPartition,
    under_way: Option<&Reassignment>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let partition = &one.partition;
    let leader = partition.leader.map_or_else(|| "none".to_owned(), |leader| leader.to_string());
    write!(
        console.out,
        "\tTopic: {topic}\tPartition: {}\tLeader: {leader}\tReplicas: {}\tIsr: {}",
        partition.index,
        list(&partition.replicas),
        list(&partition.in_sync)
    )?;
    if let Some(found) = under_way {
        let (adding, removing) = (list(&found.adding), list(&found.removing));
        write!(console.out, "\tAdding Replicas: {adding}\tRemoving Replicas: {removing}")?;
    }
    let or_unknown = |ids: &Option<Vec<i32>>| ids.as_deref().map_or_else(|| "N/A".to_owned(), list);
    writeln!(
        console.out,
        "\tElr: {}\tLastKnownElr: {}",
        or_unknown(&one.eligible_leaders),
        or_unknown(&one.last_known_eligible)
    )?;
    Ok(())
}

fn list(ids: &[i32]) -> String {
    let ids: Vec<String> = ids.iter().map(i32::to_string).collect();
    ids.join(",")
}
