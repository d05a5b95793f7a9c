//! What the tool can be told.

use crate::arguments::flags::{Flag, Flags, Given, Renamed, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::Session;
use dohle_client::Properties;

/// Where the tool looks for a server that nobody names.
const SERVER: &str = "localhost:9092";

/// Where input topics may be read from on: one of these, else from their start.
const SCENARIOS: &[&str] = &[
    "to-offset",
    "to-datetime",
    "by-duration",
    "to-earliest",
    "to-latest",
    "from-file",
    "shift-by",
];

const BOOTSTRAP: Flag = value(
    "bootstrap-server",
    "String: server to connect to",
    "The server(s) to connect to: HOST1:PORT1,HOST2:PORT2 (default: localhost:9092).",
);
const INTERMEDIATE: Flag = value(
    "intermediate-topics",
    "String: list",
    "[deprecated] Topics, with commas, that the application both writes and reads: it goes on behind their end.",
);
const INTERNAL: Flag = value(
    "internal-topics",
    "String: list",
    "Which of the application's own topics to delete, with commas (default: all of them; --dry-run names them).",
);

/// What it can be told.
pub(in crate::commands) const FLAGS: Flags = Flags {
    about: "Has an application of Kafka Streams process its input anew: sets the offsets of its input topics, to their \
            start if nothing else is said, and deletes the topics that it made for itself (they begin with the \
            application's id). Output topics stay, and so does the local state of its instances: let them call \
            KafkaStreams#cleanUp(), or delete what is below their state.dir, else the output is wrong. No instance may be \
            running. What is done cannot be undone: look at it with --dry-run first.",
    flags: &[
        BOOTSTRAP,
        value("application-id", "String: id", "REQUIRED: The application's id (application.id)."),
        value(
            "input-topics",
            "String: list",
            "The topics, with commas, whose offsets are set: to their start, or as another option says.",
        ),
        INTERMEDIATE,
        INTERNAL,
        value("to-offset", "Long", "Sets offsets to this one."),
        value(
            "to-datetime",
            "String",
            "Sets offsets to this time's. Format: 'YYYY-MM-DDThh:mm:ss.sss'",
        ),
        value(
            "by-duration",
            "String",
            "Sets offsets to those of so long ago. Format: 'PnDTnHnMnS'",
        ),
        switch("to-earliest", "Sets offsets to the start."),
        switch("to-latest", "Sets offsets to the end."),
        value(
            "from-file",
            "String",
            "Sets offsets to those of a file: a line for each, TOPIC,PARTITION,OFFSET.",
        ),
        value(
            "shift-by",
            "Long: number-of-offsets",
            "Moves offsets by so many, back if it is less than nothing.",
        ),
        value(
            "command-config",
            "String: file name",
            "Property file containing configs to be passed to the clients.",
        ),
        value("config-file", "String: file name", "[deprecated] The same."),
        switch(
            "force",
            "Removes members of the group that are still there: those that are stopped, and would time out late.",
        ),
        switch("dry-run", "Tells what would be done, and does not do it."),
    ],
};

/// The flag that has a newer spelling; both are refused with the other words that make no sense together.
const RENAMED: Renamed = Renamed {
    flags: &[("config-file", "command-config")],
    refused: None,
    told: Renamed::HAS_BEEN_DEPRECATED,
};

/// Refuses words that make no sense together.
pub(super) fn check(given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    if given.value("application-id")?.is_none() {
        return Err(FLAGS.wrong("Missing required option(s) [application-id]", console));
    }
    for scenario in SCENARIOS {
        let others: Vec<_> = SCENARIOS.iter().copied().filter(|other| other != scenario).collect();
        FLAGS.not_with(given, scenario, &others, console)?;
    }
    FLAGS.not_with(given, "config-file", &["command-config"], console)
}

/// The topics that a flag names with commas.
pub(super) fn topics<'g>(given: &'g Given, flag: &'g str) -> Vec<&'g str> {
    given.values(flag).flat_map(|list| list.split(',')).filter(|topic| !topic.is_empty()).collect()
}

/// A client as the flags want it, and what its file says.
pub(super) fn session(
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(Session, Properties), Failure> {
    FLAGS.in_one_spelling(given, &RENAMED, console)?;
    let settings = properties::of_files(given, &["config-file", "command-config"])?;
    let server = given.value(BOOTSTRAP.name)?.unwrap_or(SERVER);
    Ok((Session::open(server, &settings)?, settings))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words() {
        for (line, is_good) in [
            ("--application-id a", true),
            ("--input-topics t", false),
            ("--application-id a --input-topics t,u --to-offset 5", true),
            ("--application-id a --input-topics t --shift-by -5 --force --dry-run", true),
            ("--application-id a --to-earliest --to-latest", false),
            ("--application-id a --from-file f --by-duration P1D", false),
            ("--application-id a --config-file f --command-config f", false),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let (mut out, mut err) = (Vec::new(), Vec::new());
            let mut console = Console::new(&mut out, &mut err);
            let given = FLAGS.parse(&words, &mut console).unwrap().unwrap();
            assert_eq!(check(&given, &mut console).is_ok(), is_good, "{line}");
        }
    }

    #[test]
    fn lists() {
        let words = ["--input-topics", "a,b", "--input-topics", "c,"].map(str::to_owned);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let given = FLAGS.parse(&words, &mut Console::new(&mut out, &mut err)).unwrap().unwrap();
        assert_eq!(topics(&given, "input-topics"), ["a", "b", "c"]);
        assert!(topics(&given, "internal-topics").is_empty());
    }
}
