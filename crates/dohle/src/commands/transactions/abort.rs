//! Ending by hand: an abort written into a partition, and a transaction ended by its coordinator.

use super::{number, partition};
use crate::arguments::subcommands::Chosen;
use crate::console::Failure;
use crate::session::Session;
use dohle_client::TopicPartition;

/// What is open in a partition, as the marker that ends it has to name it.
struct Open {
    producer: (i64, i16),
    coordinator_epoch: i32,
}

/// Writes the marker of an abort into a partition.
pub(super) fn abort(session: &Session, chosen: &Chosen) -> Result<(), Failure> {
    let place = partition(chosen)?;
    let open = match number(chosen, "start-offset")? {
        Some(start) => beginning_at(session, &place, start)?,
        None => named(chosen)?,
    };
    session.admin(|admin| async move {
        admin.abort_transaction(&place, open.producer, open.coordinator_epoch).await
    })?;
    Ok(())
}

fn beginning_at(session: &Session, place: &TopicPartition, start: i64) -> Result<Open, Failure> {
    let asked = [place.clone()];
    let found =
        session.admin(|admin| async move { admin.describe_producers(&asked, None).await })?;
    let mut producers = found.values().flatten();
    let Some(one) = producers.find(|one| one.current_txn_start_offset == start) else {
        return Err(Failure::new(format!(
            "No transaction that is open in {place} starts at offset {start}"
        )));
    };
    let epoch = i16::try_from(one.producer_epoch).unwrap_or(-1);
    Ok(Open::of(one.producer_id, epoch, one.coordinator_epoch))
}

fn named(chosen: &Chosen) -> Result<Open, Failure> {
    let Some(id) = number(chosen, "producer-id")? else {
        return Err(Failure::new(
            "The transaction to abort must be identified either with --start-offset or with \
             --producer-id, --producer-epoch, and --coordinator-epoch",
        ));
    };
    let missing = |name| Failure::new(format!("Missing required argument --{name}"));
    let epoch = number(chosen, "producer-epoch")?.ok_or_else(|| missing("producer-epoch"))?;
    let coordinator = number(chosen, "coordinator-epoch")?;
    Ok(Open::of(id, epoch, coordinator.ok_or_else(|| missing("coordinator-epoch"))?))
}

impl Open {
    /// A producer whose first transaction hangs is known without the epoch of a coordinator: 0 is
    /// what no coordinator's is below.
    fn of(producer_id: i64, producer_epoch: i16, coordinator_epoch: i32) -> Self {
        Self {
            producer: (producer_id, producer_epoch),
            coordinator_epoch: coordinator_epoch.max(0),
        }
    }
}

/// Has the coordinator end what a transactional id has open; its producer is fenced.
pub(super) fn terminate(session: &Session, chosen: &Chosen) -> Result<(), Failure> {
    let id = chosen.value("transactionalId").unwrap_or_default().to_owned();
    session.admin(|admin| async move { admin.fence_producer(&id).await })?;
    Ok(())
}
