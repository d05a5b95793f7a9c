//! Records of the metadata log: every type, read from and written to the frame that Kafka uses.
//!
//! The frame is: unsigned varint 1 (the frame's version), unsigned varint record type, unsigned
//! varint record version, then the body.

use std::fmt;

use bytes::Bytes;
use dohle_protocol::messages::{
    AbortTransactionRecord, AccessControlEntryRecord, BeginTransactionRecord,
    BrokerRegistrationChangeRecord, ClearElrRecord, ClientQuotaRecord, ConfigRecord,
    DelegationTokenRecord, EndTransactionRecord, FeatureLevelRecord, FenceBrokerRecord, NoOpRecord,
    PartitionChangeRecord, PartitionRecord, ProducerIdsRecord, RegisterBrokerRecord,
    RegisterControllerRecord, RemoveAccessControlEntryRecord, RemoveDelegationTokenRecord,
    RemoveTopicRecord, RemoveUserScramCredentialRecord, TopicRecord, UnfenceBrokerRecord,
    UnregisterBrokerRecord, UnregisterControllerRecord, UserScramCredentialRecord,
    ZkMigrationStateRecord,
};
use dohle_protocol::varint;
use dohle_protocol::wire::{DecodeError, JsonWriter, Message, Reader, Writer};

use crate::features::MetadataVersion;

/// The version of the frame around a record.
const FRAME_VERSION: u32 = 1;

macro_rules! records {
    ($($variant:ident $message:ident $key:literal),* $(,)?) => {
        /// A record of the metadata log.
        #[derive(Clone, Debug, PartialEq)]
        pub enum MetadataRecord {
            $(
                #[doc = concat!("Type ", stringify!($key), ".")]
                $variant($message),
            )*
        }

        $(
            impl From<$message> for MetadataRecord {
                fn from(message: $message) -> Self {
                    Self::$variant(message)
                }
            }
        )*

        impl MetadataRecord {
            /// The number of the record's type.
            pub fn key(&self) -> u16 {
                match self {
                    $(Self::$variant(_) => $key,)*
                }
            }

            /// Kafka's name of the record's type.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$variant(_) => $message::NAME,)*
                }
            }

            fn decode_body(
                key: u32,
                reader: &mut Reader,
                version: i16,
            ) -> Result<Self, RecordError> {
                match key {
                    $($key => $message::decode(reader, version).map(Self::$variant)
                        .map_err(|error| RecordError::Body { name: $message::NAME, error }),)*
                    key => Err(RecordError::UnknownType(key)),
                }
            }

            fn encode_body(&self, into: &mut Writer, version: i16) {
                match self {
                    $(Self::$variant(message) => message.encode(into, version),)*
                }
            }

            fn body_size(&self, version: i16) -> usize {
                match self {
                    $(Self::$variant(message) => message.encoded_size(version),)*
                }
            }

            /// Writes the body as Kafka's JSON.
            pub fn write_json(&self, into: &mut JsonWriter, version: i16) {
                match self {
                    $(Self::$variant(message) => message.write_json(into, version),)*
                }
            }
        }
    };
}

records! {
    RegisterBroker RegisterBrokerRecord 0,
    UnregisterBroker UnregisterBrokerRecord 1,
    Topic TopicRecord 2,
    Partition PartitionRecord 3,
    Config ConfigRecord 4,
    PartitionChange PartitionChangeRecord 5,
    FenceBroker FenceBrokerRecord 7,
    UnfenceBroker UnfenceBrokerRecord 8,
    RemoveTopic RemoveTopicRecord 9,
    DelegationToken DelegationTokenRecord 10,
    UserScramCredential UserScramCredentialRecord 11,
    FeatureLevel FeatureLevelRecord 12,
    ClientQuota ClientQuotaRecord 14,
    ProducerIds ProducerIdsRecord 15,
    BrokerRegistrationChange BrokerRegistrationChangeRecord 17,
    AccessControlEntry AccessControlEntryRecord 18,
    RemoveAccessControlEntry RemoveAccessControlEntryRecord 19,
    NoOp NoOpRecord 20,
    ZkMigrationState ZkMigrationStateRecord 21,
    RemoveUserScramCredential RemoveUserScramCredentialRecord 22,
    BeginTransaction BeginTransactionRecord 23,
    EndTransaction EndTransactionRecord 24,
    AbortTransaction AbortTransactionRecord 25,
    RemoveDelegationToken RemoveDelegationTokenRecord 26,
    RegisterController RegisterControllerRecord 27,
    ClearElr ClearElrRecord 28,
    UnregisterController UnregisterControllerRecord 29,
}

/// Why the value of a record is no metadata record that we know.
#[derive(Clone, Debug, PartialEq)]
pub enum RecordError {
    /// The bytes end inside the frame, or a number in it is no varint.
    BadFrame,
    /// A frame of another version.
    UnknownFrame(u32),
    /// A type that we do not know: written by a newer Kafka.
    UnknownType(u32),
    /// A version beyond what a record can have.
    BadVersion(u32),
    /// The body is not what its type and version say.
    Body {
        /// Kafka's name of the type.
        name: &'static str,
        /// What is wrong with it.
        error: DecodeError,
    },
    /// Bytes are left behind the body.
    LeftOver(usize),
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadFrame => f.write_str("the frame of a metadata record is broken"),
            Self::UnknownFrame(version) => {
                write!(f, "a metadata record has frame version {version}; only 1 is known")
            }
            Self::UnknownType(key) => write!(f, "no metadata record has type {key}"),
            Self::BadVersion(version) => write!(f, "no metadata record has version {version}"),
            Self::Body { name, error } => write!(f, "{name}: {error}"),
            Self::LeftOver(count) => write!(f, "{count} bytes follow a metadata record's body"),
        }
    }
}

impl std::error::Error for RecordError {}

impl MetadataRecord {
    /// Reads the value of a log record; gives the version it was written with too.
    pub fn decode(value: &Bytes) -> Result<(Self, i16), RecordError> {
        let mut at = 0;
        let mut next = || {
            let (number, size) =
                varint::read_unsigned(&value[at..]).map_err(|_| RecordError::BadFrame)?;
            at += size;
            Ok(number)
        };
        let frame = next()?;
        if frame != FRAME_VERSION {
            return Err(RecordError::UnknownFrame(frame));
        }
        let key = next()?;
        let version = next()?;
        let version = i16::try_from(version).map_err(|_| RecordError::BadVersion(version))?;
        let mut reader = Reader::new(value.slice(at..));
        let record = Self::decode_body(key, &mut reader, version)?;
        match reader.remaining() {
            0 => Ok((record, version)),
            count => Err(RecordError::LeftOver(count)),
        }
    }

    /// Writes the value of a log record in this version of the record.
    pub fn encode(&self, version: i16) -> Bytes {
        // Three bytes of frame: every type and version is below 128.
        let mut into = Writer::with_capacity(3 + self.body_size(version));
        into.put_unsigned_varint(FRAME_VERSION);
        into.put_unsigned_varint(u32::from(self.key()));
        into.put_unsigned_varint(u32::from(version.unsigned_abs()));
        self.encode_body(&mut into, version);
        into.into_bytes()
    }

    /// Writes the value of a log record as a cluster at this metadata version does.
    pub fn encode_at(&self, level: MetadataVersion) -> Bytes {
        self.encode(self.version_at(level))
    }

    /// The version of the record that a cluster at this metadata version writes.
    pub fn version_at(&self, level: MetadataVersion) -> i16 {
        match self {
            Self::RegisterBroker(_) => level.register_broker_version(),
            // Kafka writes the oldest version that can say it.
            Self::BrokerRegistrationChange(record) if record.cordoned_log_dirs.is_some() => 3,
            Self::BrokerRegistrationChange(record) if !record.log_dirs.is_empty() => 2,
            Self::BrokerRegistrationChange(record) => i16::from(record.in_controlled_shutdown != 0),
            Self::Partition(_) | Self::PartitionChange(_) => level.partition_version(),
            Self::UnregisterBroker(_)
            | Self::Topic(_)
            | Self::Config(_)
            | Self::FenceBroker(_)
            | Self::UnfenceBroker(_)
            | Self::RemoveTopic(_)
            | Self::DelegationToken(_)
            | Self::UserScramCredential(_)
            | Self::FeatureLevel(_)
            | Self::ClientQuota(_)
            | Self::ProducerIds(_)
            | Self::AccessControlEntry(_)
            | Self::RemoveAccessControlEntry(_)
            | Self::NoOp(_)
            | Self::ZkMigrationState(_)
            | Self::RemoveUserScramCredential(_)
            | Self::BeginTransaction(_)
            | Self::EndTransaction(_)
            | Self::AbortTransaction(_)
            | Self::RemoveDelegationToken(_)
            | Self::RegisterController(_)
            | Self::ClearElr(_)
            | Self::UnregisterController(_) => 0,
        }
    }
}
