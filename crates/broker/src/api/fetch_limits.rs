//! How many bytes a fetch gives: of one partition, and of all together.
//!
//! Partitions are read at once, each up to its own limit. What they have to share is settled behind that, as
//! if they had been read one after the other.

use super::fetch::{Fetch, Places, find};
use crate::fetch_session::FetchSession;
use crate::partition::command::Command;
use dohle_env::gather::{Answer, Gather};

/// How much of a partition is wanted.
pub(super) struct BytesLimit {
    pub(super) bytes: usize,
    /// The first batch comes whole even if it is larger than that.
    pub(super) at_least_one_batch: bool,
}

impl Fetch {
    /// Keeps the response within `max_bytes`, as if one partition had been read after the other: the
    /// first that has bytes may exceed the limits, by one batch; the next get what is left of them.
    pub(super) async fn cut_to_limit(&mut self, session: &mut FetchSession) {
        let mut left = usize::try_from(self.bytes_max).unwrap_or(0);
        let mut first = true;
        let with_bytes = self.answers.iter_mut().filter(|(_, answer)| answer.size_bytes != 0);
        let places: Places = with_bytes.map(|(place, _)| place).collect();
        for place in places {
            let Some(partition) = session.partitions.get(&place) else { continue };
            let room = left.min(usize::try_from(partition.wanted.size_bytes_max).unwrap_or(0));
            let Some(answer) = self.answers.get_mut(place) else { continue };
            if !first && room < answer.size_bytes {
                // Batches leave whole or not at all: a client throws a part of one away.
                answer.pieces.clear();
                answer.size_bytes = 0;
                if room > 0 {
                    self.read_within(session, place, room).await;
                }
            }
            first = false;
            let size_bytes = self.answers.get_mut(place).map_or(0, |answer| answer.size_bytes);
            left = left.saturating_sub(size_bytes);
        }
    }

    /// Reads a partition that has more than there is room for once more.
    async fn read_within(&mut self, session: &mut FetchSession, place: u32, room: usize) {
        let Some(partition) = session.partitions.get(&place) else { return };
        let view = self.context.view();
        let Ok(strand) = find(&view, &partition.key) else { return };
        let gather = Gather::with_capacity(1);
        let limit = BytesLimit { bytes: room, at_least_one_batch: false };
        let mark = session.ready.mark(place);
        strand.submit(Command::Read(self.read_of(partition, limit, mark, gather.slot())));
        if let Some(Answer::Filled(answer)) = gather.all().await.pop() {
            if let Some(partition) = session.partitions.get_mut(&place) {
                partition.next = answer.next;
            }
            self.answers.put([(place, answer)]);
        }
    }
}
