//! Many clients on one thread, each with a connection and a state of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::time::{Duration, Instant};

use dohle_protocol::wire::Text;

use super::{Answer, Events, Line, STALL_MAX, broken};

/// So often is looked at the clock, whatever comes.
const LISTEN_TIME_MAX: Duration = Duration::from_millis(20);
/// More states of a stuck crowd tell no more.
const STATES_TOLD: usize = 5;

/// One of a crowd.
pub(crate) trait Member {
    /// Its connection.
    fn line(&self) -> &Line;

    /// The same, to speak and to hear.
    fn line_mut(&mut self) -> &mut Line;

    /// Takes the answer to its last request; it may send the next.
    ///
    /// # Errors
    /// When the answer is not one that it can go on from.
    fn hear(&mut self, answer: Answer, now: Instant) -> io::Result<()>;

    /// When it wants to speak by itself.
    fn due(&self) -> Option<Instant>;

    /// Speaks, as that time has come.
    ///
    /// # Errors
    /// When the connection is gone.
    fn speak(&mut self) -> io::Result<()>;

    /// Speaks no more by itself.
    fn rest(&mut self);

    /// Where it is, and what holds it up, in words.
    fn state(&self) -> String;
}

/// One that is of a group, or of several, one after the other.
pub(crate) trait GroupMember: Member {
    /// Joins a group as a new member; the one that it was in is left alone. `id` names it where
    /// members name themselves.
    ///
    /// # Errors
    /// When the connection is gone.
    fn join(&mut self, group: &str, id: &str) -> io::Result<()>;

    /// Its name in its group, once it has one.
    fn member_id(&self) -> &Text;

    /// Its generation or epoch and its partitions, while it has both and the group knows that.
    fn owned(&self) -> Option<(i32, &[i32])>;

    /// Forgets its group.
    fn into_line(self) -> Line;
}

/// The members and who of them has news.
pub(crate) struct Crowd<M> {
    members: Vec<M>,
    events: Events,
    due: BTreeSet<(Instant, usize)>,
    /// What `due` holds of each member.
    due_of: Vec<Option<Instant>>,
    /// Answers so far, to all of them.
    pub(crate) answers: u64,
}

impl<M: Member> Crowd<M> {
    /// # Errors
    /// When the system has no more descriptors.
    pub(crate) fn new(members: Vec<M>) -> io::Result<Self> {
        let events = Events::new()?;
        for (token, member) in members.iter().enumerate() {
            events.add(&member.line().socket, token)?;
        }
        let due_of = vec![None; members.len()];
        Ok(Self { members, events, due: BTreeSet::new(), due_of, answers: 0 })
    }

    /// All of them.
    pub(crate) fn members(&self) -> &[M] {
        &self.members
    }

    /// Gives the members back.
    pub(crate) fn into_members(self) -> Vec<M> {
        self.members
    }

    /// Has each do something.
    ///
    /// # Errors
    /// What the first that fails says.
    pub(crate) fn each(
        &mut self,
        mut act: impl FnMut(usize, &mut M) -> io::Result<()>,
    ) -> io::Result<()> {
        for token in 0..self.members.len() {
            act(token, &mut self.members[token])?;
            self.note_due(token);
        }
        Ok(())
    }

    /// Lets them talk until that holds: the time at which it did.
    ///
    /// # Errors
    /// When a member cannot go on, or it does not hold within that time.
    pub(crate) fn run(
        &mut self,
        within: Duration,
        mut until: impl FnMut(&[M], Instant) -> bool,
    ) -> io::Result<Instant> {
        let begin = Instant::now();
        loop {
            let now = Instant::now();
            if until(&self.members, now) {
                return Ok(now);
            }
            if now - begin > within {
                return Err(self.stuck(within));
            }
            self.speak(now)?;
            self.listen(now)?;
        }
    }

    /// What to say when time is up: how many are in which state.
    fn stuck(&self, within: Duration) -> io::Error {
        let mut states: BTreeMap<String, usize> = BTreeMap::new();
        for member in &self.members {
            *states.entry(member.state()).or_default() += 1;
        }
        let mut states: Vec<String> =
            states.into_iter().map(|(state, count)| format!("{count} {state}")).collect();
        states.truncate(STATES_TOLD);
        let seconds = within.as_secs();
        broken(format!("not there after {seconds} s: {}", states.join("; ")))
    }

    /// Lets them hear what they still wait for, and speak no more until they are told to.
    ///
    /// # Errors
    /// When a member cannot go on, or answers do not come.
    pub(crate) fn rest(&mut self) -> io::Result<()> {
        let begin = Instant::now();
        loop {
            self.each(|_, member| {
                member.rest();
                Ok(())
            })?;
            if self.members.iter().all(|member| member.line().is_idle()) {
                return Ok(());
            }
            let now = Instant::now();
            if now - begin > STALL_MAX {
                return Err(broken(format!("no answer for {} s", STALL_MAX.as_secs())));
            }
            self.listen(now)?;
        }
    }

    /// Waits for answers, until somebody wants to speak.
    fn listen(&mut self, now: Instant) -> io::Result<()> {
        let next = self.due.first().map_or(Duration::MAX, |due| due.0 - now);
        let ready: Vec<usize> = self.events.wait_for(next.min(LISTEN_TIME_MAX))?.collect();
        let now = Instant::now();
        for token in ready {
            let member = &mut self.members[token];
            member.line_mut().push()?;
            while let Some(answer) = member.line_mut().answer()? {
                self.answers += 1;
                member.hear(answer, now)?;
            }
            self.note_due(token);
        }
        Ok(())
    }

    fn speak(&mut self, now: Instant) -> io::Result<()> {
        while let Some(&(time, token)) = self.due.first()
            && time <= now
        {
            self.members[token].speak()?;
            self.due.remove(&(time, token));
            self.due_of[token] = None;
            self.note_due(token);
        }
        Ok(())
    }

    fn note_due(&mut self, token: usize) {
        let due = self.members[token].due();
        let noted = &mut self.due_of[token];
        if *noted == due {
            return;
        }
        if let Some(time) = noted.take() {
            self.due.remove(&(time, token));
        }
        if let Some(time) = due {
            self.due.insert((time, token));
        }
        *noted = due;
    }
}
