//! Questions for the first record at or after a timestamp, against what was read of the log.

use super::reading::{EARLIEST, list_offset, list_offset_at};
use crate::checker::{History, Key};
use crate::client::{Client, NoAnswer};
use std::time::Duration;

/// Questions per log.
const QUESTIONS: u64 = 4;
/// Tries of one question.
const TRIES_MAX: u32 = 20;

/// What was read of a log, from its start to its end. Nobody writes any more.
pub(super) struct Read {
    /// Offset and timestamp of each record, by offset.
    pub(super) records: Vec<(i64, i64)>,
    /// Records may have gone since, wherever they were.
    pub(super) is_compacted: bool,
}

impl Read {
    /// Whether `found` may be the answer of a log that starts at `start` by now.
    fn judge(&self, timestamp: i64, found: Option<(i64, i64)>, start: i64) -> Result<(), String> {
        let mut due = self.records.iter().filter(|(_, at)| timestamp <= *at);
        let is_right = match found {
            // Of the segment with the first such record nothing else may be left that qualifies: then
            // Kafka looks no further.
            None => due.clone().next().is_none() || self.is_compacted || 0 < start,
            Some(found) => {
                let may_leave = |offset: i64| self.is_compacted || offset < start;
                due.any(|record| *record == found)
                    && self
                        .records
                        .iter()
                        .filter(|(offset, at)| timestamp <= *at && *offset < found.0)
                        .all(|(offset, _)| may_leave(*offset))
            }
        };
        if is_right {
            return Ok(());
        }
        let expected = self.records.iter().find(|(_, at)| timestamp <= *at);
        Err(format!(
            "the first record at {timestamp} is {expected:?}, the node says {found:?} and starts at {start}"
        ))
    }
}

/// Asks for some timestamps; what is wrong is a violation.
pub(super) async fn compare(
    client: &mut Client,
    history: &History,
    topic: &str,
    key: Key,
    read: &Read,
) {
    for _ in 0..QUESTIONS {
        let random = &client.env().random;
        let count = read.records.len() as u64;
        if count == 0 {
            return;
        }
        let (_, at) = read.records[usize::try_from(random.below(count)).unwrap_or(0)];
        let timestamp = (at + 1 - i64::try_from(random.below(3)).unwrap_or(0)).max(0);
        let mut answer = None;
        for _ in 0..TRIES_MAX {
            match list_offset_at(client, topic, key, timestamp).await {
                Ok(Ok(found)) => {
                    answer = Some(found);
                    break;
                }
                Ok(Err(code)) if !code.is_retriable() => {
                    return history.violate(format!("{topic}-{} at {timestamp}: {code}", key.1));
                }
                Err(NoAnswer::Wrong(what)) => return history.violate(what),
                Ok(Err(_)) | Err(NoAnswer::Broken(_) | NoAnswer::Late) => {}
            }
            client.pause(Duration::from_millis(200)).await;
        }
        let Some((offset, at)) = answer else {
            return history.violate(format!("{topic}-{} cannot be asked for a time", key.1));
        };
        let found = (offset != -1).then_some((offset, at));
        let Ok(Ok(start)) = list_offset(client, topic, key, EARLIEST).await else { return };
        history.look(key, |_, counts| {
            counts.times += 1;
            read.judge(timestamp, found, start)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::Read;

    #[test]
    fn only_the_first_record_at_a_timestamp_is_right() {
        let records = vec![(0, 10), (1, 30), (2, 20), (3, 40)];
        let whole = Read { records, is_compacted: false };
        let right = [(5, Some((0, 10))), (20, Some((1, 30))), (40, Some((3, 40))), (41, None)];
        for (timestamp, found) in right {
            assert_eq!(whole.judge(timestamp, found, 0), Ok(()));
        }
        let wrong = [
            (20, Some((2, 20))),
            (20, Some((0, 10))),
            (20, Some((1, 20))),
            (20, None),
            (41, Some((4, 41))),
        ];
        for (timestamp, found) in wrong {
            assert!(whole.judge(timestamp, found, 0).is_err(), "{timestamp}: {found:?}");
        }
    }

    #[test]
    fn what_has_left_is_passed_over_and_nothing_else() {
        let records = vec![(0, 10), (1, 30), (2, 20), (3, 40)];
        let whole = Read { records: records.clone(), is_compacted: false };
        assert_eq!(whole.judge(20, Some((2, 20)), 2), Ok(()));
        assert!(whole.judge(20, Some((3, 40)), 2).is_err());
        let compacted = Read { records, is_compacted: true };
        assert_eq!(compacted.judge(20, Some((3, 40)), 0), Ok(()));
        assert!(compacted.judge(20, Some((0, 10)), 0).is_err());
        assert!(compacted.judge(20, Some((4, 50)), 0).is_err());
    }
}
