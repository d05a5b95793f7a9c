//! Standard base64.

pub(crate) use dohle_protocol::ids::read_base64 as decode;
use dohle_protocol::ids::write_base64;

/// The padded text of bytes.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut text = String::new();
    write_base64(bytes, &mut text);
    text
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn both_ways() {
        for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(encode(bytes.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(bytes.as_bytes()));
        }
        assert_eq!(decode("!"), None);
    }
}
