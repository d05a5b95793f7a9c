//! Addresses of the hosts that configs and quotas name.
//!
//! A name is looked up when it is set, as Kafka does: not for each connection, and not again while
//! it stands.

use crate::node::Node;
use dohle_metadata::config::broker;
use dohle_metadata::image::Image;
use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What is known of hosts.
#[derive(Default)]
pub(crate) struct Hosts {
    known: Mutex<BTreeMap<String, IpAddr>>,
}

impl Hosts {
    /// The address of a host, if it is one itself or was found.
    pub(crate) fn address(&self, host: &str) -> Option<IpAddr> {
        literal(host).or_else(|| self.lock().get(host).copied())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, IpAddr>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The address that a text is.
pub(crate) fn literal(host: &str) -> Option<IpAddr> {
    let address: IpAddr = host.trim_matches(['[', ']']).parse().ok()?;
    Some(address.to_canonical())
}

/// Of several addresses IPv4's, which Java takes too.
fn preferred(addresses: &[SocketAddr]) -> Option<IpAddr> {
    let first = addresses.iter().find(|address| address.is_ipv4()).or_else(|| addresses.first());
    first.map(|address| address.ip().to_canonical())
}

/// Looks up hosts, on a lane: it may take long. Those that have no address.
pub(crate) async fn look_up(node: &Arc<Node>, names: BTreeSet<String>) -> BTreeSet<String> {
    if names.is_empty() {
        return names;
    }
    let (net, asked) = (node.env.net.clone(), names.clone());
    let resolve = move || {
        let of = |name: String| {
            let address = net.resolve(&name, 0).ok().and_then(|found| preferred(&found));
            (name, address)
        };
        asked.into_iter().map(of).collect::<Vec<_>>()
    };
    let Some(found) = node.metadata_directory.on_lane(resolve).await else { return names };
    let mut unknown = BTreeSet::new();
    let mut known = node.hosts.lock();
    for (name, address) in found {
        match address {
            Some(address) => drop(known.insert(name, address)),
            None => drop(unknown.insert(name)),
        }
    }
    unknown
}

/// The hosts that configs and quotas name and whose addresses were never looked for.
pub(crate) fn unknown(node: &Node, image: &Image) -> BTreeSet<String> {
    let overrides = node.with_layers(image, broker::connections_per_ip_overrides);
    let of_quotas = image.quotas.keys().filter_map(|entity| entity.0.get("ip")?.as_ref());
    overrides
        .unwrap_or_default()
        .into_keys()
        .chain(of_quotas.map(|host| host.as_str().to_owned()))
        .filter(|host| node.hosts.address(host).is_none())
        .collect()
}
