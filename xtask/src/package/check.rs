//! What must hold of the package.

use super::said;
use std::path::Path;
use std::process::Command;

/// What lintian says that we cannot change: the project has no address of its own.
const ALLOWED: [&str; 2] = ["bogus-mail-host", "bogus-mail-host-in-debian-changelog"];

/// Looks at everything; what this machine has no program for.
pub(super) fn all(package: &Path, folder: &Path) -> Result<Vec<String>, String> {
    said(Command::new("dpkg-deb").arg("--extract").arg(package).arg(folder))?;
    serves(folder)?;
    let mut left_out = Vec::new();
    let checks: [(&str, &str, Check); 5] = [
        ("systemd-analyze", "the systemd unit", unit),
        ("lintian", "lintian's rules for packages", lint),
        ("man", "the manual's pages", pages),
        ("zsh", "completion for zsh", zsh),
        ("fish", "completion for fish", fish),
    ];
    for (program, what, check) in checks {
        match is_there(program) {
            true => check(package, folder)?,
            false => left_out.push(format!("{what} ({program} is not installed)")),
        }
    }
    Ok(left_out)
}

type Check = fn(&Path, &Path) -> Result<(), String>;

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// The installed files are a node that starts with the installed settings, and tools that reach it.
fn serves(folder: &Path) -> Result<(), String> {
    let bin = folder.join("usr/lib/dohle/bin");
    let id = format!("node.id={}", std::process::id());
    let mut start = Command::new(bin.join("kafka-server-start.sh"));
    start.current_dir(folder).arg("-daemon").arg("etc/dohle/server.properties");
    for setting in
        ["listeners=PLAINTEXT://localhost:0,CONTROLLER://localhost:0", "log.dirs=data", &id]
    {
        start.args(["--override", setting]);
    }
    let ready = said(&mut start)?;
    let address = ready.split_once("PLAINTEXT://").map(|(_, rest)| rest);
    let address = address.and_then(|rest| rest.split([',', ' ']).next()).unwrap_or_default();
    let listed = said(Command::new(bin.join("kafka-features")).args([
        "--bootstrap-server",
        address,
        "describe",
    ]));
    let stop = format!("--node-id={}", std::process::id());
    said(Command::new(bin.join("kafka-server-stop.sh")).arg(stop))?;
    match listed?.contains("Feature: metadata.version") {
        true => Ok(()),
        false => Err(format!("the installed tools do not reach the installed node: {ready}")),
    }
}

fn unit(_: &Path, folder: &Path) -> Result<(), String> {
    let unit = folder.join("usr/lib/systemd/system/dohle.service");
    let text = std::fs::read_to_string(&unit).map_err(|error| error.to_string())?;
    // What it runs lies in the unpacked package.
    let bin = folder.join("usr/bin/dohle").display().to_string();
    let there = folder.join("dohle.service");
    std::fs::write(&there, text.replace("/usr/bin/dohle", &bin))
        .map_err(|error| error.to_string())?;
    let told = said(Command::new("systemd-analyze").args(["verify", "--man=no"]).arg(&there))?;
    match told.lines().find(|line| line.contains("dohle")) {
        None => Ok(()),
        Some(line) => Err(format!("systemd-analyze: {line}")),
    }
}

fn lint(package: &Path, _: &Path) -> Result<(), String> {
    let mut command = Command::new("lintian");
    let suppressed = ALLOWED.join(",");
    command.args(["--fail-on", "error", "--suppress-tags", &suppressed, "--allow-root"]);
    said(command.arg(package)).map(drop)
}

fn pages(_: &Path, folder: &Path) -> Result<(), String> {
    let folder = folder.join("usr/share/man/man1");
    let entries = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
    for entry in entries {
        let page = entry.map_err(|error| error.to_string())?.path();
        let mut command = Command::new("man");
        command.args(["--warnings", "-l"]).arg(&page).env("MANWIDTH", "100");
        let output = command.output().map_err(|error| format!("man: {error}"))?;
        let told = String::from_utf8_lossy(&output.stderr);
        // A long word leaves a line ragged: no fault of the page.
        let complaints: Vec<_> =
            told.lines().filter(|line| !line.contains("cannot adjust line")).collect();
        if !complaints.is_empty() || !output.status.success() {
            return Err(format!("{}: {}", page.display(), complaints.join("\n")));
        }
    }
    Ok(())
}

fn zsh(_: &Path, folder: &Path) -> Result<(), String> {
    let functions = folder.join("usr/share/zsh/vendor-completions");
    said(Command::new("zsh").arg("-n").arg(functions.join("_dohle")))?;
    let script = format!(
        "fpath=({} $fpath); autoload -U compinit; compinit -D -u; \
         print $_comps[dohle] $_comps[kafka-topics.sh] $_comps[kafka-topics]",
        functions.display()
    );
    match said(Command::new("zsh").args(["-f", "-c", &script]))?.trim() {
        "_dohle _dohle _dohle" => Ok(()),
        other => Err(format!("zsh does not complete with _dohle: {other}")),
    }
}

fn fish(_: &Path, folder: &Path) -> Result<(), String> {
    let file = folder.join("usr/share/fish/vendor_completions.d/dohle.fish");
    for (line, expected) in [
        ("dohle topi", "topics\t"),
        ("dohle topics --lis", "--list\t"),
        ("kafka-topics.sh --lis", "--list\t"),
        ("kafka-storage format --clu", "--cluster-id\t"),
    ] {
        let script = format!("source {}; complete -C '{line}'", file.display());
        let told = said(Command::new("fish").args(["--no-config", "-c", &script]))?;
        if !told.starts_with(expected) {
            return Err(format!("fish completes {line} with {told}"));
        }
    }
    Ok(())
}
