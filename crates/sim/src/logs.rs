//! Levels of logs that nothing is filtered by: who runs a world logs what it wants.

use dohle_env::logs::{Level, Logs};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The levels of one process; at first `INFO` for everything.
#[derive(Debug)]
pub struct SimulatedLogs(Mutex<BTreeMap<String, Level>>);

impl Default for SimulatedLogs {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::from([(String::new(), Level::Info)])))
    }
}

impl Logs for SimulatedLogs {
    fn levels(&self) -> Vec<(String, Level)> {
        let levels = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut levels: Vec<(String, Level)> = levels.clone().into_iter().collect();
        levels.sort_by_key(|(target, _)| target.len());
        levels
    }

    fn set_levels(&self, levels: &[(&str, Level)]) {
        let set = levels.iter().map(|(target, level)| ((*target).to_owned(), *level));
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(set);
    }
}
