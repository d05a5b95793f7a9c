//! Where the golden data lies, and how its files are read.

use std::io::Read;
use std::path::{Path, PathBuf};

/// The folder of facts and golden bytes: beside the workspace, or where `DOHLE_SHARED` says.
#[allow(clippy::disallowed_methods, reason = "tests find golden data by environment and path")]
pub(crate) fn shared() -> PathBuf {
    std::env::var("DOHLE_SHARED").map_or_else(
        |_| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    )
}

/// The rows of a packed table below `golden/`, each a list of columns, header left out.
///
/// # Panics
/// When the file is not there or not what it should be: a test without its data must fail.
pub(crate) fn rows(path: &str) -> Vec<Vec<String>> {
    read_table(&shared().join("golden").join(path))
}

/// The rows of a packed table, as [`rows`].
#[allow(clippy::disallowed_methods, reason = "tests read golden files")]
pub(crate) fn read_table(path: &Path) -> Vec<Vec<String>> {
    let packed = std::fs::read(path)
        .unwrap_or_else(|error| panic!("golden data {} is missing: {error}", path.display()));
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
    let rows: Vec<Vec<String>> =
        text.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect()).collect();
    assert!(!rows.is_empty(), "{} is empty", path.display());
    rows
}

/// The bytes of a hexadecimal text.
pub(crate) fn unhex(text: &str) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    assert!(rest.is_empty());
    pairs.iter().map(|[high, low]| digit(*high) << 4 | digit(*low)).collect()
}

/// Bytes as hexadecimal text.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
