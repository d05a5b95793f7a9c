//! `dohle verifiable-producer`: sends rising numbers. Kafka's `kafka-verifiable-producer.sh`.

use super::{parse, print, require, text, text_or_null};
use crate::arguments::flags::{Flags, Given, Renamed, value};
use crate::console::{Console, Failure};
use crate::exception::class_of;
use crate::properties;
use crate::session::{Session, StopFlag};
use dohle_client::producer::{Delivered, Delivery, Record};
use dohle_client::{Error, Producer, ProducerConfig, Properties};
use dohle_env::clock::Instant;
use std::collections::VecDeque;
use std::time::Duration;

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool produces increasing integers to the specified topic and prints JSON \
            metadata to stdout on each \"send\" request, making externally visible which messages \
            have been acked and which have not.",
    flags: &[
        value("topic", "TOPIC", "REQUIRED: Produce messages to this topic."),
        value("bootstrap-server", "HOST1:PORT1[,HOST2:PORT2[...]]", "REQUIRED: The server(s)."),
        value("max-messages", "MAX-MESSAGES", "How many messages; -1: until stopped (-1)."),
        value("throughput", "THROUGHPUT", "At most about so many messages a second (-1)."),
        value("acks", "ACKS", "Acks required on each message: 0, 1 or -1 (-1)."),
        value("message-create-time", "CREATE-TIME", "The time of the first message, in ms."),
        value("value-prefix", "VALUE-PREFIX", "A number before each value, and a dot."),
        value("repeating-keys", "REPEATING-KEYS", "Keys from 0 up to this number, and again."),
        value("command-config", "CONFIG-FILE", "Properties file for the producer."),
        value("producer.config", "CONFIG-FILE", "(DEPRECATED) As --command-config."),
    ],
};

/// How long at most nobody looks for a signal or an answer.
const LOOK: Duration = Duration::from_millis(50);

/// How many sends may be open before the oldest is waited for.
const OPEN_MAX: usize = 10_000;

/// A flag that has a newer spelling.
const RENAMED: Renamed = Renamed {
    flags: &[("producer.config", "command-config")],
    refused: Some("Options --OLD and --NEW are mutually exclusive."),
    told: Renamed::HAS_BEEN_DEPRECATED,
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = parse(&FLAGS, words, console)? else { return Ok(()) };
    require(&FLAGS, &given, &["topic", "bootstrap-server"], console)?;
    let plan = Plan::of(&given)?;
    FLAGS.in_one_spelling(&given, &RENAMED, console)?;
    let settings = settings(&given)?;
    let mut config = ProducerConfig::default();
    config.apply(&settings)?;
    let bootstrap = settings.get("bootstrap.servers").unwrap_or_default().to_owned();
    let session = Session::open(&bootstrap, &settings)?;
    let stop = session.stop_flag();
    let client = session.client().clone();
    let producer = session.run(async move { Producer::new(client, config) });
    let start = session.client().env().clock.now();
    let mut run = Run { session: &session, producer, plan, start, open: VecDeque::new(), acked: 0 };
    print(run.session, "startup_complete", &[], console)?;
    let sent = run.send_all(&stop, console)?;
    run.finish(sent, console)?;
    stop.end()
}

fn settings(given: &Given) -> Result<Properties, Failure> {
    let mut settings = Properties::default();
    settings.set("bootstrap.servers", given.value("bootstrap-server")?.unwrap_or_default());
    let acks = given.value("acks")?.unwrap_or("-1");
    if !["0", "1", "-1"].contains(&acks) {
        return Err(Failure::new(format!(
            "argument --acks: invalid choice: '{acks}' (choose from {{0,1,-1}})"
        )));
    }
    settings.set("acks", acks);
    settings.set("retries", "0");
    for flag in ["producer.config", "command-config"] {
        if let Some(file) = given.value(flag)? {
            properties::read(file, &mut settings)?;
        }
    }
    if settings.get("client.id").is_none() {
        settings.set("client.id", "producer-1");
    }
    Ok(settings)
}

/// What is to be sent.
#[derive(Debug)]
struct Plan {
    topic: String,
    /// `None`: until a signal comes.
    count: Option<u64>,
    /// Messages a second; below 0 there is no limit.
    throughput: i64,
    prefix: Option<i32>,
    keys: Option<u64>,
    created: Option<i64>,
}

impl Plan {
    fn of(given: &Given) -> Result<Self, Failure> {
        let keys: Option<i32> = given.parsed("repeating-keys")?;
        let created = given.number("message-create-time", -1)?;
        Ok(Self {
            topic: given.value("topic")?.unwrap_or_default().to_owned(),
            count: u64::try_from(given.number("max-messages", -1_i32)?).ok(),
            throughput: i64::from(given.number("throughput", -1_i32)?),
            prefix: given.parsed("value-prefix")?,
            // Kafka's counter meets 0 and less only after it has overflowed.
            keys: keys
                .map(|keys| u64::try_from(keys).ok().filter(|keys| *keys > 0).unwrap_or(u64::MAX)),
            created: Some(created).filter(|created| *created != -1),
        })
    }

    fn key(&self, index: u64) -> Option<String> {
        self.keys.map(|keys| (index % keys).to_string())
    }

    fn value(&self, index: u64) -> String {
        match self.prefix {
            Some(prefix) => format!("{prefix}.{index}"),
            None => index.to_string(),
        }
    }
}

/// A message that was sent and not yet answered.
struct Open {
    key: Option<String>,
    value: String,
    delivery: Delivery,
}

struct Run<'s> {
    session: &'s Session,
    producer: Producer,
    plan: Plan,
    start: Instant,
    open: VecDeque<Open>,
    acked: u64,
}

impl Run<'_> {
    fn elapsed(&self) -> Duration {
        self.session.client().env().clock.now() - self.start
    }

    /// Sends until the count is reached or a signal comes; how many were sent.
    fn send_all(&mut self, stop: &StopFlag, console: &mut Console<'_>) -> Result<u64, Failure> {
        let mut index = 0;
        while self.plan.count.is_none_or(|count| index < count) && stop.signal().is_none() {
            self.send(index, console)?;
            index += 1;
            self.settle(false, console)?;
            self.wait(index, stop, console)?;
        }
        Ok(index)
    }

    fn send(&mut self, index: u64, console: &mut Console<'_>) -> Result<(), Failure> {
        let (key, value) = (self.plan.key(index), self.plan.value(index));
        let mut record = Record::of_value(self.plan.topic.as_str(), value.clone().into_bytes());
        record.key = key.clone().map(|key| key.into_bytes().into());
        record.timestamp = self.plan.created;
        if let Some(created) = self.plan.created {
            let elapsed = i64::try_from(self.elapsed().as_millis()).unwrap_or(i64::MAX);
            self.plan.created = Some(created.saturating_add(elapsed));
        }
        let sent = match self.producer.try_send(&record) {
            Some(sent) => sent,
            None => {
                let producer = self.producer.clone();
                self.session.run(async move { producer.send(record).await })
            }
        };
        match sent {
            Ok(delivery) => self.open.push_back(Open { key, value, delivery }),
            Err(error) => self.told(key, value, Err(error), console)?,
        }
        Ok(())
    }

    /// Waits until it is time for message `index`.
    fn wait(
        &mut self,
        index: u64,
        stop: &StopFlag,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let due = match self.plan.throughput {
            0 => Duration::MAX,
            rate if rate > 0 => Duration::from_secs_f64(index as f64 / rate as f64),
            _ => return Ok(()),
        };
        while stop.signal().is_none() {
            let early = due.saturating_sub(self.elapsed());
            if early < Duration::from_millis(1) {
                break;
            }
            std::thread::sleep(early.min(LOOK));
            self.settle(false, console)?;
        }
        Ok(())
    }

    /// Tells what was answered; with `all`, waits for the rest.
    fn settle(&mut self, all: bool, console: &mut Console<'_>) -> Result<(), Failure> {
        while let Some(first) = self.open.front() {
            let result = match first.delivery.get() {
                Some(result) => result,
                None if all || self.open.len() > OPEN_MAX => {
                    let delivery = first.delivery.clone();
                    self.session.run(async move { delivery.wait().await })
                }
                None => break,
            };
            let Some(Open { key, value, .. }) = self.open.pop_front() else { break };
            self.told(key, value, result, console)?;
        }
        Ok(())
    }

    fn told(
        &mut self,
        key: Option<String>,
        value: String,
        result: Result<Delivered, Error>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let (key, value) = (("key", text_or_null(key)), ("value", text(value)));
        match result {
            Ok(told) => {
                self.acked += 1;
                let fields = [
                    key,
                    value,
                    ("offset", told.offset.unwrap_or(-1).to_string()),
                    ("topic", text(told.partition.topic.as_str())),
                    ("partition", told.partition.partition.to_string()),
                ];
                print(self.session, "producer_send_success", &fields, console)
            }
            Err(error) => {
                let fields = [
                    key,
                    value,
                    ("topic", text(&self.plan.topic)),
                    ("exception", text(format!("class {}", class_of(&error)))),
                    ("message", text(error.to_string())),
                ];
                print(self.session, "producer_send_error", &fields, console)
            }
        }
    }

    fn finish(mut self, sent: u64, console: &mut Console<'_>) -> Result<(), Failure> {
        let flushing = self.producer.clone();
        self.session.run(async move { flushing.flush().await });
        self.settle(true, console)?;
        let closing = self.producer.clone();
        self.session.run(async move { closing.close().await });
        print(self.session, "shutdown_complete", &[], console)?;
        let rate = self.acked as f64 / self.elapsed().as_secs_f64().max(0.001);
        let fields = [
            ("sent", sent.to_string()),
            ("acked", self.acked.to_string()),
            ("target_throughput", self.plan.throughput.to_string()),
            ("avg_throughput", rate.to_string()),
        ];
        print(self.session, "tool_data", &fields, console)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn plan(words: &[&str]) -> Plan {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let given = FLAGS.parse(&words, &mut Console::new(&mut out, &mut err));
        Plan::of(&given.unwrap().unwrap()).unwrap()
    }

    #[test]
    fn keys_and_values() {
        let plain = plan(&["--topic", "t"]);
        assert_eq!((plain.key(3), plain.value(3)), (None, "3".to_owned()));
        assert_eq!((plain.count, plain.throughput, plain.created), (None, -1, None));
        let words = "--topic t --value-prefix 7 --repeating-keys 2 --max-messages 0 \
                     --message-create-time 5 --throughput 0";
        let full = plan(&words.split(' ').collect::<Vec<_>>());
        assert_eq!((full.key(3), full.value(3)), (Some("1".to_owned()), "7.3".to_owned()));
        assert_eq!((full.count, full.throughput, full.created), (Some(0), 0, Some(5)));
    }
}
