//! Streams groups as tables: their offsets, state, and members with their tasks.

use super::{internal, json, named, refused, reset};
use crate::arguments::flags::Given;
use crate::commands::consumer_groups::reset::look_up;
use crate::commands::consumer_groups::{coordinator_json, tell};
use crate::console::{Console, Failure};
use crate::session::Session;
use dohle_client::TopicPartition;
use dohle_client::admin::OffsetSpec;
use dohle_protocol::messages::streams_group_describe_response::{
    Assignment, DescribedGroup, TaskIds,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// Describes the groups that the flags name.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let is_verbose = given.has("verbose");
    let ids = named(session, given)?;
    console.begin();
    for id in ids {
        let described =
            session.admin(|admin| async move { admin.describe_streams_group(&id).await });
        let group = described.map_err(refused)?;
        if given.has("members") {
            members(&group, is_verbose, console)?;
        } else if given.has("state") {
            state(session, &group, is_verbose, console)?;
        } else {
            offsets(session, &group, is_verbose, console)?;
        }
    }
    Ok(())
}

/// A line of cells, each as wide as its column and followed by a blank, or by nothing where its
/// width is negative; the last one is not padded.
fn line(cells: &[&str], widths: &[isize], console: &mut Console<'_>) -> Result<(), Failure> {
    for (index, cell) in cells.iter().enumerate() {
        match widths.get(index) {
            Some(width) => {
                let gap = if *width < 0 { "" } else { " " };
                write!(console.out, "{cell:0$}{gap}", width.unsigned_abs())?;
            }
            None => write!(console.out, "{cell}")?,
        }
    }
    writeln!(console.out)?;
    Ok(())
}

/// How wide a column is whose cells may be long.
fn widest<'c>(cells: impl Iterator<Item = &'c str>) -> isize {
    cells.map(str::len).max().unwrap_or(0).max(15).cast_signed()
}

/// Whether there are members to print.
fn has_members(group: &DescribedGroup) -> bool {
    group.group_state != "Dead" && !group.members.is_empty()
}

/// Says of a group without members that it has none.
fn tell_state(group: &DescribedGroup, console: &mut Console<'_>) -> Result<(), Failure> {
    let id = &group.group_id;
    match group.group_state.as_str() {
        "Dead" => tell(&format!("Streams group '{id}' does not exist."), console),
        "Empty" if console.is_json() => {
            Ok(writeln!(console.err, "\nStreams group '{id}' has no active members.")?)
        }
        "Empty" => tell(&format!("Streams group '{id}' has no active members."), console),
        _ => Ok(()),
    }
}

/// The partitions that the active tasks of the members read.
fn partitions(group: &DescribedGroup) -> Result<BTreeSet<TopicPartition>, Failure> {
    let parts = internal::subtopologies(group);
    let mut found = BTreeSet::new();
    for task in group.members.iter().flat_map(|member| &member.assignment.active_tasks) {
        let part = parts.iter().find(|part| part.subtopology_id == task.subtopology_id);
        let part = part.ok_or_else(|| {
            let id = &task.subtopology_id;
            Failure::new(format!("Subtopology {id} not found in group description!"))
        })?;
        for topic in reset::sources(part) {
            found
                .extend(task.partitions.iter().map(|one| TopicPartition::new(topic.clone(), *one)));
        }
    }
    Ok(found)
}

fn offsets(
    session: &Session,
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let name = group.group_id.as_str();
    let partitions: Vec<_> = partitions(group)?.into_iter().collect();
    let starts = look_up(session, &partitions, OffsetSpec::Earliest)?;
    let ends = look_up(session, &partitions, OffsetSpec::Latest)?;
    let committed = reset::source_offsets(session, name)?;
    let behind: Vec<Behind<'_>> = partitions
        .iter()
        .filter_map(|partition| {
            let (start, end) = (*starts.get(partition)?, *ends.get(partition)?);
            let committed = committed.get(partition);
            let current = committed.map(|committed| committed.offset);
            let epoch = committed.map(|committed| committed.leader_epoch).filter(|it| *it >= 0);
            // What was never read is all behind.
            Some(Behind { partition, current, epoch, end, lag: end - current.unwrap_or(start) })
        })
        .collect();
    let told = || behind.iter().map(Behind::to_json).collect();
    if console.tell(|| json::group(group, ("offsets", told()))) || !has_members(group) {
        return Ok(());
    }
    tell_state(group, console)?;
    let topics = widest(partitions.iter().map(|one| one.topic.as_str()));
    let widths = [widest([name].into_iter()), topics, 10, 15, 15, 15];
    if is_verbose {
        let [epoch, end] = ["LEADER-EPOCH", "LOG-END-OFFSET"];
        let cells = ["GROUP", "TOPIC", "PARTITION", "CURRENT-OFFSET", epoch, end, "OFFSET-LAG"];
        line(&cells, &widths, console)?;
    } else {
        line(&["GROUP", "TOPIC", "PARTITION", "OFFSET-LAG"], &widths[..3], console)?;
    }
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    for Behind { partition: one, current, epoch, end, lag } in &behind {
        let (number, lag) = (one.partition.to_string(), lag.to_string());
        if is_verbose {
            let current = or_dash(current.map(|current| current.to_string()));
            let epoch = or_dash(epoch.map(|epoch| epoch.to_string()));
            let end = end.to_string();
            line(&[name, &one.topic, &number, &current, &epoch, &end, &lag], &widths, console)?;
        } else {
            line(&[name, &one.topic, &number, &lag], &widths[..3], console)?;
        }
    }
    Ok(())
}

/// How far a group is in a partition.
struct Behind<'p> {
    partition: &'p TopicPartition,
    current: Option<i64>,
    epoch: Option<i32>,
    end: i64,
    lag: i64,
}

impl Behind<'_> {
    fn to_json(&self) -> Value {
        json!({
            "topic": self.partition.topic.as_str(),
            "partition": self.partition.partition,
            "leaderEpoch": self.epoch,
            "currentOffset": self.current,
            "logEndOffset": self.end,
            "lag": self.lag,
        })
    }
}

fn state(
    session: &Session,
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    tell_state(group, console)?;
    let name = group.group_id.as_str();
    let (place, broker) = session.group_coordinator(name)?;
    if console.tell(|| json::group(group, ("coordinator", coordinator_json(&place, broker)))) {
        return Ok(());
    }
    let coordinator = format!("{place} ({broker})");
    let count = group.members.len().to_string();
    let state = group.group_state.as_str();
    let places = coordinator.len().max(25).cast_signed();
    let widths = [widest([name].into_iter()), places, 25, 15, 25];
    if is_verbose {
        let [epoch, target] = ["GROUP-EPOCH", "TARGET-ASSIGNMENT-EPOCH"];
        let cells = ["GROUP", "COORDINATOR (ID)", "STATE", epoch, target, "#MEMBERS"];
        line(&cells, &widths, console)?;
        let epochs = [group.group_epoch.to_string(), group.assignment_epoch.to_string()];
        return line(
            &[name, &coordinator, state, &epochs[0], &epochs[1], &count],
            &widths,
            console,
        );
    }
    line(&["GROUP", "COORDINATOR (ID)", "STATE", "#MEMBERS"], &widths[..3], console)?;
    line(&[name, &coordinator, state, &count], &widths[..3], console)
}

fn members(
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let told = || group.members.iter().map(json::member).collect();
    if console.tell(|| json::group(group, ("members", told()))) || !has_members(group) {
        return Ok(());
    }
    tell_state(group, console)?;
    let name = group.group_id.as_str();
    let groups = widest([name].into_iter());
    let ids = widest(group.members.iter().map(|one| one.member_id.as_str()));
    let processes = widest(group.members.iter().map(|one| one.process_id.as_str()));
    let clients = widest(group.members.iter().map(|one| one.client_id.as_str()));
    if !is_verbose {
        let widths = [groups, ids, processes, clients];
        line(&["GROUP", "MEMBER", "PROCESS", "CLIENT-ID", "ASSIGNMENTS"], &widths, console)?;
        for one in &group.members {
            let tasks = tasks(&one.assignment, "");
            let cells = [name, &one.member_id, &one.process_id, &one.client_id, &tasks];
            line(&cells, &widths, console)?;
        }
        return Ok(());
    }
    // Kafka's tool puts nothing behind its third column.
    let widths = [groups, 25, -15, ids, 15, 15, processes, clients];
    let header = [
        "GROUP",
        "TARGET-ASSIGNMENT-EPOCH",
        "TOPOLOGY-EPOCH",
        "MEMBER",
        "MEMBER-PROTOCOL",
        "MEMBER-EPOCH",
        "PROCESS",
        "CLIENT-ID",
        "ASSIGNMENTS",
    ];
    line(&header, &widths, console)?;
    let target = group.assignment_epoch.to_string();
    let topology = group.topology.as_ref().map_or(0, |topology| topology.epoch).to_string();
    for one in &group.members {
        let protocol = if one.is_classic { "classic" } else { "streams" };
        let epoch = one.member_epoch.to_string();
        let both = tasks(&one.assignment, "") + &tasks(&one.target_assignment, "TARGET-");
        let (id, process, client) = (&one.member_id, &one.process_id, &one.client_id);
        let cells = [name, &target, &topology, id, protocol, &epoch, process, client, &both];
        line(&cells, &widths, console)?;
    }
    Ok(())
}

/// `ACTIVE: 0:[0,1]; STANDBY: 1:[0]; `: the tasks of an assignment by kind and sub-topology.
fn tasks(assignment: &Assignment, prefix: &str) -> String {
    let of_kind = |kind: &str, tasks: &[TaskIds]| {
        if tasks.is_empty() {
            return String::new();
        }
        let tasks = tasks.iter().map(|task| {
            let partitions: Vec<_> = task.partitions.iter().map(ToString::to_string).collect();
            format!("{}:[{}]; ", task.subtopology_id, partitions.join(","))
        });
        format!("{prefix}{kind}: {}", tasks.collect::<String>())
    };
    of_kind("ACTIVE", &assignment.active_tasks)
        + &of_kind("STANDBY", &assignment.standby_tasks)
        + &of_kind("WARMUP", &assignment.warmup_tasks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Format;
    use crate::terminal::grid::{Look, rendered};
    use dohle_protocol::messages::streams_group_describe_response::{
        Member, Subtopology, TopicInfo, Topology,
    };

    fn group() -> DescribedGroup {
        let task = |id: &str, partitions: &[i32]| TaskIds {
            subtopology_id: id.into(),
            partitions: partitions.to_vec(),
            ..TaskIds::default()
        };
        let assignment = Assignment {
            active_tasks: vec![task("0", &[0, 1]), task("1", &[0])],
            standby_tasks: vec![task("0", &[2])],
            ..Assignment::default()
        };
        let member = Member {
            member_id: "m".into(),
            member_epoch: 7,
            client_id: "c".into(),
            process_id: "p".into(),
            assignment,
            target_assignment: Assignment {
                warmup_tasks: vec![task("0", &[3])],
                ..Assignment::default()
            },
            ..Member::default()
        };
        let reads = Subtopology {
            subtopology_id: "0".into(),
            source_topics: vec!["in".into()],
            ..Subtopology::default()
        };
        let own = TopicInfo { name: "g-r-repartition".into(), ..TopicInfo::default() };
        let counts = Subtopology {
            subtopology_id: "1".into(),
            repartition_source_topics: vec![own],
            ..Subtopology::default()
        };
        let topology =
            Topology { epoch: 3, subtopologies: Some(vec![reads, counts]), ..Topology::default() };
        DescribedGroup {
            group_id: "g".into(),
            group_state: "Stable".into(),
            assignment_epoch: 9,
            topology: Some(topology),
            members: vec![member],
            ..DescribedGroup::default()
        }
    }

    #[test]
    fn partitions_of_active_tasks() {
        let mut group = group();
        let found: Vec<_> = partitions(&group).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["g-r-repartition-0", "in-0", "in-1"]);
        group.topology = None;
        assert!(partitions(&group).is_err());
    }

    #[test]
    fn members_and_their_tasks() {
        let pad =
            |cells: &[&str]| cells.iter().map(|cell| format!("{cell:15} ")).collect::<String>();
        let active = "ACTIVE: 0:[0,1]; 1:[0]; STANDBY: 0:[2]; ";
        for (is_verbose, expected) in [
            (false, pad(&["g", "m", "p", "c"]) + active),
            (
                true,
                format!("{:15} {:25} {:15}", "g", "9", "3")
                    + &pad(&["m", "streams", "7", "p", "c"])
                    + active
                    + "TARGET-WARMUP: 0:[3]; ",
            ),
        ] {
            let (mut out, mut err) = (Vec::new(), Vec::new());
            members(&group(), is_verbose, &mut Console::new(&mut out, &mut err)).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert_eq!(text.lines().nth(1), Some(expected.as_str()));
        }
    }

    #[test]
    fn as_json() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        console.keep_answer(Format::Json);
        members(&group(), false, &mut console).unwrap();
        let task = |kind: &str, subtopology: &str, partitions: &[i32]| json!({ "kind": kind, "subtopology": subtopology, "partitions": partitions });
        let assignment =
            [task("active", "0", &[0, 1]), task("active", "1", &[0]), task("standby", "0", &[2])];
        let expected = json!({
            "group": "g",
            "state": "Stable",
            "groupEpoch": 0,
            "targetAssignmentEpoch": 9,
            "topologyEpoch": 3,
            "memberCount": 1,
            "members": [{
                "memberId": "m",
                "processId": "p",
                "host": "",
                "clientId": "c",
                "protocol": "streams",
                "memberEpoch": 7,
                "assignment": assignment,
                "targetAssignment": [task("warmup", "0", &[3])],
            }],
        });
        let things = console.take_answer().unwrap().things();
        assert_eq!(things, [expected]);
        let look = Look { is_colored: false, columns: None };
        let table = rendered(&things, look);
        assert!(table.contains("  active:0:0,1,active:1:0,standby:0:2  warmup:0:3\n"), "{table}");
        // A group without members is no failure, and told of beside.
        let mut console = Console::new(&mut out, &mut err);
        console.keep_answer(Format::Json);
        let group = DescribedGroup {
            group_id: "g".into(),
            group_state: "Empty".into(),
            ..DescribedGroup::default()
        };
        tell_state(&group, &mut console).unwrap();
        assert_eq!(err, b"\nStreams group 'g' has no active members.\n");
    }

    #[test]
    fn a_group_without_members() {
        let mut group = group();
        group.members.clear();
        group.group_state = "Empty".into();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        members(&group, true, &mut Console::new(&mut out, &mut err)).unwrap();
        assert!(out.is_empty());
        tell_state(&group, &mut Console::new(&mut out, &mut err)).unwrap();
        assert_eq!(out, b"\nError: Streams group 'g' has no active members.\n");
    }
}
