//! `dohle client-metrics`: what clients are asked to tell of themselves. Kafka's
//! `kafka-client-metrics.sh`.

use crate::arguments::flags::{Flags, Given, switch, value};
use crate::console::{Console, Failure};
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::Error;
use dohle_client::admin::{ConfigChange, ResourceType};
use dohle_protocol::ids::Uuid;
use serde_json::json;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to manipulate and describe client metrics configurations.",
    flags: &[
        BOOTSTRAP,
        COMMAND_CONFIG,
        switch("alter", "Alter the configuration for the client metrics resource."),
        switch("delete", "Delete the configuration for the client metrics resource."),
        switch("describe", "List configurations for the client metrics resource."),
        switch("list", "List the client metrics resources."),
        value("name", "String: name", "Name of client metrics configuration resource."),
        switch("generate-name", "Generate a UUID to use as the name."),
        value("interval", "push interval", "Milliseconds between pushes; empty to reset."),
        value(
            "match",
            "String: k1=v1,k2=v2",
            "Which clients, by client_id, client_instance_id, client_software_name, \
             client_software_version, client_source_address, client_source_port; empty to reset.",
        ),
        value("metrics", "String: m1,m2", "How the metrics' names begin; empty to reset."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let action = check(&given, console)?;
    let session = Session::of(&given)?;
    let done = match action {
        "alter" => alter(&session, &given, console),
        "delete" => delete(&session, &given, console),
        "describe" => describe(&session, &given, console),
        _ => list(&session, console),
    };
    match done {
        Err(Failure::Message(message)) => {
            writeln!(console.out, "Error while executing client metrics command : {message}")?;
            Err(Failure::TOLD)
        }
        other => other,
    }
}

/// Which action it is, if the flags go together.
fn check(given: &Given, console: &mut Console<'_>) -> Result<&'static str, Failure> {
    let message =
        "Command must include exactly one action: --alter, --delete, --describe or --list.";
    let actions = ["alter", "delete", "describe", "list"];
    let action = FLAGS.only_one_of(given, &actions, message, console)?;
    if !given.has(BOOTSTRAP.name) {
        return Err(Failure::new("--bootstrap-server must be specified."));
    }
    let changes = ["generate-name", "interval", "match", "metrics"];
    for other in ["delete", "describe", "list"] {
        FLAGS.not_with(given, other, &changes, console)?;
    }
    FLAGS.not_with(given, "list", &["name"], console)?;
    if action == "alter" {
        if given.has("name") == given.has("generate-name") {
            return Err(Failure::new(
                "One of --name or --generate-name must be specified with --alter.",
            ));
        }
        let interval = given.value("interval")?.unwrap_or_default();
        if !interval.is_empty() && interval.parse::<i32>().is_err() {
            return Err(Failure::new(
                "Invalid interval value. Enter an integer, or leave empty to reset.",
            ));
        }
    }
    if action == "delete" && !given.has("name") {
        return Err(Failure::new(
            "A client metrics resource name must be specified with --delete.",
        ));
    }
    Ok(action)
}

/// What is to be set, and what goes back to its default because its value is empty.
fn changes(given: &Given) -> Vec<ConfigChange> {
    let mut changes = Vec::new();
    for (flag, config) in [("interval", "interval.ms"), ("metrics", "metrics"), ("match", "match")]
    {
        if !given.has(flag) {
            continue;
        }
        let value = given.values(flag).collect::<Vec<_>>().join(",");
        changes.push(match value.is_empty() {
            true => ConfigChange::Delete(config.to_owned()),
            false => ConfigChange::Set(config.to_owned(), value),
        });
    }
    changes
}

fn alter(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let name = match given.value("name")? {
        Some(name) => name.to_owned(),
        None => fresh_name(session),
    };
    change(session, &name, changes(given))?;
    writeln!(console.out, "Altered client metrics config for {name}.")?;
    Ok(())
}

/// A random id that does not begin like a flag.
fn fresh_name(session: &Session) -> String {
    loop {
        let random = &session.client().env().random;
        let bits = (u128::from(random.below(u64::MAX)) << 64) | u128::from(random.below(u64::MAX));
        let name = Uuid::from_u128(bits).to_string();
        if !name.starts_with('-') {
            return name;
        }
    }
}

fn change(session: &Session, name: &str, changes: Vec<ConfigChange>) -> Result<(), Error> {
    let name = name.to_owned();
    let kind = ResourceType::ClientMetrics;
    session.admin(|admin| async move { admin.alter_configs(kind, &name, &changes).await })
}

fn delete(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let name = given.value("name")?.unwrap_or_default();
    let there = configs(session, name)?;
    let deletions = there.into_iter().map(|(config, _)| ConfigChange::Delete(config));
    change(session, name, deletions.collect())?;
    writeln!(console.out, "Deleted client metrics config for {name}.")?;
    Ok(())
}

/// The configs of a resource with their values.
fn configs(session: &Session, name: &str) -> Result<Vec<(String, String)>, Error> {
    let name = name.to_owned();
    let kind = ResourceType::ClientMetrics;
    let told =
        session.admin(|admin| async move { admin.describe_configs(kind, &name, false).await })?;
    let value = |value: Option<&str>| value.unwrap_or("null").to_owned();
    Ok(told.iter().map(|one| (one.name.to_string(), value(one.value.as_deref()))).collect())
}

fn names(session: &Session) -> Result<Vec<String>, Error> {
    let kind = ResourceType::ClientMetrics;
    let names = session.admin(|admin| async move { admin.list_config_resources(kind).await })?;
    Ok(names.iter().map(ToString::to_string).collect())
}

fn describe(session: &Session, given: &Given, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut wanted = names(session)?;
    console.begin();
    if let Some(name) = given.value("name")? {
        if !wanted.iter().any(|one| one == name) {
            writeln!(
                console.out,
                "The client metric resource {name} doesn't exist and doesn't have dynamic config."
            )?;
            return Ok(());
        }
        wanted = vec![name.to_owned()];
    }
    for name in wanted {
        let configs = configs(session, &name)?;
        let values = || configs.iter().map(|(config, value)| (config.clone(), json!(value)));
        let values = || values().collect::<serde_json::Map<_, _>>();
        if console.tell(|| json!({ "name": name, "configs": values() })) {
            continue;
        }
        writeln!(console.out, "Client metrics configs for {name} are:")?;
        for (config, value) in configs {
            writeln!(console.out, "  {config}={value}")?;
        }
    }
    Ok(())
}

fn list(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let names = names(session)?;
    console.begin();
    if console.keeps_answer() {
        for name in names {
            console.tell(|| json!({ "name": name }));
        }
        return Ok(());
    }
    writeln!(console.out, "{}", names.join("\n"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{FLAGS, changes, check};
    use crate::console::{Console, Failure};
    use dohle_client::admin::ConfigChange;

    /// What is wrong with the words, or what they change.
    fn read(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        let given = FLAGS.parse(&words, &mut console).unwrap().unwrap();
        let checked = check(&given, &mut console);
        match checked {
            Ok(_) => {
                let told = changes(&given).into_iter().map(|change| match change {
                    ConfigChange::Set(name, value) => format!("{name}:{value}"),
                    ConfigChange::Delete(name) => format!("-{name}"),
                });
                told.collect::<Vec<_>>().join(" ")
            }
            Err(Failure::Message(message)) => message,
            Err(_) => String::from_utf8(err).unwrap().lines().next().unwrap_or("").to_owned(),
        }
    }

    #[test]
    fn words() {
        for (line, expected) in [
            (
                "--alter --name n --interval 5 --match client_id=a,client_source_port=1 --metrics=",
                "interval.ms:5 -metrics match:client_id=a,client_source_port=1",
            ),
            ("--alter --name n --interval=", "-interval.ms"),
            ("--alter --name n --interval x", "Invalid interval value."),
            ("--alter --interval 5", "One of --name or --generate-name"),
            ("--alter --name n --generate-name", "One of --name or --generate-name"),
            ("--delete", "A client metrics resource name must be"),
            ("--delete --name n --interval 5", "Option \"[delete]\" can't be used with option"),
            ("--list --name n", "Option \"[list]\" can't be used with option \"[name]\""),
            ("--list --describe", "Command must include exactly one action"),
        ] {
            let told = read(&format!("--bootstrap-server s:1 {line}"));
            assert!(told.starts_with(expected), "{line}: {told}");
        }
        assert_eq!(read("--list"), "--bootstrap-server must be specified.");
    }
}
