//! The commands, each by its own name and by that of Kafka's script.

mod console_consumer;
mod console_producer;
mod dump_log;
mod server;
mod storage;
mod topics;

use std::fmt::Write as _;

use crate::console::{Console, Failure};

/// A command.
pub(crate) struct Command {
    /// The word after `dohle`.
    pub(crate) name: &'static str,
    /// Kafka's script, without `.sh`.
    pub(crate) script: &'static str,
    about: &'static str,
    /// Runs it with the words behind its name.
    pub(crate) run: fn(&[String], &mut Console<'_>) -> Result<(), Failure>,
}

const COMMANDS: &[Command] = &[
    Command { name: "server", script: "kafka-server-start", about: "run a node", run: server::run },
    Command {
        name: "storage",
        script: "kafka-storage",
        about: "format and show the log directories of a node",
        run: storage::run,
    },
    Command {
        name: "dump-log",
        script: "kafka-dump-log",
        about: "show what is in the files of a log",
        run: dump_log::run,
    },
    Command {
        name: "topics",
        script: "kafka-topics",
        about: "list, describe, create, grow and delete topics",
        run: topics::run,
    },
    Command {
        name: "console-producer",
        script: "kafka-console-producer",
        about: "send lines of standard input as records",
        run: console_producer::run,
    },
    Command {
        name: "console-consumer",
        script: "kafka-console-consumer",
        about: "print records as they come",
        run: console_consumer::run,
    },
];

/// The command of this name.
pub(crate) fn by_name(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// The command of Kafka's script of this name, with `.sh` or without.
pub(crate) fn by_script(name: &str) -> Option<&'static Command> {
    let name = name.strip_suffix(".sh").unwrap_or(name);
    COMMANDS.iter().find(|command| command.script == name)
}

/// How the binary is used.
pub(crate) fn usage() -> String {
    let mut text = "usage: dohle [COMMAND] [ARGUMENT...]\n\n\
                    Without a command: a server with default settings.\n\n"
        .to_owned();
    for Command { name, script, about, .. } in COMMANDS {
        writeln!(text, "  {name:22} {about} ({script}.sh)").expect("a String takes all text");
    }
    text.push_str("\n  --help       show this\n  --version    show the version\n");
    text
}
