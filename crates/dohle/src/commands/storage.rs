//! `storage` (`kafka-storage.sh`): the log directories of a node before it runs.

pub(crate) mod features;
mod format;
mod info;
pub(crate) mod scram;
mod voters;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dohle_metadata::config::{BrokerConfig, properties};
use dohle_protocol::ids::Uuid;
use dohle_server::world::random::OsRandom;
use dohle_storage::log_dirs::Layout;
use dohle_storage::meta_properties::new_directory_id;

use crate::arguments::subcommands::{Action, Chosen, Opt, Subcommand, Tool};
use crate::console::{Console, Failure};

const CONFIG: Opt = Opt {
    long: "config",
    short: 'c',
    action: Action::Store,
    required: true,
    exclusive: false,
    help: "The node's server.properties.",
};
const RELEASE: Opt = Opt {
    long: "release-version",
    short: 'r',
    action: Action::Store,
    required: false,
    exclusive: false,
    help: "The release whose feature levels are meant, from 3.3-IV3 on; 4.3-IV0 if not given.",
};
const FEATURE: Opt = Opt {
    long: "feature",
    short: 'f',
    action: Action::Append,
    required: false,
    exclusive: false,
    help: "A feature and its level, such as kraft.version=1. May be repeated.",
};

/// What it can be told.
pub(super) const TOOL: Tool = Tool {
    name: "kafka-storage",
    fails_after_help: false,
    about: "Formats and shows the log directories of a node.",
    commands: &[
        Subcommand {
            name: "info",
            help: "Show what the log directories of this node are.",
            options: &[CONFIG],
        },
        Subcommand {
            name: "format",
            help: "Make empty log directories those of a node of a cluster.",
            options: &[
                CONFIG,
                Opt {
                    long: "cluster-id",
                    short: 't',
                    action: Action::Store,
                    required: true,
                    exclusive: false,
                    help: "The cluster's id, the same on all its nodes.",
                },
                Opt {
                    long: "add-scram",
                    short: 'S',
                    action: Action::Append,
                    required: false,
                    exclusive: false,
                    help: "A user that exists from the start, such as \
                           'SCRAM-SHA-256=[name=alice,password=alice-secret]' or \
                           'SCRAM-SHA-512=[name=alice,iterations=8192,salt=\"N3E=\",saltedpassword=\
                           \"YCE=\"]'. May be repeated.",
                },
                Opt {
                    long: "ignore-formatted",
                    short: 'g',
                    action: Action::Switch,
                    required: false,
                    exclusive: false,
                    help: "Leave directories that are formatted already as they are.",
                },
                RELEASE,
                FEATURE,
                Opt {
                    long: "standalone",
                    short: 's',
                    action: Action::Switch,
                    required: false,
                    exclusive: true,
                    help: "This controller alone is the first voter. Not with \
                           controller.quorum.voters.",
                },
                Opt {
                    long: "no-initial-controllers",
                    short: 'N',
                    action: Action::Switch,
                    required: false,
                    exclusive: true,
                    help: "The voters stand in the log of other nodes. Not with \
                           controller.quorum.voters.",
                },
                Opt {
                    long: "initial-controllers",
                    short: 'I',
                    action: Action::Store,
                    required: false,
                    exclusive: true,
                    help: "The first voters, the same on all of them: \
                           id@host:port:directory-id,... Not with controller.quorum.voters.",
                },
            ],
        },
        Subcommand {
            name: "version-mapping",
            help: "Show the feature levels of a release.",
            options: &[RELEASE],
        },
        Subcommand {
            name: "feature-dependencies",
            help: "Show what levels of features need.",
            options: &[Opt { required: true, ..FEATURE }],
        },
        Subcommand { name: "random-uuid", help: "Print a new id.", options: &[] },
    ],
};

/// Runs the command.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(chosen) = TOOL.parse(words, console)? else { return Ok(()) };
    match chosen.command {
        "info" => info::run(&config(&chosen)?, console),
        "format" => format::run(&chosen, &config(&chosen)?, console),
        "version-mapping" => features::print_mapping(chosen.value("release-version"), console),
        "feature-dependencies" => features::print_dependencies(chosen.values("feature"), console),
        _ => Ok(writeln!(console.out, "{}", new_id())?),
    }
}

/// A new id that does not begin with a dash.
fn new_id() -> Uuid {
    new_directory_id(&OsRandom, &[])
}

/// Wall time in milliseconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn config(chosen: &Chosen) -> Result<BrokerConfig, Failure> {
    let path = chosen.value(CONFIG.long).unwrap_or_default();
    let bytes = std::fs::read(path)
        .map_err(|error| Failure::new(format!("Cannot read the configuration {path}: {error}")))?;
    // Java reads properties as Latin-1; what is not UTF-8 can only be that.
    let text = String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect());
    BrokerConfig::parse(properties::parse(&text))
        .map_err(|error| Failure::new(format!("{path}: {error}")))
}

/// The directories of a configuration.
fn layout(config: &BrokerConfig) -> Result<Layout, Failure> {
    let directories = config.log_dirs.iter().map(PathBuf::from).collect();
    let metadata = Path::new(&config.metadata_log_dir).to_path_buf();
    Layout::new(directories, Some(metadata))
        .ok_or_else(|| Failure::new("You must specify at least one directory to format"))
}
