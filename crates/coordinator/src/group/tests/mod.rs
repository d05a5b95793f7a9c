//! The group coordinator's decisions as transcripts: a command, what comes of it.
//!
//! `testdata/group/*.txt` hold commands (`> …`) and, below each, answers, records and changes of
//! state. A run with `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod command;
pub(super) mod compaction;
mod host;
mod model;
mod show;

use super::classic::State;
use host::Host;
pub(super) use host::batch_bytes;
use std::collections::BTreeSet;

const ALL: [State; 4] =
    [State::Empty, State::PreparingRebalance, State::CompletingRebalance, State::Stable];

#[test]
fn decisions_are_as_written_down() {
    let mut seen = BTreeSet::new();
    crate::transcripts::check("group", |text| {
        let mut host = Host::default();
        let written = host.replay(text);
        host.check_replay();
        seen.append(&mut host.transitions);
        written
    });
    let pairs = ALL.into_iter().flat_map(|from| ALL.map(|to| (from, to)));
    let table: BTreeSet<_> = pairs.filter(|(from, to)| to.may_follow(*from)).collect();
    assert_eq!(seen, table, "each transition that there is stands in a transcript");
}
