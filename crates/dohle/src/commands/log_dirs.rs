//! `dohle log-dirs`: what lies in the log directories of brokers. Kafka's `kafka-log-dirs.sh`.

use crate::arguments::flags::{Flags, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_protocol::wire::Text;
use serde_json::{Value, json};

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
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
    if console.keeps_answer() {
        for broker in &brokers {
            let described = of_broker(&session, *broker, &topics)?;
            console.tell(|| described);
        }
        return Ok(());
    }
    writeln!(console.out, "Querying brokers for log directories information")?;
    let mut described = Vec::new();
    for broker in &brokers {
        described.push(of_broker(&session, *broker, &topics)?);
    }
    writeln!(console.out, "Received log directory information from brokers {}", join(&brokers))?;
    writeln!(console.out, "{}", json!({ "brokers": described, "version": 1 }))?;
    Ok(())
}

fn join<T: ToString>(items: &[T]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// The directories of a broker, with the partitions of these topics; without any, of all.
fn of_broker(session: &Session, broker: i32, wanted: &[Text]) -> Result<Value, Failure> {
    let directories =
        session.admin(|admin| async move { admin.describe_log_dirs(broker, None).await })?;
    let directories: Vec<Value> = directories
        .iter()
        .map(|directory| {
            let mut partitions = Vec::new();
            let is_wanted = |name: &Text| wanted.is_empty() || wanted.contains(name);
            for topic in directory.topics.iter().filter(|topic| is_wanted(&topic.name)) {
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
