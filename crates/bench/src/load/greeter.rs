//! Connections that the server has taken and answered on, before anything is measured.

use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::messages::ApiVersionsRequest;

use super::crowd::{Crowd, Member};
use super::{Answer, Line};

/// A server under load takes its time for a thousand of them.
const GREET_TIME_MAX: Duration = Duration::from_secs(30);

/// Connects so many times, and waits for an answer on each connection.
///
/// # Errors
/// When the server cannot be reached or does not answer.
pub(crate) fn lines(port: u16, count: usize) -> io::Result<Vec<Line>> {
    let greeter = |_| Ok(Greeter { line: Line::connect(port)?, greeted: false });
    let mut crowd = Crowd::new((0..count).map(greeter).collect::<io::Result<_>>()?)?;
    crowd.each(|_, greeter| greeter.speak())?;
    crowd.run(GREET_TIME_MAX, |greeters: &[Greeter], _| {
        greeters.iter().all(|greeter| greeter.greeted)
    })?;
    Ok(crowd.into_members().into_iter().map(|greeter| greeter.line).collect())
}

struct Greeter {
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
        self.line.ask(0, &ApiVersionsRequest::default())
    }

    fn rest(&mut self) {}

    fn state(&self) -> String {
        if self.greeted { "greeted".into() } else { "not answered".into() }
    }
}
