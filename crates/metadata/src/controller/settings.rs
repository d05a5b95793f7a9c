//! What the controller takes from its node's file.

use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;

use crate::config::resource::Configs;
use crate::config::{BrokerConfig, ConfigResource, Layers, Scope, Value};
use crate::image::Image;
use crate::record::MetadataRecord;

/// The controller's settings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The node that the controller runs on.
    pub node_id: i32,
    /// What the broker in the same process calls itself; zero if there is none.
    pub own_incarnation: Uuid,
    /// The cluster's id; brokers of another one are refused.
    pub cluster_id: Text,
    /// The level of `kraft.version`, which no record of the metadata tells.
    pub kraft_version: i16,
    /// The node's file, for the defaults of topics and groups.
    pub file: Configs,
    /// What an empty metadata log begins with: `metadata.version` and what formatting chose.
    pub bootstrap: Vec<MetadataRecord>,
}

impl Settings {
    /// The settings of a node whose process has no broker, or has this one.
    pub fn new(
        config: &BrokerConfig,
        cluster_id: &str,
        own_incarnation: Uuid,
        bootstrap: Vec<MetadataRecord>,
    ) -> Self {
        Self {
            node_id: config.node_id,
            own_incarnation,
            cluster_id: cluster_id.into(),
            kraft_version: config.kraft_version(),
            file: config.set.clone(),
            bootstrap,
        }
    }

    /// A key's value in the file, or its default.
    pub(super) fn value(&self, name: &str) -> Value {
        let Some(key) = Scope::Broker.key(name) else { return Value::Null };
        let set = self.file.get(name).and_then(|text| key.parse(text).ok());
        set.unwrap_or_else(|| key.default_value())
    }

    /// A number in the file, or its default.
    pub(super) fn integer(&self, name: &str) -> i64 {
        self.value(name).integer()
    }

    /// The configs of this node and of all brokers, over the file.
    pub(super) fn dynamic(&self, image: &Image) -> Dynamic {
        Dynamic {
            node: image.configs_of(&ConfigResource::broker(self.node_id)),
            cluster: image.configs_of(&ConfigResource::all_brokers()),
            file: self.file.clone(),
        }
    }
}

/// The layers of the controller's own configs, owned.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    node: Configs,
    pub(super) cluster: Configs,
    file: Configs,
}

impl Dynamic {
    /// What holds once the configs of all brokers, or of this one, are these.
    pub(super) fn with(&self, resource: &ConfigResource, configs: &Configs, node_id: i32) -> Self {
        let mut next = self.clone();
        if resource.name.is_empty() {
            next.cluster = configs.clone();
        } else if *resource == ConfigResource::broker(node_id) {
            next.node = configs.clone();
        }
        next
    }

    pub(super) fn layers(&self) -> Layers<'_> {
        Layers { broker: &self.node, cluster: &self.cluster, file: &self.file }
    }
}
