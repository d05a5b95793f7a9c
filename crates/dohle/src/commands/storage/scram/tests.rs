//! SCRAM credentials on the command line: what is read, what is refused, and the bytes that come out.

use std::io::Read;

use super::*;

#[track_caller]
fn refused(argument: &str, expected: &str) {
    match parse(argument) {
        Err(Failure::Message(message)) => assert!(message.contains(expected), "{message}"),
        other => panic!("{argument}: {other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The golden vectors of SCRAM, columns by name.
fn vectors() -> Vec<BTreeMap<String, String>> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared");
    let shared = std::env::var("DOHLE_SHARED").unwrap_or_else(|_| root.to_owned());
    let path = format!("{shared}/golden/vectors/scram.tsv.gz");
    let file = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(file).read_to_string(&mut text).unwrap();
    let mut lines = text.lines();
    let names: Vec<_> = lines.next().unwrap().split('\t').collect();
    let row = |line: &str| {
        let values = line.split('\t').map(str::to_owned);
        names.iter().map(|name| (*name).to_owned()).zip(values).collect()
    };
    lines.map(row).collect()
}

#[test]
fn passwords_become_the_keys_that_kafka_makes() {
    let vectors = vectors();
    for row in &vectors {
        let mechanism = match row["mechanism"].as_str() {
            "SCRAM-SHA-256" => Mechanism::Sha256,
            "SCRAM-SHA-512" => Mechanism::Sha512,
            other => panic!("{other}"),
        };
        let password: String = serde_json::from_str(&row["password_json"]).unwrap();
        let iterations: i32 = row["iterations"].parse().unwrap();
        let salt: Vec<u8> = (0..row["salt_hex"].len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&row["salt_hex"][at..at + 2], 16).unwrap())
            .collect();
        let salted = mechanism.salted(password.as_bytes(), &salt, iterations);
        let keys = mechanism.keys(&salted);
        assert_eq!(hex(&salted), row["salted_password_hex"]);
        assert_eq!(hex(&keys.stored_key), row["stored_key_hex"]);
        assert_eq!(hex(&keys.server_key), row["server_key_hex"]);
    }
    assert_eq!(vectors.len(), 28);
}

#[test]
fn a_salted_password_is_taken_as_it_is() {
    let record =
        parse("SCRAM-SHA-512=[name=alice,iterations=8192,salt=\"N3E=\",saltedpassword=\"YCE=\"]")
            .unwrap();
    assert_eq!((record.mechanism, record.iterations, &*record.name), (2, 8192, "alice"));
    assert_eq!((&record.salt[..], record.server_key.len()), (&b"7q"[..], 64));
}

#[test]
fn what_is_refused() {
    refused("SCRAM-SHA-256", "equals sign");
    refused("SCRAM-SHA-1=[name=a,password=b]", "SCRAM-SHA-1 is not supported");
    refused("SCRAM-SHA-256=name=a]", "start with [");
    refused("SCRAM-SHA-256=[name=a", "end with ]");
    refused("SCRAM-SHA-256=[name]", "No equals sign found in SCRAM component: name");
    refused("SCRAM-SHA-256=[password=b]", "supply 'name'");
    refused("SCRAM-SHA-256=[name=a]", "one of 'password' or 'saltedpassword'");
    refused("SCRAM-SHA-256=[name=a,saltedpassword=YCE=]", "'salt' with 'saltedpassword'");
    refused("SCRAM-SHA-256=[name=a,password=b,iterations=4095]", "must be >= 4096");
    refused("SCRAM-SHA-256=[name=a,password=b,iterations=16385]", "must be <= 16384");
    refused("SCRAM-SHA-256=[name=a,password=b,iterations=x]", "iterations count: x");
    refused("SCRAM-SHA-256=[name=a,password=b,salt=?]", "given salt: ?");
    refused("SCRAM-SHA-256=[name=a,password=b,c=d]", "Unknown SCRAM configurations: c");
}

#[test]
fn base64_texts() {
    for (text, expected) in [
        ("", Some(&b""[..])),
        ("N3E=", Some(b"7q")),
        ("N3E", Some(b"7q")),
        ("N", None),
        ("N*==", None),
    ] {
        assert_eq!(base64::decode(text).as_deref(), expected, "{text}");
    }
}
