//! Feature levels: what a release means, what was asked for, and whether it goes together.

use std::collections::BTreeMap;

use dohle_metadata::features::{
    FEATURES, KRAFT_VERSION, METADATA_VERSION, MetadataVersion, defaults_at, feature,
};

use crate::console::{Console, Failure};

/// The release whose levels a new cluster gets: what Apache Kafka 4.3 can still read.
pub(super) const RELEASE_DEFAULT: MetadataVersion = MetadataVersion::V4_3_IV0;
/// From 3.9-IV0 on a new cluster may have its voters in the log.
const KRAFT_VERSION_SINCE: MetadataVersion = MetadataVersion(21);
/// The order in which Kafka lists features.
const LISTED: [&str; 6] = [
    KRAFT_VERSION,
    "transaction.version",
    "group.version",
    "eligible.leader.replicas.version",
    "share.version",
    "streams.version",
];

/// The metadata version of a release's name.
pub(crate) fn release(name: &str) -> Result<MetadataVersion, Failure> {
    MetadataVersion::from_name(name).ok_or_else(|| {
        let levels = MetadataVersion::MINIMUM.0..=MetadataVersion::LATEST.0;
        let names: Vec<_> = levels.map(|level| MetadataVersion(level).name()).collect();
        Failure::new(format!(
            "Unknown metadata.version '{name}'. Supported metadata.version are: {}",
            names.join(", ")
        ))
    })
}

/// A `name=level` of `--feature`.
pub(in crate::commands) fn parse(argument: &str) -> Result<(&str, i16), Failure> {
    let wrong =
        |why: String| Failure::new(format!("Can't parse feature=level string {argument}: {why}"));
    let (name, level) =
        argument.split_once('=').ok_or_else(|| wrong("equals sign not found.".to_owned()))?;
    let level = level.trim();
    let number =
        level.parse().map_err(|_| wrong(format!("unable to parse {level} as a short.")))?;
    Ok((name.trim(), number))
}

/// The levels that a cluster is formatted with.
pub(super) struct Levels {
    /// `metadata.version`.
    pub(super) release: MetadataVersion,
    /// `kraft.version`.
    pub(super) kraft: i16,
    /// All others above 0, by name.
    pub(super) others: BTreeMap<&'static str, i16>,
}

/// The levels that the arguments ask for, filled up with the release's.
pub(super) fn levels<'a>(
    release_name: Option<&str>,
    features: impl Iterator<Item = &'a str>,
    has_dynamic_quorum: bool,
) -> Result<Levels, Failure> {
    let named = release_name.map(release).transpose()?;
    let mut asked = BTreeMap::new();
    for argument in features {
        let (name, level) = parse(argument)?;
        asked.insert(name, level);
    }
    let release = match (asked.remove(METADATA_VERSION), named) {
        (Some(_), Some(_)) => {
            return Err(Failure::new(
                "Use --release-version instead of --feature metadata.version=X to avoid ambiguity.",
            ));
        }
        (Some(level), None) => known_release(level)?,
        (None, named) => named.unwrap_or(RELEASE_DEFAULT),
    };
    let kraft = kraft_level(asked.remove(KRAFT_VERSION), has_dynamic_quorum)?;
    let mut others = defaults_at(release);
    for (name, level) in asked {
        let feature = feature(name).ok_or_else(|| unsupported(name))?;
        others.insert(feature.name, level);
    }
    for (name, level) in &others {
        check(name, *level, release)?;
    }
    check(KRAFT_VERSION, kraft, release)?;
    others.retain(|_, level| *level > 0);
    Ok(Levels { release, kraft, others })
}

fn known_release(level: i16) -> Result<MetadataVersion, Failure> {
    if (MetadataVersion::MINIMUM.0..=MetadataVersion::LATEST.0).contains(&level) {
        Ok(MetadataVersion(level))
    } else {
        Err(Failure::new(format!("No MetadataVersion with feature level {level}")))
    }
}

fn unsupported(name: &str) -> Failure {
    let names = FEATURES.iter().map(|feature| feature.name);
    let mut names: Vec<_> = names.filter(|name| *name != METADATA_VERSION).collect();
    names.sort_unstable();
    Failure::new(format!(
        "Unsupported feature: {name}. Supported features are: {}",
        names.join(", ")
    ))
}

fn check(name: &str, level: i16, release: MetadataVersion) -> Result<(), Failure> {
    let feature = feature(name).ok_or_else(|| unsupported(name))?;
    if !(feature.lowest..=feature.highest).contains(&level) {
        return Err(Failure::new(format!("No feature:{name} with feature level {level}")));
    }
    match feature.needs {
        Some(needed) if level > 0 && release < needed => Err(Failure::new(format!(
            "{name} could not be set to {level} because it depends on metadata.version level {}",
            needed.0
        ))),
        Some(_) | None => Ok(()),
    }
}

fn kraft_level(asked: Option<i16>, has_dynamic_quorum: bool) -> Result<i16, Failure> {
    match (asked, has_dynamic_quorum) {
        (None, dynamic) => Ok(i16::from(dynamic)),
        (Some(0), true) => Err(Failure::new(
            "Cannot set kraft.version to 0 if controller.quorum.voters is empty and one of the \
             flags --standalone, --initial-controllers, or --no-initial-controllers is used. For \
             dynamic controllers support, try removing the --feature flag for kraft.version.",
        )),
        (Some(level), false) if level != 0 => Err(Failure::new(format!(
            "Cannot set kraft.version to {level} unless controller.quorum.voters is empty and one \
             of the flags --standalone, --initial-controllers, or --no-initial-controllers is \
             used. For dynamic controllers support, try using one of --standalone, \
             --initial-controllers, or --no-initial-controllers and removing \
             controller.quorum.voters."
        ))),
        (Some(level), _) => Ok(level),
    }
}

/// `version-mapping`, of `storage` and of `features`.
pub(in crate::commands) fn print_mapping(
    release_name: Option<&str>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    let default = RELEASE_DEFAULT.name();
    let name = release_name.unwrap_or(&default);
    let release = release(name)?;
    writeln!(console.out, "metadata.version={} ({name})", release.0)?;
    for (feature, level) in of_release(release) {
        writeln!(console.out, "{feature}={level}")?;
    }
    Ok(())
}

/// The levels that a release stands for, but for that of the metadata.
pub(in crate::commands) fn of_release(
    release: MetadataVersion,
) -> impl Iterator<Item = (&'static str, i16)> {
    let defaults = defaults_at(release);
    LISTED.into_iter().map(move |feature| match defaults.get(feature) {
        Some(level) => (feature, *level),
        None => (feature, i16::from(feature == KRAFT_VERSION && release >= KRAFT_VERSION_SINCE)),
    })
}

/// `feature-dependencies`, of both too.
pub(in crate::commands) fn print_dependencies<'a>(
    features: impl Iterator<Item = &'a str>,
    console: &mut Console<'_>,
) -> Result<(), Failure> {
    for argument in features {
        let Some((name, level)) = argument.split_once('=') else {
            return Err(Failure::new(format!(
                "Invalid feature format: {argument}. Expected format: 'feature=version' (e.g. \
                 'group.version=1')"
            )));
        };
        let (name, text) = (name.trim(), level.trim());
        let Ok(level) = text.parse::<i16>() else {
            return Err(Failure::new(format!("Invalid version format: {text} for feature {name}")));
        };
        let Some(feature) = feature(name) else {
            return Err(Failure::new(format!("Unknown feature: {name}")));
        };
        let is_release = name == METADATA_VERSION;
        if !(feature.lowest..=feature.highest).contains(&level) {
            return Err(Failure::new(if is_release {
                format!("Unknown metadata.version {level}")
            } else {
                format!("Feature level {level} is not supported for feature {name}")
            }));
        }
        match feature.needs.filter(|_| level > 0) {
            None if is_release => {
                let release = MetadataVersion(level);
                writeln!(console.out, "{name}={level} ({release}) has no dependencies.")?;
            }
            None => writeln!(console.out, "{name}={level} has no dependencies.")?,
            Some(needed) => {
                writeln!(console.out, "{name}={level} requires:")?;
                writeln!(console.out, "    {METADATA_VERSION}={} ({needed})", needed.0)?;
            }
        }
    }
    Ok(())
}
