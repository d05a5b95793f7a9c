//! One question to every partition of a request.

use crate::node::View;
use crate::partition::{Effect, Partition, submit_question};
use dohle_env::gather::{Answer, Gather};
use dohle_env::strand::Strand;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::wire::Text;
use std::sync::Arc;

/// A partition that can be asked, or the reason why not.
pub(super) type Found = Result<Arc<Strand<Partition>>, ErrorCode>;

/// The partition of this name.
pub(super) fn find(view: &View, topic: &Text, index: i32) -> Found {
    let topic = view.topic(topic).ok_or(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION)?;
    topic.find(index).cloned()
}

/// Questions that are with their partitions, in the order in which they were asked.
pub(super) struct Asked<T> {
    gather: Gather<Result<T, ErrorCode>>,
    /// What could not be asked, and why; `None` where a slot of the gather has the answer.
    refusals: Vec<Option<ErrorCode>>,
}

/// Asks all partitions at once.
pub(super) fn ask_each<T, Q>(questions: impl Iterator<Item = (Found, Q)>) -> Asked<T>
where
    T: Send + 'static,
    Q: FnOnce(&mut Partition, &mut Vec<Effect>) -> Result<T, ErrorCode> + Send + 'static,
{
    let gather = Gather::with_capacity(questions.size_hint().0);
    let refusals = questions.map(|(found, question)| match found {
        Ok(partition) => {
            submit_question(&partition, &gather, question);
            None
        }
        Err(error) => Some(error),
    });
    let refusals = refusals.collect();
    Asked { gather, refusals }
}

impl<T> Asked<T> {
    /// The answers, in the order of the questions.
    pub(super) async fn answers(self) -> Vec<Result<T, ErrorCode>> {
        let mut answers = self.gather.all().await.into_iter();
        let answer = |refusal| match refusal {
            Some(error) => Err(error),
            None => match answers.next() {
                Some(Answer::Filled(answer)) => answer,
                // The partition went away between the look-up and its turn.
                Some(Answer::Gone | Answer::Missing) | None => {
                    Err(ErrorCode::NOT_LEADER_OR_FOLLOWER)
                }
            },
        };
        self.refusals.into_iter().map(answer).collect()
    }
}
