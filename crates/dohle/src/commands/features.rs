//! `dohle features`: the features of a cluster and their levels. Kafka's `kafka-features.sh`.

use super::storage::features::{of_release, parse, print_dependencies, print_mapping, release};
use crate::arguments::globals;
use crate::arguments::subcommands::{Action, Chosen, Opt, Subcommand, Tool};
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_metadata::features::{METADATA_VERSION, MetadataVersion};
use dohle_protocol::wire::Text;
use serde_json::json;

// What an update may be, as the wire numbers it.
const UPGRADE: i8 = 1;
const SAFE_DOWNGRADE: i8 = 2;
const UNSAFE_DOWNGRADE: i8 = 3;

const fn option(long: &'static str, short: char, action: Action, help: &'static str) -> Opt {
    Opt { long, short, action, required: false, exclusive: false, help }
}

const METADATA: Opt = option("metadata", 'm', Action::Store, "DEPRECATED: the metadata version.");
const FEATURE: Opt = option("feature", 'f', Action::Append, "A feature and its level: f=level");
const RELEASE: Opt = option("release-version", 'r', Action::Store, "A release, such as 4.3");
const DRY_RUN: Opt = option("dry-run", 'd', Action::Switch, "Only check it.");
const UNSAFE: Opt = option("unsafe", 'u', Action::Switch, "Also where metadata may be lost.");

/// What it can be told.
pub(super) const TOOL: Tool = Tool {
    name: "kafka-features",
    fails_after_help: false,
    about: "This tool manages feature flags in Kafka. Before the command: --bootstrap-server, \
            --command-config.",
    commands: &[
        Subcommand {
            name: "describe",
            help: "Describes the current active feature flags.",
            options: &[option("node-id", 'n', Action::Store, "The node to ask.")],
        },
        Subcommand {
            name: "upgrade",
            help: "Upgrade one or more feature flags.",
            options: &[METADATA, FEATURE, RELEASE, DRY_RUN],
        },
        Subcommand {
            name: "downgrade",
            help: "Downgrade one or more feature flags.",
            options: &[METADATA, FEATURE, RELEASE, UNSAFE, DRY_RUN],
        },
        Subcommand {
            name: "disable",
            help: "Disable one or more feature flags: level 0.",
            options: &[FEATURE, UNSAFE, DRY_RUN],
        },
        Subcommand {
            name: "version-mapping",
            help: "The features' levels of a release.",
            options: &[RELEASE],
        },
        Subcommand {
            name: "feature-dependencies",
            help: "What levels of features need.",
            options: &[Opt { required: true, ..FEATURE }],
        },
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let (given, rest) =
        globals::take(words, &["bootstrap-server", "bootstrap-controller", "command-config"])?;
    let Some(chosen) = TOOL.parse(&rest, console)? else { return Ok(()) };
    globals::check_server(TOOL.name, &given)?;
    // Releases know their features: no server is asked for them.
    match chosen.command {
        "version-mapping" => return print_mapping(chosen.value("release-version"), console),
        "feature-dependencies" => return print_dependencies(chosen.values("feature"), console),
        _ => {}
    }
    let session = Session::of(&given)?;
    match chosen.command {
        "describe" => describe(&session, &chosen, console),
        _ => update(&session, &chosen, console),
    }
}

/// A level as people write it: the metadata version by its name.
fn shown(feature: &str, level: i16) -> String {
    let known = MetadataVersion::MINIMUM.0..=MetadataVersion::LATEST.0;
    if feature != METADATA_VERSION {
        level.to_string()
    } else if known.contains(&level) {
        MetadataVersion(level).name().to_owned()
    } else {
        format!("UNKNOWN {level}")
    }
}

fn describe(session: &Session, chosen: &Chosen, console: &mut Console<'_>) -> Result<(), Failure> {
    let node = match chosen.value("node-id") {
        Some(text) => Some(text.parse().map_err(|_| {
            Failure::new(format!("argument --node-id: could not convert '{text}' to Integer"))
        })?),
        None => None,
    };
    let told = session.admin(|admin| async move { admin.describe_features(node).await })?;
    let mut supported: Vec<_> = told.supported.iter().collect();
    supported.sort_by(|one, other| one.name.cmp(&other.name));
    console.begin();
    for feature in supported {
        let name = feature.name.as_str();
        let finalized = told.finalized.iter().find(|one| one.name == feature.name);
        let level = finalized.map_or(0, |one| one.levels.1);
        let thing = || {
            json!({
                "feature": name,
                "supportedMinVersion": shown(name, feature.levels.0),
                "supportedMaxVersion": shown(name, feature.levels.1),
                "finalizedVersionLevel": shown(name, level),
                "epoch": Some(told.finalized_epoch).filter(|epoch| *epoch >= 0),
            })
        };
        if console.tell(thing) {
            continue;
        }
        let epoch = match told.finalized_epoch {
            epoch if epoch >= 0 => epoch.to_string(),
            _ => "-".to_owned(),
        };
        writeln!(
            console.out,
            "Feature: {name:40}  SupportedMinVersion: {:15}  SupportedMaxVersion: {:15}  \
             FinalizedVersionLevel: {:15}  Epoch: {epoch}",
            shown(name, feature.levels.0),
            shown(name, feature.levels.1),
            shown(name, level),
        )?;
    }
    Ok(())
}

fn update(session: &Session, chosen: &Chosen, console: &mut Console<'_>) -> Result<(), Failure> {
    let updates = wanted(chosen, console)?;
    let is_dry = chosen.has("dry-run");
    let asked = updates.clone();
    let answer =
        session.admin(|admin| async move { admin.update_features(&asked, is_dry).await })?;
    let verb = chosen.command;
    let done = match (is_dry, verb) {
        (true, "upgrade") => "can be upgraded",
        (true, "downgrade") => "can be downgraded",
        (true, _) => "can be disabled",
        (false, "upgrade") => "was upgraded",
        (false, "downgrade") => "was downgraded",
        (false, _) => "was disabled",
    };
    let may = if is_dry { "Can not" } else { "Could not" };
    let mut failed = 0;
    let mut lines = Vec::new();
    for (feature, level, _) in &updates {
        let own = answer.results.iter().find(|result| result.feature == *feature);
        let (code, message) = match own {
            Some(own) if own.error_code.is_error() => (own.error_code, own.error_message.clone()),
            _ => (answer.error_code, answer.error_message.clone()),
        };
        let to = match verb {
            "disable" => String::new(),
            _ => format!(" to {level}"),
        };
        match dohle_client::Error::refusal(code, message) {
            None => lines.push(format!("{feature} {done}{to}.")),
            Some(error) => {
                failed += 1;
                lines.push(format!("{may} {verb} {feature}{to}. {error}"));
            }
        }
    }
    lines.sort_unstable();
    for line in lines {
        writeln!(console.out, "{line}")?;
    }
    if failed == 0 {
        return Ok(());
    }
    Err(Failure::new(format!("{failed} out of {} operation(s) failed.", updates.len())))
}

/// The features and levels that the words ask for.
fn wanted(chosen: &Chosen, console: &mut Console<'_>) -> Result<Vec<(Text, i16, i8)>, Failure> {
    let kind = match (chosen.command, chosen.has("unsafe")) {
        ("upgrade", _) => UPGRADE,
        (_, false) => SAFE_DOWNGRADE,
        (_, true) => UNSAFE_DOWNGRADE,
    };
    let mut levels: Vec<(&str, i16)> = Vec::new();
    if let Some(name) = chosen.value("release-version") {
        if chosen.has("metadata") || chosen.has("feature") {
            let message = "Can not specify `release-version` with other feature flags.";
            return Err(Failure::new(message));
        }
        let version = release(name)?;
        levels.push((METADATA_VERSION, version.0));
        for (name, level) in of_release(version) {
            // Nothing is upgraded to 0.
            if kind != UPGRADE || level > 0 {
                levels.push((name, level));
            }
        }
    }
    if let Some(name) = chosen.value("metadata") {
        writeln!(
            console.out,
            " `metadata` flag is deprecated and may be removed in a future release."
        )?;
        levels.push((METADATA_VERSION, release(name)?.0));
    }
    for argument in chosen.values("feature") {
        let (name, level) =
            if chosen.command == "disable" { (argument, 0) } else { parse(argument)? };
        if levels.iter().any(|(other, _)| *other == name) {
            return Err(Failure::new(format!("Feature {name} was specified more than once.")));
        }
        levels.push((name, level));
    }
    if levels.is_empty() {
        let command = chosen.command;
        return Err(Failure::new(format!("You must specify at least one feature to {command}")));
    }
    Ok(levels.into_iter().map(|(name, level)| (name.into(), level, kind)).collect())
}
