//! Folders of partitions that the cluster's metadata does not give to the node.

use crate::place::{LONG, Place, fetch_request, listen};
use bytes::Bytes;
use dohle_env::disk::{Disk, Open};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::fetch_response::PartitionData;
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_protocol::wire::Records;
use std::collections::BTreeMap;
use std::io::IoSlice;
use std::path::Path;

type Files = BTreeMap<String, Vec<u8>>;

impl Place {
    /// The files of a folder of `/data`.
    fn folder(&mut self, name: &str) -> Files {
        let disk = self.disk();
        let path = Path::new("/data").join(name);
        let entries = disk.list(&path).unwrap();
        let names = entries.into_iter().map(|entry| entry.name);
        names.map(|name| (name.clone(), disk.content(&path.join(name)).unwrap())).collect()
    }

    fn put_folder(&mut self, name: &str, files: &Files) {
        let disk = self.disk();
        let path = Path::new("/data").join(name);
        disk.create_directories(&path).unwrap();
        for (name, content) in files {
            let file = disk.open(&path.join(name), Open::Truncate).unwrap();
            file.write_at(0, &[IoSlice::new(content)]).unwrap();
        }
        disk.sync_all();
    }

    /// The names of the folders that were put aside, without what is random in them.
    fn strays(&mut self) -> Vec<(String, String)> {
        let entries = self.disk().list(Path::new("/data")).unwrap();
        let strays = entries.into_iter().map(|entry| entry.name);
        let strays = strays.filter(|name| name.ends_with("-stray"));
        strays.map(|name| (name.rsplit_once('.').unwrap().0.to_owned(), name)).collect()
    }

    /// Starts the node; what it said.
    fn start_listening(&mut self) -> String {
        listen(|| self.node.start(&mut self.world, LONG).unwrap()).1
    }

    fn fetched(&mut self, topic: &str) -> Result<usize, ErrorCode> {
        let answer = self.ask(12, fetch_request(topic, 0));
        let data: &PartitionData = &answer.responses[0].partitions[0];
        match (data.error_code, &data.records) {
            (ErrorCode::NONE, Some(Records::Bytes(bytes))) => Ok(bytes.len()),
            (ErrorCode::NONE, _) => Ok(0),
            (error, _) => Err(error),
        }
    }
}

fn batch() -> Bytes {
    let mut builder = BatchBuilder::new(0);
    builder.append(&NewRecord { value: Some(b"kept"), ..NewRecord::default() }).unwrap();
    builder.build().unwrap()
}

/// A topic that does not exist, a partition that its topic does not have, and a folder that does
/// not say whose it is.
const UNKNOWN: [&str; 3] = ["ghost-0", "known-5", "nameless-0"];

#[test]
fn folders_that_nobody_knows_are_put_aside_and_kept() {
    let mut place = Place::new(&[]);
    place.create("known", 1, &[]);
    assert_eq!(place.produce("known", batch()).error_code, ErrorCode::NONE);
    let size = place.fetched("known").unwrap();
    place.node.stop(&mut place.world, LONG).unwrap();

    let known = place.folder("known-0");
    let mut ghost = known.clone();
    let id = b"version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAEQ".to_vec();
    assert!(ghost.insert("partition.metadata".to_owned(), id).is_some());
    let mut nameless = known.clone();
    nameless.remove("partition.metadata").unwrap();
    let files: BTreeMap<&str, Files> = UNKNOWN.into_iter().zip([ghost, known, nameless]).collect();
    for (name, files) in &files {
        place.put_folder(name, files);
    }

    let said = place.start_listening();
    let strays = place.strays();
    let names: Vec<&str> = strays.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, UNKNOWN);
    for (name, stray) in &strays {
        let told: Vec<&str> = said.lines().filter(|line| line.contains(stray)).collect();
        let [line] = told[..] else { panic!("{name} is told {} times: {said}", told.len()) };
        for part in ["WARN", &**name, "does not give", "remove the folder"] {
            assert!(line.contains(part), "{line} has no {part:?}");
        }
    }
    // Kept, whatever restarts there are, and served by nobody.
    for _ in 0..2 {
        for (name, stray) in &strays {
            assert!(place.folder(stray) == files[name.as_str()], "{name} has changed");
        }
        assert_eq!(place.fetched("known"), Ok(size));
        for topic in ["ghost", "nameless"] {
            assert_eq!(place.fetched(topic), Err(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION));
        }
        place.node.stop(&mut place.world, LONG).unwrap();
        place.node.start(&mut place.world, LONG).unwrap();
        assert_eq!(place.strays(), strays);
    }
    // A new topic of that name has nothing of it.
    place.create("ghost", 1, &[]);
    assert_eq!(place.fetched("ghost"), Ok(0));
    assert_eq!(place.strays(), strays);
}
