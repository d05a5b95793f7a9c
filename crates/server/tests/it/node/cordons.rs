//! Log directories that get no new partitions (KIP-1066).

use super::metrics::Http;
use super::moves::{TWO, alter, path, settled, wait};
use super::{Client, HANG, Node, batch, set};
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::DescribeLogDirsRequest;
use std::time::{Duration, Instant};

const KEY: &str = "cordoned.log.dirs";

/// The names of the directories that DescribeLogDirs calls cordoned.
fn cordoned(client: &mut Client) -> Vec<String> {
    let answer = client.ask(5, &DescribeLogDirsRequest::default());
    let cordoned = answer.results.into_iter().filter(|directory| directory.is_cordoned);
    cordoned.map(|of| of.log_dir.as_str().rsplit('/').next().unwrap().to_owned()).collect()
}

/// Creates topics until it is refused, or no longer: the controller is told a moment later.
fn wait_until_creation_says(client: &mut Client, expected: ErrorCode) {
    let begun = Instant::now();
    for n in 0.. {
        if client.create_topic(&format!("tried-{expected}-{n}"), 1, &[]) == expected {
            return;
        }
        assert!(begun.elapsed() < HANG, "no topic's creation says {expected}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn what_is_cordoned_gets_no_new_partitions() {
    let in_file = [TWO, (KEY, "DIR/data")];
    let mut node = Node::start(&in_file);
    let mut client = node.connect();
    assert_eq!(cordoned(&mut client), ["data"]);
    let kafka = Http::of(&node).metrics("/metrics");
    assert_eq!(kafka["kafka_log_logmanager_cordonedlogdirectorycount"], 1.0);
    for (name, expected) in [("data", 1.0), ("other", 0.0)] {
        let directory = path(&node, name);
        let series =
            format!("kafka_log_logmanager_logdirectorycordoned{{logDirectory=\"{directory}\"}}");
        assert_eq!(kafka[&series], expected);
    }
    assert_eq!(client.create_topic("t", 4, &[]), ErrorCode::NONE);
    assert_eq!(settled(&mut client, "t"), Some(vec!["other".to_owned(); 4]));
    // Nor does one move there.
    let refused = [ErrorCode::INVALID_REPLICA_ASSIGNMENT];
    assert_eq!(alter(&mut client, &path(&node, "data"), "t", &[0]), refused);

    // At run time, over the file.
    set(&mut client, KEY, Some(&path(&node, "other")));
    assert_eq!(cordoned(&mut client), ["other"]);
    assert_eq!(alter(&mut client, &path(&node, "data"), "t", &[0]), [ErrorCode::NONE]);
    wait(&mut client, "t", &["data", "other", "other", "other"]);
    assert_eq!(client.create_topic("u", 4, &[]), ErrorCode::NONE);
    assert_eq!(settled(&mut client, "u"), Some(vec!["data".to_owned(); 4]));

    // All of them: no topic is made, and those that are there serve on.
    set(&mut client, KEY, Some("*"));
    assert_eq!(cordoned(&mut client), ["data", "other"]);
    wait_until_creation_says(&mut client, ErrorCode::INVALID_REPLICATION_FACTOR);
    let produced = client.produce(1, "t", &[0, 1], &batch(1, 10));
    assert!(produced.iter().all(|of| of.error_code == ErrorCode::NONE), "{produced:?}");
    node.restart(&in_file);
    let mut client = node.connect();
    assert_eq!(cordoned(&mut client), ["data", "other"], "once restarted");
    wait_until_creation_says(&mut client, ErrorCode::INVALID_REPLICATION_FACTOR);
    set(&mut client, KEY, None);
    assert_eq!(cordoned(&mut client), ["data"]);
    wait_until_creation_says(&mut client, ErrorCode::NONE);
    assert_eq!(client.create_topic("v", 4, &[]), ErrorCode::NONE);
    assert_eq!(settled(&mut client, "v"), Some(vec!["other".to_owned(); 4]));
}

#[test]
fn what_is_no_log_directory_cannot_be_cordoned() {
    let node = Node::start(&[TWO]);
    let mut client = node.connect();
    let foreign = format!("{},/nowhere", path(&node, "data"));
    assert_eq!(super::try_set(&mut client, KEY, Some("/nowhere")), ErrorCode::INVALID_REQUEST);
    assert_eq!(super::try_set(&mut client, KEY, Some(&foreign)), ErrorCode::INVALID_REQUEST);
    assert_eq!(cordoned(&mut client), [""; 0]);
}
