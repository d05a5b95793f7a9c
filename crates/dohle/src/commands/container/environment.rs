//! A node's configuration as container images take it: from variables.
//!
//! Three dialects are read at once. `KAFKA_LOG_DIRS` is `log.dirs` in the images of Apache Kafka and
//! of Confluent, `KAFKA_CFG_LOG_DIRS` in Bitnami's: `_` stands for a dot, `__` for an underscore,
//! `___` for a dash. What counts more, from the least: the defaults of a node alone, the mounted
//! file, `KAFKA_*`, `KAFKA_CFG_*`. A variable that ends in `_FILE` names a file with the value.

use dohle_metadata::config::Scope;
use dohle_protocol::ids::Uuid;
use std::collections::BTreeMap;
use std::path::Path;

/// What the environment comes to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) properties: BTreeMap<String, String>,
    pub(crate) cluster_id: String,
    /// What its author should know.
    pub(crate) notes: Vec<String>,
    /// Whether to tell what came of all this (`BITNAMI_DEBUG`).
    pub(crate) is_told: bool,
}

impl Settings {
    /// The value of a property; empty if there is none.
    pub(crate) fn value(&self, name: &str) -> &str {
        self.properties.get(name).map_or("", String::as_str)
    }
}

/// The id of a cluster that has been given none: that of Apache Kafka's image.
const CLUSTER_ID: &str = "5L6g3nShT-eMCtK--X86sw";
const CLUSTER_ID_VARIABLES: [&str; 2] = ["CLUSTER_ID", "KAFKA_KRAFT_CLUSTER_ID"];
/// Where Apache Kafka's image looks for keys and passwords.
const SECRETS: &str = "/etc/kafka/secrets";
const APACHE_DATA: &str = "/var/lib/kafka/data";
const BITNAMI_DATA: &str = "/bitnami/kafka/data";

/// Variables of the images that are no properties: about their scripts, the JVM and its logging.
const NO_PROPERTIES: [&str; 26] = [
    "KAFKA_BASE_DIR",
    "KAFKA_CERTIFICATE_PASSWORD",
    "KAFKA_CLIENT_PASSWORDS",
    "KAFKA_CLIENT_USERS",
    "KAFKA_CONF_DIR",
    "KAFKA_DAEMON_GROUP",
    "KAFKA_DAEMON_USER",
    "KAFKA_ENABLE_KRAFT",
    "KAFKA_GC_LOG_OPTS",
    "KAFKA_HEAP_OPTS",
    "KAFKA_HOME",
    "KAFKA_INTER_BROKER_PASSWORD",
    "KAFKA_INTER_BROKER_USER",
    "KAFKA_JMX_HOSTNAME",
    "KAFKA_JMX_OPTS",
    "KAFKA_JMX_PORT",
    "KAFKA_JVM_PERFORMANCE_OPTS",
    "KAFKA_KRAFT_CLUSTER_ID",
    "KAFKA_LOG4J_LOGGERS",
    "KAFKA_LOG4J_OPTS",
    "KAFKA_LOG4J_ROOT_LOGLEVEL",
    "KAFKA_OPTS",
    "KAFKA_TLS_TYPE",
    "KAFKA_TOOLS_LOG4J_LOGLEVEL",
    "KAFKA_VERSION",
    "KAFKA_VOLUME_DIR",
];
/// Properties whose own names end as those that name a file do.
const OWN_FILES: [&str; 3] = [
    "sasl.oauthbearer.assertion.file",
    "sasl.oauthbearer.assertion.private.key.file",
    "sasl.oauthbearer.assertion.template.file",
];

/// A variable of Apache Kafka's image that names a file among the secrets, and the property that it
/// gives: the path, or what the file says.
const OF_SECRETS: [(&str, &str, bool); 5] = [
    ("ssl.keystore.filename", "ssl.keystore.location", false),
    ("ssl.truststore.filename", "ssl.truststore.location", false),
    ("ssl.keystore.credentials", "ssl.keystore.password", true),
    ("ssl.key.credentials", "ssl.key.password", true),
    ("ssl.truststore.credentials", "ssl.truststore.password", true),
];

/// Reads the variables. `mounted` are the properties of a file that the user has put in its place;
/// `file` reads one that a variable names.
pub(crate) fn read(
    variables: &BTreeMap<String, String>,
    mounted: Vec<(String, String)>,
    file: impl Fn(&Path) -> Result<String, String>,
) -> Result<Settings, String> {
    let mut properties: BTreeMap<String, String> = mounted.into_iter().collect();
    let is_bitnami = variables.keys().any(|name| name.starts_with("KAFKA_CFG_"));
    for prefix in ["KAFKA_", "KAFKA_CFG_"] {
        for (name, value) in variables {
            let is_other = prefix == "KAFKA_" && name.starts_with("KAFKA_CFG_");
            if is_other || NO_PROPERTIES.contains(&name.as_str()) {
                continue;
            }
            let Some(rest) = name.strip_prefix(prefix).filter(|rest| !rest.is_empty()) else {
                continue;
            };
            let (name, value) = match secret(&property(rest)) {
                Some(name) => (name, line(&file(Path::new(value))?)),
                None => (property(rest), value.clone()),
            };
            properties.insert(name, value);
        }
    }
    take_secrets(&mut properties, &file)?;
    let mut notes = Vec::new();
    if properties.remove("zookeeper.connect").is_some() {
        notes.push("zookeeper.connect is left out: there is no ZooKeeper, a node keeps its metadata itself".to_owned());
    }
    if variables.contains_key("KAFKA_CLIENT_USERS") {
        notes.push("KAFKA_CLIENT_USERS is left out: SASL is not built yet".to_owned());
    }
    complete(&mut properties, is_bitnami)?;
    let cluster_id = CLUSTER_ID_VARIABLES.iter().find_map(|name| variables.get(*name));
    let cluster_id = cluster_id.filter(|id| !id.is_empty());
    if let Some(id) = cluster_id.filter(|id| id.parse::<Uuid>().is_err()) {
        notes.push(format!(
            "the cluster id {id} is not 16 bytes in base64, as some tools want it; \
             `kafka-storage.sh random-uuid` makes one that is"
        ));
    }
    Ok(Settings {
        properties,
        cluster_id: cluster_id.map_or_else(|| CLUSTER_ID.to_owned(), Clone::clone),
        notes,
        is_told: variables.get("BITNAMI_DEBUG").is_some_and(|value| is_yes(value)),
    })
}

/// Whether the scripts of Bitnami's images take the value of a variable for a yes.
fn is_yes(value: &str) -> bool {
    ["1", "yes", "true"].iter().any(|yes| value.eq_ignore_ascii_case(yes))
}

/// A property as it may be told to anybody: values that may be secret are hidden.
pub(crate) fn shown(name: &str, value: &str) -> String {
    let is_plain = Scope::Broker.key(name).is_some_and(|key| !key.kind.is_sensitive());
    format!("{name}={}", if is_plain { value } else { "[hidden]" })
}

/// `LOG_DIRS` as `log.dirs`.
fn property(variable: &str) -> String {
    variable.to_lowercase().replace('_', ".").replace("...", "-").replace("..", "_")
}

/// The property whose value stands in the file that this one names.
fn secret(property: &str) -> Option<String> {
    let name = property.strip_suffix(".file")?;
    (!OWN_FILES.contains(&property)).then(|| name.to_owned())
}

/// What a file of one line says.
fn line(text: &str) -> String {
    text.trim_end_matches(['\r', '\n']).to_owned()
}

fn take_secrets(
    properties: &mut BTreeMap<String, String>,
    file: &impl Fn(&Path) -> Result<String, String>,
) -> Result<(), String> {
    for (named, property, is_inside) in OF_SECRETS {
        let Some(name) = properties.remove(named) else { continue };
        let path = Path::new(SECRETS).join(name);
        let value = if is_inside { line(&file(&path)?) } else { path.display().to_string() };
        properties.entry(property.to_owned()).or_insert(value);
    }
    Ok(())
}

/// Fills in what a node needs and nobody has said.
fn complete(properties: &mut BTreeMap<String, String>, is_bitnami: bool) -> Result<(), String> {
    let get = |properties: &BTreeMap<String, String>, name: &str| {
        properties.get(name).filter(|value| !value.trim().is_empty()).cloned()
    };
    let roles = get(properties, "process.roles");
    let is_controller_alone = roles.as_deref() == Some("controller");
    match get(properties, "advertised.listeners") {
        // A variable that a compose file leaves empty.
        None => drop(properties.remove("advertised.listeners")),
        Some(_) if is_controller_alone => {
            return Err("advertised.listeners (KAFKA_ADVERTISED_LISTENERS) makes no sense on a \
                        node that is only a controller: leave it out"
                .to_owned());
        }
        Some(advertised) => {
            let everywhere = || advertised.split(',').map(everywhere).collect::<Vec<_>>().join(",");
            properties.entry("listeners".to_owned()).or_insert_with(everywhere);
        }
    }
    if let Some(id) = get(properties, "broker.id") {
        properties.entry("node.id".to_owned()).or_insert(id);
    }
    if !properties.contains_key("log.dir") {
        let data = if is_bitnami { BITNAMI_DATA } else { APACHE_DATA };
        properties.entry("log.dirs".to_owned()).or_insert_with(|| data.to_owned());
    }
    if roles.is_none() {
        stand_alone(properties);
    }
    Ok(())
}

/// `PLAINTEXT://host:9092` as the same port of every address.
fn everywhere(listener: &str) -> String {
    let Some((name, address)) = listener.split_once("://") else { return listener.to_owned() };
    let port = address.rsplit_once(':').map_or("", |(_, port)| port);
    format!("{name}://0.0.0.0:{port}")
}

/// A node that nobody has given a role is broker and controller at once, and needs no other.
fn stand_alone(properties: &mut BTreeMap<String, String>) {
    properties.insert("process.roles".to_owned(), "broker,controller".to_owned());
    let mut ensure = |name: &str, value: &str| {
        properties.entry(name.to_owned()).or_insert_with(|| value.to_owned()).clone()
    };
    let id = ensure("node.id", "1");
    let controller = ensure("controller.listener.names", "CONTROLLER");
    let listeners = ensure("listeners", "PLAINTEXT://:9092");
    if listeners == "PLAINTEXT://:9092" {
        ensure("advertised.listeners", "PLAINTEXT://localhost:9092");
    }
    ensure("controller.quorum.voters", &format!("{id}@localhost:9093"));
    for name in [
        "offsets.topic.replication.factor",
        "transaction.state.log.replication.factor",
        "transaction.state.log.min.isr",
    ] {
        ensure(name, "1");
    }
    if !listeners.contains(&format!("{controller}://")) {
        let all = format!("{listeners},{controller}://localhost:9093");
        properties.insert("listeners".to_owned(), all);
    }
    if let Some(map) = properties.get_mut("listener.security.protocol.map")
        && !map.split(',').any(|entry| entry.trim().starts_with(&format!("{controller}:")))
    {
        map.push_str(&format!(",{controller}:PLAINTEXT"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)], mounted: &[(&str, &str)]) -> Result<Settings, String> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let file = |path: &Path| match path.to_str() {
            Some("/run/secrets/key" | "/etc/kafka/secrets/creds") => Ok("s3cret\n".to_owned()),
            _ => Err(format!("{} is not there", path.display())),
        };
        read(&variables.iter().map(owned).collect(), mounted.iter().map(owned).collect(), file)
    }

    #[test]
    fn names() {
        for (variable, expected) in [
            ("LOG_DIRS", "log.dirs"),
            ("LISTENER_NAME_A__B_SSL_KEY_PASSWORD", "listener.name.a_b.ssl.key.password"),
            ("LISTENER_NAME_A___B_PORT", "listener.name.a-b.port"),
        ] {
            assert_eq!(property(variable), expected);
        }
    }

    #[test]
    fn nothing_said_is_a_node_alone() {
        let settings = of(&[("PATH", "/bin"), ("KAFKA_HEAP_OPTS", "-Xmx1g")], &[]).unwrap();
        assert_eq!(settings.cluster_id, CLUSTER_ID);
        for (name, expected) in [
            ("process.roles", "broker,controller"),
            ("node.id", "1"),
            ("listeners", "PLAINTEXT://:9092,CONTROLLER://localhost:9093"),
            ("advertised.listeners", "PLAINTEXT://localhost:9092"),
            ("controller.quorum.voters", "1@localhost:9093"),
            ("log.dirs", "/var/lib/kafka/data"),
            ("heap.opts", ""),
        ] {
            assert_eq!(settings.value(name), expected, "{name}");
        }
    }

    #[test]
    fn what_counts_more() {
        let mounted = [("node.id", "1"), ("num.partitions", "1"), ("log.retention.ms", "7")];
        let variables = [
            ("KAFKA_NODE_ID", "2"),
            ("KAFKA_NUM_PARTITIONS", "2"),
            ("KAFKA_CFG_NUM_PARTITIONS", "3"),
            ("KAFKA_KRAFT_CLUSTER_ID", "abcdefghijklmnopqrstuv"),
        ];
        let settings = of(&variables, &mounted).unwrap();
        let values = ["log.retention.ms", "node.id", "num.partitions"];
        assert_eq!(values.map(|name| settings.value(name)), ["7", "2", "3"]);
        assert_eq!(settings.value("log.dirs"), "/bitnami/kafka/data");
        assert_eq!(
            (settings.cluster_id.as_str(), settings.notes),
            ("abcdefghijklmnopqrstuv", vec![])
        );
        let odd = of(&[("CLUSTER_ID", "my-cluster")], &[]).unwrap();
        assert!(odd.notes[0].contains("random-uuid"));
    }

    #[test]
    fn a_compose_file_of_the_time_of_zookeeper() {
        let variables = [
            ("KAFKA_BROKER_ID", "3"),
            ("KAFKA_ZOOKEEPER_CONNECT", "zookeeper:2181"),
            ("KAFKA_LISTENER_SECURITY_PROTOCOL_MAP", "IN:PLAINTEXT,OUT:PLAINTEXT"),
            ("KAFKA_ADVERTISED_LISTENERS", "IN://kafka:29092,OUT://localhost:9092"),
            ("KAFKA_INTER_BROKER_LISTENER_NAME", "IN"),
        ];
        let settings = of(&variables, &[]).unwrap();
        for (name, expected) in [
            ("node.id", "3"),
            ("listeners", "IN://0.0.0.0:29092,OUT://0.0.0.0:9092,CONTROLLER://localhost:9093"),
            ("listener.security.protocol.map", "IN:PLAINTEXT,OUT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
            ("controller.quorum.voters", "3@localhost:9093"),
            ("zookeeper.connect", ""),
        ] {
            assert_eq!(settings.value(name), expected, "{name}");
        }
        assert_eq!(settings.notes.len(), 1);
    }

    #[test]
    fn roles_that_are_said_stay_as_they_are() {
        let variables = [
            ("KAFKA_PROCESS_ROLES", "broker,controller"),
            ("KAFKA_LISTENERS", "CONTROLLER://:29093,PLAINTEXT://:19092"),
            ("KAFKA_CONTROLLER_QUORUM_VOTERS", "1@broker:29093"),
        ];
        let settings = of(&variables, &[]).unwrap();
        assert_eq!(settings.value("listeners"), "CONTROLLER://:29093,PLAINTEXT://:19092");
        assert_eq!(settings.value("offsets.topic.replication.factor"), "");
        let alone = [
            ("KAFKA_PROCESS_ROLES", "controller"),
            ("KAFKA_ADVERTISED_LISTENERS", "PLAINTEXT://a:1"),
        ];
        assert!(of(&alone, &[]).unwrap_err().contains("only a controller"));
        let empty = [("KAFKA_PROCESS_ROLES", "controller"), ("KAFKA_ADVERTISED_LISTENERS", "")];
        assert!(!of(&empty, &[]).unwrap().properties.contains_key("advertised.listeners"));
    }

    #[test]
    fn who_asks_is_told_what_came_of_it() {
        for (value, expected) in
            [("true", true), ("YES", true), ("1", true), ("false", false), ("", false)]
        {
            assert_eq!(of(&[("BITNAMI_DEBUG", value)], &[]).unwrap().is_told, expected, "{value}");
        }
        assert!(!of(&[], &[]).unwrap().is_told);
        for (name, value, expected) in [
            ("num.partitions", "3", "num.partitions=3"),
            ("ssl.key.password", "s3cret", "ssl.key.password=[hidden]"),
            // What nobody knows may be anything.
            (
                "listener.name.a.ssl.key.password",
                "s3cret",
                "listener.name.a.ssl.key.password=[hidden]",
            ),
            ("my.own", "s3cret", "my.own=[hidden]"),
        ] {
            assert_eq!(shown(name, value), expected);
        }
    }

    #[test]
    fn secrets_stand_in_files() {
        let variables = [
            ("KAFKA_CFG_SSL_KEY_PASSWORD_FILE", "/run/secrets/key"),
            ("KAFKA_SSL_KEYSTORE_FILENAME", "store.jks"),
            ("KAFKA_SSL_KEYSTORE_CREDENTIALS", "creds"),
            ("KAFKA_SASL_OAUTHBEARER_ASSERTION_FILE", "/a/token"),
        ];
        let settings = of(&variables, &[]).unwrap();
        for (name, expected) in [
            ("ssl.key.password", "s3cret"),
            ("ssl.keystore.location", "/etc/kafka/secrets/store.jks"),
            ("ssl.keystore.password", "s3cret"),
            ("sasl.oauthbearer.assertion.file", "/a/token"),
        ] {
            assert_eq!(settings.value(name), expected, "{name}");
        }
        let missing = [("KAFKA_SSL_KEY_PASSWORD_FILE", "/nowhere")];
        assert_eq!(of(&missing, &[]).unwrap_err(), "/nowhere is not there");
    }
}
