//! `cargo xtask diff`: the same requests, good and bad, to two brokers; their answers compared field by field.

pub(crate) mod accepted;
mod batches;
mod link;
mod normal;
mod scripts;
pub(crate) mod world;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};
use std::path::Path;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dohle_protocol::ApiKey;
use serde_json::Value;

use crate::compat::server::{Kind, Server};
use accepted::Accepted;
use world::{Heard, Versions, World};

const USAGE: &str = "usage: cargo xtask diff [--ours dohle|reference|HOST:PORT] \
[--theirs HOST:PORT] [--only PREFIX,…] [--record FILE] [--skip-old] [--wanted]
  --ours reference  the reference against itself: what it says must not differ between two runs
  --record FILE     writes what the reference answers, and asks nobody else
  --skip-old        leaves out the versions that only Kafka 3.9 knows
  --wanted          prints the wanted differences as well";

struct Options {
    ours: String,
    theirs: Option<String>,
    only: String,
    record: Option<String>,
    skip_old: bool,
    wanted: bool,
}

/// One field in which two answers are not the same.
pub(crate) struct Difference {
    pub(crate) request: String,
    pub(crate) field: String,
    pub(crate) ours: String,
    pub(crate) theirs: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, field, ours, theirs } = self;
        write!(f, "{request} {field}\n    ours:    {ours}\n    Kafka's: {theirs}")
    }
}

/// What one pass compared.
#[derive(Default)]
struct Outcome {
    compared: usize,
    equal: usize,
    /// Requests with wanted differences.
    with_wanted: usize,
    differences: Vec<Difference>,
    wanted: Vec<Difference>,
}

/// Runs all scripts on both brokers and prints what differs.
///
/// # Errors
/// A wrong command line, a broker that does not start, or any difference that is not wanted.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let options = parse(arguments)?;
    let accepted = Accepted::read(root)?;
    let mut outcome = Outcome::default();
    let current = pass(root, &options, &accepted, None, &mut outcome)?;
    if !options.skip_old && options.theirs.is_none() {
        pass(root, &options, &accepted, Some(&current), &mut outcome)?;
    }
    if options.record.is_some() {
        return Ok(());
    }
    for difference in &outcome.differences {
        println!("{difference}");
    }
    for difference in outcome.wanted.iter().filter(|_| options.wanted) {
        println!("wanted: {difference}");
    }
    let whole = options.only.is_empty() && !options.skip_old && options.theirs.is_none();
    let unused = if whole && options.ours == "dohle" { accepted.unused() } else { Vec::new() };
    for entry in &unused {
        println!("differences.toml: nothing needed {entry}");
    }
    let failed = outcome.compared - outcome.equal;
    println!(
        "\n{} requests compared, {} equal, {} with wanted differences among them\n{} passed, {} failed",
        outcome.compared, outcome.equal, outcome.with_wanted, outcome.equal, failed
    );
    match (failed, unused.len()) {
        (0, 0) => Ok(()),
        (0, unused) => Err(format!("{unused} wanted differences are none any more")),
        (failed, _) => Err(format!("{failed} answers differ")),
    }
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let mut options = Options {
        ours: "dohle".into(),
        theirs: None,
        only: String::new(),
        record: None,
        skip_old: false,
        wanted: false,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().map(|text| (*text).to_owned()).ok_or(USAGE);
        match *word {
            "--ours" => options.ours = value()?,
            "--theirs" => options.theirs = Some(value()?),
            "--only" => options.only = value()?,
            "--record" => options.record = Some(value()?),
            "--skip-old" => options.skip_old = true,
            "--wanted" => options.wanted = true,
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}

/// One pass: against the reference (all its versions), or, given those, against Kafka 3.9 with the versions that only
/// it has. Gives the versions that were asked for.
fn pass(
    root: &Path,
    options: &Options,
    accepted: &Accepted,
    current: Option<&Versions>,
    outcome: &mut Outcome,
) -> Result<Versions, String> {
    let kind = if current.is_none() { Kind::ReferenceWithReceiver } else { Kind::OldReference };
    // Kafka 3.9 knows no cordoned directories.
    let more: &[&str] = if current.is_none() { &scripts::SETTINGS } else { &[] };
    let started = match &options.theirs {
        Some(_) => None,
        None => Some(Server::start(root, kind, more)?),
    };
    let theirs = match (&options.theirs, &started) {
        (Some(address), _) => address.clone(),
        (None, Some(server)) => server.address.clone(),
        (None, None) => return Err("no server to compare with".into()),
    };
    let mut offered = World::new(&theirs, Versions::new(), 0).offered()?;
    if current.is_none() {
        // Kafka 4 offers the first three for an old librdkafka's sake only, and closes the connection on them.
        offered.entry(ApiKey::Produce.to_i16()).and_modify(|range| *range = 3..=*range.end());
    }
    let plan = match current {
        None => offered,
        Some(current) => offered
            .iter()
            .filter_map(|(key, range)| {
                let first = current.get(key).map_or(i16::MAX, |current| *current.start());
                let last = first.saturating_sub(1).min(*range.end());
                (range.start() <= &last).then(|| (*key, *range.start()..=last))
            })
            .collect(),
    };
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
    let now_ms = i64::try_from(now_ms.as_millis()).map_err(|e| e.to_string())? - 3_600_000;
    let is_old = current.is_some();
    let kafka = told(&theirs, plan.clone(), now_ms, &options.only, is_old);
    if let Some(file) = &options.record {
        record(file, &kafka, is_old)?;
        return Ok(plan);
    }
    let own = match options.ours.as_str() {
        "dohle" => Some(Server::start(root, Kind::DohleAsReference, more)?),
        "reference" => Some(Server::start(root, kind, more)?),
        _ => None,
    };
    let address = own.as_ref().map_or(options.ours.as_str(), |server| &server.address);
    let ours = told(address, plan.clone(), now_ms, &options.only, is_old);
    let broker = World::new(address, Versions::new(), 0);
    let mut offered = broker.controller().offered().unwrap_or_default();
    offered.extend({ broker }.offered()?);
    compare(&ours, &kafka, &offered, accepted, outcome);
    Ok(plan)
}

/// Everything that a broker says to the scripts.
fn told(
    address: &str,
    plan: Versions,
    now_ms: i64,
    only: &str,
    is_old: bool,
) -> Vec<(String, Heard)> {
    let mut world = World::new(address, plan, now_ms);
    let once: &[scripts::Script] = if is_old { &[] } else { &scripts::ONCE };
    for (name, script) in scripts::ALL.iter().chain(once) {
        if only.split(',').any(|prefix| name.starts_with(prefix)) {
            let begun = Instant::now();
            let before = world.heard.len();
            script(&mut world);
            let count = world.heard.len() - before;
            eprintln!(
                "{address} {name}: {count} answers in {:.1} s",
                begun.elapsed().as_secs_f64()
            );
        }
    }
    world.heard
}

fn record(file: &str, heard: &[(String, Heard)], append: bool) -> Result<(), String> {
    let mut text = if append {
        std::fs::read_to_string(file).map_err(|e| format!("{file}: {e}"))?
    } else {
        String::new()
    };
    for (name, heard) in heard {
        let said = match heard {
            Heard::Answer(value) => value.to_string(),
            other => format!("{other:?}"),
        };
        let _ = writeln!(text, "{name}\t{said}");
    }
    std::fs::write(file, text).map_err(|e| format!("{file}: {e}"))
}

fn compare(
    ours: &[(String, Heard)],
    theirs: &[(String, Heard)],
    offered: &Versions,
    accepted: &Accepted,
    outcome: &mut Outcome,
) {
    let mut missing: Vec<String> = Vec::new();
    for ((name, our), (_, their)) in ours.iter().zip(theirs) {
        if let Some(version) = not_offered(name, offered) {
            if !missing.contains(&version) {
                missing.push(version);
            }
            continue;
        }
        outcome.compared += 1;
        let mut fields = Vec::new();
        match (our, their) {
            (Heard::Answer(our), Heard::Answer(their)) => differ("", our, their, &mut fields),
            (our, their) if our == their => {}
            (our, their) => fields.push((String::from("/"), said(our), said(their))),
        }
        let differences = fields.into_iter().map(|(field, ours, theirs)| Difference {
            request: name.clone(),
            field,
            ours,
            theirs,
        });
        let (wanted, unwanted): (Vec<_>, Vec<_>) =
            differences.partition(|difference| accepted.has(difference));
        outcome.with_wanted += usize::from(!wanted.is_empty());
        outcome.equal += usize::from(unwanted.is_empty());
        outcome.wanted.extend(wanted);
        outcome.differences.extend(unwanted);
    }
    if ours.len() != theirs.len() {
        println!("{} requests on our side, {} on Kafka's", ours.len(), theirs.len());
    }
    for version in missing {
        println!("not offered by ours, so not compared: {version}");
    }
}

/// `Some("Api vN")` if the request's version is not among those offered.
fn not_offered(name: &str, offered: &Versions) -> Option<String> {
    let mut words = name.split(' ');
    let key = words.next()?;
    let version: i16 = words.next()?.strip_prefix('v')?.parse().ok()?;
    let key = ApiKey::all().find(|each| each.name() == key)?;
    // A version that no Kafka has is asked for on purpose.
    let known = key.has_version(version);
    let has = offered.get(&key.to_i16()).is_some_and(|range| range.contains(&version));
    (known && !has).then(|| format!("{key} v{version}"))
}

fn said(heard: &Heard) -> String {
    match heard {
        Heard::Answer(value) => short(&value.to_string()),
        Heard::Unreadable(why) => format!("unreadable answer: {why}"),
        Heard::Closed => "connection closed".into(),
        Heard::Silence => "no answer".into(),
    }
}

/// The fields in which two values are not the same, with the values on both sides.
fn differ(path: &str, ours: &Value, theirs: &Value, into: &mut Vec<(String, String, String)>) {
    match (ours, theirs) {
        (Value::Object(our), Value::Object(their)) => {
            for (name, value) in our {
                let theirs = their.get(name).unwrap_or(&Value::Null);
                differ(&format!("{path}/{name}"), value, theirs, into);
            }
            for (name, value) in their.iter().filter(|(name, _)| !our.contains_key(*name)) {
                into.push((format!("{path}/{name}"), "(none)".into(), short(&value.to_string())));
            }
        }
        (Value::Array(our), Value::Array(their)) if is_named(our) && is_named(their) => {
            let of_name = |all: &[Value], name: &Option<String>| {
                all.iter().find(|it| name_of(it) == *name).cloned().unwrap_or(Value::Null)
            };
            let names: BTreeSet<_> = our.iter().chain(their).map(name_of).collect();
            for name in names {
                let (our, their) = (of_name(our, &name), of_name(their, &name));
                let path = format!("{path}/{}", name.unwrap_or_default());
                differ(&path, &our, &their, into);
            }
        }
        (Value::Array(our), Value::Array(their)) if our.len() == their.len() => {
            for (index, (our, their)) in our.iter().zip(their).enumerate() {
                differ(&format!("{path}/{index}"), our, their, into);
            }
        }
        _ if ours == theirs => {}
        _ => into.push((path.to_owned(), short(&ours.to_string()), short(&theirs.to_string()))),
    }
}

/// Whether each element has a name of its own.
fn is_named(elements: &[Value]) -> bool {
    let names: BTreeSet<_> = elements.iter().filter_map(name_of).collect();
    names.len() == elements.len()
}

/// What an element of an array is called, wherever in the array it stands.
fn name_of(element: &Value) -> Option<String> {
    if let Some(name) = element["name"].as_str() {
        return Some(name.to_owned());
    }
    let id = element["apiKey"].as_i64()?;
    let key = ApiKey::all().find(|key| i64::from(key.to_i16()) == id);
    Some(key.map_or_else(|| id.to_string(), |key| key.name().to_owned()))
}

fn short(text: &str) -> String {
    const LONGEST: usize = 600;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}… ({} bytes)", &text[..end], text.len()),
        None => text.to_owned(),
    }
}
