//! Control records: transaction markers and the metadata quorum's own.

use bytes::Bytes;
use dohle_protocol::descriptor::{Descriptor, Kind};
use dohle_protocol::record::ControlRecordType;
use dohle_protocol::record::control::parse_coordinator_epoch;

use crate::console::{Console, Failure};

pub(super) fn print(
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::new(error.to_string());
    let kind = ControlRecordType::parse_key(key).map_err(|error| failed(&error))?;
    let (title, message) = match kind {
        ControlRecordType::Abort | ControlRecordType::Commit => {
            let marker = if kind == ControlRecordType::Abort { "ABORT" } else { "COMMIT" };
            let epoch = parse_coordinator_epoch(value).map_err(|error| failed(&error))?;
            write!(console.out, " endTxnMarker: {marker} coordinatorEpoch: {epoch}")?;
            return Ok(());
        }
        ControlRecordType::Unknown(id) => {
            write!(console.out, " controlType: UNKNOWN({id})")?;
            return Ok(());
        }
        ControlRecordType::LeaderChange => ("LeaderChange:", "LeaderChangeMessage"),
        ControlRecordType::SnapshotHeader => ("SnapshotHeader", "SnapshotHeaderRecord"),
        ControlRecordType::SnapshotFooter => ("SnapshotFooter", "SnapshotFooterRecord"),
        ControlRecordType::KRaftVersion => ("KRaftVersion", "KRaftVersionRecord"),
        ControlRecordType::KRaftVoters => ("KRaftVoters", "VotersRecord"),
    };
    let descriptor = Descriptor::named(Kind::Data, message)
        .ok_or_else(|| Failure::new(format!("no schema of {message}")))?;
    let mut json = String::new();
    let value = Bytes::copy_from_slice(value.unwrap_or_default());
    // The version that the body names is its own field; the schema has the one version 0.
    (descriptor.decode_json)(value, 0, &mut json).map_err(|error| failed(&error))?;
    write!(console.out, " {title} {json}")?;
    Ok(())
}
