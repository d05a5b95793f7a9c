//! How much is logged, by where in the program it is logged.

/// How much is logged: lines of this level and of those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    Off,
    /// Nothing either: no line is as grave. Kafka has the word.
    Fatal,
    /// What failed.
    Error,
    /// What somebody should look at.
    Warn,
    /// What happened.
    Info,
    /// What is of use to who looks for a cause.
    Debug,
    /// Everything.
    Trace,
}

/// The levels in force. A target is a module's path and stands for all whose paths begin with it; the
/// empty one stands for all. Where several do, the longest holds.
pub trait Logs: Send + Sync {
    /// Targets with their levels, the longest last. What the process was started with, or what was
    /// set last.
    fn levels(&self) -> Vec<(String, Level)>;

    /// These levels hold from here on, for all that the process logs. Targets that were there
    /// before and are not among these keep their levels.
    fn set_levels(&self, levels: &[(&str, Level)]);
}
