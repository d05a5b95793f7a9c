//! DeleteRecords: who was told or shown that records are gone never sees them again.

use crate::place::{LONG, Place, listen};
use dohle_env::tasks::Home;
use dohle_protocol::error_code::ErrorCode;
use dohle_protocol::messages::delete_records_request::{
    DeleteRecordsPartition, DeleteRecordsRequest, DeleteRecordsTopic,
};
use dohle_protocol::messages::list_offsets_request::{
    ListOffsetsPartition, ListOffsetsRequest, ListOffsetsTopic,
};
use dohle_protocol::record::{BatchBuilder, NewRecord};
use dohle_sim::client::Client;
use dohle_sim::disk::{Fault, Operation};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const CHECKPOINT: &str = "log-start-offset-checkpoint";
const INTERVAL: &str = "log.flush.start.offset.checkpoint.interval.ms";
const EARLIEST: i64 = -2;

/// A node with ten records in a topic. No housekeeping of its own comes between.
fn place() -> Place {
    filled(Place::new(&[(INTERVAL, "100000000")]))
}

fn filled(mut place: Place) -> Place {
    place.create("t", 1, &[]);
    let mut builder = BatchBuilder::new(0);
    for _ in 0..10 {
        builder.append(&NewRecord { value: Some(b"v"), ..NewRecord::default() }).unwrap();
    }
    let answer = place.produce("t", builder.build().unwrap());
    assert_eq!(answer.error_code, ErrorCode::NONE);
    place
}

/// The error, and the low watermark.
async fn delete(mut client: Client, offset: i64) -> (ErrorCode, i64) {
    let partition = DeleteRecordsPartition { offset, ..DeleteRecordsPartition::default() };
    let topic = DeleteRecordsTopic {
        name: "t".into(),
        partitions: vec![partition],
        ..DeleteRecordsTopic::default()
    };
    let request =
        DeleteRecordsRequest { topics: vec![topic], timeout_ms: 2_000, ..Default::default() };
    let answer = client.ask(2, &request).await.unwrap();
    let of = &answer.topics[0].partitions[0];
    (of.error_code, of.low_watermark)
}

fn start(place: &mut Place) -> i64 {
    let partition = ListOffsetsPartition {
        timestamp: EARLIEST,
        current_leader_epoch: -1,
        ..ListOffsetsPartition::default()
    };
    let topic = ListOffsetsTopic {
        name: "t".into(),
        partitions: vec![partition],
        ..ListOffsetsTopic::default()
    };
    let request =
        ListOffsetsRequest { replica_id: -1, topics: vec![topic], ..ListOffsetsRequest::default() };
    place.ask(7, request).topics[0].partitions[0].offset
}

fn kill_and_start(place: &mut Place) {
    place.world.kill("n");
    place.node.start(&mut place.world, LONG).unwrap();
}

#[test]
fn a_start_is_shown_when_a_checkpoint_has_it() {
    let mut place = place();
    let slow = Fault::slow(Operation::Sync, Duration::from_secs(1));
    place.disk().inject(slow.at(CHECKPOINT));
    let server = place.node.address(&mut place.world);
    let env = place.world.start_again("deleter");
    let told = Arc::new(Mutex::new(None));
    let (telling, client) = (told.clone(), Client::new(env.clone(), server, "deleter"));
    let task = async move { *telling.lock().unwrap() = Some(delete(client, 7).await) };
    env.tasks.spawn(Home::LeastLoaded, Box::pin(task));
    place.wait(Duration::from_millis(500));
    assert_eq!(start(&mut place), 0, "the checkpoint is not written yet");
    assert_eq!(*told.lock().unwrap(), None);
    place.wait(Duration::from_secs(2));
    assert_eq!(*told.lock().unwrap(), Some((ErrorCode::NONE, 7)));
    assert_eq!(start(&mut place), 7);
    kill_and_start(&mut place);
    assert_eq!(start(&mut place), 7);
}

#[test]
fn a_start_that_cannot_be_written_is_not_shown() {
    let mut place = place();
    let full = Fault::fail(Operation::Write, io::ErrorKind::StorageFull);
    place.disk().inject(full.at(CHECKPOINT));
    let told = place.with(|client| delete(client, 7));
    assert_eq!(told, (ErrorCode::KAFKA_STORAGE_ERROR, -1));
    assert_ne!(start(&mut place), 7);
    kill_and_start(&mut place);
    assert_eq!(start(&mut place), 0);
    // It is no worse for having been tried.
    assert_eq!(place.with(|client| delete(client, 8)), (ErrorCode::NONE, 8));
    assert_eq!(start(&mut place), 8);
}

/// The checkpoints that a node writes in which a log could not be opened keep what they said of it
/// (found by seed 5295).
#[test]
fn a_start_is_kept_for_a_log_that_could_not_be_opened() {
    let settings = [(INTERVAL, "1000"), ("log.initial.task.delay.ms", "1000")];
    let mut place = filled(Place::new(&settings));
    assert_eq!(place.with(|client| delete(client, 7)), (ErrorCode::NONE, 7));
    place.world.kill("n");
    let full = Fault::fail(Operation::Open, io::ErrorKind::StorageFull);
    place.disk().inject(full.at("/t-0/000").always());
    let (_, said) = listen(|| {
        place.node.start(&mut place.world, LONG).unwrap();
        place.wait(Duration::from_secs(5));
    });
    assert!(said.contains("partition is offline"), "{said}");
    place.node.stop(&mut place.world, LONG).unwrap();
    place.node.start(&mut place.world, LONG).unwrap();
    assert_eq!(start(&mut place), 7);
}
