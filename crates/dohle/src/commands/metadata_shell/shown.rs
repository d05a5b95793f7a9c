//! What is in the cluster's metadata, written as Kafka writes it.

use crate::calendar;
use crate::commands::acls::rule;
use dohle_metadata::image::{
    Acl, Broker, Controller, Endpoint, FeatureRange, Partition, Provenance, QuotaEntity,
    ScramCredential,
};
use dohle_protocol::messages::DelegationTokenRecord;
use std::fmt::Display;
use std::fmt::Write as _;

/// Where in the log it stands.
pub(super) fn provenance(provenance: &Provenance) -> String {
    let Provenance { offset, epoch, timestamp } = *provenance;
    let time = calendar::utc_iso(timestamp);
    format!("offset {offset}, epoch {epoch}, time {time}[UTC]")
}

/// An access control entry.
pub(super) fn acl(acl: &Acl) -> String {
    format!(
        "StandardAcl[resourceType={}, resourceName={}, patternType={}, principal={}, host={}, operation={}, \
         permissionType={}]",
        rule::resource_name(acl.resource_type),
        acl.resource_name,
        rule::pattern_name(acl.pattern_type),
        acl.principal,
        acl.host,
        rule::operation_name(acl.operation),
        rule::permission_name(acl.permission_type)
    )
}

/// Whom a quota is for. The default of a type has an empty name, which is not told from its absence.
pub(super) fn quota_entity(entity: &QuotaEntity) -> String {
    let escaped = |name: &str| name.replace('\\', "\\\\").replace('(', "\\(").replace(')', "\\)");
    let part = |(kind, shown): (&str, &str)| {
        let name = entity.0.get(kind)?.as_ref()?;
        Some(format!("{shown}({})", escaped(name)))
    };
    let kinds = [("client-id", "clientId"), ("ip", "ip"), ("user", "user")];
    kinds.into_iter().filter_map(part).collect::<Vec<_>>().join("_")
}

/// A registered broker.
pub(super) fn broker(broker: &Broker) -> String {
    format!(
        "BrokerRegistration(id={}, epoch={}, incarnationId={}, listeners=[{}], supportedFeatures={{{}}}, rack={}, \
         fenced={}, inControlledShutdown={}, isMigratingZkBroker={}, directories={}, cordonedDirectories={})",
        broker.id,
        broker.epoch,
        broker.incarnation_id,
        listeners(&broker.endpoints),
        features(&broker.features),
        broker
            .rack
            .as_ref()
            .map_or_else(|| "Optional.empty".to_owned(), |rack| format!("Optional[{rack}]")),
        broker.is_fenced,
        broker.is_shutting_down,
        broker.is_migrating_zk,
        list(&broker.directories),
        list(broker.cordoned_directories.as_deref().unwrap_or_default()),
    )
}

/// A registered controller.
pub(super) fn controller(controller: &Controller) -> String {
    format!(
        "ControllerRegistration(id={}, incarnationId={}, zkMigrationReady={}, listeners=[{}], \
         supportedFeatures={{{}}})",
        controller.id,
        controller.incarnation_id,
        controller.is_zk_migration_ready,
        listeners(&controller.endpoints),
        features(&controller.features),
    )
}

fn listeners(endpoints: &[Endpoint]) -> String {
    let mut endpoints: Vec<_> = endpoints.iter().collect();
    endpoints.sort_unstable_by(|one, other| one.listener.cmp(&other.listener));
    let shown = endpoints.into_iter().map(|endpoint| {
        let protocol = endpoint.security_protocol().map_or("UNKNOWN", |protocol| protocol.name());
        format!(
            "Endpoint(listenerName='{}', securityProtocol={protocol}, host='{}', port={})",
            endpoint.listener, endpoint.host, endpoint.port
        )
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn features(features: &[FeatureRange]) -> String {
    let mut features: Vec<_> = features.iter().collect();
    features.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    let shown = features.into_iter().map(|feature| match (feature.lowest, feature.highest) {
        (lowest, highest) if lowest == highest => format!("{}: {lowest}", feature.name),
        (lowest, i16::MAX) => format!("{}: {lowest}+", feature.name),
        (lowest, highest) => format!("{}: {lowest}-{highest}", feature.name),
    });
    shown.collect::<Vec<_>>().join(", ")
}

/// A partition.
pub(super) fn partition(partition: &Partition) -> String {
    format!(
        "PartitionRegistration(replicas={}, directories={}, isr={}, removingReplicas={}, addingReplicas={}, elr={}, \
         lastKnownElr={}, leader={}, leaderRecoveryState={}, leaderEpoch={}, partitionEpoch={})",
        list(&partition.replicas),
        list(&partition.directories),
        list(&partition.isr),
        list(&partition.removing_replicas),
        list(&partition.adding_replicas),
        list(&partition.elr),
        list(&partition.last_known_elr),
        partition.leader,
        if partition.is_recovering { "RECOVERING" } else { "RECOVERED" },
        partition.leader_epoch,
        partition.partition_epoch,
    )
}

/// What is kept of a password.
pub(super) fn scram(credential: &ScramCredential) -> String {
    format!(
        "ScramCredentialData(salt={}, storedKey={}, serverKey={}, iterations={})",
        hex(&credential.salt),
        hex(&credential.stored_key),
        hex(&credential.server_key),
        credential.iterations
    )
}

/// A delegation token, with the brackets of Kafka's tool.
pub(super) fn token(token: &DelegationTokenRecord) -> String {
    let renewers: Vec<_> = token.renewers.iter().map(ToString::to_string).collect();
    format!(
        "DelegationTokenDatatokenId={}(owner={}(tokenRequester={}(renewers={}, issueTimestamp={}, maxTimestamp={}), \
         expiryTimestamp={}",
        token.token_id,
        token.owner,
        token.requester,
        renewers.join(" "),
        token.issue_timestamp,
        token.max_timestamp,
        token.expiration_timestamp
    )
}

fn list(items: &[impl Display]) -> String {
    let items: Vec<_> = items.iter().map(ToString::to_string).collect();
    format!("[{}]", items.join(", "))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a String takes all text");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::wire::Text;
    use std::collections::BTreeMap;

    #[test]
    fn entities() {
        let entity = |parts: &[(&'static str, Option<&'static str>)]| {
            let parts = parts.iter().map(|(kind, name)| (Text::from(*kind), name.map(Text::from)));
            quota_entity(&QuotaEntity(parts.collect::<BTreeMap<_, _>>()))
        };
        assert_eq!(
            entity(&[("user", Some("a(b)\\")), ("client-id", Some("c"))]),
            "clientId(c)_user(a\\(b\\)\\\\)"
        );
        assert_eq!(entity(&[("user", Some("a")), ("client-id", None)]), "user(a)");
        assert_eq!(entity(&[("ip", None)]), "");
    }

    #[test]
    fn ranges_of_features() {
        let range = |name: &'static str, lowest, highest| FeatureRange {
            name: name.into(),
            lowest,
            highest,
        };
        let ranges = [range("b", 1, 1), range("a", 0, 2), range("c", 3, i16::MAX)];
        assert_eq!(features(&ranges), "a: 0-2, b: 1, c: 3+");
    }
}
