//! `cargo xtask tools --figures`: what our tools take beside Apache Kafka's own, against the same server, in turns.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use crate::compat::server::{Kind, Server, binary, shared};

/// What it writes.
const PAGE: &str = "docs/benchmarks-tools.md";
const ROUNDS: usize = 5;
/// How often a tool is started for one round's figure.
const STARTS: usize = 3;

/// One figure: how it is called, what is to be reached, and what each round gave.
struct Row {
    title: String,
    /// How many times better ours is to be at least.
    reach: Option<f64>,
    /// Whether more of it is better.
    more_is_better: bool,
    /// Kafka's tool, ours.
    rounds: Vec<(f64, f64)>,
}

/// The two whose figures stand beside each other.
#[derive(Clone, Copy)]
enum Tools<'a> {
    /// The oracle's script.
    Kafkas(&'a Path),
    /// Our binary.
    Ours(&'a Path),
}

/// What a command took.
struct Taken {
    output: String,
    /// Seconds from its start to its end.
    seconds: f64,
    /// Seconds of CPU, its own and the kernel's for it.
    cpu: f64,
}

impl Tools<'_> {
    /// Runs `tool` with these words.
    fn run(self, tool: &str, words: &str) -> Result<Taken, String> {
        // The shell's `time` tells the CPU of a command that has ended; its wall clock has milliseconds only.
        let mut command = Command::new("bash");
        command.args(["-c", "TIMEFORMAT='cpu %3U %3S'; time \"$@\"", "time"]);
        match self {
            Self::Kafkas(script) => command.arg(script).arg(tool),
            Self::Ours(program) => command.arg(program).arg(script_name(tool)),
        };
        command.args(words.split(' '));
        let began = Instant::now();
        let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
        let seconds = began.elapsed().as_secs_f64();
        taken(&output, seconds).map_err(|error| format!("{command:?}: {error}"))
    }
}

/// What `kafka-NAME.sh` is called that the oracle's script calls otherwise.
fn script_name(tool: &str) -> String {
    match tool {
        "producer-perf" | "consumer-perf" => format!("kafka-{tool}-test"),
        tool => format!("kafka-{tool}"),
    }
}

fn taken(output: &Output, seconds: f64) -> Result<Taken, String> {
    let told = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("{}: {told}", output.status));
    }
    let cpu = told.lines().rev().find_map(|line| line.strip_prefix("cpu ")).ok_or("no time")?;
    let parts: Result<Vec<f64>, _> = cpu.split(' ').map(str::parse).collect();
    let cpu = parts.map_err(|error| format!("{cpu}: {error}"))?.iter().sum();
    Ok(Taken { output: String::from_utf8_lossy(&output.stdout).into_owned(), seconds, cpu })
}

/// Measures, prints a table, and writes the page where that is asked for.
///
/// # Errors
/// A server that does not start, a tool that fails, a figure that it does not print.
pub(super) fn run(root: &Path, write: bool) -> Result<(), String> {
    let (program, script) = (binary(root)?, shared(root).join("oracle/kafka"));
    let both = [Tools::Kafkas(&script), Tools::Ours(&program)];
    let server = Server::start(root, Kind::Dohle, &["log.retention.bytes=-1"])?;
    let rows = [
        starts(&server.address, both)?,
        produced(&server.address, both, 100, 2_000_000)?,
        produced(&server.address, both, 1_000, 500_000)?,
        consumed(&server.address, both, 100, 2_000_000)?,
        consumed(&server.address, both, 1_000, 500_000)?,
    ];
    let table = table(&rows.into_iter().flatten().collect::<Vec<_>>());
    println!("{table}");
    if write {
        std::fs::write(root.join(PAGE), page(&table)).map_err(|e| format!("{PAGE}: {e}"))?;
    }
    Ok(())
}

/// From the start of `kafka-topics --list` to its end.
fn starts(server: &str, both: [Tools<'_>; 2]) -> Result<Vec<Row>, String> {
    let words = format!("--list --bootstrap-server {server}");
    let mut wall = Row::new("`topics --list`, start to end, ms", Some(50.0), false);
    let mut cpu = Row::new("`topics --list`, CPU ms", None, false);
    for _ in 0..ROUNDS {
        let [kafkas, ours] = both.map(|tools| {
            let mut all = Vec::with_capacity(STARTS);
            for _ in 0..STARTS {
                all.push(tools.run("topics", &words)?);
            }
            all.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
            Ok::<_, String>(all.swap_remove(STARTS / 2))
        });
        let (kafkas, ours) = (kafkas?, ours?);
        wall.rounds.push((kafkas.seconds * 1e3, ours.seconds * 1e3));
        cpu.rounds.push((kafkas.cpu * 1e3, ours.cpu * 1e3));
    }
    Ok(vec![wall, cpu])
}

/// What `producer-perf-test` says of `count` records of `size` bytes.
fn produced(server: &str, both: [Tools<'_>; 2], size: u32, count: u32) -> Result<Vec<Row>, String> {
    let name = format!("`producer-perf-test`, {size}-byte records");
    let topic = format!("produced-{size}");
    let words = format!(
        "--topic {topic} --num-records {count} --record-size {size} --throughput -1 --bootstrap-server {server}"
    );
    let per_second = |text: &str| {
        let last = text.lines().rev().find(|line| line.contains("records/sec"))?;
        let words = last.split(", ").nth(1)?;
        words.split(' ').next()?.parse().ok()
    };
    rounds(both, &name, count, ("producer-perf", &words), per_second)
}

/// What `consumer-perf-test` says of as many records that lie there.
fn consumed(server: &str, both: [Tools<'_>; 2], size: u32, count: u32) -> Result<Vec<Row>, String> {
    let name = format!("`consumer-perf-test`, {size}-byte records");
    let words =
        format!("--topic produced-{size} --num-records {count} --bootstrap-server {server}");
    // start, end, MB, MB/s, records, records/s, ms of rebalances, of fetches, MB/s and records/s of these
    let per_second = |text: &str| {
        let last = text.lines().rev().find(|line| line.contains(", "))?;
        last.split(", ").nth(9)?.parse().ok()
    };
    rounds(both, &name, count, ("consumer-perf", &words), per_second)
}

fn rounds(
    both: [Tools<'_>; 2],
    name: &str,
    count: u32,
    (tool, words): (&str, &str),
    per_second: impl Fn(&str) -> Option<f64>,
) -> Result<Vec<Row>, String> {
    let mut rate = Row::new(&format!("{name}, records/s"), None, true);
    let mut cpu = Row::new(&format!("{name}, CPU µs/record"), Some(3.0), false);
    for _ in 0..ROUNDS {
        let [kafkas, ours] = both.map(|tools| {
            let taken = tools.run(tool, words)?;
            let rate = per_second(&taken.output);
            let rate = rate.ok_or_else(|| format!("{tool} said: {}", taken.output))?;
            Ok::<_, String>((rate, taken.cpu * 1e6 / f64::from(count)))
        });
        let (kafkas, ours) = (kafkas?, ours?);
        rate.rounds.push((kafkas.0, ours.0));
        cpu.rounds.push((kafkas.1, ours.1));
    }
    Ok(vec![rate, cpu])
}

impl Row {
    fn new(title: &str, reach: Option<f64>, more_is_better: bool) -> Self {
        Self { title: title.to_owned(), reach, more_is_better, rounds: Vec::new() }
    }

    /// How many times better ours is, round by round.
    fn ratios(&self) -> impl Iterator<Item = f64> {
        let ratio = |(kafkas, ours): &(f64, f64)| {
            if self.more_is_better { ours / kafkas } else { kafkas / ours }
        };
        self.rounds.iter().map(ratio)
    }
}

/// The median, the least and the largest.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(f64::NAN);
    (at(values.len() / 2), at(0), at(values.len().saturating_sub(1)))
}

/// Three significant digits, thousands parted.
fn digits(value: f64) -> String {
    match value {
        1_000.0.. => {
            let whole = format!("{value:.0}");
            let mut text = String::new();
            for (index, digit) in whole.chars().enumerate() {
                if index > 0 && (whole.len() - index).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            text
        }
        100.0.. => format!("{value:.0}"),
        10.0.. => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

fn table(rows: &[Row]) -> String {
    let mut text = String::from(
        "| figure | Kafka's tool | ours | ours is better by | reach | met |\n|---|---|---|---|---|---|\n",
    );
    for row in rows {
        let (kafkas, ..) = spread(row.rounds.iter().map(|round| round.0));
        let (ours, ..) = spread(row.rounds.iter().map(|round| round.1));
        let (ratio, least, largest) = spread(row.ratios());
        let reach = row.reach.map_or(String::new(), |reach| format!("≥ {reach} ×"));
        let met = row.reach.map_or("", |reach| if ratio >= reach { "yes" } else { "no" });
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} × ({}–{}) | {reach} | {met} |",
            row.title,
            digits(kafkas),
            digits(ours),
            digits(ratio),
            digits(least),
            digits(largest)
        );
    }
    text
}

fn page(table: &str) -> String {
    format!(
        "# What the tools take\n\n\
         Written by `cargo xtask tools --figures --write`: tools of Apache Kafka 4.3.1 (Java 17, a heap of 512 MiB, G1) and ours, in turns, \
         {ROUNDS} rounds, against the same Dohle on the same two cores. Medians; ratios are taken round by round: the median, then the least and \
         the largest. A tool's CPU is that of its process from start to end, so a JVM's start and compiler count: they are what its user pays. \
         Records per second are what the tools print themselves, of a consumer without its rebalance. Of {STARTS} starts in a round the middle one counts.\n\n\
         {table}"
    )
}

#[cfg(test)]
mod tests {
    use super::{Row, digits, table};

    #[test]
    fn ratios_are_of_what_is_better() {
        let mut less = Row::new("ms", Some(2.5), false);
        less.rounds = vec![(9.0, 3.0), (8.0, 4.0), (10.0, 2.0)];
        let mut more = Row::new("records/s", Some(4.0), true);
        more.rounds = vec![(1000.0, 3456.0)];
        let told = table(&[less, more]);
        assert!(
            told.contains("| ms | 9.00 | 3.00 | 3.00 × (2.00–5.00) | ≥ 2.5 × | yes |"),
            "{told}"
        );
        assert!(
            told.contains("| records/s | 1,000 | 3,456 | 3.46 × (3.46–3.46) | ≥ 4 × | no |"),
            "{told}"
        );
    }

    #[test]
    fn three_digits() {
        let told = [0.123, 1.5, 12.34, 123.4, 1234.5, 1_234_567.0].map(digits);
        assert_eq!(told, ["0.12", "1.50", "12.3", "123", "1,234", "1,234,567"]);
    }
}
