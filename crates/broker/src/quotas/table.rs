//! Which quota holds for a client, as the metadata has them.

use crate::hosts::Hosts;
use dohle_metadata::image::Image;
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// What is limited for users and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Kind {
    /// Bytes of produce requests.
    Produce,
    /// Bytes of fetch responses.
    Fetch,
    /// Time of threads, in percent.
    Request,
    /// Partitions made and deleted.
    Mutation,
}

impl Kind {
    /// All of them.
    pub(crate) const ALL: [Self; 4] = [Self::Produce, Self::Fetch, Self::Request, Self::Mutation];

    /// The key of the quota.
    const fn key(self) -> &'static str {
        match self {
            Self::Produce => "producer_byte_rate",
            Self::Fetch => "consumer_byte_rate",
            Self::Request => "request_percentage",
            Self::Mutation => "controller_mutation_rate",
        }
    }
}

/// The key of addresses.
const CONNECTIONS: &str = "connection_creation_rate";

/// Who shares a quota: all of a user's clients, all users of a client id, or one client id of one
/// user. What is not told apart is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sharers {
    pub(crate) user: Text,
    pub(crate) client_id: Text,
}

/// A part of an entity: not there, the default, or a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Any,
    Default,
    Name(Text),
}

impl Part {
    fn of(part: Option<&Option<Text>>) -> Self {
        match part {
            None => Self::Any,
            Some(None) => Self::Default,
            Some(Some(name)) => Self::Name(name.clone()),
        }
    }
}

/// The quotas of one kind, by user and client id.
type Limits = BTreeMap<(Part, Part), f64>;

/// All quotas of a cluster.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Table {
    limits: BTreeMap<Kind, Limits>,
    /// New connections in a second, by address, and where nothing else is said.
    addresses: BTreeMap<IpAddr, f64>,
    any_address: Option<f64>,
}

impl Table {
    /// What the metadata says. The quota of a host whose address is not known holds for nobody.
    pub(crate) fn of(image: &Image, hosts: &Hosts) -> Self {
        let mut table = Self::default();
        for (entity, quotas) in &image.quotas {
            if let Some(address) = entity.0.get("ip") {
                let Some(rate) = quotas.get(CONNECTIONS).copied() else { continue };
                match address {
                    None => table.any_address = Some(rate),
                    Some(host) => {
                        table.addresses.extend(hosts.address(host).map(|address| (address, rate)));
                    }
                }
                continue;
            }
            let parts = (Part::of(entity.0.get("user")), Part::of(entity.0.get("client-id")));
            for kind in Kind::ALL {
                if let Some(limit) = quotas.get(kind.key()) {
                    table.limits.entry(kind).or_default().insert(parts.clone(), *limit);
                }
            }
        }
        table
    }

    /// True if anybody has a quota of that kind.
    pub(crate) fn has(&self, kind: Kind) -> bool {
        self.limits.contains_key(&kind)
    }

    /// True if any address has a quota.
    pub(crate) fn has_addresses(&self) -> bool {
        !self.addresses.is_empty() || self.any_address.is_some()
    }

    /// The quota of a client and who shares it with it; the most specific one counts.
    pub(crate) fn limit(
        &self,
        kind: Kind,
        user: &Text,
        client_id: &Text,
    ) -> Option<(Sharers, f64)> {
        let limits = self.limits.get(&kind)?;
        // In the order in which they count; a client without an id has none of a client's.
        let users = [Part::Name(user.clone()), Part::Default, Part::Any];
        let clients = [Part::Name(client_id.clone()), Part::Default, Part::Any];
        for user_part in &users {
            for client_part in clients.iter().skip(if client_id.is_empty() { 2 } else { 0 }) {
                let parts = (user_part.clone(), client_part.clone());
                if let Some(limit) = limits.get(&parts) {
                    let told = |part: &Part, name: &Text| match part {
                        Part::Any => Text::default(),
                        Part::Default | Part::Name(_) => name.clone(),
                    };
                    let sharers = Sharers {
                        user: told(user_part, user),
                        client_id: told(client_part, client_id),
                    };
                    return Some((sharers, *limit));
                }
            }
        }
        None
    }

    /// How many connections an address may open in a second.
    pub(crate) fn connection_rate(&self, address: IpAddr) -> Option<f64> {
        self.addresses.get(&address).copied().or(self.any_address)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_metadata::MetadataRecord;
    use dohle_protocol::messages::ClientQuotaRecord;
    use dohle_protocol::messages::client_quota_record::EntityData;

    /// `user=a,client-id=*` is the default client of user a.
    fn image(quotas: &[(&str, &str, f64)]) -> Image {
        let mut image = Image::default();
        for (entity, key, value) in quotas {
            let part = |part: &str| {
                let (kind, name) = part.split_once('=').expect("kind=name");
                EntityData {
                    entity_type: kind.into(),
                    entity_name: (name != "*").then(|| name.into()),
                    ..EntityData::default()
                }
            };
            let record = ClientQuotaRecord {
                entity: entity.split(',').map(part).collect(),
                key: (*key).into(),
                value: *value,
                ..ClientQuotaRecord::default()
            };
            image.apply(&MetadataRecord::from(record));
        }
        image
    }

    /// The eight kinds of entities, the most specific first, as Kafka documents them.
    const ORDER: [(&str, &str, &str); 8] = [
        ("user=u,client-id=c", "u", "c"),
        ("user=u,client-id=*", "u", "c"),
        ("user=u", "u", ""),
        ("user=*,client-id=c", "u", "c"),
        ("user=*,client-id=*", "u", "c"),
        ("user=*", "u", ""),
        ("client-id=c", "", "c"),
        ("client-id=*", "", "c"),
    ];

    #[test]
    fn the_most_specific_quota_counts() {
        let key = Kind::Fetch.key();
        for mask in 0..1_usize << ORDER.len() {
            let there = (0..ORDER.len()).filter(|at| mask >> at & 1 == 1);
            let quotas: Vec<_> = there.map(|at| (ORDER[at].0, key, 1.0 + at as f64)).collect();
            let table = Table::of(&image(&quotas), &Hosts::default());
            let found = table.limit(Kind::Fetch, &"u".into(), &"c".into());
            let expected = (0..ORDER.len()).find(|at| mask >> at & 1 == 1).map(|at| {
                let (_, user, client_id) = ORDER[at];
                (Sharers { user: user.into(), client_id: client_id.into() }, 1.0 + at as f64)
            });
            assert_eq!(found, expected, "{quotas:?}");
            assert_eq!(table.limit(Kind::Produce, &"u".into(), &"c".into()), None);
            assert_eq!(table.has(Kind::Fetch), mask != 0);
        }
    }

    #[test]
    fn a_client_without_an_id_has_quotas_of_users_only() {
        let key = Kind::Produce.key();
        let table = Table::of(
            &image(&[("client-id=*", key, 1.0), ("user=u,client-id=*", key, 2.0)]),
            &Hosts::default(),
        );
        assert_eq!(table.limit(Kind::Produce, &"u".into(), &Text::default()), None);
        let table = Table::of(
            &image(&[("client-id=*", key, 1.0), ("user=*", key, 2.0)]),
            &Hosts::default(),
        );
        let found = table.limit(Kind::Produce, &"u".into(), &Text::default());
        assert_eq!(found.map(|(_, limit)| limit), Some(2.0));
    }

    #[test]
    fn addresses_have_their_own_rate_or_the_default() {
        let table = Table::of(&image(&[("ip=10.0.0.1", CONNECTIONS, 3.0)]), &Hosts::default());
        let rate = |table: &Table, text: &str| table.connection_rate(text.parse().unwrap());
        assert_eq!(rate(&table, "10.0.0.1"), Some(3.0));
        assert_eq!(rate(&table, "10.0.0.2"), None);
        let table = Table::of(
            &image(&[("ip=10.0.0.1", CONNECTIONS, 3.0), ("ip=*", CONNECTIONS, 5.0)]),
            &Hosts::default(),
        );
        assert_eq!(rate(&table, "10.0.0.1"), Some(3.0));
        assert_eq!(rate(&table, "::1"), Some(5.0));
        assert!(table.has_addresses());
    }
}
