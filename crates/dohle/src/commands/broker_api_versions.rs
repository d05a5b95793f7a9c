//! `dohle broker-api-versions`: which versions each broker serves, and which of them are used.
//! Kafka's `kafka-broker-api-versions.sh`.

use crate::arguments::flags::Flags;
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::{BOOTSTRAP, COMMAND_CONFIG, Session};
use dohle_client::Versions;
use dohle_client::admin::BrokerVersions;
use dohle_protocol::ApiKey;
use serde_json::{Value, json};
use std::fmt;

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

/// Tells of each broker.
pub(crate) fn print(session: &Session, console: &mut Console<'_>) -> Result<(), Failure> {
    let brokers = session.admin(|admin| async move { admin.broker_versions().await })?;
    console.begin();
    for broker in brokers {
        if console.tell(|| thing(&broker)) {
            continue;
        }
        let node = &broker.node;
        let rack = node.rack.as_ref().map_or("null", |rack| rack.as_str());
        write!(
            console.out,
            "{}:{} (id: {} rack: {rack} isFenced: {}) -> ",
            node.host, node.port, node.id, broker.is_fenced
        )?;
        match broker.versions {
            Ok(versions) => {
                let lines: Vec<_> = apis(&versions).iter().map(|api| format!("\t{api}")).collect();
                writeln!(console.out, "(\n{}\n)", lines.join(",\n"))?;
            }
            Err(error) => {
                writeln!(console.out, "ERROR: {}", exception(&error))?;
            }
        }
    }
    Ok(())
}

fn thing(broker: &BrokerVersions) -> Value {
    let (error, apis) = match &broker.versions {
        Ok(versions) => (None, apis(versions)),
        Err(error) => (Some(exception(error)), Vec::new()),
    };
    json!({
        "id": broker.node.id,
        "host": broker.node.host.as_str(),
        "port": broker.node.port,
        "rack": broker.node.rack.as_ref().map(|rack| rack.as_str()),
        "isFenced": broker.is_fenced,
        "error": error,
        "apis": apis.iter().map(Api::json).collect::<Vec<_>>(),
    })
}

/// What a broker says of an API, and what a client makes of that.
struct Api {
    number: i16,
    /// `None` of an API that came after us.
    name: Option<&'static str>,
    /// The versions that the broker serves: lowest and highest.
    served: Option<(i16, i16)>,
    usability: Usability,
}

enum Usability {
    /// With this version.
    With(i16),
    /// The broker is too `old` or too `new`.
    Not(&'static str),
    /// It does not serve the API, or we do not know it.
    Unknown,
}

impl Api {
    fn of(number: i16, (lowest, highest): (i16, i16)) -> Self {
        let served = Some((lowest, highest));
        let Some(key) = ApiKey::from_i16(number) else {
            return Self { number, name: None, served, usability: Usability::Unknown };
        };
        let (ours_lowest, ours) = key
            .advertised_by_kafka()
            .unwrap_or_else(|| (key.lowest_version(), key.highest_version()));
        let usability = if highest < ours_lowest {
            Usability::Not("old")
        } else if lowest > ours {
            Usability::Not("new")
        } else {
            Usability::With(ours.min(highest))
        };
        Self { number, name: Some(key.name()), served, usability }
    }

    fn json(&self) -> Value {
        let usable = match self.usability {
            Usability::With(version) => Some(version),
            Usability::Not(_) | Usability::Unknown => None,
        };
        json!({
            "apiKey": self.number,
            "name": self.name,
            "minVersion": self.served.map(|(lowest, _)| lowest),
            "maxVersion": self.served.map(|(_, highest)| highest),
            "usableVersion": usable,
        })
    }
}

impl fmt::Display for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({}): ", self.name.unwrap_or("UNKNOWN"), self.number)?;
        match self.served {
            None => write!(f, "UNSUPPORTED")?,
            Some((lowest, highest)) if lowest == highest => write!(f, "{lowest}")?,
            Some((lowest, highest)) => write!(f, "{lowest} to {highest}")?,
        }
        match self.usability {
            Usability::With(version) => write!(f, " [usable: {version}]"),
            Usability::Not(age) => write!(f, " [unusable: node too {age}]"),
            Usability::Unknown => Ok(()),
        }
    }
}

/// All that the broker serves, and what it could serve and does not, by number.
fn apis(versions: &Versions) -> Vec<Api> {
    let mut apis: Vec<_> =
        versions.ranges().iter().map(|(number, served)| Api::of(*number, *served)).collect();
    for key in ApiKey::all().filter(|key| key.is_on_brokers() && is_of_clients(*key)) {
        if versions.offered(key).is_none() && key.advertised_by_kafka().is_some() {
            let (number, name) = (key.to_i16(), Some(key.name()));
            apis.push(Api { number, name, served: None, usability: Usability::Unknown });
        }
    }
    apis.sort_unstable_by_key(|api| api.number);
    apis
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
