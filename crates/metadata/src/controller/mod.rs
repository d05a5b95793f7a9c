//! The controller: it decides on every change of the cluster's metadata.
//!
//! A [`Machine`] whose hard state is the [`Image`] that every node reads. Decisions are pure: time,
//! the seed of what is drawn at random and the offset that the next record will get come with the
//! command. Who may ask for what is checked before a command gets here.

mod acls;
mod activation;
mod alter_partition;
mod brokers;
mod configs;
mod credentials;
mod directories;
mod elections;
mod features;
mod partition_change;
mod partitions;
mod permits;
mod placement;
mod producer_ids;
mod quotas;
mod reassignments;
mod refusal;
mod request;
mod seed;
mod sessions;
mod settings;
mod topic_name;
mod topics;

#[cfg(test)]
mod tests;

use dohle_protocol::ids::{Offset, Timestamp};
use dohle_replication::machine::{After, Entry, Machine, Outcome, Token};

pub use activation::bootstrap_records;
pub use placement::place as place_replicas;
pub use refusal::Refusal;
pub use request::{Answer, Request};
pub use seed::Seed;
pub use settings::Settings;
pub use topic_name::check as check_topic_name;

use crate::image::Image;
use crate::record::MetadataRecord;
use sessions::Sessions;

/// The controller's machine.
#[derive(Debug)]
pub enum Controller {}

/// What the active controller knows beyond the image.
#[derive(Debug, Default)]
pub struct Leadership {
    settings: Settings,
    sessions: Sessions,
    /// False until [`Command::Activate`] has come: what must be set up has not been.
    is_active: bool,
}

/// What the controller is told.
#[derive(Debug)]
pub enum Command {
    /// It leads now: the first command after an election. Brings what the node's file says.
    Activate(Settings),
    /// The time has come that was asked for.
    Wake,
    /// Somebody asks.
    Ask(Box<Asked>),
}

/// A request, and what it needs to be decided on.
#[derive(Debug)]
pub struct Asked {
    /// Who waits for the answer.
    pub token: Token,
    /// The version of the request.
    pub version: i16,
    /// Where ids and places are drawn from.
    pub seed: Seed,
    /// The offset that the next record of the log gets. A broker's epoch is made of it.
    pub next_offset: Offset,
    /// What is asked.
    pub request: Request,
}

impl Machine for Controller {
    type Hard = Image;
    type Soft = Leadership;
    type Command = Command;
    type Record = MetadataRecord;
    type Answer = Answer;
    /// The controller has none: all that it does is write records.
    type Effect = std::convert::Infallible;

    fn decide(
        image: &Image,
        leadership: &mut Leadership,
        now: Timestamp,
        command: Command,
    ) -> Outcome<Self> {
        let mut outcome = match command {
            Command::Activate(settings) => {
                let records = activation::records(image, &settings);
                leadership.sessions.restart(image, now);
                leadership.settings = settings;
                leadership.is_active = true;
                Outcome::unasked(records)
            }
            Command::Wake if !leadership.is_active => Outcome::nothing(),
            Command::Wake => Outcome::unasked(brokers::wake(image, leadership, now)),
            Command::Ask(asked) => {
                let token = asked.token;
                let (records, answer) = request::decide(image, leadership, now, *asked);
                // An answer without records still tells of records that may not be committed.
                let after = if records.is_empty() {
                    After::Seen(Offset(image.provenance.offset))
                } else {
                    After::Records
                };
                Outcome { records, answers: vec![(token, answer, after)], ..Outcome::nothing() }
            }
        };
        if leadership.is_active {
            outcome.wake_at = leadership.sessions.wake_at(image, &leadership.settings, now);
        }
        outcome
    }

    fn apply(image: &mut Image, at: Offset, entry: &Entry<MetadataRecord>) {
        // The metadata log has no producers, so no markers.
        if let Entry::Record { record, timestamp, .. } = entry {
            image.apply(record);
            image.provenance.offset = at.0;
            image.provenance.timestamp = timestamp.0;
        }
    }

    fn elected(image: &Image, _now: Timestamp) -> Outcome<Self> {
        Outcome::unasked(activation::abort_open_transaction(image))
    }

    fn woken() -> Command {
        Command::Wake
    }
}
