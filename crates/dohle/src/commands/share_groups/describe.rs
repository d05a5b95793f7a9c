//! Share groups as tables: their offsets, state and members.

use super::json;
use crate::arguments::flags::Given;
use crate::commands::consumer_groups::coordinator_json;
use crate::console::{Console, Failure};
use crate::exception::{refused, wrapped};
use crate::session::Session;
use dohle_protocol::messages::describe_share_group_offsets_response::{
    DescribeShareGroupOffsetsResponsePartition, DescribeShareGroupOffsetsResponseTopic as Topic,
};
use dohle_protocol::messages::share_group_describe_response::{DescribedGroup, Member};
use serde_json::Value;

/// Describes the groups of these names.
pub(super) fn run(
    session: &Session,
    given: &Given,
    ids: &[String],
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let is_verbose = given.has("verbose");
    let mut groups = Vec::new();
    console.begin();
    for id in ids {
        let id = id.clone();
        let described = session.admin(|admin| async move { admin.describe_share_group(&id).await });
        groups.push(described.map_err(refused)?);
    }
    for group in groups {
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

/// Rows below a header, each cell as wide as its column; the last is not padded. A blank line
/// stands above, and a cell may ask for more room by its column's width.
fn table(rows: &[Vec<String>], widths: &[usize], console: &mut Console<'_>) -> Result<(), Failure> {
    for row in rows {
        writeln!(console.out)?;
        for (index, cell) in row.iter().enumerate() {
            match widths.get(index) {
                Some(width) if index + 1 < row.len() => write!(console.out, "{cell:width$} ")?,
                _ => write!(console.out, "{cell}")?,
            }
        }
    }
    writeln!(console.out)?;
    Ok(())
}

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

/// How wide a column is whose cells may be long.
fn widest<'c>(cells: impl Iterator<Item = &'c str>) -> usize {
    cells.map(str::len).max().unwrap_or(0).max(15)
}

fn offsets(
    session: &Session,
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let name = group.group_id.to_string();
    let id = name.clone();
    let told = session.admin(|admin| async move { admin.share_group_offsets(&id).await });
    let mut topics = told.map_err(wrapped)?;
    topics.sort_unstable_by(|one, other| one.topic_name.cmp(&other.topic_name));
    for topic in &mut topics {
        topic.partitions.sort_unstable_by_key(|one| one.partition_index);
    }
    let offsets = || -> Value {
        let of = |topic: &Topic| -> Vec<Value> {
            topic.partitions.iter().map(|one| json::offset(&topic.topic_name, one)).collect()
        };
        topics.iter().flat_map(of).collect()
    };
    if console.tell(|| json::group(group, ("offsets", offsets()))) {
        return Ok(());
    }
    let mut rows = vec![if is_verbose {
        row(["GROUP", "TOPIC", "PARTITION", "LEADER-EPOCH", "START-OFFSET", "LAG"])
    } else {
        row(["GROUP", "TOPIC", "PARTITION", "START-OFFSET", "LAG"])
    }];
    for topic in &topics {
        for one in &topic.partitions {
            let [epoch, start, lag] = cells(one);
            let mut cells =
                vec![name.clone(), topic.topic_name.to_string(), one.partition_index.to_string()];
            if is_verbose {
                cells.push(epoch);
            }
            cells.extend([start, lag]);
            rows.push(cells);
        }
    }
    if rows.len() == 1 {
        writeln!(console.out, "\nShare group '{name}' has no offset information.")?;
        return Ok(());
    }
    let topic = widest(topics.iter().map(|topic| topic.topic_name.as_str()));
    table(&rows, &[widest([name.as_str()].into_iter()), topic, 10, 13, 13], console)
}

/// The leader's epoch, start and lag of a partition; `-` where one is not known.
fn cells(one: &DescribeShareGroupOffsetsResponsePartition) -> [String; 3] {
    if one.error_code.is_error() || one.start_offset < 0 {
        return ["-", "-", "-"].map(str::to_owned);
    }
    let lag = if one.lag < 0 { "-".to_owned() } else { one.lag.to_string() };
    [one.leader_epoch.to_string(), one.start_offset.to_string(), lag]
}

/// Says of a group without members that it has none; whether it has.
fn has_members(group: &DescribedGroup, console: &mut Console<'_>) -> Result<bool, Failure> {
    let id = &group.group_id;
    match group.group_state.as_str() {
        "Dead" => super::tell(&format!("Share group '{id}' does not exist."), console)?,
        "Empty" => writeln!(console.err, "\nShare group '{id}' has no active members.")?,
        _ => {}
    }
    Ok(group.group_state != "Dead" && !group.members.is_empty())
}

fn state(
    session: &Session,
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    has_members(group, console)?;
    let name = group.group_id.to_string();
    let (place, broker) = session.group_coordinator(&name)?;
    if console.tell(|| json::group(group, ("coordinator", coordinator_json(&place, broker)))) {
        return Ok(());
    }
    let coordinator = format!("{place}  ({broker})");
    let count = group.members.len().to_string();
    let state = group.group_state.to_string();
    let group_width = widest([name.as_str()].into_iter());
    let coordinator_width = coordinator.len().max(25);
    if is_verbose {
        let header = row([
            "GROUP",
            "COORDINATOR (ID)",
            "STATE",
            "GROUP-EPOCH",
            "ASSIGNMENT-EPOCH",
            "#MEMBERS",
        ]);
        let epochs = [group.group_epoch.to_string(), group.assignment_epoch.to_string()];
        let [group_epoch, assignment_epoch] = epochs;
        let cells = vec![name, coordinator, state, group_epoch, assignment_epoch, count];
        return table(&[header, cells], &[group_width, coordinator_width, 15, 12, 17], console);
    }
    let header = row(["GROUP", "COORDINATOR (ID)", "STATE", "#MEMBERS"]);
    let cells = vec![name, coordinator, state, count];
    table(&[header, cells], &[group_width, coordinator_width, 15], console)
}

fn members(
    group: &DescribedGroup,
    is_verbose: bool,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let has_members = has_members(group, console)?;
    let mut members: Vec<_> = group.members.iter().collect();
    members.sort_unstable_by(|one, other| one.member_id.cmp(&other.member_id));
    let told = || members.iter().map(|member| json::member(member)).collect();
    if console.tell(|| json::group(group, ("members", told()))) || !has_members {
        return Ok(());
    }
    let name = group.group_id.as_str();
    let mut rows = vec![if is_verbose {
        row([
            "GROUP",
            "CONSUMER-ID",
            "HOST",
            "CLIENT-ID",
            "#PARTITIONS",
            "MEMBER-EPOCH",
            "ASSIGNMENT",
        ])
    } else {
        row(["GROUP", "CONSUMER-ID", "HOST", "CLIENT-ID", "#PARTITIONS", "ASSIGNMENT"])
    }];
    for member in &members {
        let (count, assignment) = assignment(member);
        let mut cells = row([name, &member.member_id, &member.client_host, &member.client_id]);
        cells.push(count.to_string());
        if is_verbose {
            cells.push(member.member_epoch.to_string());
        }
        cells.push(assignment);
        rows.push(cells);
    }
    let widths = [
        widest([name].into_iter()),
        widest(members.iter().map(|one| one.member_id.as_str())),
        widest(members.iter().map(|one| one.client_host.as_str())),
        widest(members.iter().map(|one| one.client_id.as_str())),
        12,
        13,
    ];
    table(&rows, &widths, console)
}

/// How many partitions a member has, and which: `t:0,1;u:0`.
fn assignment(member: &Member) -> (usize, String) {
    let mut topics = Vec::new();
    let mut count = 0;
    for topic in &member.assignment.topic_partitions {
        let mut partitions = topic.partitions.clone();
        partitions.sort_unstable();
        count += partitions.len();
        let partitions: Vec<_> = partitions.iter().map(ToString::to_string).collect();
        topics.push(format!("{}:{}", topic.topic_name, partitions.join(",")));
    }
    topics.sort_unstable();
    (count, topics.join(";"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Format;
    use dohle_protocol::messages::share_group_describe_response::TopicPartitions;
    use serde_json::json;

    #[test]
    fn members_of_a_group() {
        let mut member = Member {
            member_id: "m".into(),
            client_id: "c".into(),
            client_host: "/h".into(),
            ..Member::default()
        };
        for (topic_name, partitions) in [("u", vec![0]), ("t", vec![1, 0])] {
            member.assignment.topic_partitions.push(TopicPartitions {
                topic_name: topic_name.into(),
                partitions,
                ..TopicPartitions::default()
            });
        }
        let group = DescribedGroup {
            group_id: "g".into(),
            group_state: "Stable".into(),
            members: vec![member],
            ..DescribedGroup::default()
        };
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let mut console = Console::new(&mut out, &mut err);
        console.keep_answer(Format::Json);
        members(&group, false, &mut console).unwrap();
        let of = |topic: &str, partition: i32| json!({ "topic": topic, "partition": partition });
        let expected = json!({
            "group": "g",
            "state": "Stable",
            "groupEpoch": 0,
            "targetAssignmentEpoch": 0,
            "memberCount": 1,
            "members": [{
                "consumerId": "m",
                "host": "/h",
                "clientId": "c",
                "memberEpoch": 0,
                "assignment": [of("t", 0), of("t", 1), of("u", 0)],
            }],
        });
        assert_eq!(console.take_answer().unwrap().things(), [expected]);
        assert!(out.is_empty());
        members(&group, false, &mut Console::new(&mut out, &mut err)).unwrap();
        let text = String::from_utf8(out).unwrap();
        let pad = |cell: &str| format!("{cell:15} ");
        let cells = ["g", "m", "/h", "c"].map(pad).concat();
        assert_eq!(text.lines().nth(2), Some(format!("{cells}{:12} t:0,1;u:0", "3").as_str()));
    }
}
