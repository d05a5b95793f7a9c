//! Access control entries.

use dohle_protocol::ids::Uuid;
use dohle_protocol::messages::AccessControlEntryRecord;
use dohle_protocol::wire::Text;

/// One access control entry; the numbers are those of the wire.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Acl {
    /// 2 topic, 3 group, 4 cluster, 5 transactional id, 6 delegation token, 7 user.
    pub resource_type: i8,
    /// The resource's name, or the beginning of names; `*` is all.
    pub resource_name: Text,
    /// 3 literal, 4 prefixed.
    pub pattern_type: i8,
    /// `User:name`; `User:*` is everybody.
    pub principal: Text,
    /// The client's address; `*` is any.
    pub host: Text,
    /// What is allowed or denied.
    pub operation: i8,
    /// 2 deny, 3 allow.
    pub permission_type: i8,
}

impl Acl {
    /// The entry of a record.
    pub(crate) fn from_record(record: &AccessControlEntryRecord) -> Self {
        Self {
            resource_type: record.resource_type,
            resource_name: record.resource_name.detached(),
            pattern_type: record.pattern_type,
            principal: record.principal.detached(),
            host: record.host.detached(),
            operation: record.operation,
            permission_type: record.permission_type,
        }
    }

    /// The record that makes this entry.
    pub(crate) fn to_record(&self, id: Uuid) -> AccessControlEntryRecord {
        AccessControlEntryRecord {
            id,
            resource_type: self.resource_type,
            resource_name: self.resource_name.clone(),
            pattern_type: self.pattern_type,
            principal: self.principal.clone(),
            host: self.host.clone(),
            operation: self.operation,
            permission_type: self.permission_type,
            ..AccessControlEntryRecord::default()
        }
    }
}
