//! `dohle log-dirs`: what lies in the log directories of brokers. Kafka's `kafka-log-dirs.sh`.

use crate::arguments::flags::{Flags, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::admin::DescribedTopic;
use dohle_protocol::wire::Text;
use serde_json::{Value, json};

const FLAGS: Flags = Flags {
    about: "This tool helps to query log directory usage on the specified brokers.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        switch("describe", "Describe the specified log directories on the specified brokers."),
        value("topic-list", "String: Topic list", "Topics, by comma; all if not given."),
        value("broker-list", "String: Broker list", "Brokers, by comma; all if not given."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    FLAGS.required(&given, BOOTSTRAP.name, console)?;
    if !given.has("describe") {
        return Err(FLAGS.wrong("Missing required argument \"[describe]\"", console));
    }
    let session = Session::of(&given)?;
    let items = |list: &str| {
        let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
        items.map(str::to_owned).collect::<Vec<_>>()
    };
    let topics: Vec<Text> = items(given.value("topic-list")?.unwrap_or_default())
        .iter()
        .map(|topic| topic.as_str().into())
        .collect();
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await })?;
    let known: Vec<i32> = cluster.brokers.iter().map(|node| node.id).collect();
    let brokers = match items(given.value("broker-list")?.unwrap_or_default()) {
        list if list.is_empty() => known.clone(),
        list => list
            .iter()
            .map(|id| id.parse().map_err(|_| Failure::new(format!("For input string: \"{id}\""))))
            .collect::<Result<_, _>>()?,
    };
    let missing: Vec<_> = brokers.iter().filter(|id| !known.contains(id)).collect();
    if !missing.is_empty() {
        writeln!(
            console.err,
            "ERROR: The given brokers do not exist from --broker-list: {}. Current existent \
             brokers: {}",
            join(&missing),
            join(&known)
        )?;
        return Err(Failure::TOLD);
    }
    let partitions = partitions_of(&session, &topics, console)?;
    writeln!(console.out, "Querying brokers for log directories information")?;
    let mut described = Vec::new();
    for broker in &brokers {
        described.push(of_broker(&session, *broker, partitions.clone())?);
    }
    writeln!(console.out, "Received log directory information from brokers {}", join(&brokers))?;
    writeln!(console.out, "{}", json!({ "brokers": described, "version": 1 }))?;
    Ok(())
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

type Wanted = Option<Vec<(Text, Vec<i32>)>>;

/// The partitions of the topics that were named, all of which must exist.
fn partitions_of(
    session: &Session,
    topics: &[Text],
    console: &mut Console<'_>,
) -> Result<Wanted, Failure> {
    if topics.is_empty() {
        return Ok(None);
    }
    let names = topics.to_vec();
    let described =
        session.admin(|admin| async move { admin.describe_topics(&names, 2000).await })?;
    let found: Vec<DescribedTopic> = described.into_iter().filter_map(Result::ok).collect();
    let missing: Vec<_> =
        topics.iter().filter(|topic| !found.iter().any(|one| one.name == **topic)).collect();
    if !missing.is_empty() {
        writeln!(
            console.err,
            "ERROR: The given topics do not exist from --topic-list: {}",
            join(&missing)
        )?;
        return Err(Failure::TOLD);
    }
    let wanted = found.into_iter().map(|topic| {
        let numbers = topic.partitions.iter().map(|one| one.partition.index).collect();
        (topic.name, numbers)
    });
    Ok(Some(wanted.collect()))
}

fn of_broker(session: &Session, broker: i32, partitions: Wanted) -> Result<Value, Failure> {
    let directories = session.admin(|admin| async move {
        admin.describe_log_dirs(broker, partitions.as_deref()).await
    })?;
    let directories: Vec<Value> = directories
        .iter()
        .map(|directory| {
            let mut partitions = Vec::new();
            for topic in &directory.topics {
                for one in &topic.partitions {
                    partitions.push(json!({
                        "partition": format!("{}-{}", topic.name, one.partition_index),
                        "size": one.partition_size,
                        "offsetLag": one.offset_lag,
                        "isFuture": one.is_future_key,
                    }));
                }
            }
            let error = directory
                .error_code
                .is_error()
                .then(|| crate::exception::class_of(&directory.error_code.into()));
            json!({
                "partitions": partitions,
                "error": error,
                "logDir": directory.log_dir.as_str(),
            })
        })
        .collect();
    Ok(json!({ "broker": broker, "logDirs": directories }))
}
