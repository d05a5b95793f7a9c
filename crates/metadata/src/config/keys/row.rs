//! One config key: what it is called, what it may hold, when it may change, and what it does here.
//!
//! The tables beside this file are written with the small functions below, so that a row states
//! only what differs from the usual: importance medium, read-only, no check, effective.

use crate::config::check::Check;

/// A declared key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// The key as it stands in files and requests.
    pub name: &'static str,
    /// The type of its values.
    pub kind: Kind,
    /// What holds where nothing is set.
    pub default: Default,
    /// What a value must satisfy beyond its type.
    pub check: Check,
    /// How much it matters, in Kafka's judgement.
    pub importance: Importance,
    /// When it may change.
    pub update: Update,
    /// Not listed unless it is set.
    pub internal: bool,
    /// The broker's keys that it falls back to, the first wins.
    pub synonyms: &'static [Synonym],
    /// What it means.
    pub doc: &'static str,
    /// What it does here.
    pub state: State,
    /// The test that shows its effect, `path of the file:name`; empty if none is named yet.
    pub shown_by: &'static str,
}

/// The type of a key's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// Text.
    String,
    /// 32 bits.
    Int,
    /// 16 bits.
    Short,
    /// 64 bits.
    Long,
    /// A floating point number.
    Double,
    /// Texts with commas between them.
    List,
    /// The name of a Java class.
    Class,
    /// Text that is never shown.
    Password,
}

impl Kind {
    /// Kafka's name of the type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boolean => "BOOLEAN",
            Self::String => "STRING",
            Self::Int => "INT",
            Self::Short => "SHORT",
            Self::Long => "LONG",
            Self::Double => "DOUBLE",
            Self::List => "LIST",
            Self::Class => "CLASS",
            Self::Password => "PASSWORD",
        }
    }

    /// The number of the type in DescribeConfigs answers.
    pub const fn wire(self) -> i8 {
        match self {
            Self::Boolean => 1,
            Self::String => 2,
            Self::Int => 3,
            Self::Short => 4,
            Self::Long => 5,
            Self::Double => 6,
            Self::List => 7,
            Self::Class => 8,
            Self::Password => 9,
        }
    }

    /// True if values are never shown.
    pub const fn is_sensitive(self) -> bool {
        matches!(self, Self::Password)
    }
}

/// What a key is where nothing is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// It has no value.
    Null,
    /// This, as it would stand in a file.
    Text(&'static str),
}

/// Kafka's importance of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Importance {
    /// Look at it.
    High,
    /// Good to know.
    Medium,
    /// Leave it.
    Low,
}

/// When a key may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// With a restart only.
    ReadOnly,
    /// At run time, for one broker.
    PerBroker,
    /// At run time, for one broker or for all.
    ClusterWide,
    /// At run time; the resource is no broker.
    Dynamic,
}

/// A broker's key that stands in for an unset one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synonym {
    /// The broker's key.
    pub name: &'static str,
    /// What its number is multiplied with.
    pub factor: i64,
}

/// What a key does here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// What Kafka's does.
    Effective,
    /// Nothing, ever: the reason why.
    NoMeaning(&'static str),
    /// Nothing yet, and nobody counts on it: the part that it waits for. Whoever sets it is warned.
    NotBuilt(&'static str),
    /// Nothing yet, and a node without it would give its user less than the key promises: the part
    /// that it waits for. Only the default is taken (decision 11).
    Refused(&'static str),
}

const fn key(name: &'static str, kind: Kind, default: Default) -> Key {
    Key {
        name,
        kind,
        default,
        check: Check::Any,
        importance: Importance::Medium,
        update: Update::ReadOnly,
        internal: false,
        synonyms: &[],
        doc: "",
        state: State::Effective,
        shown_by: "",
    }
}

macro_rules! kinds {
    ($($plain:ident $null:ident $required:ident $kind:ident;)*) => { $(
        #[allow(dead_code, reason = "no table needs every form of every type")]
        pub(super) const fn $plain(name: &'static str, default: &'static str) -> Key {
            key(name, Kind::$kind, Default::Text(default))
        }
        #[allow(dead_code, reason = "no table needs every form of every type")]
        pub(super) const fn $null(name: &'static str) -> Key {
            key(name, Kind::$kind, Default::Null)
        }
        #[allow(dead_code, reason = "no table needs every form of every type")]
        pub(super) const fn $required(name: &'static str) -> Key {
            key(name, Kind::$kind, Default::Required)
        }
    )* };
}

kinds! {
    boolean boolean_or_null boolean_required Boolean;
    string string_or_null string_required String;
    int int_or_null int_required Int;
    short short_or_null short_required Short;
    long long_or_null long_required Long;
    double double_or_null double_required Double;
    list list_or_null list_required List;
    class class_or_null class_required Class;
    password password_or_null password_required Password;
}

/// The broker's key as it is.
pub(super) const fn same(name: &'static str) -> Synonym {
    Synonym { name, factor: 1 }
}

/// The broker's key, minutes for milliseconds.
pub(super) const fn minutes(name: &'static str) -> Synonym {
    Synonym { name, factor: 60_000 }
}

/// The broker's key, hours for milliseconds.
pub(super) const fn hours(name: &'static str) -> Synonym {
    Synonym { name, factor: 3_600_000 }
}

#[rustfmt::skip]
impl Key {
    pub(super) const fn check(mut self, check: Check) -> Self { self.check = check; self }
    pub(super) const fn at_least(self, least: i64) -> Self { self.check(Check::AtLeast(least)) }
    pub(super) const fn between(self, least: i64, most: i64) -> Self { self.check(Check::Between(least, most)) }
    pub(super) const fn between_reals(self, least: f64, most: f64) -> Self { self.check(Check::BetweenReals(least, most)) }
    pub(super) const fn one_of(self, these: &'static [&'static str]) -> Self { self.check(Check::OneOf(these)) }
    pub(super) const fn one_of_any_case(self, these: &'static [&'static str]) -> Self { self.check(Check::OneOfAnyCase(these)) }
    pub(super) const fn list(self) -> Self { self.check(Check::List { empty: true, null: false, of: &[] }) }
    pub(super) const fn list_any(self) -> Self { self.check(Check::List { empty: true, null: true, of: &[] }) }
    pub(super) const fn list_or_null(self) -> Self { self.check(Check::List { empty: false, null: true, of: &[] }) }
    pub(super) const fn list_not_empty(self) -> Self { self.check(Check::List { empty: false, null: false, of: &[] }) }
    pub(super) const fn list_of(self, of: &'static [&'static str]) -> Self { self.check(Check::List { empty: false, null: false, of }) }
    pub(super) const fn list_of_or_empty(self, of: &'static [&'static str]) -> Self { self.check(Check::List { empty: true, null: false, of }) }
    pub(super) const fn high(mut self) -> Self { self.importance = Importance::High; self }
    pub(super) const fn low(mut self) -> Self { self.importance = Importance::Low; self }
    pub(super) const fn per_broker(mut self) -> Self { self.update = Update::PerBroker; self }
    pub(super) const fn cluster_wide(mut self) -> Self { self.update = Update::ClusterWide; self }
    pub(super) const fn dynamic(mut self) -> Self { self.update = Update::Dynamic; self }
    pub(super) const fn internal(mut self) -> Self { self.internal = true; self }
    pub(super) const fn from(mut self, synonyms: &'static [Synonym]) -> Self { self.synonyms = synonyms; self }
    pub(super) const fn no_meaning(mut self, why: &'static str) -> Self { self.state = State::NoMeaning(why); self }
    pub(super) const fn shown_by(mut self, test: &'static str) -> Self { self.shown_by = test; self }
    pub(super) const fn not_built(mut self, part: &'static str) -> Self { self.state = State::NotBuilt(part); self }
    pub(super) const fn refused(mut self, part: &'static str) -> Self { self.state = State::Refused(part); self }
    pub(super) const fn doc(mut self, doc: &'static str) -> Self { self.doc = doc; self }
}

// Values that several keys may hold.
pub(super) const CODECS: &[&str] = &["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"];
pub(super) const TIMESTAMP_TYPES: &[&str] = &["CreateTime", "LogAppendTime"];
pub(super) const SECURITY_PROTOCOLS: &[&str] = &["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"];

// Parts that keys wait for.
pub(super) const CALLBACKS: &str = "plug-ins that are Java classes";
pub(super) const REPLICATION: &str = "replication between brokers";
pub(crate) const SASL: &str = "SASL";
pub(super) const SHARE: &str = "share groups";
pub(super) const STREAMS: &str = "streams groups";
pub(super) const TIERING: &str = "tiered storage";
pub(crate) const TLS: &str = "TLS";
pub(super) const TOKENS: &str = "delegation tokens";
pub(super) const UNCLEAN: &str = "unclean elections";
pub(crate) const VOTERS: &str = "quorum of several voters";

// Reasons that several keys share.
pub(super) const JAVA_REPORTERS: &str =
    "reporters are Java classes; metrics are told at metrics.port";

/// The test that shows the settings of logs, whatever they are set for.
pub(super) const LOGS: &str =
    "crates/sim/tests/it/log_settings.rs:a_setting_has_its_effect_wherever_it_is_made";
