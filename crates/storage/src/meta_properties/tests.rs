//! `meta.properties`: what is read and written, and what is refused in which words.

use super::*;

const CLUSTER: &str = "4L6g3nShT-eMCtK--X86sw";

#[track_caller]
fn refused(text: &str, expected: &str) {
    match MetaProperties::parse(text.as_bytes()) {
        Err(MetaPropertiesError::Malformed(reason)) => {
            assert!(reason.contains(expected), "{reason}")
        }
        other => panic!("{text:?}: {other:?}"),
    }
}

#[test]
fn the_text_is_kafkas() {
    let id: Uuid = "sTh9h8l3peo5ah0bYd-ytA".parse().unwrap();
    let text = MetaProperties::new(CLUSTER.to_owned(), 1, id).text(1_795_254_408_000);
    assert_eq!(
        text,
        "#\n#Sat Nov 21 09:46:48 UTC 2026\nnode.id=1\ndirectory.id=sTh9h8l3peo5ah0bYd-ytA\n\
         version=1\ncluster.id=4L6g3nShT-eMCtK--X86sw\n"
    );
    let read = MetaProperties::parse(text.as_bytes()).unwrap();
    assert_eq!(read, MetaProperties::new(CLUSTER.to_owned(), 1, id));
}

#[test]
fn version_0_may_say_nothing() {
    let nothing =
        MetaProperties { version: 0, cluster_id: None, node_id: None, directory_id: None };
    assert_eq!(MetaProperties::parse(b"").unwrap(), nothing);
    let broker = MetaProperties::parse(b"broker.id=7\ncluster.id=x").unwrap();
    assert_eq!((broker.node_id, broker.cluster_id.as_deref()), (Some(7), Some("x")));
}

#[test]
fn malformed_texts() {
    refused("version=2", "Unknown meta.properties version number 2");
    refused("version=x", "Invalid meta.properties version string 'x'");
    refused("version=1\ncluster.id=x", "Failed to find node.id");
    refused("version=1\ncluster.id=x\nnode.id=y", "Unable to read node.id");
    refused("version=1\nnode.id=1", "cluster.id was not found.");
    refused("version=1\nnode.id=1\ncluster.id=x\ndirectory.id=?", "directory.id as a Uuid");
    refused("a=\\uzzzz", "malformed");
}

#[test]
fn directories_that_do_not_belong_together() {
    let id = |last: u8| Uuid([9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
    let directory = |name: &str, cluster: &str, node, id| {
        (PathBuf::from(name), MetaProperties::new(cluster.to_owned(), node, id))
    };
    let check = |second, expected: &str| {
        let error = verify(&[directory("/a", "c", 1, id(1)), second], None, None).unwrap_err();
        assert!(error.contains(expected), "{error}");
    };
    check(directory("/b", "d", 1, id(2)), "/b/meta.properties. Expected c, but read d");
    check(directory("/b", "c", 2, id(2)), "Stored node id 2 doesn't match previous node id 1");
    check(directory("/b", "c", 1, id(1)), "Duplicate directory ID");
    let mut reserved = Uuid::ZERO;
    reserved.0[15] = 99;
    check(directory("/b", "c", 1, reserved), "Invalid reserved directory ID");
    assert_eq!(verify(&[directory("/a", "c", 1, id(1))], Some("c"), Some(1)), Ok(()));
}
