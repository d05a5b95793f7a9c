//! The cluster's metadata as a tree of directories and files, as Kafka's shell has it.
//!
//! ```text
//! /image/acls/byId/ID                       /image/producerIds/nextProducerId
//! /image/clientQuotas/ENTITY/KEY            /image/provenance
//! /image/cluster/brokers/ID                 /image/scram/MECHANISM/USER
//! /image/cluster/controllers/ID             /image/topics/byId/ID/{id,name,PARTITION}
//! /image/configs/TYPE:NAME/KEY              /image/topics/byName/NAME/{id,name,PARTITION}
//! /image/delegationToken/ID                 /local/commitId
//! /image/features/{metadataVersion,finalized_NAME}      /local/version
//! ```

use super::shown;
use dohle_metadata::config::{ConfigResource, ResourceKind};
use dohle_metadata::features::METADATA_VERSION;
use dohle_metadata::image::{Image, QuotaEntity, Topic};
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::java_double;
use std::collections::BTreeMap;

/// The mechanisms by their numbers in the image.
const MECHANISMS: [(&str, i8); 2] = [("SCRAM-SHA-256", 1), ("SCRAM-SHA-512", 2)];

/// What comes before the names of features that have a level.
const FINALIZED: &str = "finalized_";

/// A directory or a file. Its children are made when they are asked for.
#[derive(Clone)]
pub(super) enum Node<'i> {
    Root(&'i Image),
    Local,
    Image(&'i Image),
    Acls(&'i Image),
    AclsById(&'i Image),
    Quotas(&'i Image),
    Quota(&'i Image, QuotaEntity),
    Cluster(&'i Image),
    Brokers(&'i Image),
    Controllers(&'i Image),
    Configs(&'i Image),
    Config(&'i Image, ConfigResource),
    Tokens(&'i Image),
    Features(&'i Image),
    ProducerIds(&'i Image),
    Scram(&'i Image),
    Mechanism(&'i Image, i8),
    Topics(&'i Image),
    TopicsById(&'i Image),
    TopicsByName(&'i Image),
    Topic(&'i Topic),
    /// A file with its content.
    Leaf(String),
}

impl<'i> Node<'i> {
    /// Whether it has children.
    pub(super) fn is_directory(&self) -> bool {
        !matches!(self, Self::Leaf(_))
    }

    /// The names of its children, sorted. Client quotas may have several of one name.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = match self {
            Self::Root(_) => owned(&["image", "local"]),
            Self::Local => owned(&["commitId", "version"]),
            Self::Image(_) => owned(&[
                "acls",
                "clientQuotas",
                "cluster",
                "configs",
                "delegationToken",
                "features",
                "producerIds",
                "provenance",
                "scram",
                "topics",
            ]),
            Self::Acls(_) => owned(&["byId"]),
            Self::AclsById(image) => image.acls.keys().map(Uuid::to_string).collect(),
            Self::Quotas(image) => image.quotas.keys().map(shown::quota_entity).collect(),
            Self::Quota(image, entity) => {
                let quotas = image.quotas.get(entity);
                quotas
                    .into_iter()
                    .flat_map(|quotas| quotas.keys().map(|key| key.to_string()))
                    .collect()
            }
            Self::Cluster(_) => owned(&["brokers", "controllers"]),
            Self::Brokers(image) => image.brokers.keys().map(i32::to_string).collect(),
            Self::Controllers(image) => image.controllers.keys().map(i32::to_string).collect(),
            Self::Configs(image) => image.configs.keys().map(resource_name).collect(),
            Self::Config(image, resource) => image
                .configs
                .get(resource)
                .into_iter()
                .flat_map(|configs| configs.keys().cloned())
                .collect(),
            Self::Tokens(image) => {
                image.delegation_tokens.keys().map(|id| id.to_string()).collect()
            }
            Self::Features(image) => feature_names(image),
            Self::ProducerIds(_) => owned(&["nextProducerId"]),
            Self::Scram(_) => MECHANISMS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            Self::Mechanism(image, mechanism) => {
                let users = image.scram.keys().filter(|(of, _)| of == mechanism);
                users.map(|(_, user)| user.to_string()).collect()
            }
            Self::Topics(_) => owned(&["byId", "byName"]),
            Self::TopicsById(image) => {
                image.topics.iter_by_id().map(|topic| topic.id.to_string()).collect()
            }
            Self::TopicsByName(image) => {
                image.topics.iter().map(|topic| topic.name.to_string()).collect()
            }
            Self::Topic(topic) => {
                let partitions = topic.partitions.keys().map(i32::to_string);
                owned(&["id", "name"]).into_iter().chain(partitions).collect()
            }
            Self::Leaf(_) => Vec::new(),
        };
        names.sort_unstable();
        names
    }

    /// The child of this name.
    pub(super) fn child(&self, name: &str) -> Option<Self> {
        match self {
            Self::Root(image) => match name {
                "image" => Some(Self::Image(image)),
                "local" => Some(Self::Local),
                _ => None,
            },
            Self::Local => match name {
                "commitId" => Some(Self::Leaf("unknown".to_owned())),
                "version" => Some(Self::Leaf(env!("CARGO_PKG_VERSION").to_owned())),
                _ => None,
            },
            Self::Image(image) => part(image, name),
            Self::Acls(image) => (name == "byId").then_some(Self::AclsById(image)),
            Self::Cluster(image) => match name {
                "brokers" => Some(Self::Brokers(image)),
                "controllers" => Some(Self::Controllers(image)),
                _ => None,
            },
            Self::Topics(image) => match name {
                "byId" => Some(Self::TopicsById(image)),
                "byName" => Some(Self::TopicsByName(image)),
                _ => None,
            },
            Self::Quotas(image) => {
                let entity = entity_of(name)?;
                image.quotas.contains_key(&entity).then_some(Self::Quota(image, entity))
            }
            Self::Configs(image) => {
                let resource = image.configs.keys().find(|one| resource_name(one) == name)?;
                Some(Self::Config(image, resource.clone()))
            }
            Self::Scram(image) => {
                let (_, mechanism) = MECHANISMS.iter().find(|(known, _)| *known == name)?;
                Some(Self::Mechanism(image, *mechanism))
            }
            Self::TopicsById(image) => image.topics.by_id(&name.parse().ok()?).map(Self::Topic),
            Self::TopicsByName(image) => image.topics.by_name(name).map(Self::Topic),
            Self::AclsById(_)
            | Self::Quota(..)
            | Self::Brokers(_)
            | Self::Controllers(_)
            | Self::Config(..)
            | Self::Tokens(_)
            | Self::Features(_)
            | Self::ProducerIds(_)
            | Self::Mechanism(..)
            | Self::Topic(_)
            | Self::Leaf(_) => self.file(name).map(Self::Leaf),
        }
    }

    /// What the file of this name holds.
    fn file(&self, name: &str) -> Option<String> {
        match self {
            Self::AclsById(image) => image.acls.get(&name.parse::<Uuid>().ok()?).map(shown::acl),
            Self::Quota(image, entity) => {
                image.quotas.get(entity)?.get(name).map(|quota| java_double(*quota))
            }
            Self::Brokers(image) => image.brokers.get(&number(name)?).map(shown::broker),
            Self::Controllers(image) => {
                image.controllers.get(&number(name)?).map(shown::controller)
            }
            Self::Config(image, resource) => image.configs.get(resource)?.get(name).cloned(),
            Self::Tokens(image) => image.delegation_tokens.get(name).map(shown::token),
            Self::Features(image) => feature(image, name),
            Self::ProducerIds(image) => {
                (name == "nextProducerId").then(|| image.next_producer_id.unwrap_or(-1).to_string())
            }
            Self::Mechanism(image, mechanism) => {
                image.scram.get(&(*mechanism, name.into())).map(shown::scram)
            }
            Self::Topic(topic) => match name {
                "id" => Some(topic.id.to_string()),
                "name" => Some(topic.name.to_string()),
                index => topic.partitions.get(&number(index)?).map(|one| shown::partition(one)),
            },
            Self::Root(_)
            | Self::Local
            | Self::Image(_)
            | Self::Acls(_)
            | Self::Quotas(_)
            | Self::Cluster(_)
            | Self::Configs(_)
            | Self::Scram(_)
            | Self::Topics(_)
            | Self::TopicsById(_)
            | Self::TopicsByName(_)
            | Self::Leaf(_) => None,
        }
    }
}

fn number(name: &str) -> Option<i32> {
    name.parse().ok()
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// A child of `/image`.
fn part<'i>(image: &'i Image, name: &str) -> Option<Node<'i>> {
    Some(match name {
        "acls" => Node::Acls(image),
        "clientQuotas" => Node::Quotas(image),
        "cluster" => Node::Cluster(image),
        "configs" => Node::Configs(image),
        "delegationToken" => Node::Tokens(image),
        "features" => Node::Features(image),
        "producerIds" => Node::ProducerIds(image),
        "provenance" => Node::Leaf(shown::provenance(&image.provenance)),
        "scram" => Node::Scram(image),
        "topics" => Node::Topics(image),
        _ => return None,
    })
}

fn feature_names(image: &Image) -> Vec<String> {
    let finalized = image.features.keys().filter(|name| ***name != *METADATA_VERSION);
    let finalized = finalized.map(|name| format!("{FINALIZED}{name}"));
    std::iter::once("metadataVersion".to_owned()).chain(finalized).collect()
}

/// The level of a feature; any that has none is at 0.
fn feature(image: &Image, name: &str) -> Option<String> {
    if name == "metadataVersion" {
        return Some(if image.is_empty() {
            "Optional.empty".to_owned()
        } else {
            format!("Optional[{}]", image.metadata_version())
        });
    }
    let name = name.strip_prefix(FINALIZED)?;
    let level = if name == METADATA_VERSION { 0 } else { image.feature_level(name) };
    Some(level.to_string())
}

/// The name of what has configs; without one it is the default of its kind.
fn resource_name(resource: &ConfigResource) -> String {
    let kind = match resource.kind {
        ResourceKind::Topic => "TOPIC",
        ResourceKind::Broker => "BROKER",
        ResourceKind::BrokerLogger => "BROKER_LOGGER",
        ResourceKind::ClientMetrics => "CLIENT_METRICS",
        ResourceKind::Group => "GROUP",
    };
    match resource.name.as_str() {
        "" => kind.to_owned(),
        name => format!("{kind}:{name}"),
    }
}

/// The entity of which this is the name.
fn entity_of(name: &str) -> Option<QuotaEntity> {
    const KINDS: [(&str, &str); 3] = [("clientId(", "client-id"), ("ip(", "ip"), ("user(", "user")];
    let mut parts = BTreeMap::new();
    let mut rest = name;
    loop {
        let (shown, kind) = KINDS.iter().find(|(shown, _)| rest.starts_with(shown))?;
        let (value, behind) = bracketed(rest.get(shown.len()..)?)?;
        parts.insert((*kind).into(), Some(value.as_str().into()));
        match behind {
            "" => return Some(QuotaEntity(parts)),
            more => rest = more.strip_prefix('_')?,
        }
    }
}

/// What stands before the closing bracket, and behind it.
fn bracketed(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut letters = text.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            ')' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(letters.next()?.1),
            letter => value.push(letter),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_are_found_by_their_names() {
        for name in ["user(a)", "clientId(c)_user(a\\(b\\)\\\\)", "ip(1.2.3.4)"] {
            assert_eq!(shown::quota_entity(&entity_of(name).unwrap()), name);
        }
        for name in ["", "user(a", "nobody(a)", "user(a)x", "user(a)_"] {
            assert!(entity_of(name).is_none(), "{name}");
        }
    }

    #[test]
    fn an_empty_image_has_all_directories() {
        let image = Image::default();
        let mut paths = Vec::new();
        fn walk(node: &Node<'_>, path: &str, paths: &mut Vec<String>) {
            for name in node.names() {
                let path = format!("{path}/{name}");
                walk(&node.child(&name).unwrap(), &path, paths);
                paths.push(path);
            }
        }
        walk(&Node::Root(&image), "", &mut paths);
        assert_eq!(paths.len(), 23, "{paths:?}");
        let version = Node::Features(&image).child("metadataVersion");
        assert!(matches!(version, Some(Node::Leaf(text)) if text == "Optional.empty"));
    }
}
