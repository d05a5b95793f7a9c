//! The closed loop: every connection keeps its window of requests full.

use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

use super::{Events, Fetcher, Producer, STALL_MAX, broken};

/// How long a closed loop runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Before anything counts.
    pub(crate) warm: Duration,
    /// While it counts.
    pub(crate) time: Duration,
    /// It ends sooner after so many requests, all told: what they write must fit on the disk.
    pub(crate) requests_max: u64,
}

/// What was done while it counted.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Done {
    pub(crate) requests: u64,
    /// Records fetched; a producer's caller knows how many it sends.
    pub(crate) records: u64,
    /// Bytes of records fetched.
    pub(crate) bytes: u64,
    pub(crate) elapsed: Duration,
}

/// A connection of a closed loop.
pub(crate) enum Client {
    Producer(Producer, u64),
    Fetcher(Fetcher),
}

impl Client {
    fn turn(&mut self) -> io::Result<()> {
        match self {
            Self::Producer(producer, window) => {
                producer.receive()?;
                producer.allowed = producer.answered + *window;
                producer.send()
            }
            Self::Fetcher(fetcher) => {
                fetcher.send()?;
                fetcher.receive()
            }
        }
    }
}

/// Runs the clients; `edge` is called when counting begins and when it ends.
///
/// # Errors
/// When a connection breaks, an answer tells an error, or none comes for long.
pub(crate) fn closed(
    mut clients: Vec<Client>,
    limits: &Limits,
    edge: impl FnMut(),
) -> io::Result<Done> {
    let mut events = Events::new()?;
    for (token, client) in clients.iter().enumerate() {
        match client {
            Client::Producer(producer, _) => events.add(&producer.socket, token)?,
            Client::Fetcher(fetcher) => events.add(&fetcher.socket, token)?,
        }
    }
    let mut course = Course::new(limits, edge);
    loop {
        for token in events.wait()? {
            clients[token].turn()?;
        }
        if let Some(done) = course.passes(total(&clients))? {
            return Ok(done);
        }
    }
}

/// Runs producers that are far more than the requests in flight: each has one at most, and who has
/// waited longest is the next to send. Counting does not begin before each has been answered once.
/// `edge` as of [`closed`].
///
/// # Errors
/// As of [`closed`].
pub(crate) fn closed_in_turns(
    mut producers: Vec<Producer>,
    in_flight_max: usize,
    limits: &Limits,
    edge: impl FnMut(),
) -> io::Result<Done> {
    let mut events = Events::new()?;
    for (token, producer) in producers.iter().enumerate() {
        events.add(&producer.socket, token)?;
    }
    let mut course = Course::new(limits, edge);
    course.counts_after = producers.len() as u64;
    let mut idle: VecDeque<usize> = (0..producers.len()).collect();
    let mut total = Done::default();
    loop {
        while producers.len() - idle.len() < in_flight_max
            && let Some(token) = idle.pop_front()
        {
            producers[token].allowed += 1;
            producers[token].send()?;
        }
        for token in events.wait()? {
            let producer = &mut producers[token];
            if producer.answered == producer.allowed {
                continue;
            }
            // What is left of a request that the socket did not take whole.
            producer.send()?;
            producer.receive()?;
            if producer.answered == producer.allowed {
                total.requests += 1;
                idle.push_back(token);
            }
        }
        if let Some(done) = course.passes(total)? {
            return Ok(done);
        }
    }
}

/// From the start over the time that does not count to the end.
struct Course<'a, F> {
    limits: &'a Limits,
    edge: F,
    /// Of the part that it is in.
    begin: Instant,
    /// So many requests do not count, however long they take.
    counts_after: u64,
    /// What had been done when counting began.
    start: Option<Done>,
    /// The last count that was more than the one before, and when.
    progress: (u64, Instant),
}

impl<'a, F: FnMut()> Course<'a, F> {
    fn new(limits: &'a Limits, edge: F) -> Self {
        let begin = Instant::now();
        Self { limits, edge, begin, counts_after: 0, start: None, progress: (0, begin) }
    }

    /// Tells it what has been done since the loop began: what counts of it, once it is at the end.
    ///
    /// # Errors
    /// When nothing has been done for long.
    fn passes(&mut self, total: Done) -> io::Result<Option<Done>> {
        let now = Instant::now();
        let (answered, since) = &mut self.progress;
        if total.requests > *answered {
            (*answered, *since) = (total.requests, now);
        } else if now - *since > STALL_MAX {
            return Err(broken(format!("no answer for {} s", STALL_MAX.as_secs())));
        }
        let age = now - self.begin;
        match self.start {
            None if age >= self.limits.warm && total.requests >= self.counts_after => {
                (self.edge)();
                self.begin = Instant::now();
                self.start = Some(total);
            }
            Some(start)
                if age >= self.limits.time
                    || total.requests - start.requests >= self.limits.requests_max =>
            {
                (self.edge)();
                return Ok(Some(Done {
                    requests: total.requests - start.requests,
                    records: total.records - start.records,
                    bytes: total.bytes - start.bytes,
                    elapsed: age,
                }));
            }
            _ => {}
        }
        Ok(None)
    }
}

fn total(clients: &[Client]) -> Done {
    let mut total = Done::default();
    for client in clients {
        match client {
            Client::Producer(producer, _) => total.requests += producer.answered,
            Client::Fetcher(fetcher) => {
                total.requests += fetcher.answered;
                total.records += fetcher.records;
                total.bytes += fetcher.bytes;
            }
        }
    }
    total
}
