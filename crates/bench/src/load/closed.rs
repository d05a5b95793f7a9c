//! The closed loop: every connection keeps its window of requests full.

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
    mut edge: impl FnMut(),
) -> io::Result<Done> {
    let mut events = Events::new()?;
    for (token, client) in clients.iter().enumerate() {
        match client {
            Client::Producer(producer, _) => events.add(&producer.socket, token)?,
            Client::Fetcher(fetcher) => events.add(&fetcher.socket, token)?,
        }
    }
    let mut begin = Instant::now();
    let mut start: Option<Done> = None;
    let (mut answered, mut progress) = (0, begin);
    loop {
        for token in events.wait()? {
            clients[token].turn()?;
        }
        let now = Instant::now();
        let total = total(&clients);
        if total.requests > answered {
            (answered, progress) = (total.requests, now);
        } else if now - progress > STALL_MAX {
            return Err(broken(format!("no answer for {} s", STALL_MAX.as_secs())));
        }
        match start {
            None if now - begin >= limits.warm => {
                edge();
                begin = Instant::now();
                start = Some(total);
            }
            Some(start)
                if now - begin >= limits.time
                    || total.requests - start.requests >= limits.requests_max =>
            {
                edge();
                return Ok(Done {
                    requests: total.requests - start.requests,
                    records: total.records - start.records,
                    bytes: total.bytes - start.bytes,
                    elapsed: now - begin,
                });
            }
            _ => {}
        }
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
