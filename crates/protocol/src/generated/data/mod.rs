//! The messages of `schema/data`, made by `cargo xtask codegen`.

pub mod aborted_txn;
pub use aborted_txn::AbortedTxn;

pub mod consumer_protocol_assignment;
pub use consumer_protocol_assignment::ConsumerProtocolAssignment;

pub mod consumer_protocol_subscription;
pub use consumer_protocol_subscription::ConsumerProtocolSubscription;

pub mod control_record_type_schema;
pub use control_record_type_schema::ControlRecordTypeSchema;

pub mod default_principal_data;
pub use default_principal_data::DefaultPrincipalData;

pub mod end_txn_marker;
pub use end_txn_marker::EndTxnMarker;

pub mod kraft_version_record;
pub use kraft_version_record::KRaftVersionRecord;

pub mod leader_change_message;
pub use leader_change_message::LeaderChangeMessage;

pub mod producer_snapshot;
pub use producer_snapshot::ProducerSnapshot;

pub mod quorum_state_data;
pub use quorum_state_data::QuorumStateData;

pub mod snapshot_footer_record;
pub use snapshot_footer_record::SnapshotFooterRecord;

pub mod snapshot_header_record;
pub use snapshot_header_record::SnapshotHeaderRecord;

pub mod voters_record;
pub use voters_record::VotersRecord;
