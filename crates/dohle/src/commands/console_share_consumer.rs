//! `dohle console-share-consumer`: the records of a share group are printed as they come. Kafka's
//! `kafka-console-share-consumer.sh`.

pub(super) mod options;

use super::console_consumer::formatter::Formatter;
use crate::console::{Console, Failure};
use crate::session::{Session, StopFlag};
use crate::share_reader::ShareReader;
use dohle_client::share::{Acknowledgement, Refused, ShareRecord};
use options::Options;
use std::time::{Duration, Instant};

/// How long one look at the consumer may take, so that Ctrl-C is heard soon.
const LOOK: Duration = Duration::from_millis(250);

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some((options, formatter)) = options::read(words, console)? else { return Ok(()) };
    let session = Session::open(&options.bootstrap, &options.properties)?;
    let stop = session.stop_flag();
    let reader = ShareReader::new(&session, options.consumer.clone(), &options.topic);
    let mut printer =
        Printer { session: &session, stop: stop.clone(), reader, options, formatter, printed: 0 };
    let read = printer.print(console);
    let Printer { reader, printed, options, .. } = printer;
    warn_of(&reader.close(&session), console)?;
    console.out.flush()?;
    writeln!(console.err, "Processed a total of {printed} messages")?;
    if options.tells_events {
        writeln!(console.out, "shutdown_complete")?;
    }
    read?;
    stop.end()
}

fn warn_of(refused: &[Refused], console: &mut Console<'_>) -> Result<(), Failure> {
    for refused in refused {
        writeln!(console.err, "WARN An acknowledgement was not taken: {refused}")?;
    }
    Ok(())
}

/// Reads and prints.
struct Printer<'s> {
    session: &'s Session,
    stop: StopFlag,
    reader: ShareReader,
    options: Options,
    formatter: Formatter,
    printed: u64,
}

impl Printer<'_> {
    /// Prints until the count or the time is up, or a signal comes.
    fn print(&mut self, console: &mut Console<'_>) -> Result<(), Failure> {
        let mut heard = Instant::now();
        let last = "ERROR Error processing message, terminating consumer process: ";
        while !self.is_done() && self.stop.signal().is_none() {
            let timeout = self.options.timeout;
            let left = timeout.map(|timeout| timeout.saturating_sub(heard.elapsed()));
            let look = left.map_or(LOOK, |left| left.min(LOOK));
            let records = match self.reader.poll(self.session, look) {
                Ok(records) => records,
                // Kafka's tool says so, and ends well.
                Err(error) => {
                    writeln!(console.err, "{last}{error}")?;
                    return Ok(());
                }
            };
            warn_of(&self.reader.refused(), console)?;
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

    /// Prints records up to the count; what is left is let go when the consumer closes.
    fn print_all(
        &mut self,
        records: Vec<ShareRecord>,
        console: &mut Console<'_>,
    ) -> Result<(), Failure> {
        for one in records {
            if self.is_done() {
                return Ok(());
            }
            self.printed += 1;
            let written = self.formatter.write(&one.record, Some(one.delivery_count), console.out);
            let how = match written {
                Ok(()) => self.options.acknowledgement,
                Err(Failure::Message(message)) if self.options.rejects_errors => {
                    let what = "ERROR Error processing message, rejecting this message: ";
                    writeln!(console.err, "{what}{message}")?;
                    Acknowledgement::Reject
                }
                Err(failure) => return Err(failure),
            };
            self.reader.acknowledge(&one, how);
        }
        Ok(())
    }
}
