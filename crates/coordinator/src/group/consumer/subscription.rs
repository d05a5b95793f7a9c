//! What members want: topics by name, by regular expression, by id.

use super::member::Member;
use super::metadata_hash::TopicHashes;
use super::state::{ConsumerGroup, Resolved};
use dohle_metadata::image::Image;
use dohle_protocol::ids::Uuid;
use dohle_protocol::wire::Text;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Ids of the topics that members want. Members mostly want the same: their lists are shared.
pub(super) struct TopicIds<'a> {
    image: &'a Image,
    resolved: &'a BTreeMap<Text, Resolved>,
    last: Option<(Wants<'a>, Arc<[Uuid]>)>,
}

/// Names, and a regular expression.
type Wants<'a> = (&'a [Text], Option<&'a Text>);

impl<'a> TopicIds<'a> {
    pub(super) const fn new(image: &'a Image, resolved: &'a BTreeMap<Text, Resolved>) -> Self {
        Self { image, resolved, last: None }
    }

    /// The topics of the member that exist, sorted.
    pub(super) fn of(&mut self, member: &'a Member) -> Arc<[Uuid]> {
        let wants = (member.topics(), member.regex());
        if let Some((last, ids)) = &self.last
            && *last == wants
        {
            return Arc::clone(ids);
        }
        let ids: Arc<[Uuid]> = ids(member, self.image, self.resolved).into();
        self.last = Some((wants, Arc::clone(&ids)));
        ids
    }
}

/// The topics of a member that exist, by id. An expression that is not resolved stands for none.
pub(super) fn ids(
    member: &Member,
    image: &Image,
    resolved: &BTreeMap<Text, Resolved>,
) -> Vec<Uuid> {
    let by_regex = member.regex().and_then(|regex| resolved.get(regex));
    let names = member.topics().iter().chain(by_regex.iter().flat_map(|found| &found.topics));
    let mut ids: Vec<Uuid> =
        names.filter_map(|name| Some(image.topics.by_name(name)?.id)).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// What all members of a group want, counted, with changes that are about to be written.
pub(super) struct Subscriptions {
    topics: BTreeMap<Text, usize>,
    regexes: BTreeMap<Text, usize>,
}

impl Subscriptions {
    pub(super) fn of(group: &ConsumerGroup) -> Self {
        Self { topics: group.topic_counts.clone(), regexes: group.regex_counts.clone() }
    }

    pub(super) fn remove(&mut self, member: &Member) {
        for topic in member.topics() {
            decrement(&mut self.topics, topic);
        }
        if let Some(regex) = member.regex() {
            decrement(&mut self.regexes, regex);
        }
    }

    pub(super) fn add(&mut self, member: &Member) {
        for topic in member.topics() {
            *self.topics.entry(topic.clone()).or_insert(0) += 1;
        }
        if let Some(regex) = member.regex() {
            *self.regexes.entry(regex.clone()).or_insert(0) += 1;
        }
    }

    /// The regular expressions that members subscribed to.
    pub(super) fn regexes(&self) -> impl Iterator<Item = &Text> {
        self.regexes.keys()
    }

    /// What the topics look like.
    pub(super) fn metadata_hash(
        &self,
        hashes: &mut TopicHashes,
        image: &Image,
        resolved: &BTreeMap<Text, Resolved>,
    ) -> i64 {
        let by_regex = self.regexes.keys().filter_map(|regex| resolved.get(regex));
        let mut by_regex = by_regex.flat_map(|found| &found.topics).peekable();
        if by_regex.peek().is_none() {
            return hashes.of(image, self.topics.keys());
        }
        let names: BTreeSet<&Text> = self.topics.keys().chain(by_regex).collect();
        hashes.of(image, names)
    }
}

fn decrement(counts: &mut BTreeMap<Text, usize>, key: &Text) {
    if let Some(count) = counts.get_mut(key) {
        *count = count.saturating_sub(1);
        if *count == 0 {
            counts.remove(key);
        }
    }
}
