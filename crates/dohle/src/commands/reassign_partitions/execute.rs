//! `--execute` and `--cancel`: reassignments begun and ended.

use super::plan::{self, Places, Plan, Replica};
use super::throttle::{self, Moves};
use super::verify::{check_brokers, lying, number, places_of};
use super::{Replicas, fault, file, join, refused, replicas_of};
use crate::arguments::flags::Given;
use crate::console::{Console, Failure};
use crate::exception::{class_of, exception};
use crate::session::Session;
use dohle_client::{Error, TopicPartition};
use dohle_protocol::ErrorCode;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// How long to wait before a broker is asked again for a replica that it did not have yet.
const RETRY_PAUSE: Duration = Duration::from_millis(100);

/// What is said of many things, with an ending for more than one.
fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Begins the reassignment of a file.
pub(super) fn run(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let text = file(given, "reassignment-json-file")?;
    let between_brokers = number(given, "throttle", -1)?;
    let between_log_dirs = number(given, "replica-alter-log-dirs-throttle", -1)?;
    let timeout = number(given, "timeout", 10_000)?;
    let plan = Plan::read(&text)?;
    let proposed = plan.checked()?;
    let under_way = session.admin(|admin| async move { admin.list_reassignments(None).await });
    let under_way = under_way.map_err(refused)?;
    if !given.has("additional") && !under_way.is_empty() {
        return Err(Failure::new(
            "Cannot execute because there is an existing partition assignment.  Use --additional \
             to override this and create a new partition assignment in addition to the existing \
             one. The --additional flag can also be used to change the throttle by resubmitting \
             the current reassignment.",
        ));
    }
    check_brokers(session, &proposed)?;
    let current = current(session, &proposed)?;
    let places = places_of(session, &current)?;
    writeln!(
        console.out,
        "Current partition replica assignment\n\n{}\n\nSave this to use as the \
         --reassignment-json-file option during rollback",
        plan::json(&current, &places)
    )?;
    if between_brokers >= 0 || between_log_dirs >= 0 {
        writeln!(
            console.out,
            "Warning: You must run --verify periodically, until the reassignment completes, to \
             ensure the throttle is removed."
        )?;
    }
    if between_brokers >= 0 {
        let moves = Moves::new(&under_way, &proposed, &current);
        throttle::between_brokers(session, &moves, between_brokers, console)?;
    }
    if between_log_dirs >= 0 {
        let brokers = plan.places.keys().map(|replica| replica.broker).collect();
        throttle::between_log_dirs(session, brokers, between_log_dirs, console)?;
    }
    let wanted = proposed.into_iter().map(|(partition, replicas)| (partition, Some(replicas)));
    let begun = begin(session, wanted.collect(), !given.has("disallow-replication-factor-change"))?;
    begun.map_err(|told| Failure::new(format!("Error reassigning partition(s):\n{told}")))?;
    let partitions: BTreeSet<_> = plan.replicas.iter().map(|(partition, _)| partition).collect();
    let (ending, listed) = (plural(partitions.len()), join(partitions, ","));
    writeln!(console.out, "Successfully started partition reassignment{ending} for {listed}")?;
    move_replicas(session, plan.places, timeout, console)
}

/// Where the replicas of these partitions are; all must be there.
fn current(session: &Session, wanted: &Replicas) -> Result<Replicas, Failure> {
    let topics = wanted.keys().map(|partition| partition.topic.clone()).collect();
    let mut found = replicas_of(session, &topics)?;
    found.retain(|partition, _| wanted.contains_key(partition));
    let missing: Vec<_> = wanted.keys().filter(|one| !found.contains_key(*one)).collect();
    if missing.is_empty() {
        return Ok(found);
    }
    let error = Error::from(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
    let missing = join(missing, ", ");
    Err(fault(format_args!("{}: Unable to find partition: {missing}", class_of(&error))))
}

/// Begins or (`None`) ends moves; the inner error says of which partitions that failed, line by
/// line.
fn begin(
    session: &Session,
    moves: BTreeMap<TopicPartition, Option<Vec<i32>>>,
    may_change_factor: bool,
) -> Result<Result<(), String>, Failure> {
    let outcome = session
        .admin(|admin| async move { admin.alter_reassignments(&moves, may_change_factor).await });
    let outcome = outcome.map_err(refused)?.into_iter();
    let failed: Vec<_> = outcome
        .filter_map(|(partition, result)| Some(format!("{partition}: {}", result.err()?)))
        .collect();
    Ok(if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) })
}

/// Begins moves between log directories. A replica that its broker does not have yet is asked for
/// again until `timeout_ms` have passed.
fn move_replicas(
    session: &Session,
    mut pending: Places,
    timeout_ms: i64,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let clock = session.client().env().clock.clone();
    let timeout = Duration::from_millis(u64::try_from(timeout_ms).unwrap_or(0));
    let start = clock.now();
    while !pending.is_empty() {
        let begun = alter_places(session, &pending, console)?;
        for (replica, place) in pending.iter().filter(|(replica, _)| begun.contains(replica)) {
            // Kafka's line ends in a blank.
            writeln!(
                console.out,
                "Successfully started moving log directory to {place} for replica {} with broker \
                 {} ",
                replica.partition, replica.broker
            )?;
        }
        pending.retain(|replica, _| !begun.contains(replica));
        if pending.is_empty() {
            break;
        }
        if clock.now() - start >= timeout {
            return Err(Failure::new(format!(
                "Timed out before log directory move{} could be started for: {}",
                plural(pending.len()),
                join(pending.keys(), ",")
            )));
        }
        std::thread::sleep(RETRY_PAUSE);
    }
    Ok(())
}

/// Asks the brokers for these moves; those that began.
fn alter_places(
    session: &Session,
    wanted: &Places,
    console: &mut Console<'_>,
) -> Result<BTreeSet<Replica>, Failure> {
    let mut by_broker: BTreeMap<i32, BTreeMap<TopicPartition, String>> = BTreeMap::new();
    for (replica, place) in wanted {
        let moves = by_broker.entry(replica.broker).or_default();
        moves.insert(replica.partition.clone(), place.clone());
    }
    let mut begun = BTreeSet::new();
    for (broker, moves) in by_broker {
        let outcome = session
            .admin(|admin| async move { admin.alter_replica_log_dirs(broker, &moves).await });
        for (partition, result) in outcome.map_err(refused)? {
            let replica = Replica { broker, partition };
            match result {
                Ok(()) => {
                    begun.insert(replica);
                }
                Err(error) if error.code() == Some(ErrorCode::REPLICA_NOT_AVAILABLE) => {}
                Err(error) => {
                    // What Kafka's tool hides in a backtrace.
                    writeln!(console.err, "{}", exception(&error))?;
                    return Err(fault(format_args!("Failed to alter dir for {replica}")));
                }
            }
        }
    }
    Ok(begun)
}

/// Ends the moves of a file that are under way.
pub(super) fn cancel(
    session: &Session,
    given: &Given,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let text = file(given, "reassignment-json-file")?;
    let timeout = number(given, "timeout", 10_000)?;
    let plan = Plan::read(&text)?;
    let partitions: Vec<_> = plan.replicas.iter().map(|(partition, _)| partition.clone()).collect();
    let under_way =
        session.admin(|admin| async move { admin.list_reassignments(Some(&partitions)).await });
    let under_way = under_way.map_err(refused)?.into_iter();
    let ending: BTreeMap<_, _> = under_way
        .filter(|(_, told)| !told.adding.is_empty() || !told.removing.is_empty())
        .map(|(partition, _)| (partition, None))
        .collect();
    if ending.is_empty() {
        writeln!(console.out, "None of the specified partition reassignments are active.")?;
    } else {
        let (plural, listed) = (plural(ending.len()), join(ending.keys(), ","));
        begin(session, ending, true)?.map_err(|told| {
            let plural = plural_of_lines(&told);
            Failure::new(format!("Error cancelling partition reassignment{plural} for:\n{told}"))
        })?;
        writeln!(
            console.out,
            "Successfully cancelled partition reassignment{plural} for: {listed}"
        )?;
    }
    let lying = lying(session, plan.places.keys())?.into_iter();
    // A replica that is told to be where it is ends its move.
    let moving: Places = lying
        .filter(|(_, lying)| lying.future.is_some())
        .filter_map(|(replica, lying)| Some((replica, lying.current?)))
        .collect();
    if moving.is_empty() {
        // Kafka ends no line here.
        write!(console.out, "None of the specified partition moves are active.")?;
    } else {
        move_replicas(session, moving, timeout, console)?;
    }
    if !given.has("preserve-throttles") {
        throttle::clear(session, &plan, console)?;
    }
    Ok(())
}

fn plural_of_lines(told: &str) -> &'static str {
    plural(told.lines().count())
}
