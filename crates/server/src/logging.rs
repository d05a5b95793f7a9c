//! Structured logs on standard error, and how much of them there is.

use dohle_env::logs::{Level, Logs};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::{Mutex, OnceLock, PoisonError};
use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::reload;

/// The variable that says what is logged, in the syntax of `tracing`'s filters.
const FILTER_VARIABLE: &str = "DOHLE_LOG";
/// What is logged without it.
const FILTER: &str = "info";

/// What filters the logs of this process, once they have begun.
static FILTERING: OnceLock<Filtering> = OnceLock::new();

/// Logs from here on; `DOHLE_LOG=debug` says more. Does nothing if the process logs already.
pub(crate) fn start() {
    let own = std::env::var(FILTER_VARIABLE).ok();
    // What is no filter counts as none.
    let text = own.filter(|text| EnvFilter::try_new(text).is_ok());
    let text = text.unwrap_or_else(|| FILTER.to_owned());
    let (subscriber, filtering) = filtered(&text, std::io::stderr, std::io::stderr().is_terminal());
    // A second server in one process keeps the first one's logs.
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logging was started already");
        return;
    }
    // Only who has set the subscriber comes here.
    let _first = FILTERING.set(filtering);
}

/// Lines to `writer` through the filter `text`, and what changes that filter.
fn filtered<W>(text: &str, writer: W, ansi: bool) -> (impl Subscriber + use<W>, Filtering)
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    // A filter that can be exchanged costs a level that is off nothing: what a place in the code logs
    // is asked of the filter once, not per line, and again when the filter was exchanged.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(text))
        .with_writer(writer)
        .with_ansi(ansi)
        .with_target(false)
        // Whoever reads the log may be gone, or its disk full: a line that finds no place is lost. To be
        // told of that on the same stream is a panic, and would end the node.
        .log_internal_errors(false)
        .with_filter_reloading();
    let handle = builder.reload_handle();
    let filtering = Filtering {
        text: text.to_owned(),
        set: Mutex::default(),
        exchange: Box::new(move |filter| handle.reload(filter)),
    };
    (builder.finish(), filtering)
}

/// The filter that logs go through.
struct Filtering {
    /// What it was at the start.
    text: String,
    /// What was set since, and holds over that.
    set: Mutex<BTreeMap<String, Level>>,
    exchange: Box<dyn Fn(EnvFilter) -> Result<(), reload::Error> + Send + Sync>,
}

impl Filtering {
    fn levels(&self) -> Vec<(String, Level)> {
        let mut levels = levels_of(&self.text);
        levels.extend(self.set.lock().unwrap_or_else(PoisonError::into_inner).clone());
        let mut levels: Vec<(String, Level)> = levels.into_iter().collect();
        levels.sort_by_key(|(target, _)| target.len());
        levels
    }

    fn set_levels(&self, levels: &[(&str, Level)]) {
        let mut set = self.set.lock().unwrap_or_else(PoisonError::into_inner);
        set.extend(levels.iter().map(|(target, level)| ((*target).to_owned(), *level)));
        let mut text = self.text.clone();
        for (target, level) in &*set {
            let level = filter_of(*level);
            // Writing to a string cannot fail. Of two that say the same target the later one holds.
            let _ = match target.as_str() {
                "" => write!(text, ",{level}"),
                target => write!(text, ",{target}={level}"),
            };
        }
        if let Err(error) = (self.exchange)(EnvFilter::new(text)) {
            tracing::error!("the levels of logs stay as they were: {error}");
        }
    }
}

/// The targets that a filter names. One that goes by more than targets says only how much it lets
/// through at most.
fn levels_of(text: &str) -> BTreeMap<String, Level> {
    let Ok(targets) = text.parse::<Targets>() else {
        let most = EnvFilter::new(text).max_level_hint().unwrap_or(LevelFilter::TRACE);
        return BTreeMap::from([(String::new(), level_of(most))]);
    };
    let all = targets.default_level().unwrap_or(LevelFilter::OFF);
    let named = targets.iter().map(|(target, level)| (target.to_owned(), level_of(level)));
    let all = std::iter::once((String::new(), level_of(all)));
    all.chain(named).collect()
}

fn level_of(filter: LevelFilter) -> Level {
    match filter {
        LevelFilter::TRACE => Level::Trace,
        LevelFilter::DEBUG => Level::Debug,
        LevelFilter::INFO => Level::Info,
        LevelFilter::WARN => Level::Warn,
        LevelFilter::ERROR => Level::Error,
        _ => Level::Off,
    }
}

fn filter_of(level: Level) -> LevelFilter {
    match level {
        Level::Off | Level::Fatal => LevelFilter::OFF,
        Level::Error => LevelFilter::ERROR,
        Level::Warn => LevelFilter::WARN,
        Level::Info => LevelFilter::INFO,
        Level::Debug => LevelFilter::DEBUG,
        Level::Trace => LevelFilter::TRACE,
    }
}

/// The logs of this process: all nodes in it share them. Where none were begun, by [`start`], there is
/// nothing to set.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ProcessLogs;

impl Logs for ProcessLogs {
    fn levels(&self) -> Vec<(String, Level)> {
        let of_others = || vec![(String::new(), level_of(LevelFilter::current()))];
        FILTERING.get().map_or_else(of_others, Filtering::levels)
    }

    fn set_levels(&self, levels: &[(&str, Level)]) {
        if let Some(filtering) = FILTERING.get() {
            filtering.set_levels(levels);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::Arc;
    use tracing::Callsite;

    /// Places in the code are the process's: two that exchange their filters at once would mix up what
    /// those places were told. A process that serves exchanges one filter, one change after the other.
    static EXCHANGING: Mutex<()> = Mutex::new(());

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        /// The messages since the last question.
        fn take(&self) -> Vec<String> {
            let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
            text.lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
        }
    }

    fn log() {
        tracing::debug!(target: "a::b::c", "debug-abc");
        tracing::warn!(target: "a::b::c", "warn-abc");
        tracing::debug!(target: "a", "debug-a");
        tracing::info!(target: "a", "info-a");
        tracing::error!(target: "z", "error-z");
    }

    #[test]
    fn levels_hold_from_when_they_are_set() {
        let _alone = EXCHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let written = Written::default();
        let writer = written.clone();
        let (subscriber, filtering) = filtered("info", move || writer.clone(), false);
        tracing::subscriber::with_default(subscriber, || {
            let lines = || {
                log();
                written.take()
            };
            assert_eq!(lines(), ["warn-abc", "info-a", "error-z"]);
            filtering.set_levels(&[("a::b", Level::Debug)]);
            assert_eq!(lines(), ["debug-abc", "warn-abc", "info-a", "error-z"]);
            filtering.set_levels(&[("a::b", Level::Fatal), ("a", Level::Debug)]);
            assert_eq!(lines(), ["debug-a", "info-a", "error-z"]);
            filtering.set_levels(&[("", Level::Off)]);
            assert_eq!(lines(), ["debug-a", "info-a"]);
            let expected = [("", Level::Off), ("a", Level::Debug), ("a::b", Level::Fatal)];
            assert_eq!(filtering.levels(), expected.map(|(name, level)| (name.to_owned(), level)));
        });
    }

    /// Where a level is off, the place in the code learns once that nobody wants to hear of it: it asks no
    /// filter again, whether that could be exchanged or not. Before that one comparison tells it.
    #[test]
    fn what_is_off_is_asked_for_once() {
        let _alone = EXCHANGING.lock().unwrap_or_else(PoisonError::into_inner);
        let (subscriber, filtering) = filtered("info", io::sink, false);
        let place = tracing::callsite! {
            name: "place",
            kind: tracing::metadata::Kind::EVENT,
            target: "a::b",
            level: tracing::Level::DEBUG,
            fields:
        };
        let is_off = || subscriber.register_callsite(place.metadata()).is_never();
        assert_eq!((is_off(), subscriber.max_level_hint()), (true, Some(LevelFilter::INFO)));
        filtering.set_levels(&[("a", Level::Trace)]);
        assert!(subscriber.register_callsite(place.metadata()).is_always());
        filtering.set_levels(&[("a", Level::Info)]);
        assert_eq!((is_off(), subscriber.max_level_hint()), (true, Some(LevelFilter::INFO)));
    }

    #[test]
    fn a_filters_targets_are_told() {
        let levels = |text: &str| {
            let levels = levels_of(text).into_iter();
            levels
                .map(|(target, level)| format!("{target}:{level:?}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(levels("debug"), ":Debug");
        assert_eq!(levels("warn,dohle_broker::api=trace"), ":Warn dohle_broker::api:Trace");
        assert_eq!(levels("dohle_broker=debug"), ":Off dohle_broker:Debug");
        assert_eq!(levels("info,[span{a=1}]=trace"), ":Trace");
        assert_eq!(levels(""), ":Error");
    }
}
