//! Golden data of tests: `DOHLE_SHARED`, or `shared` beside the workspace.

#![expect(clippy::disallowed_methods, reason = "golden data lies on the disk")]

use flate2::read::GzDecoder;
use serde_json::Value;
use std::io::Read;

/// A packed file of vectors.
pub(crate) fn text(name: &str) -> String {
    let root = std::env::var("DOHLE_SHARED")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared").to_owned());
    let path = format!("{root}/golden/vectors/{name}");
    let file = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    GzDecoder::new(&*file).read_to_string(&mut text).expect("gzip");
    text
}

/// One JSON object a line.
pub(crate) fn vectors(name: &str) -> Vec<Value> {
    text(name).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}
