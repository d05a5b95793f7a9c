//! Access rules and what they are about, written as Kafka writes them.

use serde_json::{Value, json};
use std::fmt;

/// Kafka's names of operations, by their numbers.
const OPERATIONS: [&str; 16] = [
    "UNKNOWN",
    "ANY",
    "ALL",
    "READ",
    "WRITE",
    "CREATE",
    "DELETE",
    "ALTER",
    "DESCRIBE",
    "CLUSTER_ACTION",
    "DESCRIBE_CONFIGS",
    "ALTER_CONFIGS",
    "IDEMPOTENT_WRITE",
    "CREATE_TOKENS",
    "DESCRIBE_TOKENS",
    "TWO_PHASE_COMMIT",
];

/// Kafka's names of the kinds of resources, by their numbers.
const RESOURCES: [&str; 8] =
    ["UNKNOWN", "ANY", "TOPIC", "GROUP", "CLUSTER", "TRANSACTIONAL_ID", "DELEGATION_TOKEN", "USER"];

/// Kafka's names of the ways in which names match, by their numbers.
const PATTERNS: [&str; 5] = ["UNKNOWN", "ANY", "MATCH", "LITERAL", "PREFIXED"];

/// Kafka's names of permissions, by their numbers.
const PERMISSIONS: [&str; 4] = ["UNKNOWN", "ANY", "DENY", "ALLOW"];

fn name(names: &[&'static str], number: i8) -> &'static str {
    usize::try_from(number).ok().and_then(|index| names.get(index)).unwrap_or(&"UNKNOWN")
}

/// The name of a kind of resources.
pub(in crate::commands) fn resource_name(number: i8) -> &'static str {
    name(&RESOURCES, number)
}

/// The name of a way in which names match.
pub(in crate::commands) fn pattern_name(number: i8) -> &'static str {
    name(&PATTERNS, number)
}

/// The name of an operation.
pub(in crate::commands) fn operation_name(number: i8) -> &'static str {
    name(&OPERATIONS, number)
}

/// The name of a permission.
pub(in crate::commands) fn permission_name(number: i8) -> &'static str {
    name(&PERMISSIONS, number)
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Operation(pub(super) i8);

impl Operation {
    pub(super) const UNKNOWN: Self = Self(0);
    pub(super) const ANY: Self = Self(1);
    pub(super) const ALL: Self = Self(2);
    pub(super) const READ: Self = Self(3);
    pub(super) const WRITE: Self = Self(4);
    pub(super) const CREATE: Self = Self(5);
    pub(super) const DESCRIBE: Self = Self(8);
    pub(super) const IDEMPOTENT_WRITE: Self = Self(12);

    /// The operation that people call so: `DescribeConfigs`, in any case.
    pub(super) fn named(name: &str) -> Self {
        let mut known = (0_i8..).zip(OPERATIONS);
        let found = known.find(|(_, known)| known.replace('_', "").eq_ignore_ascii_case(name));
        found.map_or(Self::UNKNOWN, |(number, _)| Self(number))
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&OPERATIONS, self.0))
    }
}

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Resource(pub(super) i8);

impl Resource {
    pub(super) const ANY: Self = Self(1);
    pub(super) const TOPIC: Self = Self(2);
    pub(super) const GROUP: Self = Self(3);
    pub(super) const CLUSTER: Self = Self(4);
    pub(super) const TRANSACTIONAL_ID: Self = Self(5);
    pub(super) const DELEGATION_TOKEN: Self = Self(6);
    pub(super) const USER: Self = Self(7);

    /// The operations that there are rules for.
    pub(super) fn operations(self) -> impl Iterator<Item = Operation> {
        let own: &[i8] = match self {
            Self::TOPIC => &[3, 4, 5, 6, 7, 8, 10, 11],
            Self::GROUP => &[3, 6, 8, 10, 11],
            Self::CLUSTER => &[5, 7, 8, 9, 10, 11, 12],
            Self::TRANSACTIONAL_ID => &[4, 8, 15],
            Self::DELEGATION_TOKEN => &[8],
            Self::USER => &[13, 14],
            _ => &[],
        };
        own.iter().map(|number| Operation(*number)).chain([Operation::ALL])
    }
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&RESOURCES, self.0))
    }
}

/// How a pattern's name matches names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Match(pub(super) i8);

impl Match {
    pub(super) const ANY: Self = Self(1);
    pub(super) const LITERAL: Self = Self(3);

    /// The one that people call so, in any case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let mut known = (0_i8..).zip(PATTERNS).skip(1);
        known.find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(number, _)| Self(number))
    }

    /// Whether a rule can be kept with it; the others only look for rules.
    pub(super) fn is_specific(self) -> bool {
        self >= Self::LITERAL
    }
}

impl fmt::Display for Match {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(name(&PATTERNS, self.0))
    }
}

/// What rules are about: resources of a kind whose names match.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pattern {
    pub(super) resource: Resource,
    pub(super) name: String,
    pub(super) matching: Match,
}

impl Pattern {
    /// The cluster, which has one name.
    pub(super) fn cluster() -> Self {
        let name = "kafka-cluster".to_owned();
        Self { resource: Resource::CLUSTER, name, matching: Match::LITERAL }
    }
}

impl Pattern {
    /// It with its rules.
    pub(super) fn to_json(&self, rules: &[&Rule]) -> Value {
        let rule = |rule: &&Rule| {
            json!({
                "principal": rule.principal,
                "host": rule.host,
                "operation": operation_name(rule.operation.0),
                "permissionType": permission_name(rule.permission.0),
            })
        };
        json!({
            "resourceType": resource_name(self.resource.0),
            "resourceName": self.name,
            "patternType": pattern_name(self.matching.0),
            "acls": rules.iter().map(rule).collect::<Value>(),
        })
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { resource, name, matching } = self;
        write!(f, "(resourceType={resource}, name={name}, patternType={matching})")
    }
}

/// Whether it allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Permission(pub(super) i8);

impl Permission {
    pub(super) const ANY: Self = Self(1);
    pub(super) const DENY: Self = Self(2);
    pub(super) const ALLOW: Self = Self(3);
}

/// Who may, or may not, do what from where.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rule {
    pub(super) principal: String,
    pub(super) host: String,
    pub(super) operation: Operation,
    pub(super) permission: Permission,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { principal, host, operation, permission } = self;
        let permission = name(&PERMISSIONS, permission.0);
        write!(
            f,
            "(principal={principal}, host={host}, operation={operation}, \
             permissionType={permission})"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (name, expected) in [
            ("DescribeConfigs", "DESCRIBE_CONFIGS"),
            ("describeconfigs", "DESCRIBE_CONFIGS"),
            ("Read", "READ"),
            ("TWOPHASECOMMIT", "TWO_PHASE_COMMIT"),
            ("Describe_Configs", "UNKNOWN"),
            ("", "UNKNOWN"),
        ] {
            assert_eq!(Operation::named(name).to_string(), expected, "{name}");
        }
        assert_eq!(Match::named("prefixed").map(|one| one.to_string()), Some("PREFIXED".into()));
        assert_eq!(Match::named("unknown"), None);
        assert_eq!(Operation(-4).to_string(), "UNKNOWN");
    }

    #[test]
    fn a_rule_as_kafka_writes_it() {
        let rule = Rule {
            principal: "User:a".into(),
            host: "*".into(),
            operation: Operation::READ,
            permission: Permission::DENY,
        };
        assert_eq!(
            rule.to_string(),
            "(principal=User:a, host=*, operation=READ, permissionType=DENY)"
        );
        assert_eq!(
            Pattern::cluster().to_string(),
            "(resourceType=CLUSTER, name=kafka-cluster, patternType=LITERAL)"
        );
    }
}
