//! The messages of `schema/transaction`, made by `cargo xtask codegen`.

pub mod transaction_log_key;
pub use transaction_log_key::TransactionLogKey;

pub mod transaction_log_value;
pub use transaction_log_value::TransactionLogValue;
