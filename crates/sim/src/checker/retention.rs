//! What a topic promises of `retention.ms`: no record leaves before it is so old.

use super::RecordId;
use super::compaction::Moment;
use super::sendings::Sendings;

/// What is known of the ages of a partition's records.
#[derive(Clone, Debug)]
pub struct Retention {
    /// `retention.ms`.
    kept_ms: i64,
    sent: Sendings,
    /// Below this offset all has been looked at.
    checked_to: i64,
}

impl Retention {
    /// Of a partition of which nothing is known.
    #[must_use]
    pub fn new(kept_ms: i64) -> Self {
        Self { kept_ms, sent: Sendings::default(), checked_to: 0 }
    }

    /// As [`Sendings::on_sent`].
    pub fn on_sent(&mut self, id: RecordId, now: Moment) {
        self.sent.on_sent(id, now);
    }

    /// The log starts at `log_start`. Of the records before it, those that somebody asked to be
    /// deleted are not among `gone`.
    ///
    /// # Errors
    /// A record that is too young, by every clock.
    pub fn on_start(
        &mut self,
        log_start: i64,
        gone: impl Iterator<Item = (i64, RecordId)>,
        now: Moment,
    ) -> Result<(), String> {
        let checked_to = self.checked_to;
        self.checked_to = checked_to.max(log_start);
        for (offset, id) in gone.filter(|(offset, _)| checked_to <= *offset) {
            let age = self.sent.sent_at(id).map_or(i64::MAX, |sent| sent.by_client(now));
            if age <= self.kept_ms {
                return Err(format!(
                    "{id} at {offset} is {age} ms old at most, retention keeps it {} ms, and the \
                     log starts at {log_start}",
                    self.kept_ms
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_env::clock::Instant;

    #[test]
    fn what_is_too_young_must_be_there() {
        let at = |ms: u32| Moment { at: Instant(u64::from(ms) * 1_000_000), ..Moment::default() };
        let id = |number| RecordId { producer: 0, incarnation: 0, number };
        let mut retention = Retention::new(1_000);
        retention.on_sent(id(4), at(0));
        retention.on_sent(id(9), at(500));
        let gone = |to: i64| (0..to).map(|offset| (offset, id(offset.unsigned_abs())));
        assert!(retention.clone().on_start(3, gone(3), at(900)).is_err());
        assert_eq!(retention.on_start(5, gone(5), at(1_100)), Ok(()));
        assert!(retention.clone().on_start(6, gone(6), at(1_400)).is_err());
        assert_eq!(retention.on_start(10, gone(10), at(1_600)), Ok(()));
        // A clock that may be ahead explains it.
        let ahead = Moment { ahead_ms: 5_000, ..at(100) };
        let mut young = Retention::new(1_000);
        young.on_sent(id(4), at(0));
        assert_eq!(young.on_start(3, gone(3), ahead), Ok(()));
    }
}
