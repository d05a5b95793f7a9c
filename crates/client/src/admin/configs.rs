//! Configurations of topics, brokers, groups and clients; quotas.

use super::Admin;
use super::topics::nothing;
use crate::Error;
use crate::cluster::To;
use dohle_protocol::messages::alter_client_quotas_request::EntryData as QuotaChange;
use dohle_protocol::messages::describe_client_quotas_request::ComponentData;
use dohle_protocol::messages::describe_client_quotas_response::EntryData as Quota;
use dohle_protocol::messages::describe_configs_request::DescribeConfigsResource;
use dohle_protocol::messages::describe_configs_response::DescribeConfigsResourceResult;
use dohle_protocol::messages::incremental_alter_configs_request::{
    AlterConfigsResource, AlterableConfig,
};
use dohle_protocol::messages::{
    AlterClientQuotasRequest, DescribeClientQuotasRequest, DescribeConfigsRequest,
    IncrementalAlterConfigsRequest, ListConfigResourcesRequest,
};
use dohle_protocol::wire::Text;

/// What has configurations, by Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ResourceType {
    /// A topic.
    Topic = 2,
    /// A broker, or all of them by the empty name.
    Broker = 4,
    /// The loggers of a broker.
    BrokerLogger = 8,
    /// What clients report of themselves.
    ClientMetrics = 16,
    /// A group.
    Group = 32,
}

/// One change of one configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigChange {
    /// Sets a value.
    Set(String, String),
    /// Goes back to the default.
    Delete(String),
}

impl Admin {
    /// The configurations of one resource, with their synonyms if asked for.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn describe_configs(
        &self,
        kind: ResourceType,
        name: &str,
        with_synonyms: bool,
    ) -> Result<Vec<DescribeConfigsResourceResult>, Error> {
        let request = DescribeConfigsRequest {
            resources: vec![DescribeConfigsResource {
                resource_type: kind as i8,
                resource_name: name.into(),
                configuration_keys: None,
                ..DescribeConfigsResource::default()
            }],
            include_synonyms: with_synonyms,
            ..DescribeConfigsRequest::default()
        };
        let described = self.call("describeConfigs", owner(kind, name), &request, |answer| {
            let result = answer.results.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)?;
            Ok(result.configs)
        });
        described.await
    }

    /// Changes configurations of one resource, all or none.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn alter_configs(
        &self,
        kind: ResourceType,
        name: &str,
        changes: &[ConfigChange],
    ) -> Result<(), Error> {
        let configs = changes.iter().map(|change| match change {
            ConfigChange::Set(name, value) => AlterableConfig {
                name: name.as_str().into(),
                config_operation: 0,
                value: Some(value.as_str().into()),
                ..AlterableConfig::default()
            },
            ConfigChange::Delete(name) => AlterableConfig {
                name: name.as_str().into(),
                config_operation: 1,
                value: None,
                ..AlterableConfig::default()
            },
        });
        let request = IncrementalAlterConfigsRequest {
            resources: vec![AlterConfigsResource {
                resource_type: kind as i8,
                resource_name: name.into(),
                configs: configs.collect(),
                ..AlterConfigsResource::default()
            }],
            ..IncrementalAlterConfigsRequest::default()
        };
        let altered = self.call("incrementalAlterConfigs", owner(kind, name), &request, |answer| {
            let result = answer.responses.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)
        });
        altered.await
    }

    /// The names of what has configurations of its own of one kind.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn list_config_resources(&self, kind: ResourceType) -> Result<Vec<Text>, Error> {
        let request = ListConfigResourcesRequest {
            resource_types: vec![kind as i8],
            ..ListConfigResourcesRequest::default()
        };
        let listed = self.call("listConfigResources", To::Any, &request, |answer| {
            Error::check(answer.error_code, None)?;
            let ours = answer.config_resources.into_iter();
            let ours = ours.filter(|one| one.resource_type == kind as i8);
            Ok(ours.map(|one| one.resource_name).collect())
        });
        listed.await
    }

    /// The quotas of entities that have all `components`; with `strict`, no others.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn describe_quotas(
        &self,
        components: Vec<ComponentData>,
        strict: bool,
    ) -> Result<Vec<Quota>, Error> {
        let request = DescribeClientQuotasRequest {
            components,
            strict,
            ..DescribeClientQuotasRequest::default()
        };
        let described = self.call("describeClientQuotas", To::Any, &request, |answer| {
            Error::check(answer.error_code, answer.error_message)?;
            Ok(answer.entries.unwrap_or_default())
        });
        described.await
    }

    /// Changes the quotas of one entity.
    ///
    /// # Errors
    /// What the broker has against it.
    pub async fn alter_quotas(&self, change: QuotaChange) -> Result<(), Error> {
        let request = AlterClientQuotasRequest {
            entries: vec![change],
            ..AlterClientQuotasRequest::default()
        };
        let altered = self.call("alterClientQuotas", To::Controller, &request, |answer| {
            let result = answer.entries.into_iter().next().ok_or_else(nothing)?;
            Error::check(result.error_code, result.error_message)
        });
        altered.await
    }
}

/// Who answers for a resource: a broker for its own, anybody for the rest.
fn owner(kind: ResourceType, name: &str) -> To {
    match (kind, name.parse()) {
        (ResourceType::Broker | ResourceType::BrokerLogger, Ok(id)) => To::Broker(id),
        _ => To::Any,
    }
}
