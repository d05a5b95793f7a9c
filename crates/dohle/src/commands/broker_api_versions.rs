//! `dohle broker-api-versions`: which versions each broker serves, and which of them are used.
//! Kafka's `kafka-broker-api-versions.sh`.

use crate::arguments::flags::Flags;
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::Versions;
use dohle_protocol::ApiKey;

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to retrieve broker version information.",
    flags: &[BOOTSTRAP, COMMAND_CONFIG],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    FLAGS.required(&given, BOOTSTRAP.name, console)?;
    let session = Session::of(&given)?;
    print(&session, console)
}

/// Prints the block of each broker.
pub(crate) fn print(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let brokers = session.admin(|admin| async move { admin.broker_versions().await })?;
    for broker in brokers {
        let node = &broker.node;
        let rack = node.rack.as_ref().map_or("null", |rack| rack.as_str());
        write!(
            console.out,
            "{}:{} (id: {} rack: {rack} isFenced: {}) -> ",
            node.host, node.port, node.id, broker.is_fenced
        )?;
        match broker.versions {
            Ok(versions) => print_versions(&versions, console)?,
            Err(error) => {
                writeln!(console.out, "ERROR: {}", exception(&error))?;
            }
        }
    }
    Ok(())
}

fn print_versions(versions: &Versions, console: &mut Console<'_>) -> Result<(), Failure> {
    let mut lines: Vec<(i16, String)> = Vec::new();
    for (number, (lowest, highest)) in versions.ranges() {
        let range =
            if lowest == highest { format!("{lowest}") } else { format!("{lowest} to {highest}") };
        let Some(key) = ApiKey::from_i16(*number) else {
            lines.push((*number, format!("UNKNOWN({number}): {range}")));
            continue;
        };
        let (ours_lowest, ours) = key
            .advertised_by_kafka()
            .unwrap_or_else(|| (key.lowest_version(), key.highest_version()));
        let usable = if *highest < ours_lowest {
            "[unusable: node too old]".to_owned()
        } else if *lowest > ours {
            "[unusable: node too new]".to_owned()
        } else {
            format!("[usable: {}]", ours.min(*highest))
        };
        lines.push((*number, format!("{}({number}): {range} {usable}", key.name())));
    }
    for key in ApiKey::all().filter(|key| key.is_on_brokers() && is_of_clients(*key)) {
        if versions.offered(key).is_none() && key.advertised_by_kafka().is_some() {
            let number = key.to_i16();
            lines.push((number, format!("{}({number}): UNSUPPORTED", key.name())));
        }
    }
    lines.sort_unstable();
    let lines: Vec<_> = lines.into_iter().map(|(_, line)| format!("\t{line}")).collect();
    writeln!(console.out, "(\n{}\n)", lines.join(",\n"))?;
    Ok(())
}

/// Whether clients may ask for it: requests between brokers are not shown as missing.
fn is_of_clients(key: ApiKey) -> bool {
    !matches!(
        key,
        ApiKey::LeaderAndIsr
            | ApiKey::StopReplica
            | ApiKey::UpdateMetadata
            | ApiKey::ControlledShutdown
    )
}
