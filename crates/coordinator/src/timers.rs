//! Timers as values: what is due when, at most one for each key.

use dohle_protocol::ids::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Deadlines by key.
#[derive(Clone, Debug)]
pub(crate) struct Timers<K> {
    by_key: BTreeMap<K, i64>,
    by_time: BTreeSet<(i64, K)>,
}

impl<K> Default for Timers<K> {
    fn default() -> Self {
        Self { by_key: BTreeMap::new(), by_time: BTreeSet::new() }
    }
}

impl<K: Ord + Clone> Timers<K> {
    /// Sets the key's deadline, whatever it was.
    pub(crate) fn set(&mut self, key: K, at: Timestamp) {
        if let Some(old) = self.by_key.insert(key.clone(), at.0) {
            self.by_time.remove(&(old, key.clone()));
        }
        self.by_time.insert((at.0, key));
    }

    /// The key has no deadline any more.
    pub(crate) fn cancel(&mut self, key: &K) {
        if let Some(old) = self.by_key.remove(key) {
            self.by_time.remove(&(old, key.clone()));
        }
    }

    /// Whether the key has a deadline.
    pub(crate) fn is_set(&self, key: &K) -> bool {
        self.by_key.contains_key(key)
    }

    /// Takes a key whose deadline has come, the earliest first.
    pub(crate) fn take_due(&mut self, now: Timestamp) -> Option<K> {
        let (at, _) = self.by_time.first()?;
        if now.0 < *at {
            return None;
        }
        let (_, key) = self.by_time.pop_first()?;
        self.by_key.remove(&key);
        Some(key)
    }

    /// The same, if it is such a key that comes first.
    pub(crate) fn take_due_if(
        &mut self,
        now: Timestamp,
        is_such: impl FnOnce(&K) -> bool,
    ) -> Option<K> {
        let (_, key) = self.by_time.first()?;
        if is_such(key) { self.take_due(now) } else { None }
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.by_time.first().map(|(at, _)| Timestamp(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_deadline_of_a_key_holds_and_the_earliest_comes_first() {
        let mut timers = Timers::default();
        timers.set("a", Timestamp(10));
        timers.set("b", Timestamp(5));
        timers.set("a", Timestamp(3));
        timers.set("c", Timestamp(4));
        timers.cancel(&"c");
        assert_eq!(timers.next(), Some(Timestamp(3)));
        assert_eq!(timers.take_due(Timestamp(4)), Some("a"));
        assert_eq!(timers.take_due(Timestamp(4)), None);
        assert_eq!(timers.take_due(Timestamp(5)), Some("b"));
        assert_eq!(timers.next(), None);
    }
}
