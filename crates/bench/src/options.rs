//! The command line.

use std::path::PathBuf;

use crate::run::Plan;
use crate::server::{Kind, Places};
use crate::set::{self, Set};
use crate::workload::Workload;

/// How the benchmark is asked for.
pub(crate) const USAGE: &str = "usage: cargo xtask bench [--groups | --growth] [--quick] [--workload NAME]... \
[--rounds N] [--server floor|dohle|reference]... [--setting KEY=VALUE]... [--dirt] [--port FIRST] \
[--halting] [--write | --no-write]";

/// What the command line asks for.
pub(crate) struct Options {
    pub(crate) plan: Plan,
    /// The first of the ports that servers listen on.
    pub(crate) port: u16,
    /// Whether `docs/benchmarks.md` is written.
    pub(crate) write: bool,
    /// Settings of both brokers, `key=value`.
    pub(crate) settings: Vec<String>,
    /// The words after the command, as a reader would repeat them.
    pub(crate) words: Vec<String>,
}

/// Ten ports from here on, unless told otherwise.
const PORT: u16 = 26_000;

/// Reads `ROOT SHARED DOHLE DATA WORDS...`: four places from the caller, then the user's words. The
/// first place is the workspace's root.
///
/// # Errors
/// The usage, when they make no sense.
pub(crate) fn parse(arguments: &[String]) -> Result<(PathBuf, Places, Options), String> {
    let [root, shared, dohle, data, words @ ..] = arguments else { return Err(USAGE.into()) };
    let options = parse_words(words)?;
    let places = Places {
        reference: PathBuf::from(shared).join("oracle/kafka"),
        dohle: dohle.into(),
        data: data.into(),
        port: options.port,
        settings: options.settings.clone(),
    };
    Ok((root.into(), places, options))
}

/// Reads the user's words.
///
/// # Errors
/// The usage, when they make no sense.
pub(crate) fn parse_words(words: &[String]) -> Result<Options, String> {
    let mut port = PORT;
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let set = match (has("--groups"), has("--growth")) {
        (true, true) => return Err(format!("--groups and --growth are two runs\n{USAGE}")),
        (true, false) => &set::GROUPS,
        (false, true) => &set::GROWTH,
        (false, false) => &set::LOGS,
    };
    let (mut workloads, mut kinds): (Vec<&'static Workload>, Vec<Kind>) = (vec![], vec![]);
    let (mut quick, mut rounds, mut write) = (false, None, None);
    let (mut awake, mut dirt) = (true, false);
    let mut settings = Vec::new();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let mut value = || rest.next().ok_or_else(|| format!("{word} wants a value\n{USAGE}"));
        match word.as_str() {
            "--groups" | "--growth" => {}
            "--quick" => quick = true,
            "--halting" => awake = false,
            "--dirt" => dirt = true,
            "--write" => write = Some(true),
            "--no-write" => write = Some(false),
            "--workload" => workloads.extend(known_workloads(set, value()?)?),
            "--server" => kinds.push(known_server(value()?)?),
            "--rounds" => rounds = Some(number(value()?)?),
            "--setting" => settings.push(value()?.clone()),
            "--port" => port = number(value()?)?,
            _ => return Err(format!("{word}?\n{USAGE}")),
        }
    }
    let whole = workloads.is_empty() && kinds.is_empty() && !quick;
    if workloads.is_empty() {
        let wanted = |workload: &&Workload| !(quick && workload.is_slow());
        workloads = set.workloads().into_iter().filter(wanted).collect();
    }
    let course = if quick { &set.quick } else { &set.full };
    if kinds.is_empty() {
        kinds = course.kinds.to_vec();
    }
    let plan = Plan {
        set,
        workloads,
        kinds,
        rounds: rounds.unwrap_or(course.rounds),
        extent: course.extent,
        warm_up: course.warm_up,
        dirt,
        awake,
    };
    let write = write.unwrap_or(whole);
    Ok(Options { plan, port, write, settings, words: words.to_vec() })
}

fn known_workloads(set: &Set, name: &str) -> Result<Vec<&'static Workload>, String> {
    let found = set.named(name);
    if found.is_empty() {
        let names: Vec<&str> = set.workloads().iter().map(|workload| workload.name).collect();
        return Err(format!("no workload {name}; there are {}", names.join(", ")));
    }
    Ok(found)
}

fn known_server(word: &str) -> Result<Kind, String> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.word() == word);
    kind.ok_or_else(|| format!("no server {word}\n{USAGE}"))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{text} is no number\n{USAGE}"))
}

#[cfg(test)]
mod tests {
    use super::{Options, parse_words};
    use crate::server::Kind;

    fn parsed(words: &str) -> Result<Options, String> {
        parse_words(&words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn sets_have_their_servers() {
        for (words, name, kinds) in [
            ("", "logs", &Kind::ALL[..]),
            ("--quick", "logs", &[Kind::Floor, Kind::Dohle]),
            ("--groups --quick", "groups", &Kind::ALL),
            ("--growth", "growth", &[Kind::Floor, Kind::Dohle]),
            ("--growth --quick", "growth", &[Kind::Dohle]),
            ("--growth --server floor", "growth", &[Kind::Floor]),
        ] {
            let plan = parsed(words).unwrap().plan;
            assert_eq!((plan.set.name, plan.kinds.as_slice()), (name, kinds), "{words}");
        }
        assert!(parsed("--growth --groups").is_err());
    }

    #[test]
    fn the_page_is_written_by_whole_runs_unless_told() {
        for (words, writes) in [
            ("--growth", true),
            ("--growth --rounds 1", true),
            ("--growth --quick", false),
            ("--growth --quick --write", true),
            ("--growth --no-write", false),
            ("--growth --workload groups", false),
        ] {
            assert_eq!(parsed(words).unwrap().write, writes, "{words}");
        }
    }

    #[test]
    fn a_curve_is_asked_for_by_its_name_or_by_a_point() {
        let names = |words: &str| {
            let workloads = parsed(words).unwrap().plan.workloads;
            workloads.iter().map(|workload| workload.name).collect::<Vec<_>>()
        };
        let wanted = ["consumers-1", "consumers-2", "consumers-4", "consumers-8", "groups-10"];
        assert_eq!(names("--growth --workload consumers --workload groups-10"), wanted);
        let error = parsed("--workload consumers").err().unwrap();
        assert!(error.starts_with("no workload consumers; there are produce-64k,"), "{error}");
    }
}
