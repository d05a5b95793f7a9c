//! The node's loggers: how much of what is logged, under the names that Kafka has for them.

use dohle_env::logs::{Level, Logs};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Kafka's name of the logger that is above all.
pub(crate) const ROOT: &str = "root";

/// A logger of Kafka's, and the parts of this program that log what it does there.
struct Logger {
    name: &'static str,
    targets: &'static [&'static str],
}

const fn logger(name: &'static str, targets: &'static [&'static str]) -> Logger {
    Logger { name, targets }
}

/// All loggers but root, by name, so that one comes after those that it is part of. Each is one that
/// Kafka's broker has once it runs with the log4j2.yaml that it comes with. What of those has nothing
/// here that could log is not among them.
const LOGGERS: &[Logger] = &[
    logger("kafka", &["dohle_broker"]),
    logger(
        "kafka.coordinator.transaction.TransactionCoordinator",
        &["dohle_broker::api::transactions"],
    ),
    logger("kafka.log.LogManager", &["dohle_broker::housekeeping", "dohle_broker::load"]),
    logger("kafka.network.DataPlaneAcceptor", &["dohle_broker::listener"]),
    logger("kafka.network.Processor", &["dohle_broker::connection"]),
    logger("kafka.server.BrokerServer", &["dohle_broker::start", "dohle_broker::stop"]),
    logger("kafka.server.ConfigAdminManager", &["dohle_broker::api::configs"]),
    logger("kafka.server.KafkaApis", &["dohle_broker::api"]),
    logger("kafka.server.KafkaRaftServer", &["dohle_server"]),
    logger("kafka.server.ReplicaManager", &["dohle_broker::partition", "dohle_broker::moves"]),
    logger("kafka.server.metadata.BrokerMetadataPublisher", &["dohle_broker::feed"]),
    logger("kafka.server.metadata.DynamicConfigPublisher", &["dohle_broker::without_effect"]),
    logger(
        "org.apache.kafka",
        &["dohle_coordinator", "dohle_metadata", "dohle_replication", "dohle_storage"],
    ),
    logger(
        "org.apache.kafka.coordinator.common.runtime.CoordinatorRuntime",
        &["dohle_broker::coordinators"],
    ),
    logger(
        "org.apache.kafka.coordinator.group.GroupCoordinatorService",
        &["dohle_broker::api::groups"],
    ),
    logger("org.apache.kafka.raft.KafkaRaftClient", &["dohle_broker::quorum"]),
    logger("org.apache.kafka.server.AssignmentsManager", &["dohle_broker::assignments"]),
    logger("org.apache.kafka.server.BrokerLifecycleManager", &["dohle_broker::registration"]),
    logger(
        "org.apache.kafka.storage.internals.checkpoint.CheckpointFileWithFailureHandler",
        &["dohle_broker::checkpoints"],
    ),
    logger("org.apache.kafka.storage.internals.log.LogCleaner", &["dohle_broker::cleaner"]),
    logger(
        "org.apache.kafka.storage.internals.log.LogDirFailureChannel",
        &["dohle_broker::directory"],
    ),
];

/// The loggers' levels.
pub(crate) struct Loggers {
    logs: Arc<dyn Logs>,
    /// Of the loggers that have one of their own; the others have that of the nearest above them.
    own: Mutex<BTreeMap<&'static str, Level>>,
}

/// A logger that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Name(&'static str);

impl Name {
    /// The logger of that name, if there is one.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let names = LOGGERS.iter().map(|logger| logger.name);
        std::iter::once(ROOT).chain(names).find(|known| *known == name).map(Self)
    }

    pub(crate) fn is_root(self) -> bool {
        self.0 == ROOT
    }

    pub(crate) fn as_str(self) -> &'static str {
        self.0
    }
}

impl Loggers {
    /// The loggers with the levels that the process has been started with.
    pub(crate) fn of(logs: Arc<dyn Logs>) -> Self {
        let levels = logs.levels();
        let level_of = |target: &str| {
            let mut covering =
                levels.iter().rev().filter(|(prefix, _)| target.starts_with(&**prefix));
            covering.next().map_or(Level::Off, |(_, level)| *level)
        };
        let mut own = BTreeMap::from([(ROOT, level_of(""))]);
        for logger in LOGGERS {
            // Where its parts differ, nothing that was asked for is to be missed.
            let levels = logger.targets.iter().map(|target| level_of(target));
            let level = levels.max().unwrap_or(Level::Off);
            if level != resolve(&own, logger.name) {
                own.insert(logger.name, level);
            }
        }
        Self { logs, own: Mutex::new(own) }
    }

    /// All loggers with the levels that hold for them, by name.
    pub(crate) fn levels(&self) -> Vec<(&'static str, Level)> {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let names = LOGGERS.iter().map(|logger| logger.name).chain([ROOT]);
        names.map(|name| (name, resolve(&own, name))).collect()
    }

    /// Gives loggers levels of their own, or takes them, where there is none. Root keeps its level if
    /// it is to have none.
    pub(crate) fn change(&self, changes: &[(Name, Option<Level>)]) {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        for (Name(name), level) in changes {
            match level {
                Some(level) => _ = own.insert(name, *level),
                None if *name == ROOT => {}
                None => _ = own.remove(name),
            }
        }
        let mut levels = vec![("", resolve(&own, ROOT))];
        for logger in LOGGERS {
            let level = resolve(&own, logger.name);
            levels.extend(logger.targets.iter().map(|target| (*target, level)));
        }
        // Under the lock: who comes later is heard later.
        self.logs.set_levels(&levels);
    }
}

/// The level of a logger: its own, else that of the nearest above it.
fn resolve(own: &BTreeMap<&'static str, Level>, name: &str) -> Level {
    let mut above = std::iter::successors(Some(name), |name| Some(name.rsplit_once('.')?.0));
    let level = above.find_map(|name| own.get(name));
    level.or_else(|| own.get(ROOT)).copied().unwrap_or(Level::Off)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_sim::logs::SimulatedLogs;

    fn level(loggers: &Loggers, name: &str) -> Level {
        let levels = loggers.levels();
        levels.into_iter().find(|(known, _)| *known == name).map(|(_, level)| level).unwrap()
    }

    fn set(loggers: &Loggers, changes: &[(&str, Option<Level>)]) {
        let known = |(name, level): &(&str, Option<Level>)| (Name::of(name).unwrap(), *level);
        loggers.change(&changes.iter().map(known).collect::<Vec<_>>());
    }

    #[test]
    fn a_logger_without_a_level_has_that_of_the_one_above() {
        let logs = Arc::new(SimulatedLogs::default());
        let loggers = Loggers::of(logs.clone());
        assert!(loggers.levels().iter().all(|(_, level)| *level == Level::Info));
        set(
            &loggers,
            &[("kafka", Some(Level::Warn)), ("kafka.log.LogManager", Some(Level::Trace))],
        );
        let of = |name| level(&loggers, name);
        assert_eq!(of("kafka.server.KafkaApis"), Level::Warn);
        assert_eq!(of("kafka.log.LogManager"), Level::Trace);
        assert_eq!((of("org.apache.kafka"), of(ROOT)), (Level::Info, Level::Info));
        set(&loggers, &[(ROOT, Some(Level::Error)), ("kafka.log.LogManager", None)]);
        assert_eq!((of("kafka.log.LogManager"), of("kafka")), (Level::Warn, Level::Warn));
        assert_eq!((of("org.apache.kafka"), of(ROOT)), (Level::Error, Level::Error));
        set(&loggers, &[("kafka", None), ("kafka", None), (ROOT, None)]);
        assert!(loggers.levels().iter().all(|(_, level)| *level == Level::Error));
    }

    #[test]
    fn what_loggers_have_is_what_is_logged() {
        let logs = Arc::new(SimulatedLogs::default());
        logs.set_levels(&[("dohle_broker::api", Level::Debug), ("dohle_storage", Level::Trace)]);
        let loggers = Loggers::of(logs.clone());
        // Those of the start are loggers' own.
        assert_eq!(level(&loggers, "kafka.server.KafkaApis"), Level::Debug);
        assert_eq!(level(&loggers, "org.apache.kafka"), Level::Trace);
        set(&loggers, &[(ROOT, Some(Level::Warn)), ("kafka.server.KafkaApis", None)]);
        let levels = logs.levels();
        let of = |target| levels.iter().find(|(known, _)| *known == target).unwrap().1;
        assert_eq!(
            (of(""), of("dohle_broker"), of("dohle_broker::api")),
            (Level::Warn, Level::Warn, Level::Warn)
        );
        assert_eq!(of("dohle_storage"), Level::Trace);
    }

    /// A logger comes after those above it, and a target belongs to one logger alone.
    #[test]
    fn loggers_are_in_order() {
        assert!(LOGGERS.is_sorted_by(|one, next| one.name < next.name));
        let targets: Vec<&str> =
            LOGGERS.iter().flat_map(|logger| logger.targets).copied().collect();
        for target in &targets {
            assert_eq!(targets.iter().filter(|other| *other == target).count(), 1, "{target}");
        }
    }
}
