//! Groups with their offsets, members or state.

use super::{json, named, tell};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::exception;
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_client::admin::{CommittedOffset, DescribedGroup, GroupMember, OffsetSpec};
use serde_json::Value;
use std::collections::BTreeMap;

/// What stands where there is nothing.
const MISSING: &str = "-";

/// Prints what is asked for of each group.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let is_verbose = given.has("verbose");
    let mut groups = named(session, given)?;
    console.begin();
    groups.sort_unstable();
    groups.dedup();
    for id in groups {
        let described = session.admin(|admin| async move { admin.describe_group(&id).await });
        let group = match described {
            Ok(group) => group,
            Err(error) => {
                let what = "Executing consumer group command failed due to";
                // One failure ends the list, as in Kafka's tool.
                return tell(&format!("{what} {}", exception(&error)), console);
            }
        };
        if !is_alive(&group, console)? {
            continue;
        }
        if given.has("members") {
            print_members(&group, is_verbose, console)?;
        } else if given.has("state") {
            print_state(session, &group, is_verbose, console)?;
        } else {
            print_offsets(session, &group, is_verbose, console)?;
        }
    }
    Ok(())
}

/// Tells of groups that are not at work; whether there is something to print.
fn is_alive(group: &DescribedGroup, console: &mut Console<'_>) -> Result<bool, Failure> {
    let id = &group.id;
    match group.state.as_str() {
        "Dead" => {
            tell(&format!("Consumer group '{id}' does not exist."), console)?;
            return Ok(false);
        }
        "Empty" => writeln!(console.err, "\nConsumer group '{id}' has no active members.")?,
        "Stable" => {}
        _ => writeln!(console.err, "\nWarning: Consumer group '{id}' is rebalancing.")?,
    }
    Ok(true)
}

struct Row {
    cells: [String; 10],
}

fn print_offsets(
    session: &Session,
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let id = group.id.clone();
    let committed = session.admin(|admin| async move { admin.group_offsets(&id).await })?;
    let owners = owners(group, &committed);
    if owners.is_empty() {
        console.tell(|| json::group(group, ("offsets", Value::Array(Vec::new()))));
        return Ok(());
    }
    let wanted: BTreeMap<_, _> =
        owners.iter().map(|(_, partition)| (partition.clone(), OffsetSpec::Latest)).collect();
    let ends = session.admin(|admin| async move { admin.list_offsets(&wanted, false).await })?;
    let end_of = |partition: &TopicPartition| {
        ends.get(partition).and_then(|end| end.as_ref().ok()).map(|end| end.offset)
    };
    let offsets = || {
        let offset = |(owner, partition): &(Option<&GroupMember>, TopicPartition)| {
            json::offset(partition, *owner, committed.get(partition), end_of(partition))
        };
        owners.iter().map(offset).collect()
    };
    if console.tell(|| json::group(group, ("offsets", offsets()))) {
        return Ok(());
    }
    let rows: Vec<Row> = owners
        .iter()
        .map(|(owner, partition)| {
            let end = end_of(partition);
            row(&group.id, *owner, partition, committed.get(partition), end)
        })
        .collect();
    let header = [
        "GROUP",
        "TOPIC",
        "PARTITION",
        "LEADER-EPOCH",
        "CURRENT-OFFSET",
        "LOG-END-OFFSET",
        "LAG",
        "CONSUMER-ID",
        "HOST",
        "CLIENT-ID",
    ];
    let header = Row { cells: header.map(str::to_owned) };
    let width =
        |cell: usize| rows.iter().map(|row| row.cells[cell].len()).max().unwrap_or(0).max(15);
    let (group, topic, consumer, host) = (width(0), width(1), width(7), width(8));
    for Row { cells } in std::iter::once(&header).chain(&rows) {
        let [id, name, partition, epoch, current, end, lag, member, place, client] = cells;
        write!(console.out, "\n{id:group$} {name:topic$} {partition:10} ")?;
        if is_verbose {
            write!(console.out, "{epoch:15} ")?;
        }
        write!(
            console.out,
            "{current:15} {end:15} {lag:15} {member:consumer$} {place:host$} {client}"
        )?;
    }
    writeln!(console.out)?;
    Ok(())
}

/// What the members have, those with the most first, and then what is committed and nobody's.
fn owners<'g>(
    group: &'g DescribedGroup,
    committed: &BTreeMap<TopicPartition, CommittedOffset>,
) -> Vec<(Option<&'g GroupMember>, TopicPartition)> {
    let mut members: Vec<&GroupMember> = group.members.iter().collect();
    members.sort_by_key(|member| std::cmp::Reverse(member.assignment.len()));
    let mut owners: Vec<(Option<&GroupMember>, TopicPartition)> = Vec::new();
    for member in members {
        let mut partitions = member.assignment.clone();
        partitions.sort_by_key(|one| one.partition);
        owners.extend(partitions.into_iter().map(|partition| (Some(member), partition)));
    }
    let mut rest: Vec<_> = committed
        .keys()
        .filter(|partition| !owners.iter().any(|(_, owned)| owned == *partition))
        .cloned()
        .collect();
    rest.sort_by_key(|one| one.partition);
    owners.extend(rest.into_iter().map(|partition| (None, partition)));
    owners
}

fn row(
    group: &str,
    owner: Option<&GroupMember>,
    partition: &TopicPartition,
    committed: Option<&CommittedOffset>,
    end: Option<i64>,
) -> Row {
    let number =
        |number: Option<i64>| number.map_or_else(|| MISSING.to_owned(), |one| one.to_string());
    let of_owner = |part: fn(&GroupMember) -> &str| owner.map_or(MISSING, part).to_owned();
    let current = committed.map(|committed| committed.offset);
    let lag = current.zip(end).map(|(current, end)| end - current);
    let epoch = committed.map(|one| one.leader_epoch).filter(|epoch| *epoch >= 0);
    Row {
        cells: [
            group.to_owned(),
            partition.topic.to_string(),
            partition.partition.to_string(),
            number(epoch.map(i64::from)),
            number(current),
            number(end),
            number(lag),
            of_owner(|member| &member.id),
            of_owner(|member| &member.host),
            of_owner(|member| &member.client_id),
        ],
    }
}

/// `other:2;topic:0,1`, as Kafka's tool writes an assignment.
fn assignment(partitions: &[TopicPartition]) -> String {
    if partitions.is_empty() {
        return MISSING.to_owned();
    }
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for one in partitions {
        topics.entry(&one.topic).or_default().push(one.partition);
    }
    let topics = topics.into_iter().map(|(topic, mut numbers)| {
        numbers.sort_unstable();
        let numbers: Vec<_> = numbers.iter().map(i32::to_string).collect();
        format!("{topic}:{}", numbers.join(","))
    });
    let mut topics: Vec<_> = topics.collect();
    topics.sort_unstable();
    topics.join(";")
}

/// What members have and are to have: a line of titles, then one for each.
fn assignments(group: &DescribedGroup) -> Vec<String> {
    let epoch =
        |epoch: Option<i32>| epoch.map_or_else(|| MISSING.to_owned(), |epoch| epoch.to_string());
    let upgraded = |member: &GroupMember| {
        member.is_upgraded.map_or_else(|| MISSING.to_owned(), |is_upgraded| is_upgraded.to_string())
    };
    let target_epoch = epoch(group.epochs.map(|(_, target)| target));
    let mut rows = vec![
        ["CURRENT-EPOCH", "CURRENT-ASSIGNMENT", "TARGET-EPOCH", "TARGET-ASSIGNMENT", "UPGRADED"]
            .map(str::to_owned),
    ];
    rows.extend(group.members.iter().map(|member| {
        [
            epoch(member.epoch),
            assignment(&member.assignment),
            target_epoch.clone(),
            member.target.as_deref().map_or_else(|| MISSING.to_owned(), assignment),
            upgraded(member),
        ]
    }));
    let has = |is_upgraded: bool| {
        group.members.iter().any(|member| member.is_upgraded == Some(is_upgraded))
    };
    let is_migrating = has(true) && has(false);
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0).max(20);
    let (current_width, target_width) = (width(1), width(3));
    let line = |[epoch, current, target_epoch, target, upgraded]: &[String; 5]| {
        let upgraded = if is_migrating { upgraded.as_str() } else { "" };
        format!(
            "{epoch:15} {current:current_width$} {target_epoch:15} {target:target_width$} {upgraded}"
        )
    };
    rows.iter().map(line).collect()
}

fn print_members(
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let members = || group.members.iter().map(json::member).collect();
    if console.tell(|| json::group(group, ("members", members()))) {
        return Ok(());
    }
    let has_static = group.members.iter().any(|member| member.instance_id.is_some());
    let width = |part: fn(&GroupMember) -> usize, least: usize| {
        group.members.iter().map(part).max().unwrap_or(0).max(least)
    };
    let ids = group.id.len().max(15);
    let consumers = width(|member| member.id.len(), 15);
    let instances = width(|member| member.instance_id.as_ref().map_or(0, |id| id.len()), 17);
    let hosts = width(|member| member.host.len(), 15);
    let clients = width(|member| member.client_id.len(), 15);
    let mut lines: Vec<[String; 7]> = vec![
        ["GROUP", "CONSUMER-ID", "GROUP-INSTANCE-ID", "HOST", "CLIENT-ID", "#PARTITIONS", ""]
            .map(str::to_owned),
    ];
    let mut assignments = if is_verbose { assignments(group) } else { Vec::new() }.into_iter();
    lines[0][6] = assignments.next().unwrap_or_default();
    for member in &group.members {
        let more = assignments.next().unwrap_or_default();
        lines.push([
            group.id.to_string(),
            member.id.to_string(),
            member.instance_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            member.host.to_string(),
            member.client_id.to_string(),
            member.assignment.len().to_string(),
            more,
        ]);
    }
    writeln!(console.out)?;
    for [id, consumer, instance, host, client, count, more] in lines {
        write!(console.out, "{id:ids$} {consumer:consumers$} ")?;
        if has_static {
            write!(console.out, "{instance:instances$} ")?;
        }
        writeln!(console.out, "{host:hosts$} {client:clients$} {count:15} {more}")?;
    }
    Ok(())
}

fn print_state(
    session: &Session,
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let cluster = session.admin(|admin| async move { admin.describe_cluster(false).await })?;
    let node = cluster.brokers.iter().find(|node| node.id == group.coordinator);
    let coordinator = || json::coordinator(group.coordinator, node.map(|node| &**node));
    if console.tell(|| json::group(group, ("coordinator", coordinator()))) {
        return Ok(());
    }
    let coordinator = match node {
        Some(node) => format!("{}:{}  ({})", node.host, node.port, node.id),
        None => format!("({})", group.coordinator),
    };
    let (ids, width) = (group.id.len().max(15), coordinator.len().max(25));
    let mut line = |cells: [&str; 7]| -> Result<(), Failure> {
        let [id, place, assignor, state, epoch, target, members] = cells;
        write!(console.out, "\n{id:ids$} {place:width$} {assignor:20} {state:20} ")?;
        if is_verbose {
            write!(console.out, "{epoch:15} {target:25} ")?;
        }
        write!(console.out, "{members}")?;
        Ok(())
    };
    line([
        "GROUP",
        "COORDINATOR (ID)",
        "ASSIGNMENT-STRATEGY",
        "STATE",
        "GROUP-EPOCH",
        "TARGET-ASSIGNMENT-EPOCH",
        "#MEMBERS",
    ])?;
    let epoch =
        |epoch: Option<i32>| epoch.map_or_else(|| MISSING.to_owned(), |epoch| epoch.to_string());
    line([
        &group.id,
        &coordinator,
        if group.assignor.is_empty() { MISSING } else { &group.assignor },
        &group.state,
        &epoch(group.epochs.map(|(epoch, _)| epoch)),
        &epoch(group.epochs.map(|(_, target)| target)),
        &group.members.len().to_string(),
    ])?;
    writeln!(console.out)?;
    Ok(())
}
