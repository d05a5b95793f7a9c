//! Golden data of tests: `DOHLE_SHARED`, or `shared` beside the workspace.

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

/// The path of a file of the shared folder.
pub(crate) fn path(name: &str) -> String {
    let root = std::env::var("DOHLE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    format!("{root}/{name}")
}

/// The lines of a packed file of vectors.
pub(crate) fn vectors(name: &str) -> Vec<Value> {
    let path = path(&format!("golden/vectors/{name}"));
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    GzDecoder::new(&*file).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
