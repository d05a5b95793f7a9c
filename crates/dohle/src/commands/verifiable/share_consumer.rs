//! `dohle verifiable-share-consumer`: consumes as a member of a share group. Kafka's
//! `kafka-verifiable-share-consumer.sh`.

use super::{array, data, object, parse, print, require, text};
use crate::arguments::flags::{Flags, Given, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::{Session, StopFlag};
use crate::share_reader::ShareReader;
use dohle_client::admin::{ConfigChange, ResourceType};
use dohle_client::share::{Acknowledgement, Counted, Refused, ShareRecord};
use dohle_client::{Error, Properties, ShareConsumerConfig, TopicPartition};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool consumes messages from a specific topic as a member of a share group, and \
            emits events (e.g. startup, received messages, and offsets acknowledged) as JSON \
            objects to STDOUT.",
    flags: &[
        value("topic", "TOPIC", "REQUIRED: Consumes messages from this topic."),
        value("group-id", "GROUP-ID", "REQUIRED: The group id of the share group."),
        value("bootstrap-server", "HOST1:PORT1[,HOST2:PORT2[...]]", "REQUIRED: The server(s)."),
        value("max-messages", "MAX-MESSAGES", "How many messages; -1: until stopped (-1)."),
        switch("verbose", "Print each record."),
        value("acknowledgement-mode", "ACKNOWLEDGEMENT-MODE", "auto, sync or async (auto)."),
        value(
            "offset-reset-strategy",
            "OFFSET-RESET-STRATEGY",
            "Where the group begins: earliest or latest; it is set before consuming.",
        ),
        value("command-config", "CONFIG-FILE", "Properties file for the consumer."),
    ],
};

/// How long at most nobody looks for a signal.
const LOOK: Duration = Duration::from_millis(100);

/// Where a group begins that never consumed.
const RESET: &str = "share.auto.offset.reset";

/// When brokers hear that records were processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// With the next fetch.
    Auto,
    /// The same, asked for.
    Async,
    /// Before the next fetch.
    Sync,
}

impl Mode {
    fn of(name: &str) -> Result<Self, Failure> {
        match name.to_lowercase().as_str() {
            "auto" => Ok(Self::Auto),
            "async" => Ok(Self::Async),
            "sync" => Ok(Self::Sync),
            _ => {
                let message =
                    format!("The acknowledgement mode is auto, sync or async, not {name}");
                Err(Failure::new(message))
            }
        }
    }
}

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = parse(&FLAGS, words, console)? else { return Ok(()) };
    require(&FLAGS, &given, &["topic", "group-id", "bootstrap-server"], console)?;
    let plan = Plan::of(&given)?;
    let session =
        Session::open(given.value("bootstrap-server")?.unwrap_or_default(), &plan.settings)?;
    let stop = session.stop_flag();
    print(&session, "startup_complete", &[], console)?;
    let done = set_begin(&session, &plan, console).and_then(|()| {
        let reader = ShareReader::new(&session, plan.config.clone(), &plan.topic);
        let mut run = Run {
            session: &session,
            reader,
            plan: &plan,
            acknowledged: 0,
            open: 0,
            held: Vec::new(),
        };
        let consumed = run.consume(&stop, console);
        for refused in run.reader.close(&session) {
            print_settled(&session, &Settled::from(refused), console)?;
        }
        consumed
    });
    // Kafka's tool says why it cannot go on, and ends as if it were done.
    match done {
        Err(Failure::Message(message)) => writeln!(
            console.err,
            "ERROR Error during processing, terminating share consumer process: {message}"
        )?,
        done => done?,
    }
    print(&session, "shutdown_complete", &[], console)?;
    stop.end()
}

/// What the line says.
struct Plan {
    topic: String,
    config: ShareConsumerConfig,
    settings: Properties,
    /// How many messages are to be acknowledged; `None`: it goes on.
    wanted: Option<u64>,
    is_verbose: bool,
    mode: Mode,
    begin: String,
}

impl Plan {
    fn of(given: &Given) -> Result<Self, Failure> {
        let mode = Mode::of(given.value("acknowledgement-mode")?.unwrap_or("auto"))?;
        let mut settings = properties::of_files(given, &["command-config"])?;
        let group = given.value("group-id")?.unwrap_or_default();
        settings.set("group.id", group);
        if settings.get("client.id").is_none() {
            settings.set("client.id", format!("consumer-{group}-1"));
        }
        let mut config = ShareConsumerConfig::new(group);
        config.apply(&settings)?;
        Ok(Self {
            topic: given.value("topic")?.unwrap_or_default().to_owned(),
            config,
            settings,
            wanted: u64::try_from(given.number("max-messages", -1_i32)?).ok(),
            is_verbose: given.has("verbose"),
            mode,
            begin: given.value("offset-reset-strategy")?.unwrap_or_default().to_lowercase(),
        })
    }
}

/// Says where the group is to begin, if that was asked for.
fn set_begin(session: &Session, plan: &Plan, console: &mut Console<'_>) -> Result<(), Failure> {
    let begin = plan.begin.clone();
    if begin.is_empty() {
        return Ok(());
    }
    if !matches!(begin.as_str(), "earliest" | "latest") {
        return Err(Failure::new(format!("Unknown auto offset reset strategy: {begin}")));
    }
    let (group, shown) = (plan.config.group.to_string(), text(&begin));
    let change = [ConfigChange::Set(RESET.to_owned(), begin)];
    session.admin(|admin| async move {
        admin.alter_configs(ResourceType::Group, &group, &change).await
    })?;
    print(session, "offset_reset_strategy_set", &[("offsetResetStrategy", shown)], console)
}

struct Run<'s> {
    session: &'s Session,
    reader: ShareReader,
    plan: &'s Plan,
    /// How many messages brokers know to be processed.
    acknowledged: u64,
    /// How many acknowledgements brokers have not answered.
    open: u64,
    /// What came while those were waited for.
    held: Vec<ShareRecord>,
}

impl Run<'_> {
    /// Consumes until the count is reached or a signal comes.
    fn consume(&mut self, stop: &StopFlag, console: &mut Console<'_>) -> Result<(), Failure> {
        let is_done = |count| self.plan.wanted.is_some_and(|wanted| count >= wanted);
        while !is_done(self.acknowledged) && stop.signal().is_none() {
            let records = self.next(console)?;
            // Whoever waits for answers is given nothing new before.
            let is_waiting = self.plan.mode == Mode::Sync && self.open > 0;
            self.held.extend(records);
            if self.held.is_empty() || is_waiting || is_done(self.acknowledged) {
                continue;
            }
            let records = std::mem::take(&mut self.held);
            self.tell(&records, console)?;
            for record in &records {
                self.reader.acknowledge(record, Acknowledgement::Accept);
            }
            self.open += records.len() as u64;
        }
        Ok(())
    }

    /// What comes next; what brokers said to acknowledgements meanwhile is told before.
    fn next(&mut self, console: &mut Console<'_>) -> Result<Vec<ShareRecord>, Failure> {
        let polled = self.reader.poll(self.session, LOOK);
        let counted = self.reader.counted().into_iter().map(Settled::from);
        let settled: Vec<_> =
            counted.chain(self.reader.refused().into_iter().map(Settled::from)).collect();
        for one in settled {
            let count = print_settled(self.session, &one, console)?;
            self.open = self.open.saturating_sub(count);
            if one.error.is_none() {
                self.acknowledged += count;
            }
        }
        Ok(polled?)
    }

    /// Tells what came.
    fn tell(&self, records: &[ShareRecord], console: &mut Console<'_>) -> Result<(), Failure> {
        let mut partitions: BTreeMap<TopicPartition, Vec<&ShareRecord>> = BTreeMap::new();
        for one in records {
            let partition = TopicPartition::new(one.record.topic.clone(), one.record.partition);
            partitions.entry(partition).or_default().push(one);
        }
        let mut summaries = Vec::new();
        for (partition, records) in &partitions {
            if self.plan.is_verbose {
                for one in records {
                    print(self.session, "record_data", &data(&one.record), console)?;
                }
            }
            summaries.push(summary(partition, records.iter().map(|one| one.record.offset)));
        }
        let fields = [("count", records.len().to_string()), ("partitions", array(&summaries))];
        print(self.session, "records_consumed", &fields, console)
    }
}

/// The offsets of a partition.
fn summary(partition: &TopicPartition, offsets: impl Iterator<Item = i64>) -> String {
    let offsets: Vec<_> = offsets.map(|offset| offset.to_string()).collect();
    object(&[
        ("topic", text(partition.topic.as_str())),
        ("partition", partition.partition.to_string()),
        ("count", offsets.len().to_string()),
        ("offsets", array(&offsets)),
    ])
}

/// What a broker said to acknowledgements of one partition.
struct Settled {
    partition: TopicPartition,
    offsets: Vec<RangeInclusive<i64>>,
    /// Why they do not count, if they do not.
    error: Option<Error>,
}

impl From<Counted> for Settled {
    fn from(Counted { partition, offsets }: Counted) -> Self {
        Self { partition, offsets, error: None }
    }
}

impl From<Refused> for Settled {
    fn from(Refused { partition, offsets, error }: Refused) -> Self {
        Self { partition, offsets, error: Some(error) }
    }
}

/// Tells what a broker said to acknowledgements; of how many.
fn print_settled(
    session: &Session,
    settled: &Settled,
    console: &mut Console<'_>,
) -> Result<u64, Failure> {
    let count = settled.offsets.iter().cloned().flatten().count() as u64;
    print(session, "offsets_acknowledged", &fields(settled, count), console)?;
    Ok(count)
}

fn fields(settled: &Settled, count: u64) -> Vec<(&'static str, String)> {
    let summary = summary(&settled.partition, settled.offsets.iter().cloned().flatten());
    let mut fields = vec![
        ("count", count.to_string()),
        ("partitions", array(&[summary])),
        ("success", settled.error.is_none().to_string()),
    ];
    fields.extend(settled.error.as_ref().map(|error| ("error", text(error.to_string()))));
    fields
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::ErrorCode;

    #[test]
    fn what_brokers_said() {
        let partition = TopicPartition::new("t", 1);
        let taken = Settled { partition, offsets: vec![0..=1, 5..=5], error: None };
        let expected = "{\"count\":3,\"partitions\":[{\"topic\":\"t\",\"partition\":1,\"count\":3,\
                        \"offsets\":[0,1,5]}],\"success\":true}";
        assert_eq!(object(&fields(&taken, 3)), expected);
        let error = Some(ErrorCode::INVALID_RECORD_STATE.into());
        let refused = object(&fields(&Settled { error, ..taken }, 3));
        assert!(refused.contains("\"success\":false,\"error\":\""), "{refused}");
    }

    #[track_caller]
    fn plan(line: &str) -> Result<Plan, Failure> {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let given = FLAGS.parse(&words, &mut Console::new(&mut out, &mut err));
        Plan::of(&given.unwrap().unwrap())
    }

    #[test]
    fn words() {
        let plain = plan("--topic t --group-id g").unwrap();
        assert_eq!((plain.mode, plain.wanted, plain.begin.as_str()), (Mode::Auto, None, ""));
        let line = "--topic t --group-id g --acknowledgement-mode SYNC --max-messages 0 \
                    --offset-reset-strategy Earliest --verbose";
        let full = plan(line).unwrap();
        assert_eq!(
            (full.mode, full.wanted, full.begin.as_str()),
            (Mode::Sync, Some(0), "earliest")
        );
        assert!(full.is_verbose && full.config.group == "g");
        assert!(plan("--topic t --group-id g --acknowledgement-mode never").is_err());
    }
}
