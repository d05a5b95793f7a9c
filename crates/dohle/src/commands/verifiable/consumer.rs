//! `dohle verifiable-consumer`: consumes as a member of a group. Kafka's
//! `kafka-verifiable-consumer.sh`.

use super::{array, data, object, parse, print, require, text};
use crate::arguments::flags::{Flags, Given, Renamed, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::reader::Reader;
use crate::session::{Session, StopFlag};
use dohle_client::admin::CommittedOffset;
use dohle_client::consumer::{GroupProtocol, Record, Subscribed};
use dohle_client::{ConsumerConfig, Properties, TopicPartition};
use dohle_protocol::ErrorCode;
use std::collections::BTreeMap;
use std::time::Duration;

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool consumes messages from a specific topic and emits consumer events (e.g. \
            group rebalances, received messages, and offsets committed) as JSON objects to STDOUT.",
    flags: &[
        value("topic", "TOPIC", "REQUIRED: Consumes messages from this topic."),
        value("group-id", "GROUP_ID", "REQUIRED: The group id of the consumer group."),
        value("bootstrap-server", "HOST1:PORT1[,HOST2:PORT2[...]]", "REQUIRED: The server(s)."),
        value(
            "group-protocol",
            "GROUP-PROTOCOL",
            "The group protocol: CLASSIC (default) or CONSUMER.",
        ),
        value("group-remote-assignor", "GROUP-REMOTE-ASSIGNOR", "Only with protocol CONSUMER."),
        value("group-instance-id", "GROUP-INSTANCE-ID", "The name of a member that may restart."),
        value("max-messages", "MAX-MESSAGES", "How many messages; -1: until stopped (-1)."),
        value("session-timeout", "TIMEOUT-MS", "The session timeout; only with protocol CLASSIC."),
        switch("verbose", "Print each record."),
        switch("enable-autocommit", "Commit from time to time, not after each poll."),
        value("reset-policy", "RESET-POLICY", "earliest, latest or none (earliest)."),
        value("assignment-strategy", "STRATEGY", "The assignor's class (RangeAssignor)."),
        value("command-config", "CONFIG-FILE", "Properties file for the consumer."),
        value("consumer.config", "CONFIG-FILE", "(DEPRECATED) As --command-config."),
    ],
};

/// How long at most nobody looks for a signal.
const LOOK: Duration = Duration::from_millis(100);

/// A flag that has a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[("consumer.config", "command-config")],
    refused: Some("Options --OLD and --NEW are mutually exclusive."),
    told: Renamed::HAS_BEEN_DEPRECATED,
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = parse(&FLAGS, words, console)? else { return Ok(()) };
    require(&FLAGS, &given, &["topic", "group-id", "bootstrap-server"], console)?;
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    let settings = settings(&given)?;
    let mut config = ConsumerConfig::default();
    config.apply(&settings)?;
    let left = u64::try_from(given.number("max-messages", -1_i32)?).ok();
    let topic = given.value("topic")?.unwrap_or_default();
    let session = Session::open(given.value("bootstrap-server")?.unwrap_or_default(), &settings)?;
    let stop = session.stop_flag();
    let is_committing = !config.auto_commit;
    let keeps = config.group_protocol == GroupProtocol::Consumer || config.is_cooperative();
    let mut reader = Reader::new(&session, config);
    reader.consumer().subscribe(Subscribed::Topics(vec![topic.into()]));
    let is_verbose = given.has("verbose");
    let mut run = Run {
        session: &session,
        reader,
        left,
        is_verbose,
        is_committing,
        keeps,
        assignments: 0,
        held: Vec::new(),
    };
    print(run.session, "startup_complete", &[], console)?;
    run.consume(&stop, console)?;
    run.finish(&stop, console)
}

fn settings(given: &Given) -> Result<Properties, Failure> {
    let mut settings = Properties::default();
    for flag in ["consumer.config", "command-config"] {
        if let Some(file) = given.value(flag)? {
            properties::read(file, &mut settings)?;
        }
    }
    let name = given.value("group-protocol")?.unwrap_or("classic");
    let protocol = GroupProtocol::of_name(name).ok_or_else(|| {
        Failure::new(format!("Group protocol must be one of CLASSIC, CONSUMER, and is {name}"))
    })?;
    settings.set("group.protocol", protocol.to_string());
    // Each protocol shares out in its own way, and refuses the words of the other.
    let sharing = match protocol {
        GroupProtocol::Classic => (
            "assignment-strategy",
            "partition.assignment.strategy",
            Some("org.apache.kafka.clients.consumer.RangeAssignor"),
        ),
        GroupProtocol::Consumer => ("group-remote-assignor", "group.remote.assignor", None),
    };
    let pairs = [
        ("group-id", "group.id", None),
        ("group-instance-id", "group.instance.id", None),
        ("session-timeout", "session.timeout.ms", None),
        ("reset-policy", "auto.offset.reset", Some("earliest")),
        sharing,
    ];
    for (flag, name, default) in pairs {
        if let Some(value) = given.value(flag)?.or(default) {
            settings.set(name, value);
        }
    }
    let commits_by_itself = given.has("enable-autocommit").to_string();
    settings.set("enable.auto.commit", commits_by_itself);
    if settings.get("client.id").is_none() {
        settings.set("client.id", "consumer-1");
    }
    Ok(settings)
}

struct Run<'s> {
    session: &'s Session,
    reader: Reader,
    /// How many messages are still wanted; `None`: all.
    left: Option<u64>,
    is_verbose: bool,
    is_committing: bool,
    /// It keeps what it has while its group changes.
    keeps: bool,
    assignments: u64,
    /// The partitions that were told of last.
    held: Vec<TopicPartition>,
}

impl Run<'_> {
    /// Consumes until the count is reached, a signal comes, or it cannot go on.
    fn consume(&mut self, stop: &StopFlag, console: &mut Console<'_>) -> Result<(), Failure> {
        while self.left != Some(0) && stop.signal().is_none() {
            let records = match self.reader.poll(self.session, LOOK) {
                Ok(records) => records,
                Err(error) => return say_end(&error, console),
            };
            self.look_at_assignment(console)?;
            if records.is_empty() {
                continue;
            }
            let offsets = self.take(&records, console)?;
            if !self.is_committing {
                continue;
            }
            match self.reader.commit(self.session, offsets.clone()) {
                Err(error) if error.code() == Some(ErrorCode::FENCED_INSTANCE_ID) => {
                    return say_end(&error, console);
                }
                committed => self.print_commit(&offsets, committed.err(), console)?,
            }
        }
        Ok(())
    }

    /// Tells of partitions that the group has dealt out anew.
    fn look_at_assignment(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let assignments = self.reader.consumer().assignments();
        if assignments == self.assignments {
            return Ok(());
        }
        self.assignments = assignments;
        let dealt: Vec<_> = self.reader.consumer().assignment().cloned().collect();
        // Who keeps what it has is told of the differences.
        let (kept, held) = if self.keeps {
            std::mem::take(&mut self.held).into_iter().partition(|one| dealt.contains(one))
        } else {
            (Vec::new(), std::mem::take(&mut self.held))
        };
        self.held = held;
        self.give_up(console)?;
        let new: Vec<_> = dealt.iter().filter(|one| !kept.contains(*one)).cloned().collect();
        print(self.session, "partitions_assigned", &[("partitions", partitions(&new))], console)?;
        self.held = dealt;
        Ok(())
    }

    /// Tells that partitions are given back, if there are any.
    fn give_up(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let held = std::mem::take(&mut self.held);
        if !held.is_empty() {
            print(
                self.session,
                "partitions_revoked",
                &[("partitions", partitions(&held))],
                console,
            )?;
        }
        Ok(())
    }

    /// Counts and tells of what came, as much as is still wanted; what is to be committed.
    fn take(
        &mut self,
        records: &[Record],
        console: &mut Console<'_>,
    ) -> Result<BTreeMap<TopicPartition, CommittedOffset>, Failure> {
        let taken = share(records, self.left);
        let mut summaries = Vec::new();
        let mut offsets = BTreeMap::new();
        for (partition, records) in &taken {
            let (Some(first), Some(last)) = (records.first(), records.last()) else { continue };
            if self.is_verbose {
                for record in records {
                    print(self.session, "record_data", &data(record), console)?;
                }
            }
            summaries.push(object(&[
                ("topic", text(partition.topic.as_str())),
                ("partition", partition.partition.to_string()),
                ("count", records.len().to_string()),
                ("minOffset", first.offset.to_string()),
                ("maxOffset", last.offset.to_string()),
            ]));
            let leader_epoch = last.leader_epoch;
            let next = CommittedOffset {
                offset: last.offset.saturating_add(1),
                leader_epoch,
                metadata: String::new().into(),
            };
            offsets.insert(partition.clone(), next);
            self.left = self.left.map(|left| left - records.len() as u64);
        }
        let fields = [("count", records.len().to_string()), ("partitions", array(&summaries))];
        print(self.session, "records_consumed", &fields, console)?;
        Ok(offsets)
    }

    fn print_commit(
        &self,
        offsets: &BTreeMap<TopicPartition, CommittedOffset>,
        error: Option<dohle_client::Error>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let offsets = offsets.iter().map(|(partition, committed)| {
            object(&[
                ("topic", text(partition.topic.as_str())),
                ("partition", partition.partition.to_string()),
                ("offset", committed.offset.to_string()),
            ])
        });
        let mut fields = vec![("offsets", array(&offsets.collect::<Vec<_>>()))];
        let success = error.is_none().to_string();
        fields.extend(error.map(|error| ("error", text(error.to_string()))));
        fields.push(("success", success));
        print(self.session, "offsets_committed", &fields, console)
    }

    fn finish(mut self, stop: &StopFlag, console: &mut Console<'_>) -> Result<(), Failure> {
        let signal = stop.signal();
        if signal.is_some() {
            print(self.session, "shutdown_requested", &[], console)?;
        }
        self.give_up(console)?;
        let Self { session, reader, .. } = self;
        session.run(async move { reader.close().await });
        print(session, "shutdown_complete", &[], console)?;
        stop.end()?;
        if signal.is_none() {
            print(session, "shutdown_requested", &[], console)?;
        }
        Ok(())
    }
}

/// Says why it cannot go on; it ends as if it were done, as Kafka's does.
fn say_end(error: &dohle_client::Error, console: &mut Console<'_>) -> Result<(), Failure> {
    writeln!(console.err, "ERROR Error during processing, terminating consumer process: {error}")?;
    Ok(())
}

/// The records by partition, in the order in which these come, and at most `wanted` of them.
fn share(records: &[Record], wanted: Option<u64>) -> Vec<(TopicPartition, Vec<&Record>)> {
    let mut shared: Vec<(TopicPartition, Vec<&Record>)> = Vec::new();
    for record in records {
        let partition = TopicPartition::new(record.topic.clone(), record.partition);
        match shared.iter_mut().find(|(known, _)| *known == partition) {
            Some((_, records)) => records.push(record),
            None => shared.push((partition, vec![record])),
        }
    }
    let mut left =
        wanted.map_or(usize::MAX, |wanted| usize::try_from(wanted).unwrap_or(usize::MAX));
    for (_, records) in &mut shared {
        records.truncate(left);
        left -= records.len();
    }
    shared.retain(|(_, records)| !records.is_empty());
    shared
}

fn partitions(partitions: &[TopicPartition]) -> String {
    let all = partitions.iter().map(|one| {
        object(&[("topic", text(one.topic.as_str())), ("partition", one.partition.to_string())])
    });
    array(&all.collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(partition: i32, offset: i64) -> Record {
        Record {
            topic: "t".into(),
            partition,
            offset,
            timestamp: 0,
            timestamp_type: None,
            leader_epoch: -1,
            key: None,
            value: Some("v".into()),
            headers: Vec::new(),
        }
    }

    #[test]
    fn no_more_than_wanted() {
        let records = [record(1, 5), record(0, 7), record(1, 6), record(0, 8)];
        for (wanted, expected) in
            [(None, "1:5,6 0:7,8"), (Some(3), "1:5,6 0:7"), (Some(1), "1:5"), (Some(0), "")]
        {
            let told: Vec<_> = share(&records, wanted)
                .iter()
                .map(|(partition, records)| {
                    let offsets: Vec<_> =
                        records.iter().map(|record| record.offset.to_string()).collect();
                    format!("{}:{}", partition.partition, offsets.join(","))
                })
                .collect();
            assert_eq!(told.join(" "), expected);
        }
    }

    #[track_caller]
    fn settings_of(words: &str) -> Result<Properties, Failure> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let given = FLAGS.parse(&words, &mut Console::new(&mut out, &mut err));
        settings(&given.unwrap().unwrap())
    }

    #[test]
    fn flags_become_settings() {
        let found = settings_of("--group-id g --enable-autocommit --session-timeout 7").unwrap();
        for (name, expected) in [
            ("group.id", Some("g")),
            ("enable.auto.commit", Some("true")),
            ("session.timeout.ms", Some("7")),
            ("auto.offset.reset", Some("earliest")),
            ("group.instance.id", None),
        ] {
            assert_eq!(found.get(name), expected, "{name}");
        }
    }

    #[test]
    fn each_protocol_has_its_own_words() {
        let words = "--group-id g --group-remote-assignor range --group-protocol";
        for (protocol, assignor, strategy) in [
            ("consumer", Some("range"), None),
            ("Classic", None, Some("org.apache.kafka.clients.consumer.RangeAssignor")),
        ] {
            let found = settings_of(&format!("{words} {protocol}")).unwrap();
            assert_eq!(found.get("group.protocol"), Some(protocol.to_uppercase().as_str()));
            assert_eq!(found.get("group.remote.assignor"), assignor);
            assert_eq!(found.get("partition.assignment.strategy"), strategy);
            ConsumerConfig::default().apply(&found).unwrap();
        }
        assert!(settings_of(&format!("{words} other")).is_err());
        let found =
            settings_of("--group-id g --group-protocol consumer --session-timeout 7").unwrap();
        let error = ConsumerConfig::default().apply(&found).unwrap_err().to_string();
        assert_eq!(error, "session.timeout.ms cannot be set when group.protocol=CONSUMER");
    }
}
