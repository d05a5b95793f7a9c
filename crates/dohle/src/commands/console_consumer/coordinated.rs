//! Records of coordinators as JSON: one object each, and nothing between them, as Kafka's formatters print.

use crate::commands::dump_log::decoder::split_version;
use crate::console::Failure;
use dohle_client::consumer::Record;
use dohle_protocol::descriptor::{Descriptor, Kind};
use std::fmt;
use std::io::Write;

/// Which records of which topic are printed; others are passed over.
#[derive(Clone, Copy, Debug)]
pub(in crate::commands) struct Coordinated {
    key: Kind,
    value: Kind,
    is_wanted: fn(&Descriptor) -> bool,
}

impl Coordinated {
    /// The formatter that is called so, without its package.
    pub(super) fn named(name: &str) -> Option<Self> {
        let of_groups =
            |is_wanted| Self { key: Kind::GroupKey, value: Kind::GroupValue, is_wanted };
        let all = |key, value| Self { key, value, is_wanted: |_| true };
        match name {
            "OffsetsMessageFormatter" => Some(of_groups(|key| key.name.contains("OffsetCommit"))),
            "GroupMetadataMessageFormatter" => {
                Some(of_groups(|key| key.name.starts_with("GroupMetadata")))
            }
            "ShareGroupMessageFormatter" => {
                Some(of_groups(|key| key.name.starts_with("ShareGroup")))
            }
            "TransactionLogMessageFormatter" => {
                Some(all(Kind::TransactionKey, Kind::TransactionValue))
            }
            "ShareGroupStateMessageFormatter" => Some(all(Kind::ShareKey, Kind::ShareValue)),
            _ => None,
        }
    }

    /// Prints one record.
    pub(super) fn write(self, record: &Record, out: &mut dyn Write) -> Result<(), Failure> {
        let Some(key) = &record.key else { return Ok(()) };
        let broken = |what: &dyn fmt::Display| {
            let offset = record.offset;
            Failure::new(format!("Could not read record at offset {offset} due to: {what}"))
        };
        let (kind, data) = split_version(key).ok_or_else(|| broken(&"its key has no version"))?;
        let Some(descriptor) = Descriptor::keyed(self.key, kind) else { return Ok(()) };
        if !(self.is_wanted)(descriptor) {
            return Ok(());
        }
        let mut json = format!("{{\"key\":{{\"type\":{kind},\"data\":");
        let read =
            (descriptor.decode_json)(key.slice_ref(data), descriptor.lowest_version, &mut json);
        read.map_err(|error| broken(&error))?;
        json.push_str("},\"value\":");
        match &record.value {
            None => json.push_str("null"),
            Some(value) => {
                let (version, data) =
                    split_version(value).ok_or_else(|| broken(&"its value has no version"))?;
                let Some(descriptor) = Descriptor::keyed(self.value, kind) else { return Ok(()) };
                json.push_str(&format!("{{\"version\":{version},\"data\":"));
                let read = (descriptor.decode_json)(value.slice_ref(data), version, &mut json);
                read.map_err(|error| broken(&error))?;
                json.push('}');
            }
        }
        json.push('}');
        out.write_all(json.as_bytes())?;
        Ok(())
    }
}
