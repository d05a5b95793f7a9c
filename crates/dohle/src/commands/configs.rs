//! `dohle configs`: configurations of topics, brokers, groups, clients and users, described and
//! altered. Kafka's `kafka-configs.sh`.

mod clients;
mod entity;

use crate::arguments::flags::{Flags, Given, switch, value};
use crate::console::{Console, Failure};
use crate::properties;
use crate::session::{BOOTSTRAP, BOOTSTRAP_CONTROLLER, COMMAND_CONFIG, Session};
use dohle_client::admin::{ConfigChange, ResourceType};
use dohle_client::{Error, Properties};
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use dohle_protocol::wire::Text;
use entity::{Entities, Kind};
use serde_json::{Value, json};

/// What it can be told.
pub(super) const FLAGS: Flags = Flags {
    about: "This tool helps to manipulate and describe entity config for a topic, client, user, \
            broker, ip, client-metrics or group",
    flags: &[
        BOOTSTRAP,
        BOOTSTRAP_CONTROLLER,
        COMMAND_CONFIG,
        switch("alter", "Alter the configuration for the entity."),
        switch("describe", "List configs for the given entity."),
        switch("all", "List all configs for the given entity, static ones too."),
        value(
            "entity-type",
            "String",
            "Type of entity (topics/clients/users/brokers/broker-loggers/ips/client-metrics/groups)",
        ),
        value("entity-name", "String", "Name of entity"),
        switch("entity-default", "The default of clients/users/brokers/ips"),
        value(
            "add-config",
            "String",
            "Configs to set: 'k1=v1,k2=[v1,v2,v2],k3=v3'. Brackets hold values with commas.",
        ),
        value("add-config-file", "String", "Properties file with configs to set."),
        value("delete-config", "String", "config keys to remove 'k1,k2'"),
        switch("force", "Suppress console prompts"),
        value("topic", "String", "The topic's name."),
        value("client", "String", "The client's ID."),
        switch("client-defaults", "The config defaults for all clients."),
        value("user", "String", "The user's principal name."),
        switch("user-defaults", "The config defaults for all users."),
        value("broker", "String", "The broker's ID."),
        switch("broker-defaults", "The config defaults for all brokers."),
        value("broker-logger", "String", "The broker's ID for its logger config."),
        switch("ip-defaults", "The config defaults for all IPs."),
        value("ip", "String", "The IP address."),
        value("group", "String", "The group's ID."),
        value("client-metrics", "String", "The client metrics config resource name."),
    ],
};

/// Runs the tool.
pub(crate) fn run(words: &[String], console: &mut Console<'_>) -> Result<(), Failure> {
    let Some(given) = FLAGS.parse(words, console)? else { return Ok(()) };
    let message = "Command must include exactly one action: --describe, --alter";
    let action = FLAGS.only_one_of(&given, &["describe", "alter"], message, console)?;
    let entities = match Entities::read(&given) {
        Ok(entities) => entities,
        Err(Failure::Message(message)) => {
            writeln!(console.err, "{message}")?;
            return Err(Failure::TOLD);
        }
        Err(failure) => return Err(failure),
    };
    match (given.has(BOOTSTRAP.name), given.has(BOOTSTRAP_CONTROLLER.name)) {
        (false, false) => {
            let message = "One of the required --bootstrap-server or --bootstrap-controller \
                           arguments must be specified";
            return Err(FLAGS.wrong(message, console));
        }
        (true, true) => {
            let message =
                "Only one of --bootstrap-server or --bootstrap-controller can be specified";
            writeln!(console.err, "{message}")?;
            return Err(Failure::TOLD);
        }
        _ => {}
    }
    if action == "alter" {
        check_alter(&given, &entities, console)?;
    }
    let resource = entities.resource();
    if given.has(BOOTSTRAP_CONTROLLER.name)
        && needs_brokers(action, resource.as_ref().map(|(_, kind, _)| *kind))
    {
        // What Kafka's admin client says before it asks.
        return Err(Failure::new(
            "This Admin API is not yet supported when communicating directly with the controller \
             quorum.",
        ));
    }
    let session = Session::of(&given)?;
    match (action, resource) {
        ("alter", Some((kind, resource, name))) => {
            alter(&session, &given, (kind, resource, name), console)
        }
        ("alter", None) => clients::alter(&session, &given, &entities, console),
        (_, Some((kind, resource, name))) => {
            describe(&session, &given, (kind, resource, name), console)
        }
        (_, None) => clients::describe(&session, &entities, console),
    }
}

/// Whether controllers cannot be asked: quotas and credentials are a matter for brokers, and so is what there is to
/// be described, where that has to be listed first.
fn needs_brokers(action: &str, kind: Option<ResourceType>) -> bool {
    match kind {
        None => true,
        Some(ResourceType::Broker | ResourceType::BrokerLogger) => false,
        Some(ResourceType::Topic | ResourceType::ClientMetrics | ResourceType::Group) => {
            action == "describe"
        }
    }
}

fn check_alter(
    given: &Given,
    entities: &Entities,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let has_change =
        ["add-config", "add-config-file", "delete-config"].iter().any(|flag| given.has(flag));
    if given.has("add-config") && given.has("add-config-file") {
        writeln!(console.err, "Only one of --add-config or --add-config-file must be specified")?;
        return Err(Failure::TOLD);
    }
    if !has_change {
        writeln!(
            console.err,
            "At least one of --add-config, --add-config-file, or --delete-config must be specified \
             with --alter"
        )?;
        return Err(Failure::TOLD);
    }
    if entities.0.iter().any(|(_, name)| name.is_none()) {
        writeln!(
            console.err,
            "An entity name must be specified with --alter of {}",
            entities.kinds()
        )?;
        return Err(Failure::TOLD);
    }
    Ok(())
}

/// The configs to set: from the file, then from the words.
fn to_be_set(given: &Given) -> Result<Vec<(String, String)>, Failure> {
    let mut set = Vec::new();
    if let Some(file) = given.value("add-config-file")? {
        let mut from_file = Properties::default();
        properties::read(file, &mut from_file)?;
        set.extend(from_file.0);
    }
    if let Some(list) = given.value("add-config")? {
        for pair in split_outside_brackets(list) {
            let Some((name, value)) = pair.split_once('=') else {
                return Err(Failure::new(
                    "requirement failed: Invalid entity config: all configs to be added must be \
                     in the format \"key=val\".",
                ));
            };
            let value = value.trim().replace(['[', ']'], "");
            set.push((name.trim().to_owned(), value));
        }
    }
    let is_name =
        |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_' | '-');
    match set.iter().find(|(name, _)| !name.chars().all(is_name)) {
        Some((name, _)) => {
            Err(Failure::new(format!("Invalid character found for config key: {name}")))
        }
        None => Ok(set),
    }
}

fn split_outside_brackets(list: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut depth = 0;
    for letter in list.chars() {
        match letter {
            '[' => depth += 1,
            ']' => depth -= 1,
            ',' if depth <= 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        parts.last_mut().expect("there is always a part").push(letter);
    }
    parts
}

fn to_be_deleted(given: &Given) -> Vec<String> {
    let lists = given.values("delete-config").flat_map(|list| list.split(','));
    lists.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

fn alter(
    session: &Session,
    given: &Given,
    (kind, resource, name): (Kind, ResourceType, Option<String>),
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let name = name.unwrap_or_default();
    check_name(kind, &name, console)?;
    let set = to_be_set(given)?.into_iter().map(|(name, value)| ConfigChange::Set(name, value));
    let deleted = to_be_deleted(given).into_iter().map(ConfigChange::Delete);
    let changes: Vec<_> = set.chain(deleted).collect();
    let entity = name.clone();
    let altered = session
        .admin(|admin| async move { admin.alter_configs(resource, &entity, &changes).await });
    if let Err(error) = altered {
        writeln!(console.err, "Error while executing config command\n{error}")?;
        return Err(Failure::TOLD);
    }
    if name.is_empty() {
        writeln!(
            console.out,
            "Completed updating default config for {} in the cluster.",
            kind.name()
        )?;
    } else {
        writeln!(console.out, "Completed updating config for {} {name}.", kind.singular())?;
    }
    Ok(())
}

fn check_name(kind: Kind, name: &str, console: &mut Console<'_>) -> Result<(), Failure> {
    let is_broker = matches!(kind, Kind::Brokers | Kind::BrokerLoggers);
    if is_broker && !name.is_empty() && name.parse::<i32>().is_err() {
        writeln!(
            console.err,
            "The entity name for {} must be a valid integer broker id, found: {name}",
            kind.name()
        )?;
        return Err(Failure::TOLD);
    }
    Ok(())
}

/// That there is no such thing, which is no failure of Kafka's tool.
fn tell_missing(kind: Kind, name: &str, console: &mut Console<'_>) -> Result<(), Failure> {
    let what = kind.singular();
    let message = format!("The {what} '{name}' doesn't exist and doesn't have dynamic config.");
    if console.keeps_answer() {
        return Err(Failure::new(message));
    }
    writeln!(console.out, "{message}")?;
    Ok(())
}

fn describe(
    session: &Session,
    given: &Given,
    (kind, resource, name): (Kind, ResourceType, Option<String>),
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let is_all = given.has("all");
    let names = match name {
        None => Listed::of(session, kind)?.names,
        Some(name) => {
            check_name(kind, &name, console)?;
            // A broker that is not there would be waited for, the configs of another be those of one that is.
            let is_looked_for = match kind {
                Kind::Brokers | Kind::BrokerLoggers => true,
                Kind::ClientMetrics | Kind::Groups => !is_all,
                Kind::Topics | Kind::Clients | Kind::Users | Kind::Ips => false,
            };
            if is_looked_for && Listed::of(session, kind)?.lacks(&name) {
                return tell_missing(kind, &name, console);
            }
            vec![name]
        }
    };
    console.begin();
    for name in names {
        let entity = name.clone();
        let described = session
            .admin(|admin| async move { admin.describe_configs(resource, &entity, true).await });
        let mut configs = match described {
            Ok(configs) => configs,
            Err(error) if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) => {
                tell_missing(kind, &name, console)?;
                continue;
            }
            Err(error) => {
                writeln!(console.err, "Error while executing config command\n{error}")?;
                return Err(Failure::TOLD);
            }
        };
        configs.sort_by(|one, other| one.name.cmp(&other.name));
        let wanted = kind.dynamic_source(name.is_empty());
        configs
            .retain(|config| is_all || wanted.is_none_or(|source| config.config_source == source));
        if console.tell(|| entity_json(kind, &name, &configs)) {
            continue;
        }
        if name.is_empty() {
            writeln!(console.out, "Default configs for {} in the cluster are:", kind.name())?;
        } else {
            let which = if is_all { "All" } else { "Dynamic" };
            writeln!(console.out, "{which} configs for {} {name} are:", kind.singular())?;
        }
        for config in configs {
            let synonyms: Vec<_> = config
                .synonyms
                .iter()
                .map(|one| {
                    let value = one.value.as_deref().unwrap_or("null");
                    format!("{}:{}={value}", entity::source_name(one.source), one.name)
                })
                .collect();
            writeln!(
                console.out,
                "  {}={} sensitive={} synonyms={{{}}}",
                config.name,
                config.value.as_deref().unwrap_or("null"),
                config.is_sensitive,
                synonyms.join(", ")
            )?;
        }
    }
    Ok(())
}

/// An entity with its configs; without a name it is the default of its kind.
fn entity_json(kind: Kind, name: &str, configs: &[DescribeConfigsResourceResult]) -> Value {
    let config = |one: &DescribeConfigsResourceResult| {
        let synonyms = one.synonyms.iter().map(|synonym| {
            json!({
                "name": synonym.name.as_str(),
                "value": synonym.value.as_deref(),
                "source": entity::source_name(synonym.source),
            })
        });
        json!({
            "name": one.name.as_str(),
            "value": one.value.as_deref(),
            "isSensitive": one.is_sensitive,
            "source": entity::source_name(one.config_source),
            "synonyms": synonyms.collect::<Value>(),
        })
    };
    json!({
        "entityType": kind.name(),
        "entityName": (!name.is_empty()).then_some(name),
        "configs": configs.iter().map(config).collect::<Value>(),
    })
}

/// Every entity of a kind.
struct Listed {
    names: Vec<String>,
    /// Whether there can be no other. Brokers before Kafka 4.1 do not tell which groups have configs.
    is_complete: bool,
}

impl Listed {
    fn of(session: &Session, kind: Kind) -> Result<Self, Failure> {
        let mut is_complete = true;
        let names = match kind {
            Kind::Topics => {
                let topics = session.admin(|admin| async move { admin.list_topics().await })?;
                texts(topics.iter().map(|topic| &topic.name))
            }
            Kind::Brokers | Kind::BrokerLoggers => {
                let cluster =
                    session.admin(|admin| async move { admin.describe_cluster(false).await })?;
                let ids = cluster.brokers.iter().map(|node| node.id.to_string());
                ids.chain([String::new()]).collect()
            }
            Kind::ClientMetrics => texts(resources(session, ResourceType::ClientMetrics)?),
            Kind::Groups => {
                let groups =
                    session.admin(|admin| async move { admin.list_groups(&[], &[]).await })?;
                let mut names = texts(groups.iter().map(|group| &group.id));
                match resources(session, ResourceType::Group) {
                    Ok(configured) => names.extend(texts(configured)),
                    Err(error) if cannot_be_told(&error) => is_complete = false,
                    Err(error) => return Err(error.into()),
                }
                names.sort_unstable();
                names.dedup();
                names
            }
            Kind::Clients | Kind::Users | Kind::Ips => Vec::new(),
        };
        Ok(Self { names, is_complete })
    }

    fn lacks(&self, name: &str) -> bool {
        self.is_complete && self.names.iter().all(|one| one != name)
    }
}

fn texts(names: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    names.into_iter().map(|name| name.to_string()).collect()
}

fn resources(session: &Session, kind: ResourceType) -> Result<Vec<Text>, Error> {
    session.admin(|admin| async move { admin.list_config_resources(kind).await })
}

fn cannot_be_told(error: &Error) -> bool {
    const NOT_TOLD: [ErrorCode; 2] =
        [ErrorCode::UNSUPPORTED_VERSION, ErrorCode::CLUSTER_AUTHORIZATION_FAILED];
    matches!(error, Error::UnsupportedVersion { .. })
        || error.code().is_some_and(|code| NOT_TOLD.contains(&code))
}

#[cfg(test)]
mod tests {
    use super::{needs_brokers, split_outside_brackets};
    use dohle_client::admin::ResourceType;

    #[test]
    fn what_controllers_can_be_asked() {
        for (action, kind, expected) in [
            ("describe", None, true),
            ("alter", None, true),
            ("describe", Some(ResourceType::Topic), true),
            ("alter", Some(ResourceType::Topic), false),
            ("describe", Some(ResourceType::Broker), false),
            ("alter", Some(ResourceType::Broker), false),
            ("describe", Some(ResourceType::Group), true),
        ] {
            assert_eq!(needs_brokers(action, kind), expected, "{action} {kind:?}");
        }
    }

    #[test]
    fn commas_in_brackets_are_of_the_value() {
        assert_eq!(split_outside_brackets("a=1,b=[x,y],c="), ["a=1", "b=[x,y]", "c="]);
        assert_eq!(split_outside_brackets(""), [""]);
    }
}
