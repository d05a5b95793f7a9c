//! The commands, each by its own name and by that of Kafka's script.

mod acls;
mod broker_api_versions;
mod check_logs;
mod client_metrics;
mod cluster;
mod completion;
mod configs;
mod console_consumer;
mod console_producer;
mod console_share_consumer;
mod consumer_groups;
mod consumer_perf;
pub(crate) mod container;
mod delegation_tokens;
mod delete_records;
mod dump_log;
mod e2e_latency;
mod features;
mod get_offsets;
mod groups;
mod install_tools;
mod leader_election;
mod log_dirs;
mod man;
mod metadata_quorum;
mod metadata_shell;
mod output;
mod producer_perf;
mod reassign_partitions;
mod replica_verification;
mod server;
mod server_stop;
mod share_consumer_perf;
mod share_groups;
mod storage;
mod streams_application_reset;
mod streams_groups;
mod topics;
mod transactions;
mod verifiable;

use std::fmt::Write as _;

use crate::arguments::flags::Flags;
use crate::arguments::subcommands::Tool;
use crate::console::{Console, Failure};

/// A command.
pub(crate) struct Command {
    /// The word after `dohle`.
    pub(crate) name: &'static str,
    /// Kafka's script, without `.sh`; empty where Kafka has none.
    pub(crate) script: &'static str,
    about: &'static str,
    /// Runs it with the words behind its name.
    pub(crate) run: fn(&[String], &mut Console<'_>) -> Result<(), Failure>,
    syntax: Syntax,
    answers: Answers,
}

/// What a command prints, when it is called by its own name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answers {
    /// Lists and descriptions: text, JSON or a table.
    Things,
    /// Text that ends by itself, and may be long.
    Text,
    /// What is to be seen while it comes, or little.
    AsItComes,
}

/// What a command can be told.
enum Syntax {
    /// Flags, in any order.
    Flags(&'static Flags),
    /// A sub-command and its options.
    Tool(&'static Tool),
    /// Words of its own, as its usage says.
    Words(&'static str),
}

const COMMANDS: &[Command] = &[
    Command {
        name: "server",
        script: "kafka-server-start",
        about: "run a node",
        run: server::run,
        syntax: Syntax::Words(server::USAGE),
        answers: Answers::AsItComes,
    },
    Command {
        name: "server-stop",
        script: "kafka-server-stop",
        about: "tell the nodes of this machine to stop",
        run: server_stop::run,
        syntax: Syntax::Words(server_stop::USAGE),
        answers: Answers::AsItComes,
    },
    Command {
        name: "storage",
        script: "kafka-storage",
        about: "format and show the log directories of a node",
        run: storage::run,
        syntax: Syntax::Tool(&storage::TOOL),
        answers: Answers::AsItComes,
    },
    Command {
        name: "dump-log",
        script: "kafka-dump-log",
        about: "show what is in the files of a log",
        run: dump_log::run,
        syntax: Syntax::Flags(&dump_log::FLAGS),
        answers: Answers::Text,
    },
    Command {
        name: "topics",
        script: "kafka-topics",
        about: "list, describe, create, grow and delete topics",
        run: topics::run,
        syntax: Syntax::Flags(&topics::options::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "console-producer",
        script: "kafka-console-producer",
        about: "send lines of standard input as records",
        run: console_producer::run,
        syntax: Syntax::Flags(&console_producer::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "console-consumer",
        script: "kafka-console-consumer",
        about: "print records as they come",
        run: console_consumer::run,
        syntax: Syntax::Flags(&console_consumer::options::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "console-share-consumer",
        script: "kafka-console-share-consumer",
        about: "print the records of a share group as they come",
        run: console_share_consumer::run,
        syntax: Syntax::Flags(&console_share_consumer::options::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "configs",
        script: "kafka-configs",
        about: "describe and alter configurations",
        run: configs::run,
        syntax: Syntax::Flags(&configs::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "get-offsets",
        script: "kafka-get-offsets",
        about: "offsets of partitions by time",
        run: get_offsets::run,
        syntax: Syntax::Flags(&get_offsets::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "delete-records",
        script: "kafka-delete-records",
        about: "remove records below an offset",
        run: delete_records::run,
        syntax: Syntax::Flags(&delete_records::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "broker-api-versions",
        script: "kafka-broker-api-versions",
        about: "which versions each broker serves",
        run: broker_api_versions::run,
        syntax: Syntax::Flags(&broker_api_versions::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "log-dirs",
        script: "kafka-log-dirs",
        about: "what lies in the log directories of brokers",
        run: log_dirs::run,
        syntax: Syntax::Flags(&log_dirs::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "consumer-groups",
        script: "kafka-consumer-groups",
        about: "list, describe, reset and delete groups of consumers",
        run: consumer_groups::run,
        syntax: Syntax::Flags(&consumer_groups::options::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "acls",
        script: "kafka-acls",
        about: "who may do what: list, add and remove rules",
        run: acls::run,
        syntax: Syntax::Flags(&acls::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "client-metrics",
        script: "kafka-client-metrics",
        about: "what clients are asked to tell of themselves",
        run: client_metrics::run,
        syntax: Syntax::Flags(&client_metrics::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "delegation-tokens",
        script: "kafka-delegation-tokens",
        about: "create, renew, expire and describe delegation tokens",
        run: delegation_tokens::run,
        syntax: Syntax::Flags(&delegation_tokens::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "cluster",
        script: "kafka-cluster",
        about: "the cluster's id and nodes",
        run: cluster::run,
        syntax: Syntax::Tool(&cluster::TOOL),
        answers: Answers::Things,
    },
    Command {
        name: "features",
        script: "kafka-features",
        about: "the features of a cluster and their levels",
        run: features::run,
        syntax: Syntax::Tool(&features::TOOL),
        answers: Answers::Things,
    },
    Command {
        name: "metadata-quorum",
        script: "kafka-metadata-quorum",
        about: "the quorum of controllers",
        run: metadata_quorum::run,
        syntax: Syntax::Tool(&metadata_quorum::TOOL),
        answers: Answers::Things,
    },
    Command {
        name: "metadata-shell",
        script: "kafka-metadata-shell",
        about: "look around in the metadata of a cluster, in a snapshot or the log",
        run: metadata_shell::run,
        syntax: Syntax::Flags(&metadata_shell::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "leader-election",
        script: "kafka-leader-election",
        about: "elect leaders of partitions anew",
        run: leader_election::run,
        syntax: Syntax::Flags(&leader_election::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "reassign-partitions",
        script: "kafka-reassign-partitions",
        about: "move replicas between brokers and log directories",
        run: reassign_partitions::run,
        syntax: Syntax::Flags(&reassign_partitions::options::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "replica-verification",
        script: "kafka-replica-verification",
        about: "compare what the replicas of partitions hold",
        run: replica_verification::run,
        syntax: Syntax::Flags(&replica_verification::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "groups",
        script: "kafka-groups",
        about: "list groups of every type",
        run: groups::run,
        syntax: Syntax::Flags(&groups::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "share-groups",
        script: "kafka-share-groups",
        about: "list, describe, reset and delete share groups",
        run: share_groups::run,
        syntax: Syntax::Flags(&share_groups::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "streams-groups",
        script: "kafka-streams-groups",
        about: "list, describe, reset and delete groups of Kafka Streams",
        run: streams_groups::run,
        syntax: Syntax::Flags(&streams_groups::options::FLAGS),
        answers: Answers::Things,
    },
    Command {
        name: "streams-application-reset",
        script: "kafka-streams-application-reset",
        about: "have an application of Kafka Streams process its input anew",
        run: streams_application_reset::run,
        syntax: Syntax::Flags(&streams_application_reset::options::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "transactions",
        script: "kafka-transactions",
        about: "transactions and the producers of partitions",
        run: transactions::run,
        syntax: Syntax::Tool(&transactions::TOOL),
        answers: Answers::Things,
    },
    Command {
        name: "producer-perf-test",
        script: "kafka-producer-perf-test",
        about: "how many records a producer sends",
        run: producer_perf::run,
        syntax: Syntax::Flags(&producer_perf::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "consumer-perf-test",
        script: "kafka-consumer-perf-test",
        about: "how many records a consumer reads",
        run: consumer_perf::run,
        syntax: Syntax::Flags(&consumer_perf::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "share-consumer-perf-test",
        script: "kafka-share-consumer-perf-test",
        about: "how many records the consumers of a share group read",
        run: share_consumer_perf::run,
        syntax: Syntax::Flags(&share_consumer_perf::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "e2e-latency",
        script: "kafka-e2e-latency",
        about: "how long a record takes from a producer to a consumer",
        run: e2e_latency::run,
        syntax: Syntax::Flags(&e2e_latency::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "verifiable-producer",
        script: "kafka-verifiable-producer",
        about: "send numbers, and print what became of each as JSON",
        run: verifiable::producer::run,
        syntax: Syntax::Flags(&verifiable::producer::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "verifiable-consumer",
        script: "kafka-verifiable-consumer",
        about: "consume in a group, and print all that happens as JSON",
        run: verifiable::consumer::run,
        syntax: Syntax::Flags(&verifiable::consumer::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "verifiable-share-consumer",
        script: "kafka-verifiable-share-consumer",
        about: "consume in a share group, and print all that happens as JSON",
        run: verifiable::share_consumer::run,
        syntax: Syntax::Flags(&verifiable::share_consumer::FLAGS),
        answers: Answers::AsItComes,
    },
    Command {
        name: "container",
        script: "",
        about: "run a node that variables configure, as in the images of Kafka",
        run: container::run,
        syntax: Syntax::Words(container::USAGE),
        answers: Answers::AsItComes,
    },
    Command {
        name: "completion",
        script: "",
        about: "print what a shell needs to complete commands and their options",
        run: completion::run,
        syntax: Syntax::Words(completion::USAGE),
        answers: Answers::AsItComes,
    },
    Command {
        name: "man",
        script: "",
        about: "write the manual's pages",
        run: man::run,
        syntax: Syntax::Words(man::USAGE),
        answers: Answers::AsItComes,
    },
    Command {
        name: "install-tools",
        script: "",
        about: "make links with the names of Kafka's scripts",
        run: install_tools::run,
        syntax: Syntax::Words(install_tools::USAGE),
        answers: Answers::AsItComes,
    },
    Command {
        name: "check-logs",
        script: "",
        about: "find duplicates, gaps and reorderings in logs of consumers",
        run: check_logs::run,
        syntax: Syntax::Words(check_logs::USAGE),
        answers: Answers::Text,
    },
];

/// The command of this name.
pub(crate) fn by_name(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The command of Kafka's script of this name, with `.sh` or without.
pub(crate) fn by_script(name: &str) -> Option<&'static Command> {
    let name = name.strip_suffix(".sh").unwrap_or(name);
    COMMANDS.iter().find(|command| command.script == name && !name.is_empty())
}

impl Command {
    /// Whether its lists and descriptions can be JSON, or a table.
    fn tells_json(&self) -> bool {
        self.answers == Answers::Things
    }
}

/// The names of Kafka's scripts that the binary can be.
fn scripts() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|command| command.script).filter(|script| !script.is_empty())
}

/// How the binary is used.
pub(crate) fn usage() -> String {
    let mut text = "usage: dohle [COMMAND] [ARGUMENT...]\n\n\
                    Without a command: a server with default settings.\n\n"
        .to_owned();
    for Command { name, script, about, .. } in COMMANDS {
        let script = if script.is_empty() { String::new() } else { format!(" ({script}.sh)") };
        writeln!(text, "  {name:22} {about}{script}").expect("a String takes all text");
    }
    let tellers: Vec<_> = COMMANDS
        .iter()
        .filter(|command| command.tells_json())
        .map(|command| command.name)
        .collect();
    let tellers = tellers.join(", ");
    writeln!(
        text,
        "\nOn a terminal, lists and descriptions are tables (--output text: Kafka's text) and a pager shows what is \
         longer\nthan the screen ($DOHLE_PAGER, $PAGER). NO_COLOR=1: without colours.\n\
         With --output json, lists and descriptions are JSON for scripts: {tellers}"
    )
    .expect("a String takes all text");
    text.push_str("\n  --help       show this\n  --version    show the version\n");
    text
}
