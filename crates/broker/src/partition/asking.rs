//! Something rare that is asked of a partition, in its turn.

use super::command::Command;
use super::{Effect, Partition};
use crate::metrics::RecordCounts;
use dohle_env::gather::{Answer, Gather};
use dohle_env::strand::Strand;
use std::sync::Arc;

/// Asks one partition; `None` if it is gone.
pub(crate) async fn ask<T: Send + 'static>(
    partition: &Arc<Strand<Partition>>,
    question: impl FnOnce(&mut Partition, &mut Vec<Effect>) -> T + Send + 'static,
) -> Option<T> {
    let gather = Gather::with_capacity(1);
    submit_question(partition, &gather, question);
    match gather.all().await.pop() {
        Some(Answer::Filled(said)) => Some(said),
        Some(Answer::Gone | Answer::Missing) | None => None,
    }
}

/// Asks a partition something rare as one of several; its answer is the gather's next.
pub(crate) fn submit_question<T: Send + 'static>(
    partition: &Arc<Strand<Partition>>,
    gather: &Gather<T>,
    question: impl FnOnce(&mut Partition, &mut Vec<Effect>) -> T + Send + 'static,
) {
    let slot = gather.slot();
    let question = move |partition: &mut Partition, effects: &mut Vec<Effect>| {
        slot.fill(question(partition, effects));
    };
    partition.submit(Command::Ask(Box::new(question)));
}

/// Adds to what a partition counts, where something about it was decided elsewhere.
pub(crate) fn submit_counts(partition: &Arc<Strand<Partition>>, counts: RecordCounts) {
    let add = move |partition: &mut Partition, _: &mut Vec<Effect>| partition.counts.add(&counts);
    partition.submit(Command::Ask(Box::new(add)));
}
