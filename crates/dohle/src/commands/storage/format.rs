//! `storage format`: makes empty log directories those of a node of a cluster.

use std::fmt::Write as _;

use dohle_metadata::config::BrokerConfig;
use dohle_metadata::features::{METADATA_VERSION, MetadataVersion};
use dohle_metadata::record::MetadataRecord;
use dohle_protocol::messages::{FeatureLevelRecord, VotersRecord};
use dohle_server::world::disk::RealDisk;
use dohle_server::world::random::OsRandom;
use dohle_storage::log_dir::format::Format;

use super::features::{self, Levels};
use super::{layout, now, scram, voters};
use crate::arguments::subcommands::Chosen;
use crate::console::{Console, Failure};

/// Users may stand in the log from 3.5-IV2 on.
const SCRAM_SINCE: MetadataVersion = MetadataVersion(11);

pub(super) fn run(
    chosen: &Chosen,
    config: &BrokerConfig,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    if !config.is_broker && !config.is_controller {
        return Err(Failure::new(
            "The kafka configuration file appears to be for a legacy cluster. Formatting is only \
             supported for clusters in KRaft mode.",
        ));
    }
    if config.node_id < 0 {
        return Err(Failure::new("You must specify a valid non-negative node ID."));
    }
    let has_dynamic_quorum = config.voters.is_empty();
    let first_voters = first_voters(chosen, config)?;
    let levels = features::levels(
        chosen.value("release-version"),
        chosen.values("feature"),
        has_dynamic_quorum,
    )?;
    let records = bootstrap(chosen, &levels)?;
    let encoded: Vec<_> = records.iter().map(|record| record.encode_at(levels.release)).collect();
    let layout = layout(config)?;
    let voters = first_voters.map(|voters| (levels.kraft, voters));
    let format = Format {
        layout: &layout,
        cluster_id: chosen.value("cluster-id").unwrap_or_default(),
        node_id: config.node_id,
        bootstrap: &encoded,
        voters: voters.as_ref(),
        ignore_formatted: chosen.has("ignore-formatted"),
    };
    let failed = |error: dohle_storage::log_dir::format::FormatError| Failure::new(error.0);
    let plan = format.plan(&RealDisk, &OsRandom).map_err(failed)?;
    for path in &plan.failed {
        let path = path.display();
        writeln!(console.out, "I/O error trying to read log directory {path}. Ignoring...")?;
    }
    if plan.empty.is_empty() {
        return Ok(writeln!(console.out, "All of the log directories are already formatted.")?);
    }
    writeln!(console.out, "Bootstrap metadata: {}", shown(&records, levels.release))?;
    for directory in &plan.empty {
        let (path, kind, _) = directory;
        let (path, release) = (path.display(), levels.release);
        writeln!(console.out, "Formatting {kind} {path} with {METADATA_VERSION} {release}.")?;
        format.run(&RealDisk, directory, &OsRandom, now()).map_err(failed)?;
    }
    Ok(())
}

fn first_voters(chosen: &Chosen, config: &BrokerConfig) -> Result<Option<VotersRecord>, Failure> {
    let given = chosen.value("initial-controllers");
    let standalone = chosen.has("standalone");
    if !config.voters.is_empty() && (given.is_some() || standalone) {
        return Err(Failure::new(
            "You cannot specify controller.quorum.voters and format the node with \
             --initial-controllers or --standalone. If you want to use dynamic quorum, please \
             remove controller.quorum.voters and specify controller.quorum.bootstrap.servers \
             instead.",
        ));
    }
    let Some(listener) = config.controller_listener_names.first() else {
        return Err(Failure::new("You must specify the name of the initial controller listener."));
    };
    if standalone {
        return voters::standalone(config, listener).map(Some);
    }
    if let Some(given) = given {
        return voters::parse(given, listener).map(Some);
    }
    let is_open = config.is_controller && config.voters.is_empty();
    if is_open && !chosen.has("no-initial-controllers") {
        return Err(Failure::new(
            "Because controller.quorum.voters is not set on this controller, you must specify one \
             of the following: --standalone, --initial-controllers, or --no-initial-controllers.",
        ));
    }
    Ok(None)
}

/// The records that the cluster begins with: `metadata.version`, the other features by name, users.
fn bootstrap(chosen: &Chosen, levels: &Levels) -> Result<Vec<MetadataRecord>, Failure> {
    let level = |name: &str, level: i16| {
        let record = FeatureLevelRecord {
            name: name.into(),
            feature_level: level,
            ..FeatureLevelRecord::default()
        };
        MetadataRecord::from(record)
    };
    let mut records = vec![level(METADATA_VERSION, levels.release.0)];
    records.extend(levels.others.iter().map(|(name, number)| level(name, *number)));
    for argument in chosen.values("add-scram") {
        if levels.release < SCRAM_SINCE {
            return Err(Failure::new(
                "SCRAM is only supported in metadata.version 3.5-IV2 or later.",
            ));
        }
        records.push(scram::parse(argument)?.into());
    }
    Ok(records)
}

/// The records as Kafka prints them. The keys of users are left out: output ends up in logs.
fn shown(records: &[MetadataRecord], release: MetadataVersion) -> String {
    let mut text = String::from("BootstrapMetadata(records=[");
    for (index, record) in records.iter().enumerate() {
        let comma = if index == 0 { "" } else { ", " };
        let fields = if let MetadataRecord::FeatureLevel(record) = record {
            format!("name='{}', featureLevel={}", record.name, record.feature_level)
        } else if let MetadataRecord::UserScramCredential(record) = record {
            let (name, mechanism, iterations) = (&record.name, record.mechanism, record.iterations);
            format!("name='{name}', mechanism={mechanism}, iterations={iterations}")
        } else {
            String::new()
        };
        let name = record.name();
        write!(text, "{comma}ApiMessageAndVersion({name}({fields}) at version 0)")
            .expect("a String takes all text");
    }
    let level = release.0;
    write!(text, "], metadataVersionLevel={level}, source=format command)")
        .expect("a String takes all text");
    text
}
