//! Decisions on consumer groups as transcripts, and a model of clients that none must break.
//!
//! `testdata/consumer/*.txt` hold commands (`> …`) and, below each, what came of them. A run with
//! `REWRITE=1` writes the files anew; the difference is then for the eyes.

mod classic_client;
mod command;
mod host;
mod model;
mod offsets;
mod show;

use crate::transcripts::{Step, check_table, table};
use host::Host;
use std::collections::BTreeSet;

/// The steps of groups that there are, from the table beside their states.
fn group_steps() -> BTreeSet<Step> {
    table(include_str!("../state.rs"), "from")
}

/// The steps of members.
fn member_steps() -> BTreeSet<Step> {
    table(include_str!("../member.rs"), "from")
}

#[test]
fn decisions_are_as_written_down() {
    let (mut groups, mut members) = (BTreeSet::new(), BTreeSet::new());
    crate::transcripts::check("consumer", |text| {
        let mut host = Host::default();
        let written = command::replay(&mut host, text);
        groups.append(&mut host.group_steps);
        members.append(&mut host.member_steps);
        written
    });
    check_table(&groups, &group_steps());
    check_table(&members, &member_steps());
}
