//! Connections that the server has taken and answered on, before anything is measured.

use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::messages::ApiVersionsRequest;

use super::crowd::{Crowd, Member};
use super::{Answer, Line};

/// A server under load takes its time for a thousand of them.
const GREET_TIME_MAX: Duration = Duration::from_secs(30);
/// Less than the 50 of `socket.listen.backlog.size`, by default, of both brokers.
const WAITING_MAX: usize = 32;

/// Connects so many times, and waits for an answer on each connection.
///
/// # Errors
/// When the server cannot be reached or does not answer.
pub(crate) fn lines(port: u16, count: usize) -> io::Result<Vec<Line>> {
    let greeters = greeters(port, count)?.into_members();
    Ok(greeters.into_iter().map(|greeter| greeter.line).collect())
}

/// The same, for those who go on greeting.
///
/// # Errors
/// When the server cannot be reached or does not answer.
pub(crate) fn greeters(port: u16, count: usize) -> io::Result<Crowd<Greeter>> {
    let greeters =
        connected(port, count, |_| Ok(Greeter { line: Line::connect(port)?, greeted: false }))?;
    let mut crowd = Crowd::new(greeters)?;
    greet(&mut crowd)?;
    Ok(crowd)
}

/// Connects so many times, not faster than the server accepts: who finds its backlog full is let in a
/// second later.
///
/// # Errors
/// When the server cannot be reached or does not answer.
pub(crate) fn connected<T>(
    port: u16,
    count: usize,
    mut connect: impl FnMut(usize) -> io::Result<T>,
) -> io::Result<Vec<T>> {
    let mut all = Vec::with_capacity(count);
    for number in 0..count {
        if number % WAITING_MAX == WAITING_MAX - 1 {
            // It stands behind all before it.
            let last = Greeter { line: Line::connect(port)?, greeted: false };
            greet(&mut Crowd::new(vec![last])?)?;
        }
        all.push(connect(number)?);
    }
    Ok(all)
}

/// All greet at once, again when all are answered, while there is time: how long that was.
///
/// # Errors
/// When the server breaks or does not answer.
pub(crate) fn greet_for(crowd: &mut Crowd<Greeter>, time: Duration) -> io::Result<Duration> {
    let begin = Instant::now();
    while begin.elapsed() < time {
        greet(crowd)?;
    }
    Ok(begin.elapsed())
}

fn greet(crowd: &mut Crowd<Greeter>) -> io::Result<()> {
    crowd.each(|_, greeter| greeter.speak())?;
    crowd.run(GREET_TIME_MAX, |greeters, _| greeters.iter().all(|greeter| greeter.greeted))?;
    Ok(())
}

/// Asks for the versions of the server's APIs, the smallest request that there is.
pub(crate) struct Greeter {
    line: Line,
    greeted: bool,
}

impl Member for Greeter {
    fn line(&self) -> &Line {
        &self.line
    }

    fn line_mut(&mut self) -> &mut Line {
        &mut self.line
    }

    fn hear(&mut self, answer: Answer, _: Instant) -> io::Result<()> {
        self.greeted = true;
        answer.read::<ApiVersionsRequest>().map(drop)
    }

    fn due(&self) -> Option<Instant> {
        None
    }

    fn speak(&mut self) -> io::Result<()> {
        self.greeted = false;
        self.line.ask(0, &ApiVersionsRequest::default())
    }

    fn rest(&mut self) {}

    fn state(&self) -> String {
        if self.greeted { "greeted".into() } else { "not answered".into() }
    }
}
