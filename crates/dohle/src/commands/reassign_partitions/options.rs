//! The flags, and which of them go together.

use crate::arguments::flags::{Flags, Given, optional, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP_CONTROLLER, COMMAND_CONFIG};

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "This tool helps to move topic partitions between replicas.",
    flags: &[
        switch("verify", "Whether a reassignment is done; if it is, its throttles are removed."),
        switch("generate", "Print a reassignment that could be executed."),
        switch("execute", "Begin a reassignment."),
        switch("cancel", "Cancel an active reassignment."),
        switch("list", "List all active partition reassignments."),
        optional("bootstrap-server", "Server(s)", "The server(s) to connect to."),
        BOOTSTRAP_CONTROLLER,
        COMMAND_CONFIG,
        value(
            "reassignment-json-file",
            "String: manual assignment json file path",
            "The reassignment: {\"partitions\": [{\"topic\": \"foo\", \"partition\": 1, \
             \"replicas\": [1,2], \"log_dirs\": [\"any\",\"/dir\"]}], \"version\": 1}. log_dirs \
             may be left out.",
        ),
        value(
            "topics-to-move-json-file",
            "String: topics to reassign json file path",
            "The topics: {\"topics\": [{\"topic\": \"foo\"}], \"version\": 1}.",
        ),
        value("broker-list", "String: brokerlist", "The brokers to move them to: 0,1,2."),
        switch("disable-rack-aware", "Do not look at racks."),
        value("throttle", "Long: throttle", "Bytes a second between brokers (default: -1)."),
        value(
            "replica-alter-log-dirs-throttle",
            "Long: replicaAlterLogDirsThrottle",
            "Bytes a second between log directories (default: -1).",
        ),
        value(
            "timeout",
            "Long: timeout",
            "Milliseconds in which moves between log directories must begin (default: 10000).",
        ),
        switch("additional", "Execute this beside others that are under way."),
        switch("preserve-throttles", "Leave throttles as they are."),
        switch("disallow-replication-factor-change", "Refuse another number of replicas."),
    ],
};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Generate,
    Execute,
    Verify,
    Cancel,
    List,
}

impl Action {
    /// All of them, in the order in which people are told of them.
    const ALL: [Self; 5] = [Self::Generate, Self::Execute, Self::Verify, Self::Cancel, Self::List];

    fn name(self) -> &'static str {
        match self {
            Self::Generate => "generate",
            Self::Execute => "execute",
            Self::Verify => "verify",
            Self::Cancel => "cancel",
            Self::List => "list",
        }
    }

    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Generate => &["topics-to-move-json-file", "broker-list"],
            Self::Execute | Self::Verify | Self::Cancel => &["reassignment-json-file"],
            Self::List => &[],
        }
    }

    /// What may be given beside what must, the settings of the connection and the server.
    fn permitted(self) -> &'static [&'static str] {
        match self {
            Self::Generate => &["disable-rack-aware"],
            Self::Execute => &[
                "additional",
                "throttle",
                "replica-alter-log-dirs-throttle",
                "timeout",
                "disallow-replication-factor-change",
            ],
            Self::Verify => &["preserve-throttles"],
            Self::Cancel => &["bootstrap-controller", "preserve-throttles", "timeout"],
            Self::List => &["bootstrap-controller"],
        }
    }
}

/// Reads the words. `Ok(None)`: they asked for the version, which was printed.
pub(super) fn read(
    words: &[String],
    console: &mut Console<'_>,
) -> Result<Option<(Given, Action)>, Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(None) };
    let action = action(&given).map_err(|message| FLAGS.wrong(&message, console))?;
    for flag in action.required() {
        FLAGS.required(&given, flag, console)?;
    }
    Ok(Some((given, action)))
}

/// The action that was asked for, or what is wrong.
fn action(given: &Given) -> Result<Action, String> {
    let mut asked = Action::ALL.into_iter().filter(|action| given.has(action.name()));
    let (Some(action), None) = (asked.next(), asked.next()) else {
        let all = super::join(Action::ALL.map(|action| format!("--{}", action.name())), ", ");
        return Err(format!("Command must include exactly one action: {all}"));
    };
    match (given.has("bootstrap-server"), given.has("bootstrap-controller")) {
        (true, true) => {
            return Err("Please don't specify both --bootstrap-server and --bootstrap-controller"
                .to_owned());
        }
        (false, false) => {
            return Err(
                "Please specify either --bootstrap-server or --bootstrap-controller".to_owned()
            );
        }
        (true, false) | (false, true) => {}
    }
    let of_all = [action.name(), "bootstrap-server", COMMAND_CONFIG.name];
    let fits = |name: &str| {
        of_all.contains(&name)
            || action.required().contains(&name)
            || action.permitted().contains(&name)
    };
    // What is missing is told before what is too much.
    let is_whole = action.required().iter().all(|name| given.has(name));
    match FLAGS.flags.iter().find(|flag| given.has(flag.name) && !fits(flag.name)) {
        Some(flag) if is_whole => Err(format!(
            "Option \"[{}]\" can't be used with action \"[{}]\"",
            flag.name,
            action.name()
        )),
        _ => Ok(action),
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, read};
    use crate::console::Console;

    #[track_caller]
    fn asked(words: &str) -> Result<Action, String> {
        let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let read = read(&words, &mut Console::new(&mut out, &mut err));
        let told = String::from_utf8(err).unwrap().lines().next().unwrap_or_default().to_owned();
        read.map(|read| read.unwrap().1).map_err(|_| told)
    }

    #[test]
    fn actions() {
        for (words, expected) in [
            ("--bootstrap-server s --list", Action::List),
            ("--bootstrap-controller s --list", Action::List),
            (
                "--bootstrap-server s --execute --reassignment-json-file f --throttle 5",
                Action::Execute,
            ),
            ("--bootstrap-server s --verify --reassignment-json-file f", Action::Verify),
            (
                "--bootstrap-server s --cancel --reassignment-json-file f --timeout 5",
                Action::Cancel,
            ),
        ] {
            assert_eq!(asked(words), Ok(expected), "{words}");
        }
    }

    #[test]
    fn what_is_refused() {
        for (words, expected) in [
            (
                "--bootstrap-server s",
                "Command must include exactly one action: --generate, --execute, --verify, \
                 --cancel, --list",
            ),
            ("--list", "Please specify either --bootstrap-server or --bootstrap-controller"),
            (
                "--list --bootstrap-server s --bootstrap-controller s",
                "Please don't specify both --bootstrap-server and --bootstrap-controller",
            ),
            (
                "--bootstrap-server s --execute --throttle 5",
                "Missing required argument \"[reassignment-json-file]\"",
            ),
            (
                "--bootstrap-server s --list --throttle 5",
                "Option \"[throttle]\" can't be used with action \"[list]\"",
            ),
            (
                "--bootstrap-controller s --execute --reassignment-json-file f",
                "Option \"[bootstrap-controller]\" can't be used with action \"[execute]\"",
            ),
        ] {
            assert_eq!(asked(words), Err(expected.to_owned()), "{words}");
        }
    }
}
