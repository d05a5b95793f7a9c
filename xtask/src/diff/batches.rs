//! The records of an answer: batches that are whole, and whether a part of one follows.
//!
//! A fetch ends where its limit is, in the middle of a batch if need be; readers throw that part away.
//! So the whole batches are one thing to compare, and that there is a part another.

use dohle_protocol::ids::read_base64;
use serde_json::{Value, json};

use super::world::hex;

/// Offset and length stand before each batch, of whatever magic.
const LOG_OVERHEAD: usize = 12;

/// `{"whole": HEX, "part": "none" | "behind" | "alone"}` of a records field in base64; other values stay as they are.
pub(crate) fn split(records: Value) -> Value {
    let Some(bytes) = records.as_str().and_then(read_base64) else { return records };
    let mut whole = 0;
    while let Some(size) = first_size(&bytes[whole..]) {
        whole += size;
    }
    let part = match bytes.len() - whole {
        0 => "none",
        _ if whole == 0 => "alone",
        _ => "behind",
    };
    json!({ "whole": hex(&bytes[..whole]), "part": part })
}

/// The size of the first batch, if all of it is there.
fn first_size(bytes: &[u8]) -> Option<usize> {
    let length = bytes.get(8..LOG_OVERHEAD)?;
    let length = u32::from_be_bytes([length[0], length[1], length[2], length[3]]) as usize;
    let size = LOG_OVERHEAD + length;
    (size <= bytes.len()).then_some(size)
}

#[cfg(test)]
mod tests {
    use super::split;
    use dohle_protocol::ids::read_base64;
    use serde_json::json;

    #[test]
    fn base64() {
        for (text, bytes) in [
            ("", &b""[..]),
            ("YQ==", b"a"),
            ("YWI=", b"ab"),
            ("YWJj", b"abc"),
            ("+/+/", b"\xfb\xff\xbf"),
        ] {
            assert_eq!(read_base64(text).as_deref(), Some(bytes), "{text}");
        }
        assert_eq!(read_base64("a b"), None);
    }

    #[test]
    fn a_part_is_told_from_whole_batches() {
        // Offset 0, length 1, one byte; then the first byte of the next.
        let batch = "000000000000000000000001ff";
        assert_eq!(split(json!("AAAAAAAAAAAAAAAB/w==")), json!({ "whole": batch, "part": "none" }));
        assert_eq!(
            split(json!("AAAAAAAAAAAAAAAB/wA=")),
            json!({ "whole": batch, "part": "behind" })
        );
        assert_eq!(split(json!("AAAAAAAA")), json!({ "whole": "", "part": "alone" }));
        assert_eq!(split(json!("")), json!({ "whole": "", "part": "none" }));
        assert_eq!(split(json!(null)), json!(null));
    }
}
