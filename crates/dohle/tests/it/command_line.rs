//! The binary's own words.

use crate::golden::Folder;

#[test]
fn help_version_and_wrong_words() {
    let folder = Folder::new("words");
    let (code, out, err) = folder.told(&["--help"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("usage: dohle") && out.contains("kafka-dump-log.sh"), "{out}");
    let (code, out, _) = folder.told(&["--version"]);
    assert_eq!((code, out.trim()), (0, env!("CARGO_PKG_VERSION")));
    let (code, out, err) = folder.told(&["bogus"]);
    assert_eq!((code, out.as_str()), (1, ""));
    assert!(err.starts_with("dohle: 'bogus' is not a command.\nusage: dohle"), "{err}");
    let (code, _, err) = folder.told(&["dump-log", "--bogus"]);
    assert_eq!(code, 1);
    assert!(err.starts_with("bogus is not a recognized option\nOption"), "{err}");
    let (code, out, _) = folder.told(&["storage", "format", "--help"]);
    assert_eq!(code, 0);
    assert!(out.starts_with("usage: kafka-storage format [-h] --config CONFIG"), "{out}");
    // Two of Kafka's scripts end badly after an answer.
    for (words, expected) in [
        (["kafka-cluster.sh", "--help"], 1),
        (["cluster", "--help"], 0),
        (["kafka-transactions.sh", "--help"], 1),
        (["kafka-features.sh", "--help"], 0),
        (["kafka-cluster.sh", "cluster-id --help"], 1),
        (["cluster", "cluster-id --help"], 0),
    ] {
        let words: Vec<&str> = words.iter().flat_map(|word| word.split(' ')).collect();
        let (code, out, err) = folder.told(&words);
        assert_eq!((code, err.as_str()), (expected, ""), "{words:?}");
        assert!(out.starts_with("usage: kafka-"), "{out}");
    }
}
