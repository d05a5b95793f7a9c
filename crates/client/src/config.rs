//! What a client is told before it starts, by Kafka's names and with Kafka's defaults.

use crate::{Error, Security};
use dohle_env::Env;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::time::Duration;

/// Settings of every client.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// `bootstrap.servers`: where to ask first.
    pub bootstrap: Vec<HostPort>,
    /// Whether these are controllers (`bootstrap.controllers`): then only they are asked.
    pub asks_controllers: bool,
    /// `client.id`: what the client calls itself.
    pub client_id: Text,
    /// `request.timeout.ms`: how long one answer may take.
    pub request_timeout: Duration,
    /// `default.api.timeout.ms`: how long a call may take with all its retries.
    pub api_timeout: Duration,
    /// `retry.backoff.ms`: the first pause before another try; each next one is twice as long.
    pub retry_backoff: Duration,
    /// `retry.backoff.max.ms`: the longest such pause.
    pub retry_backoff_max: Duration,
    /// `reconnect.backoff.ms`: the first pause before the same broker is dialled again.
    pub reconnect_backoff: Duration,
    /// `reconnect.backoff.max.ms`: the longest such pause.
    pub reconnect_backoff_max: Duration,
    /// `metadata.max.age.ms`: when what is known of the cluster is asked again.
    pub metadata_age_max: Duration,
    /// `security.protocol`, and what goes with it: whether connections are encrypted, and who we
    /// are.
    pub security: Security,
}

impl ClientConfig {
    /// Kafka's defaults, to begin at `bootstrap` (`host:port,host:port`).
    ///
    /// # Errors
    /// When an address is not of that form.
    pub fn new(bootstrap: &str) -> Result<Self, Error> {
        Ok(Self {
            bootstrap: HostPort::parse_list(bootstrap)?,
            asks_controllers: false,
            client_id: Text::from_static("dohle"),
            request_timeout: Duration::from_secs(30),
            api_timeout: Duration::from_secs(60),
            retry_backoff: Duration::from_millis(100),
            retry_backoff_max: Duration::from_secs(1),
            reconnect_backoff: Duration::from_millis(50),
            reconnect_backoff_max: Duration::from_secs(1),
            metadata_age_max: Duration::from_secs(300),
            security: Security::default(),
        })
    }

    /// Takes over what `properties` say under Kafka's names. Names that are not of this struct
    /// are left to others. Keystores that they name are read here, from the disk of `env`.
    ///
    /// # Errors
    /// A number that is none, security that this client does not have, or a keystore that cannot
    /// be read.
    pub fn apply(&mut self, properties: &Properties, env: &Env) -> Result<(), Error> {
        self.security = Security::open(properties, env)?;
        if let Some(list) = properties.get("bootstrap.servers") {
            self.bootstrap = HostPort::parse_list(list)?;
        }
        if let Some(id) = properties.get("client.id") {
            self.client_id = id.into();
        }
        for (name, place) in [
            ("request.timeout.ms", &mut self.request_timeout),
            ("default.api.timeout.ms", &mut self.api_timeout),
            ("retry.backoff.ms", &mut self.retry_backoff),
            ("retry.backoff.max.ms", &mut self.retry_backoff_max),
            ("reconnect.backoff.ms", &mut self.reconnect_backoff),
            ("reconnect.backoff.max.ms", &mut self.reconnect_backoff_max),
            ("metadata.max.age.ms", &mut self.metadata_age_max),
        ] {
            properties.duration_ms(name, place)?;
        }
        Ok(())
    }
}

/// Settings by name, as property files have them.
#[derive(Clone, Debug, Default)]
pub struct Properties(pub BTreeMap<String, String>);

impl Properties {
    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Sets a value.
    pub fn set(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// Reads a value into `place`, if there is one.
    ///
    /// # Errors
    /// When it is not of the type of `place`.
    pub fn read<T: std::str::FromStr>(&self, name: &str, place: &mut T) -> Result<(), Error> {
        let Some(value) = self.get(name) else { return Ok(()) };
        *place = value.trim().parse().map_err(|_| invalid(name, value))?;
        Ok(())
    }

    /// Reads milliseconds into `place`, if there are some.
    ///
    /// # Errors
    /// When they are no number or below zero.
    pub fn duration_ms(&self, name: &str, place: &mut Duration) -> Result<(), Error> {
        let mut milliseconds = i64::try_from(place.as_millis()).unwrap_or(i64::MAX);
        self.read(name, &mut milliseconds)?;
        let value = self.get(name).unwrap_or_default();
        let milliseconds = u64::try_from(milliseconds).map_err(|_| invalid(name, value))?;
        *place = Duration::from_millis(milliseconds);
        Ok(())
    }
}

fn invalid(name: &str, value: &str) -> Error {
    Error::Usage(format!("Invalid value {value} for configuration {name}"))
}

/// A host name or address, and a port.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HostPort {
    /// The name or address, without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl HostPort {
    /// The addresses of `host:port,host:port`; blanks and empty items are skipped, a scheme
    /// (`PLAINTEXT://`) is allowed.
    ///
    /// # Errors
    /// When an item is not of that form, or there is none.
    pub fn parse_list(list: &str) -> Result<Vec<Self>, Error> {
        let items = list.split(',').map(str::trim).filter(|item| !item.is_empty());
        let hosts = items.map(Self::parse).collect::<Result<Vec<_>, _>>()?;
        if hosts.is_empty() {
            return Err(Error::Bootstrap(
                "No resolvable bootstrap urls given in bootstrap.servers".into(),
            ));
        }
        Ok(hosts)
    }

    fn parse(item: &str) -> Result<Self, Error> {
        let wrong = || Error::Bootstrap(format!("Invalid url in bootstrap.servers: {item}"));
        let plain = item.split_once("://").map_or(item, |(_, plain)| plain);
        let (host, port) = plain.rsplit_once(':').ok_or_else(wrong)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or_else(wrong)?,
            None => host,
        };
        let is_host = |letter: char| {
            letter.is_ascii_alphanumeric() || matches!(letter, '-' | '.' | '_' | ':' | '%')
        };
        if host.is_empty() || !host.chars().all(is_host) {
            return Err(wrong());
        }
        Ok(Self { host: host.to_owned(), port: port.parse().map_err(|_| wrong())? })
    }
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::HostPort;

    #[test]
    fn addresses() {
        for (list, expected) in [
            ("localhost:9092", &["localhost:9092"][..]),
            (" a:1 , b:2,", &["a:1", "b:2"]),
            ("PLAINTEXT://a.b-c_d:1", &["a.b-c_d:1"]),
            ("[::1]:9092", &["[::1]:9092"]),
            ("localhost", &[]),
            ("localhost:", &[]),
            ("localhost:70000", &[]),
            ("[::1:9092", &[]),
            ("a b:1", &[]),
            (",", &[]),
        ] {
            let parsed = HostPort::parse_list(list);
            let shown: Vec<_> = parsed.iter().flatten().map(HostPort::to_string).collect();
            assert_eq!(shown, expected, "{list}");
        }
    }
}
