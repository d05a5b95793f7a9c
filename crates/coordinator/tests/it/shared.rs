//! The folder of facts and golden data beside the checkout.

use std::path::PathBuf;

/// A file or folder in it. A test that cannot find its data must fail.
pub(crate) fn path(name: &str) -> PathBuf {
    let root = match std::env::var_os("DOHLE_SHARED") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let path = root.join(name);
    assert!(path.exists(), "{} is missing; DOHLE_SHARED names its folder", path.display());
    path
}

/// The text of a file in it.
pub(crate) fn text(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("a readable file")
}
