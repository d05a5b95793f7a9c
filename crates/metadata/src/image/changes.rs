//! What a run of records touched, for who follows an image from one version to the next.

use std::collections::{BTreeMap, BTreeSet};

use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;

use super::QuotaEntity;
use crate::config::ConfigResource;

/// What is different between an image and the one before it. A thing may be named although it
/// ended up equal: changed means touched.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Topics that are new.
    pub topics_created: BTreeSet<Uuid>,
    /// Topics that are gone, with their names.
    pub topics_deleted: BTreeMap<Uuid, Text>,
    /// Partitions that are new or changed.
    pub partitions: BTreeSet<(Uuid, i32)>,
    /// Brokers that registered, changed or went.
    pub brokers: BTreeSet<i32>,
    /// Controllers that registered or went.
    pub controllers: BTreeSet<i32>,
    /// Resources whose configs changed.
    pub configs: BTreeSet<ConfigResource>,
    /// Features whose level changed.
    pub features: BTreeSet<Text>,
    /// Entities whose quotas changed.
    pub quotas: BTreeSet<QuotaEntity>,
    /// Mechanisms and users whose credential changed.
    pub scram: BTreeSet<(i8, Text)>,
    /// Access control entries that came or went.
    pub acls: BTreeSet<Uuid>,
    /// Delegation tokens that came, changed or went.
    pub delegation_tokens: BTreeSet<Text>,
    /// True if a block of producer ids was given out.
    pub has_producer_ids: bool,
}

impl Changes {
    /// True if nothing was touched.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
