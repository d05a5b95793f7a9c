//! The messages of `schema/remote_log`, made by `cargo xtask codegen`.

pub mod remote_log_segment_metadata_record;
pub use remote_log_segment_metadata_record::RemoteLogSegmentMetadataRecord;

pub mod remote_log_segment_metadata_update_record;
pub use remote_log_segment_metadata_update_record::RemoteLogSegmentMetadataUpdateRecord;

pub mod remote_partition_delete_metadata_record;
pub use remote_partition_delete_metadata_record::RemotePartitionDeleteMetadataRecord;

pub mod remote_log_segment_metadata_snapshot_record;
pub use remote_log_segment_metadata_snapshot_record::RemoteLogSegmentMetadataSnapshotRecord;
