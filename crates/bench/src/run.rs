//! The rounds: every workload on every server, in turns.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use crate::awake::Awake;
use crate::dirt::Dirt;
use crate::measure::{self, Extent, Figures};
use crate::restart;
use crate::server::{Kind, Places, Server};
use crate::set::Set;
use crate::workload::{Figure, Work, Workload};

/// What is run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// What the workloads are of.
    pub(crate) set: &'static Set,
    pub(crate) workloads: Vec<&'static Workload>,
    pub(crate) kinds: Vec<Kind>,
    pub(crate) rounds: usize,
    pub(crate) extent: Extent,
    /// Load on the reference before anything counts: a JVM needs it to be fair.
    pub(crate) warm_up: Duration,
    /// Whether fresh servers have a compacted topic to clean meanwhile.
    pub(crate) dirt: bool,
    /// Whether cores that have nothing to do are kept from halting.
    pub(crate) awake: bool,
}

/// What all rounds gave: one entry a round, an error where a measurement failed.
pub(crate) type Results = BTreeMap<(&'static str, Kind), Vec<Result<Figures, String>>>;

/// Runs the plan, and tells how it goes.
///
/// # Errors
/// When the reference cannot be started, or cores cannot be kept awake. A server that fails in a workload fails only there.
pub(crate) fn run(plan: &Plan, places: &Places) -> io::Result<Results> {
    let _awake = if plan.awake { Some(Awake::keep()?) } else { None };
    let mut warm = None;
    let lasting = plan.workloads.iter().any(|workload| !workload.is_fresh());
    if plan.kinds.contains(&Kind::Reference) && lasting {
        warm = Some(warm_up(plan, places)?);
    }
    let mut results = Results::new();
    for round in 0..plan.rounds {
        for workload in plan.workloads.iter().filter(|workload| round == 0 || !workload.is_once()) {
            for &kind in plan.kinds.iter().filter(|&&kind| workload.suits(kind)) {
                let begin = Instant::now();
                let figures = match &warm {
                    Some(server) if kind == Kind::Reference && !workload.is_fresh() => on_warm(
                        server,
                        workload,
                        &format!("{}-{round}", workload.name),
                        &plan.extent,
                    ),
                    _ => on_fresh(kind, workload, plan, places),
                };
                let figures = figures.map_err(|error| error.to_string());
                say(round, workload, kind, &figures, begin.elapsed());
                results.entry((workload.name, kind)).or_default().push(figures);
            }
        }
    }
    if let Some(server) = warm {
        server.remove();
    }
    Ok(results)
}

/// Starts the reference and puts every closed loop's load on it, in short turns.
fn warm_up(plan: &Plan, places: &Places) -> io::Result<Server> {
    Server::clear(Kind::Reference, "warm", places);
    let server = Server::start(Kind::Reference, "warm", places)?;
    let works = plan.workloads.iter().filter(|workload| workload.warms());
    let works: Vec<&Workload> = works.copied().collect();
    let turns = 3;
    let each = plan.warm_up / (turns * works.len().max(1) as u32);
    println!("warming the reference up for {} s", plan.warm_up.as_secs());
    let extent = Extent { warm: Duration::ZERO, time: each, ..plan.extent };
    for turn in 0..turns {
        for workload in &works {
            let topic = format!("warm-{}-{turn}", workload.name);
            if let Err(error) = on_warm(&server, workload, &topic, &extent) {
                println!("warming up, {}: {error}", workload.name);
            }
        }
    }
    Ok(server)
}

fn on_warm(
    server: &Server,
    workload: &Workload,
    topic: &str,
    extent: &Extent,
) -> io::Result<Figures> {
    let figures = measure::measure(server, &workload.work, topic, extent);
    // A failed measurement's topic must not weigh on the next one.
    if workload.leaves_topic() {
        forget(server, topic)?;
    }
    figures
}

fn on_fresh(kind: Kind, workload: &Workload, plan: &Plan, places: &Places) -> io::Result<Figures> {
    Server::clear(kind, "fresh", places);
    let (server, figures) = match workload.work {
        Work::Start => restart::start(kind, places, plan.extent.idle)?,
        Work::Restart { partitions, segments } => {
            restart::restart(kind, places, (partitions, segments))?
        }
        Work::Produce { .. }
        | Work::Fetch { .. }
        | Work::ProduceAtRate { .. }
        | Work::DeliverAtRate { .. }
        | Work::Connections { .. }
        | Work::Partitions { .. }
        | Work::Coordinate(_)
        | Work::Grow(_) => {
            let (settings, cores) = (workload.settings(), workload.cores());
            let server = Server::start_with(kind, "fresh", places, settings, cores)?;
            let has_cleaner = kind != Kind::Floor;
            let dirt = (plan.dirt && has_cleaner).then(|| Dirt::begin(&server)).transpose()?;
            let mut figures = measure::measure(&server, &workload.work, "bench", &plan.extent)?;
            if let Some(dirt) = dirt {
                let swept = dirt.end()?;
                figures.insert(Figure::Dirt, swept.written as f64 / 1e6);
                figures.insert(Figure::DirtLeft, swept.left as f64 / 1e6);
            }
            (server, figures)
        }
    };
    server.remove();
    Ok(figures)
}

/// Deletes a topic and waits until its files are gone: the disk is small, and deleting costs time.
fn forget(server: &Server, topic: &str) -> io::Result<()> {
    crate::admin::Admin::connect(server.port)?.delete(topic)?;
    let begin = Instant::now();
    let data = server.directory().join("data");
    while begin.elapsed() < Duration::from_secs(20) {
        let mut entries = std::fs::read_dir(&data)?.flatten();
        if !entries.any(|entry| entry.file_name().to_string_lossy().starts_with(topic)) {
            break;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn say(
    round: usize,
    workload: &Workload,
    kind: Kind,
    figures: &Result<Figures, String>,
    took: Duration,
) {
    let text = match figures {
        Ok(figures) => {
            let figure = |(figure, value): (_, &f64)| {
                let figure: &Figure = figure;
                format!("{} {}", figure.title(), crate::number::short(*value))
            };
            figures.iter().map(figure).collect::<Vec<_>>().join(", ")
        }
        Err(error) => format!("FAILED: {error}"),
    };
    let (round, name, kind) = (round + 1, workload.name, kind.word());
    println!("{round} {name:<20} {kind:<10} ({:>4.1} s) {text}", took.as_secs_f64());
}
