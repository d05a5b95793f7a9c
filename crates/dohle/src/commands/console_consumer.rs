//! `dohle console-consumer`: records are printed as they come. Kafka's
//! `kafka-console-consumer.sh`.

mod coordinated;
mod deserializer;
pub(super) mod formatter;
pub(super) mod options;

use crate::console::{Console, Failure};
use crate::pattern::Names;
use crate::reader::Reader;
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_client::admin::OffsetSpec;
use dohle_client::consumer::{Record, Subscribed};
use formatter::Formatter;
use options::{Options, Source, Start};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long one look at the consumer may take, so that Ctrl-C is heard soon.
const LOOK: Duration = Duration::from_millis(100);

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(options) = options::read(words, console)? else { return Ok(()) };
    let formatter = Formatter::new(&options.formatter, &options.formatter_properties, console)?;
    let session = Session::open(&options.bootstrap, &options.properties)?;
    let stop = session.stop_flag();
    let tells_events = options.tells_events;
    let consumer = open(&session, &options)?;
    let mut printer = Printer { session: &session, consumer, options, formatter, printed: 0 };
    let read = printer.print(console);
    let Printer { consumer, printed, .. } = printer;
    session.run(async move { consumer.close().await });
    console.out.flush()?;
    writeln!(console.err, "Processed a total of {printed} messages")?;
    if tells_events {
        writeln!(console.out, "shutdown_complete")?;
    }
    read?;
    stop.end()
}

fn open(session: &Session, options: &Options) -> Result<Reader, Failure> {
    let config = options.consumer.clone();
    let mut reader = Reader::new(session, config);
    let consumer = reader.consumer();
    match &options.source {
        Source::Topic(topic) => match options.partition {
            Some(partition) => {
                let partition = TopicPartition::new(topic.as_str(), partition);
                consumer.assign([partition.clone()]);
                match options.start {
                    Start::Earliest => consumer.seek_to(&partition, OffsetSpec::Earliest)?,
                    Start::Latest => consumer.seek_to(&partition, OffsetSpec::Latest)?,
                    Start::Offset(offset) => consumer.seek(&partition, offset)?,
                }
            }
            None => consumer.subscribe(Subscribed::Topics(vec![topic.as_str().into()])),
        },
        Source::Matching(pattern) => {
            let names = Names::of(pattern).map_err(|error| Failure::new(error.to_string()))?;
            consumer.subscribe(Subscribed::Matching(Arc::new(move |name| names.have(name))));
        }
    }
    Ok(reader)
}

/// Reads and prints.
struct Printer<'s> {
    session: &'s Session,
    consumer: Reader,
    options: Options,
    formatter: Formatter,
    printed: u64,
}

impl Printer<'_> {
    /// Prints until the count or the time is up, or a signal comes.
    fn print(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let stop = self.session.stop_flag();
        let mut heard = Instant::now();
        let last = "ERROR Error processing message, terminating consumer process: ";
        while !self.is_done() && stop.signal().is_none() {
            let timeout = self.options.timeout;
            let left = timeout.map(|timeout| timeout.saturating_sub(heard.elapsed()));
            let look = left.map_or(LOOK, |left| left.min(LOOK));
            let records = match self.consumer.poll(self.session, look) {
                Ok(records) => records,
                Err(error) => {
                    writeln!(console.err, "{last}{error}")?;
                    return Ok(());
                }
            };
            if !records.is_empty() {
                heard = Instant::now();
                self.print_all(records, console)?;
                console.out.flush()?;
            } else if left.is_some_and(|left| left.is_zero()) {
                writeln!(console.err, "{last}org.apache.kafka.common.errors.TimeoutException")?;
                return Ok(());
            }
        }
        Ok(())
    }

    fn is_done(&self) -> bool {
        self.options.count_max.is_some_and(|max| self.printed >= max)
    }

    fn print_all(
        &mut self,
        records: Vec<Record>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        let mut unread = Vec::new();
        for record in records {
            if self.is_done() {
                unread.push(record);
                continue;
            }
            self.printed += 1;
            match self.formatter.write(&record, None, console.out) {
                Err(Failure::Message(message)) if self.options.skip_errors => {
                    let skipped = "ERROR Error processing message, skipping this message: ";
                    writeln!(console.err, "{skipped}{message}")?;
                }
                written => written?,
            }
        }
        // What was not printed is not to be committed.
        for record in unread.into_iter().rev() {
            let partition = TopicPartition { topic: record.topic, partition: record.partition };
            self.consumer.consumer().seek(&partition, record.offset)?;
        }
        Ok(())
    }
}
