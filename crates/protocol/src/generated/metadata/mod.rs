//! The messages of `schema/metadata`, made by `cargo xtask codegen`.

pub mod register_broker_record;
pub use register_broker_record::RegisterBrokerRecord;

pub mod unregister_broker_record;
pub use unregister_broker_record::UnregisterBrokerRecord;

pub mod topic_record;
pub use topic_record::TopicRecord;

pub mod partition_record;
pub use partition_record::PartitionRecord;

pub mod config_record;
pub use config_record::ConfigRecord;

pub mod partition_change_record;
pub use partition_change_record::PartitionChangeRecord;

pub mod fence_broker_record;
pub use fence_broker_record::FenceBrokerRecord;

pub mod unfence_broker_record;
pub use unfence_broker_record::UnfenceBrokerRecord;

pub mod remove_topic_record;
pub use remove_topic_record::RemoveTopicRecord;

pub mod delegation_token_record;
pub use delegation_token_record::DelegationTokenRecord;

pub mod user_scram_credential_record;
pub use user_scram_credential_record::UserScramCredentialRecord;

pub mod feature_level_record;
pub use feature_level_record::FeatureLevelRecord;

pub mod client_quota_record;
pub use client_quota_record::ClientQuotaRecord;

pub mod producer_ids_record;
pub use producer_ids_record::ProducerIdsRecord;

pub mod broker_registration_change_record;
pub use broker_registration_change_record::BrokerRegistrationChangeRecord;

pub mod access_control_entry_record;
pub use access_control_entry_record::AccessControlEntryRecord;

pub mod remove_access_control_entry_record;
pub use remove_access_control_entry_record::RemoveAccessControlEntryRecord;

pub mod no_op_record;
pub use no_op_record::NoOpRecord;

pub mod zk_migration_state_record;
pub use zk_migration_state_record::ZkMigrationStateRecord;

pub mod remove_user_scram_credential_record;
pub use remove_user_scram_credential_record::RemoveUserScramCredentialRecord;

pub mod begin_transaction_record;
pub use begin_transaction_record::BeginTransactionRecord;

pub mod end_transaction_record;
pub use end_transaction_record::EndTransactionRecord;

pub mod abort_transaction_record;
pub use abort_transaction_record::AbortTransactionRecord;

pub mod remove_delegation_token_record;
pub use remove_delegation_token_record::RemoveDelegationTokenRecord;

pub mod register_controller_record;
pub use register_controller_record::RegisterControllerRecord;

pub mod clear_elr_record;
pub use clear_elr_record::ClearElrRecord;

pub mod unregister_controller_record;
pub use unregister_controller_record::UnregisterControllerRecord;
