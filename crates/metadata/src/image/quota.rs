//! Client quotas.

use std::collections::BTreeMap;

use dohle_protocol::messages::client_quota_record::EntityData;
use dohle_protocol::wire::Text;

/// Whom a quota is for: entity types (`user`, `client-id`, `ip`) with their names; no name is the
/// default of that type.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuotaEntity(pub BTreeMap<Text, Option<Text>>);

impl QuotaEntity {
    /// The entity of a record.
    pub(crate) fn from_record(parts: &[EntityData]) -> Self {
        let part = |part: &EntityData| {
            (part.entity_type.detached(), part.entity_name.as_ref().map(Text::detached))
        };
        Self(parts.iter().map(part).collect())
    }

    /// The entity as a record has it.
    pub(crate) fn to_record(&self) -> Vec<EntityData> {
        let part = |(entity_type, entity_name): (&Text, &Option<Text>)| EntityData {
            entity_type: entity_type.clone(),
            entity_name: entity_name.clone(),
            ..EntityData::default()
        };
        self.0.iter().map(part).collect()
    }
}
