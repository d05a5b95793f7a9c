//! What a topic may be called.

use dohle_protocol::ErrorCode;

use super::refusal::Refusal;

/// The longest name: with a partition number and a suffix it must still be a file name.
const LENGTH_MAX: usize = 249;

/// Checks a topic's name.
pub fn check(name: &str) -> Result<(), Refusal> {
    let is_allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    let reason = match name {
        "" => "the empty string is not allowed".to_owned(),
        "." => "'.' is not allowed".to_owned(),
        ".." => "'..' is not allowed".to_owned(),
        // Java counts UTF-16 units.
        name if name.encode_utf16().count() > LENGTH_MAX => {
            format!("the length of '{name}' is longer than the max allowed length {LENGTH_MAX}")
        }
        name if !name.bytes().all(is_allowed) => format!(
            "'{name}' contains one or more characters other than ASCII alphanumerics, '.', '_' \
             and '-'"
        ),
        _ => return Ok(()),
    };
    let message = format!("Topic name is invalid: {reason}");
    Err(Refusal::new(ErrorCode::INVALID_TOPIC_EXCEPTION, message))
}
