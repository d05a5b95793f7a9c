//! Java's names for failures: some tools print them, and scripts look for them.

use crate::console::Failure;
use dohle_client::Error;
use dohle_protocol::ErrorCode;

/// The class of the exception that Kafka's tool would print for this error.
pub(crate) fn class_of(error: &Error) -> String {
    let name = match error {
        Error::TimedOut(_) => "TimeoutException".to_owned(),
        Error::Disconnected(_) => "DisconnectException".to_owned(),
        Error::Tls(_) => "SslAuthenticationException".to_owned(),
        Error::UnsupportedVersion { .. } => "UnsupportedVersionException".to_owned(),
        Error::Refused { code, .. } => of_code(*code),
        Error::Bootstrap(_) | Error::Invalid(_) | Error::Usage(_) | Error::Closed => {
            "KafkaException".to_owned()
        }
    };
    // Two stand above the others.
    let is_above = matches!(name.as_str(), "KafkaException" | "InvalidRecordException");
    let package = if is_above { "" } else { "errors." };
    format!("org.apache.kafka.common.{package}{name}")
}

/// The exception as Java prints it: its class, and what it says.
pub(crate) fn exception(error: &Error) -> String {
    format!("{}: {error}", class_of(error))
}

/// What the server refused, as Kafka's tool says it.
pub(crate) fn refused(error: Error) -> Failure {
    Failure::new(exception(&error))
}

/// The same where Kafka's tool has it at second hand.
pub(crate) fn wrapped(error: Error) -> Failure {
    let cause = exception(&error);
    Failure::new(format!("java.util.concurrent.ExecutionException: {cause}"))
}

/// `UNKNOWN_TOPIC_OR_PARTITION` as `UnknownTopicOrPartitionException`, with the few that go by
/// another name.
fn of_code(code: ErrorCode) -> String {
    match code {
        ErrorCode::TOPIC_ALREADY_EXISTS => return "TopicExistsException".to_owned(),
        ErrorCode::REQUEST_TIMED_OUT => return "TimeoutException".to_owned(),
        ErrorCode::INVALID_CONFIG => return "InvalidConfigurationException".to_owned(),
        ErrorCode::NON_EMPTY_GROUP => return "GroupNotEmptyException".to_owned(),
        ErrorCode::MESSAGE_TOO_LARGE => return "RecordTooLargeException".to_owned(),
        ErrorCode::CORRUPT_MESSAGE => return "CorruptRecordException".to_owned(),
        ErrorCode::SASL_AUTHENTICATION_FAILED => return "SaslAuthenticationException".to_owned(),
        ErrorCode::TOPIC_AUTHORIZATION_FAILED => return "TopicAuthorizationException".to_owned(),
        ErrorCode::GROUP_AUTHORIZATION_FAILED => return "GroupAuthorizationException".to_owned(),
        ErrorCode::CLUSTER_AUTHORIZATION_FAILED => {
            return "ClusterAuthorizationException".to_owned();
        }
        _ => {}
    }
    let name = code.name().unwrap_or("UNKNOWN_SERVER_ERROR");
    let mut class: String = name
        .split('_')
        .map(|word| {
            let (first, rest) = word.split_at(1.min(word.len()));
            format!("{first}{}", rest.to_ascii_lowercase())
        })
        .collect();
    if !class.ends_with("Exception") {
        class.push_str("Exception");
    }
    class
}

#[cfg(test)]
mod tests {
    use super::class_of;
    use dohle_protocol::ErrorCode;

    #[test]
    fn classes() {
        for (code, expected) in [
            (ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "errors.UnknownTopicOrPartitionException"),
            (ErrorCode::OFFSET_OUT_OF_RANGE, "errors.OffsetOutOfRangeException"),
            (ErrorCode::INVALID_TOPIC_EXCEPTION, "errors.InvalidTopicException"),
            (ErrorCode::INVALID_RECORD, "common.InvalidRecordException"),
            (ErrorCode::GROUP_ID_NOT_FOUND, "errors.GroupIdNotFoundException"),
        ] {
            assert!(class_of(&code.into()).ends_with(expected), "{}", class_of(&code.into()));
        }
    }
}
