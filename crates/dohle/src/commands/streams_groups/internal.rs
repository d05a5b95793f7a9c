//! Topics that an application made for itself, by its group's topology and by their names.

use super::refused;
use crate::arguments::flags::Given;
use crate::commands::consumer_groups::tell;
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::Session;
use dohle_client::Error;
use dohle_protocol::ErrorCode;
use dohle_protocol::messages::streams_group_describe_response::{DescribedGroup, Subtopology};
use std::collections::BTreeMap;

/// The sub-topologies of a group; none where its topology is not known.
pub(super) fn subtopologies(group: &DescribedGroup) -> &[Subtopology] {
    let topology = group.topology.as_ref().and_then(|topology| topology.subtopologies.as_deref());
    topology.unwrap_or_default()
}

/// The topics that are the application's own, by group. What cannot be found out is told, and is no
/// failure: the groups can be deleted all the same.
pub(super) fn of_groups(
    session: &Session,
    ids: &[String],
    console: &mut Console<'_>,
) -> Result<BTreeMap<String, Vec<String>>, Failure> {
    let mut found = BTreeMap::new();
    for id in ids {
        let name = id.clone();
        let told = session.admin(|admin| async move { admin.describe_streams_group(&name).await });
        let group = match told {
            Ok(group) => group,
            Err(error) => {
                tell_why_not(session, ids, &error, console)?;
                return Ok(BTreeMap::new());
            }
        };
        let mut own = Vec::new();
        for topic in made(&group) {
            if is_internal(&topic, id) {
                own.push(topic);
                continue;
            }
            let what = format!(
                "The internal topic '{topic}' is not inferred as internal and thus will not be \
                 deleted with the group '{id}'."
            );
            tell(&what, console)?;
        }
        if !own.is_empty() {
            found.insert(id.clone(), own);
        }
    }
    Ok(found)
}

/// Repartition topics and changelogs of a topology that are not its sources.
fn made(group: &DescribedGroup) -> Vec<String> {
    let parts = subtopologies(group);
    let is_source =
        |topic: &str| parts.iter().flat_map(|one| &one.source_topics).any(|it| it == topic);
    let topics = parts
        .iter()
        .flat_map(|one| one.repartition_source_topics.iter().chain(&one.state_changelog_topics));
    topics.map(|topic| topic.name.to_string()).filter(|name| !is_source(name)).collect()
}

/// Whether Kafka Streams names a topic so that it makes for an application.
pub(in crate::commands) fn is_internal(topic: &str, application: &str) -> bool {
    if !topic.strip_prefix(application).is_some_and(|rest| rest.starts_with('-')) {
        return false;
    }
    let ends = [
        "-changelog",
        "-repartition",
        "-subscription-registration-topic",
        "-subscription-response-topic",
    ];
    let is_numbered = |what: &&str| {
        let join = format!("-KTABLE-FK-JOIN-SUBSCRIPTION-{what}-");
        let number = topic.rsplit_once(&join).and_then(|(_, rest)| rest.strip_suffix("-topic"));
        number.is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    ends.iter().any(|end| topic.ends_with(end))
        || ["REGISTRATION", "RESPONSE"].iter().any(is_numbered)
}

fn tell_why_not(
    session: &Session,
    ids: &[String],
    error: &Error,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let is_unsupported = matches!(error, Error::UnsupportedVersion { .. })
        || error.code() == Some(ErrorCode::UNSUPPORTED_VERSION);
    if !is_unsupported {
        let why = exception(error);
        return tell(&format!("Retrieving internal topics failed due to {why}"), console);
    }
    let what = "Retrieving internal topics is not supported by the broker version.";
    match session.admin(|admin| async move { admin.list_topics().await }) {
        Ok(topics) => {
            let names = topics.iter().map(|topic| topic.name.as_str());
            let names = names.filter(|name| ids.iter().any(|id| is_internal(name, id)));
            let names = names.collect::<Vec<_>>().join(",");
            let how = "Use 'kafka-topics.sh' to delete the group's internal topics.";
            tell(&format!("{what}\nInternal topics: ({names}).\n{how}"), console)
        }
        Err(_) => {
            let how = "Use 'kafka-topics.sh' to list and delete the group's internal topics.";
            tell(&format!("{what} {how}"), console)
        }
    }
}

/// Deletes topics; those that are still there, and the first reason.
pub(in crate::commands) fn delete(
    session: &Session,
    topics: &[String],
) -> (Vec<String>, Option<Error>) {
    let (mut left, mut reason) = (Vec::new(), None);
    for topic in topics {
        let name = topic.clone();
        let deleted = session.admin(|admin| async move { admin.delete_topic(&name).await });
        if let Err(error) = deleted {
            left.push(topic.clone());
            reason.get_or_insert(error);
        }
    }
    (left, reason)
}

/// Deletes what `--delete-internal-topic` and `--delete-all-internal-topics` say of a group that
/// was reset.
pub(super) fn delete_for(
    session: &Session,
    given: &Given,
    group: &str,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let topics: Vec<String> = if given.has("delete-all-internal-topics") {
        let mut found = of_groups(session, &[group.to_owned()], console)?;
        found.remove(group).unwrap_or_default()
    } else {
        given.values("delete-internal-topic").map(str::to_owned).collect()
    };
    let (_, Some(error)) = delete(session, &topics) else { return Ok(()) };
    let what = format!("Deleting internal topics for group '{group}' failed");
    if error.code() == Some(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION) {
        return tell(&format!("{what} because the topics do not exist."), console);
    }
    let Failure::Message(why) = refused(error) else { return Ok(()) };
    tell(&format!("{what} due to {why}"), console)
}

#[cfg(test)]
mod tests {
    use super::*;
    use dohle_protocol::messages::streams_group_describe_response::{TopicInfo, Topology};

    #[test]
    fn names_of_internal_topics() {
        for (topic, expected) in [
            ("app-store-changelog", true),
            ("app-counts-repartition", true),
            ("app-changelog", true),
            ("app-x-subscription-registration-topic", true),
            ("app-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-0000000012-topic", true),
            ("app-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE--topic", false),
            ("app-KTABLE-FK-JOIN-SUBSCRIPTION-RESPONSE-1x-topic", false),
            ("other-store-changelog", false),
            ("app-store", false),
            ("appstore-changelog", false),
        ] {
            assert_eq!(is_internal(topic, "app"), expected, "{topic}");
        }
    }

    #[test]
    fn sources_are_not_made() {
        let info = |name: &str| TopicInfo { name: name.into(), ..TopicInfo::default() };
        let part = Subtopology {
            source_topics: vec!["in".into(), "app-through-repartition".into()],
            repartition_source_topics: vec![
                info("app-through-repartition"),
                info("app-b-repartition"),
            ],
            state_changelog_topics: vec![info("app-s-changelog")],
            ..Subtopology::default()
        };
        let topology = Topology { subtopologies: Some(vec![part]), ..Topology::default() };
        let group = DescribedGroup { topology: Some(topology), ..DescribedGroup::default() };
        assert_eq!(made(&group), ["app-b-repartition", "app-s-changelog"]);
        assert!(made(&DescribedGroup::default()).is_empty());
    }
}
