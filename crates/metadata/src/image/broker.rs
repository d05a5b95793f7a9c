//! Registered brokers and controllers.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::register_broker_record::{BrokerEndpoint, BrokerFeature};
use dohle_protocol::messages::register_controller_record::{ControllerEndpoint, ControllerFeature};
use dohle_protocol::messages::{
    BrokerRegistrationChangeRecord, RegisterBrokerRecord, RegisterControllerRecord,
};
use dohle_protocol::wire::Text;

use crate::config::endpoint::SecurityProtocol;

/// A registered broker.
#[derive(Clone, Debug, PartialEq)]
pub struct Broker {
    /// Its node id.
    pub id: i32,
    /// Which life of the node: the offset of its registration.
    pub epoch: i64,
    /// What the process called itself.
    pub incarnation_id: Uuid,
    /// Where it listens, in the order in which it said so.
    pub endpoints: Vec<Endpoint>,
    /// The features that it can run.
    pub features: Vec<FeatureRange>,
    /// Its rack.
    pub rack: Option<Text>,
    /// True if it may not lead and is not shown to clients.
    pub is_fenced: bool,
    /// True while it hands its leaderships over to stop.
    pub is_shutting_down: bool,
    /// True if it came from a ZooKeeper cluster; of old logs only.
    pub is_migrating_zk: bool,
    /// Its log directories that are online.
    pub directories: Vec<Uuid>,
    /// Those that get no new partitions; `None` if it never said.
    pub cordoned_directories: Option<Vec<Uuid>>,
}

/// Where a node listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The listener's name.
    pub listener: Text,
    /// Host name or address.
    pub host: Text,
    /// Port.
    pub port: u16,
    /// The security protocol's number.
    pub protocol: i16,
}

impl Endpoint {
    /// The security protocol, if we know it.
    pub fn security_protocol(&self) -> Option<SecurityProtocol> {
        SecurityProtocol::from_number(self.protocol)
    }
}

/// The levels of a feature that a node can run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeatureRange {
    /// The feature.
    pub name: Text,
    /// The lowest level.
    pub lowest: i16,
    /// The highest level.
    pub highest: i16,
}

impl FeatureRange {
    /// True if the node can run the level.
    pub fn has(&self, level: i16) -> bool {
        (self.lowest..=self.highest).contains(&level)
    }
}

impl Broker {
    /// The endpoint of that listener.
    pub fn endpoint(&self, listener: &str) -> Option<&Endpoint> {
        self.endpoints.iter().find(|endpoint| &*endpoint.listener == listener)
    }

    /// The range of a feature.
    pub fn feature(&self, name: &str) -> Option<&FeatureRange> {
        self.features.iter().find(|feature| &*feature.name == name)
    }

    /// The broker of a registration.
    pub(crate) fn from_record(record: &RegisterBrokerRecord) -> Self {
        let endpoint = |e: &BrokerEndpoint| Endpoint {
            listener: e.name.detached(),
            host: e.host.detached(),
            port: e.port,
            protocol: e.security_protocol,
        };
        let feature = |f: &BrokerFeature| FeatureRange {
            name: f.name.detached(),
            lowest: f.min_supported_version,
            highest: f.max_supported_version,
        };
        Self {
            id: record.broker_id,
            epoch: record.broker_epoch,
            incarnation_id: record.incarnation_id,
            endpoints: record.end_points.iter().map(endpoint).collect(),
            features: record.features.iter().map(feature).collect(),
            rack: record.rack.as_ref().map(Text::detached),
            is_fenced: record.fenced,
            is_shutting_down: record.in_controlled_shutdown,
            is_migrating_zk: record.is_migrating_zk_broker,
            directories: record.log_dirs.clone(),
            cordoned_directories: record.cordoned_log_dirs.clone(),
        }
    }

    /// Applies a change of the registration. In its fields 1 is yes, -1 is no, 0 leaves it.
    pub(crate) fn change(&mut self, record: &BrokerRegistrationChangeRecord) {
        match record.fenced {
            1 => self.is_fenced = true,
            -1 => self.is_fenced = false,
            _ => {}
        }
        if record.in_controlled_shutdown == 1 {
            self.is_shutting_down = true;
        }
        if !record.log_dirs.is_empty() {
            self.directories.clone_from(&record.log_dirs);
        }
        if let Some(cordoned) = &record.cordoned_log_dirs {
            self.cordoned_directories = Some(cordoned.clone());
        }
    }

    /// The record that makes this broker.
    pub(crate) fn to_record(&self) -> RegisterBrokerRecord {
        let endpoint = |e: &Endpoint| BrokerEndpoint {
            name: e.listener.clone(),
            host: e.host.clone(),
            port: e.port,
            security_protocol: e.protocol,
            ..BrokerEndpoint::default()
        };
        let feature = |f: &FeatureRange| BrokerFeature {
            name: f.name.clone(),
            min_supported_version: f.lowest,
            max_supported_version: f.highest,
            ..BrokerFeature::default()
        };
        RegisterBrokerRecord {
            broker_id: self.id,
            is_migrating_zk_broker: self.is_migrating_zk,
            incarnation_id: self.incarnation_id,
            broker_epoch: self.epoch,
            end_points: self.endpoints.iter().map(endpoint).collect(),
            features: self.features.iter().map(feature).collect(),
            rack: self.rack.clone(),
            fenced: self.is_fenced,
            in_controlled_shutdown: self.is_shutting_down,
            log_dirs: self.directories.clone(),
            cordoned_log_dirs: self.cordoned_directories.clone(),
            ..RegisterBrokerRecord::default()
        }
    }
}

/// A registered controller.
#[derive(Clone, Debug, PartialEq)]
pub struct Controller {
    /// Its node id.
    pub id: i32,
    /// What the process called itself.
    pub incarnation_id: Uuid,
    /// A relic of the migration from ZooKeeper.
    pub is_zk_migration_ready: bool,
    /// Where it listens.
    pub endpoints: Vec<Endpoint>,
    /// The features that it can run.
    pub features: Vec<FeatureRange>,
}

impl Controller {
    /// The controller of a registration.
    pub(crate) fn from_record(record: &RegisterControllerRecord) -> Self {
        let endpoint = |e: &ControllerEndpoint| Endpoint {
            listener: e.name.detached(),
            host: e.host.detached(),
            port: e.port,
            protocol: e.security_protocol,
        };
        let feature = |f: &ControllerFeature| FeatureRange {
            name: f.name.detached(),
            lowest: f.min_supported_version,
            highest: f.max_supported_version,
        };
        Self {
            id: record.controller_id,
            incarnation_id: record.incarnation_id,
            is_zk_migration_ready: record.zk_migration_ready,
            endpoints: record.end_points.iter().map(endpoint).collect(),
            features: record.features.iter().map(feature).collect(),
        }
    }

    /// The record that makes this controller.
    pub(crate) fn to_record(&self) -> RegisterControllerRecord {
        let endpoint = |e: &Endpoint| ControllerEndpoint {
            name: e.listener.clone(),
            host: e.host.clone(),
            port: e.port,
            security_protocol: e.protocol,
            ..ControllerEndpoint::default()
        };
        let feature = |f: &FeatureRange| ControllerFeature {
            name: f.name.clone(),
            min_supported_version: f.lowest,
            max_supported_version: f.highest,
            ..ControllerFeature::default()
        };
        RegisterControllerRecord {
            controller_id: self.id,
            incarnation_id: self.incarnation_id,
            zk_migration_ready: self.is_zk_migration_ready,
            end_points: self.endpoints.iter().map(endpoint).collect(),
            features: self.features.iter().map(feature).collect(),
            ..RegisterControllerRecord::default()
        }
    }
}
