//! What an error code means, in a sentence for people: what Kafka's tools print where the broker
//! sent no words of its own.

use dohle_protocol::ErrorCode;

/// The sentence of a code.
#[must_use]
pub fn of(code: ErrorCode) -> &'static str {
    SENTENCES
        .iter()
        .find(|(known, _)| *known == code)
        .map(|(_, sentence)| *sentence)
        .or_else(|| code.name())
        .unwrap_or("The server answered with an error code that is not known.")
}

const SENTENCES: &[(ErrorCode, &str)] = &[
    (
        ErrorCode::UNKNOWN_SERVER_ERROR,
        "The server experienced an unexpected error when processing the request.",
    ),
    (
        ErrorCode::OFFSET_OUT_OF_RANGE,
        "The requested offset is not within the range of offsets maintained by the server.",
    ),
    (
        ErrorCode::CORRUPT_MESSAGE,
        "This message has failed its CRC checksum, exceeds the valid size, has a null key for a \
         compacted topic, or is otherwise corrupt.",
    ),
    (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "This server does not host this topic-partition."),
    (ErrorCode::INVALID_FETCH_SIZE, "The requested fetch size is invalid."),
    (
        ErrorCode::LEADER_NOT_AVAILABLE,
        "There is no leader for this topic-partition as we are in the middle of a leadership \
         election.",
    ),
    (
        ErrorCode::NOT_LEADER_OR_FOLLOWER,
        "For requests intended only for the leader, this error indicates that the broker is not \
         the current leader. For requests intended for any replica, this error indicates that the \
         broker is not a replica of the topic partition.",
    ),
    (ErrorCode::REQUEST_TIMED_OUT, "The request timed out."),
    (ErrorCode::BROKER_NOT_AVAILABLE, "The broker is not available."),
    (
        ErrorCode::MESSAGE_TOO_LARGE,
        "The request included a message larger than the max message size the server will accept.",
    ),
    (
        ErrorCode::COORDINATOR_LOAD_IN_PROGRESS,
        "The coordinator is loading and hence can't process requests.",
    ),
    (ErrorCode::COORDINATOR_NOT_AVAILABLE, "The coordinator is not available."),
    (ErrorCode::NOT_COORDINATOR, "This is not the correct coordinator."),
    (
        ErrorCode::INVALID_TOPIC_EXCEPTION,
        "The request attempted to perform an operation on an invalid topic.",
    ),
    (
        ErrorCode::RECORD_LIST_TOO_LARGE,
        "The request included message batch larger than the configured segment size on the server.",
    ),
    (
        ErrorCode::NOT_ENOUGH_REPLICAS,
        "Messages are rejected since there are fewer in-sync replicas than required.",
    ),
    (ErrorCode::ILLEGAL_GENERATION, "Specified group generation id is not valid."),
    (
        ErrorCode::INCONSISTENT_GROUP_PROTOCOL,
        "The group member's supported protocols are incompatible with those of existing members \
         or first group member tried to join with empty protocol type or empty protocol list.",
    ),
    (ErrorCode::INVALID_GROUP_ID, "The group id is invalid."),
    (ErrorCode::UNKNOWN_MEMBER_ID, "The coordinator is not aware of this member."),
    (
        ErrorCode::INVALID_SESSION_TIMEOUT,
        "The session timeout is not within the range allowed by the broker (as configured by \
         group.min.session.timeout.ms and group.max.session.timeout.ms).",
    ),
    (ErrorCode::REBALANCE_IN_PROGRESS, "The group is rebalancing, so a rejoin is needed."),
    (ErrorCode::TOPIC_AUTHORIZATION_FAILED, "Topic authorization failed."),
    (ErrorCode::GROUP_AUTHORIZATION_FAILED, "Group authorization failed."),
    (ErrorCode::CLUSTER_AUTHORIZATION_FAILED, "Cluster authorization failed."),
    (ErrorCode::INVALID_TIMESTAMP, "The timestamp of the message is out of acceptable range."),
    (ErrorCode::UNSUPPORTED_VERSION, "The version of API is not supported."),
    (ErrorCode::TOPIC_ALREADY_EXISTS, "Topic with this name already exists."),
    (ErrorCode::INVALID_PARTITIONS, "Number of partitions is below 1."),
    (
        ErrorCode::INVALID_REPLICATION_FACTOR,
        "Replication factor is below 1 or larger than the number of available brokers.",
    ),
    (ErrorCode::INVALID_REPLICA_ASSIGNMENT, "Replica assignment is invalid."),
    (ErrorCode::INVALID_CONFIG, "Configuration is invalid."),
    (ErrorCode::NOT_CONTROLLER, "This is not the correct controller for this cluster."),
    (
        ErrorCode::INVALID_REQUEST,
        "This most likely occurs because of a request being malformed by the client library or \
         the message was sent to an incompatible broker. See the broker logs for more details.",
    ),
    (ErrorCode::POLICY_VIOLATION, "Request parameters do not satisfy the configured policy."),
    (ErrorCode::SECURITY_DISABLED, "Security features are disabled."),
    (ErrorCode::KAFKA_STORAGE_ERROR, "Disk error when trying to access log file on the disk."),
    (ErrorCode::NON_EMPTY_GROUP, "The group is not empty."),
    (ErrorCode::GROUP_ID_NOT_FOUND, "The group id does not exist."),
    (ErrorCode::TOPIC_DELETION_DISABLED, "Topic deletion is disabled."),
    (ErrorCode::ELECTION_NOT_NEEDED, "Leader election not needed for topic partition."),
    (ErrorCode::NO_REASSIGNMENT_IN_PROGRESS, "No partition reassignment is in progress."),
    (
        ErrorCode::GROUP_SUBSCRIBED_TO_TOPIC,
        "Deleting offsets of a topic is forbidden while the consumer group is actively subscribed \
         to it.",
    ),
    (ErrorCode::THROTTLING_QUOTA_EXCEEDED, "The throttling quota has been exceeded."),
    (ErrorCode::TRANSACTIONAL_ID_NOT_FOUND, "The transactionalId could not be found"),
    (ErrorCode::BROKER_ID_NOT_REGISTERED, "The given broker ID was not registered."),
    (ErrorCode::UNKNOWN_TOPIC_ID, "This server does not host this topic ID."),
    (
        ErrorCode::FEATURE_UPDATE_FAILED,
        "Unable to update finalized features due to an unexpected server error.",
    ),
];
