//! The messages of `schema/share`, made by `cargo xtask codegen`.

pub mod share_snapshot_key;
pub use share_snapshot_key::ShareSnapshotKey;

pub mod share_snapshot_value;
pub use share_snapshot_value::ShareSnapshotValue;

pub mod share_update_key;
pub use share_update_key::ShareUpdateKey;

pub mod share_update_value;
pub use share_update_value::ShareUpdateValue;
