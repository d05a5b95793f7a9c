//! `cargo xtask tools`: commands as tutorials have them, typed into our tools; what they print and how they end is
//! compared with what Apache Kafka's own tools said.

mod figures;
mod normal;
mod opening;
mod script;
mod secured;
mod settled;
mod silent;
mod streaming;

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::compat::server::{Kind, Server, binary, shared};
use crate::diff::Difference;
use crate::diff::accepted::Accepted;
use script::{Answer, Script, Step};
use secured::Secured;

const USAGE: &str = "usage: cargo xtask tools [--record] [--only SCRIPT] [--server reference|dohle]
  --record          asks Apache Kafka's tools, and writes their answers into compat/tools
  --only SCRIPT     the scripts whose names begin so
  --server KIND     our tools against this server only; otherwise against both
       cargo xtask tools --figures [--write]
  how long tools take, theirs and ours; --write: into docs/benchmarks-tools.md";

/// How long Apache Kafka gets between two commands.
const REFERENCE_PAUSE: Duration = Duration::from_millis(200);

/// How long an answer may not be the one that is expected, where it may come late.
const LATE_MAX: Duration = Duration::from_secs(20);

struct Options {
    record: bool,
    only: String,
    servers: Vec<Kind>,
}

/// Runs the scripts.
///
/// # Errors
/// A wrong command line, a server that does not start, or any difference that is not wanted.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    if let ["--figures", more @ ..] = arguments {
        return match more {
            [] => figures::run(root, false),
            ["--write"] => figures::run(root, true),
            _ => Err(USAGE.into()),
        };
    }
    let options = parse(arguments)?;
    let scripts = Script::read_all(&root.join("compat/tools"), &options.only)?;
    if options.record {
        return record(root, scripts);
    }
    let accepted = Accepted::read_from(&root.join("compat/tools/differences.toml"))?;
    let program = binary(root)?;
    let (mut compared, mut failed) = (0, 0);
    for kind in &options.servers {
        let began = Instant::now();
        for script in &scripts {
            if *kind == Kind::Dohle && !script.settings.is_empty() {
                continue;
            }
            let secured = secured(script)?;
            let server = start(root, *kind, script, secured.as_ref())?;
            let world = World::new(&server, secured)?;
            for step in &script.steps {
                compared += 1;
                if *kind == Kind::Reference {
                    // Its controller answers before its broker knows: a JVM never comes back that soon, we do.
                    std::thread::sleep(REFERENCE_PAUSE);
                }
                let ours = world.ask_in_time(&program, step)?;
                let name = format!("{kind:?} {} {}", script.name, step.line);
                if !is_equal(&name, step, &ours, &accepted) {
                    failed += 1;
                }
            }
        }
        println!("against {kind:?}: {:.1} s", began.elapsed().as_secs_f64());
    }
    for entry in accepted.unused() {
        if options.only.is_empty() && options.servers.len() > 1 {
            println!("differences.toml: nothing needed {entry}");
        }
    }
    println!("{compared} commands compared\n{} passed, {failed} failed", compared - failed);
    if failed == 0 { Ok(()) } else { Err(format!("{failed} commands differ")) }
}

fn parse(arguments: &[&str]) -> Result<Options, String> {
    let mut options =
        Options { record: false, only: String::new(), servers: vec![Kind::Reference, Kind::Dohle] };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match *word {
            "--record" => options.record = true,
            "--only" => options.only = (*words.next().ok_or(USAGE)?).to_owned(),
            "--server" => {
                options.servers = match words.next() {
                    Some(&"reference") => vec![Kind::Reference],
                    Some(&"dohle") => vec![Kind::Dohle],
                    _ => return Err(USAGE.into()),
                }
            }
            _ => return Err(USAGE.into()),
        }
    }
    Ok(options)
}

/// Whether the answers are the same, or differ as they may.
fn is_equal(name: &str, step: &Step, ours: &Answer, accepted: &Accepted) -> bool {
    let Some(theirs) = &step.answer else {
        println!("{name}\n    there is no answer to compare with: cargo xtask tools --record");
        return false;
    };
    let mut same = true;
    for (field, ours, theirs) in [
        ("exit", ours.code.to_string(), theirs.code.to_string()),
        ("out", whole(&ours.lines, step), whole(&theirs.lines, step)),
    ] {
        let (request, field) = (name.to_owned(), field.to_owned());
        let difference = Difference { request, field, ours, theirs };
        if difference.ours != difference.theirs && !accepted.has(&difference) {
            println!("{difference}");
            same = false;
        }
    }
    same
}

/// The lines as one text; where numbers do not count, neither does the room that they take.
fn whole(lines: &[String], step: &Step) -> String {
    let text = lines.join("\n");
    if step.numbers_count {
        return text;
    }
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

fn record(root: &Path, scripts: Vec<Script>) -> Result<(), String> {
    let oracle = shared(root).join("oracle/kafka");
    for mut script in scripts {
        let secured = secured(&script)?;
        let server = start(root, Kind::Reference, &script, secured.as_ref())?;
        let world = World::new(&server, secured)?;
        for step in &mut script.steps {
            let (tool, words) = step.words.split_first().ok_or("a command without words")?;
            step.answer = Some(match no_tool(&world.server, tool, words) {
                Some(answer) => answer?,
                None => {
                    let mut command = Command::new(&oracle);
                    command.args(oracle_words(tool)).args(words);
                    world.ask(&mut command, step)?
                }
            });
            eprintln!("{}: {}", script.name, step.line);
        }
        script.write()?;
    }
    Ok(())
}

/// Listeners and keystores, where a script wants some.
fn secured(script: &Script) -> Result<Option<Secured>, String> {
    let is_wanted = script.settings.iter().any(|setting| setting == secured::MARK);
    is_wanted.then(Secured::new).transpose()
}

fn start(
    root: &Path,
    kind: Kind,
    script: &Script,
    secured: Option<&Secured>,
) -> Result<Server, String> {
    let own = script.settings.iter().filter(|setting| *setting != secured::MARK);
    let mut settings: Vec<String> = script.common.iter().chain(own).cloned().collect();
    settings.extend(secured.iter().flat_map(|secured| secured.settings()));
    let settings: Vec<&str> = settings.iter().map(String::as_str).collect();
    Server::start(root, kind, &settings)
}

/// What a command does that is no tool's; `None` for all others.
fn no_tool(server: &str, name: &str, words: &[String]) -> Option<Result<Answer, String>> {
    match name {
        opening::NAME => Some(opening::open(server, words)),
        settled::NAME => Some(settled::join(server, words)),
        silent::NAME => Some(silent::join(server, words)),
        streaming::NAME => Some(streaming::run(server, words)),
        _ => None,
    }
}

/// What the oracle's script calls a tool.
fn oracle_words(tool: &str) -> Vec<&str> {
    match tool {
        "producer-perf-test" => vec!["producer-perf"],
        "consumer-perf-test" => vec!["consumer-perf"],
        "console-share-consumer" => vec!["share-consumer"],
        "share-consumer-perf-test" => {
            vec!["run", "org.apache.kafka.tools.ShareConsumerPerformance"]
        }
        "verifiable-share-consumer" => {
            vec!["run", "org.apache.kafka.tools.VerifiableShareConsumer"]
        }
        "streams-application-reset" => vec!["run", "org.apache.kafka.tools.StreamsResetter"],
        "delegation-tokens" => vec!["run", "org.apache.kafka.tools.DelegationTokenCommand"],
        tool => vec![tool],
    }
}

fn ours(program: &Path, words: &[String]) -> Command {
    let mut command = Command::new(program);
    command.args(words);
    command
}

/// Where commands run: a server and a folder.
struct World {
    server: String,
    /// Where the server's log directories lie.
    logs: String,
    /// The reference's controller, one port above.
    controller: String,
    folder: PathBuf,
    secured: Option<Secured>,
}

impl World {
    fn new(server: &Server, secured: Option<Secured>) -> Result<Self, String> {
        let name = format!("dohle-tools-{}", server.address.replace(':', "-"));
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        let address = &server.address;
        let (host, port) = address.rsplit_once(':').ok_or("an address without a port")?;
        let port: u16 = port.parse().map_err(|_| format!("no port: {address}"))?;
        let controller = format!("{host}:{}", port.saturating_add(1));
        let logs = server.folder.display().to_string();
        Ok(Self { server: address.clone(), logs, controller, folder, secured })
    }

    fn folder_name(&self) -> String {
        self.folder.display().to_string()
    }

    /// What our tool says; where the answer may come late, what it says in the end.
    fn ask_in_time(&self, program: &Path, step: &Step) -> Result<Answer, String> {
        let (name, words) = step.words.split_first().ok_or("a command without words")?;
        if let Some(answer) = no_tool(&self.server, name, words) {
            return answer;
        }
        let began = Instant::now();
        loop {
            let answer = self.ask(&mut ours(program, &step.words), step)?;
            let expected = step.answer.as_ref().map(|theirs| &theirs.lines);
            let is_late = expected.is_some_and(|lines| *lines != answer.lines);
            if !(is_late && step.may_come_late) || began.elapsed() > LATE_MAX {
                return Ok(answer);
            }
            std::thread::sleep(REFERENCE_PAUSE);
        }
    }

    /// Runs a command with this world's names in its words.
    fn ask(&self, command: &mut Command, step: &Step) -> Result<Answer, String> {
        let folder = self.folder_name();
        let named = |text: &str| {
            let text = text.replace("SERVER", &self.server).replace("DIR", &folder);
            let text = text.replace("CONTROLLER", &self.controller).replace("LOGS", &self.logs);
            match &self.secured {
                Some(secured) => secured.named(&text),
                None => text,
            }
        };
        for (name, text) in &step.files {
            let path = self.folder.join(name);
            std::fs::write(&path, named(text)).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        let words: Vec<String> =
            command.get_args().map(|word| named(&word.to_string_lossy())).collect();
        let mut command = Command::new(command.get_program());
        command.args(words).current_dir(&self.folder);
        let said = format!("{command:?}");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{said}: {e}"))?;
        let mut input = child.stdin.take().ok_or("standard input is piped")?;
        // Who does not read its input is asked all the same.
        let _ = input.write_all(step.input.as_bytes());
        drop(input);
        let mut first = String::new();
        if let Some(count) = step.ends_after {
            first = first_lines(&mut child, count).map_err(|e| format!("{said}: {e}"))?;
        }
        let output = child.wait_with_output().map_err(|e| format!("{said}: {e}"))?;
        let whole = String::from_utf8_lossy(&output.stdout);
        let text = if step.ends_after.is_some() { &first } else { whole.as_ref() };
        let lines = normal::lines(text, step, self);
        Ok(Answer { lines, code: output.status.code().unwrap_or(-1) })
    }
}

/// The first lines that a command prints; then it is told to end.
fn first_lines(child: &mut Child, count: usize) -> io::Result<String> {
    let mut text = String::new();
    if let Some(output) = child.stdout.as_mut() {
        let mut output = BufReader::new(output);
        for _ in 0..count {
            output.read_line(&mut text)?;
        }
    }
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    Ok(text)
}

impl Drop for World {
    fn drop(&mut self) {
        // What is left behind lies in the system's folder for such things.
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
