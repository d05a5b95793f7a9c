//! `__transaction_state` as Kafka 4.3.1 wrote it: equal when written again, and what it comes to is
//! what Kafka's own coordinator says of it.

use std::collections::BTreeMap;

use dohle_coordinator::transaction::{
    Answer, Asked, Command, Known, Leadership, Request, TransactionCoordinator, Transactions,
};
use dohle_coordinator::{Coordinated, KeyValue};
use dohle_protocol::ids::{Offset, Timestamp};
use dohle_protocol::messages as m;
use dohle_replication::machine::{Entry, Machine, Token};
use serde_json::{Value, json};

use super::archive::records;

type Machines = TransactionCoordinator;

const ARCHIVES: [&str; 4] = ["clean", "killed", "corrupt", "standalone"];

#[test]
fn records_are_written_as_they_were_read() {
    let mut count = 0;
    for archive in ARCHIVES {
        for entry in records(archive, Machines::TOPIC) {
            let record = Machines::decode(entry.key.clone(), entry.value.clone());
            let record =
                record.unwrap_or_else(|error| panic!("{archive} {}: {error}", entry.offset));
            let KeyValue { key, value } = Machines::encode(&record.expect("a known type"));
            assert_eq!((Some(key), value), (entry.key, entry.value), "{archive} {}", entry.offset);
            count += 1;
        }
    }
    println!("records of transactions equal when written again: {count}");
    assert!(count > 100, "{count}");
}

/// Every partition's machine, loaded as a coordinator loads it.
fn loaded(archive: &str) -> BTreeMap<String, (Transactions, Leadership)> {
    let mut machines: BTreeMap<String, (Transactions, Leadership)> = BTreeMap::new();
    for entry in records(archive, Machines::TOPIC) {
        let record = Machines::decode(entry.key, entry.value).expect("Kafka's record");
        let record = record.expect("a known type");
        let timestamp = Timestamp(entry.timestamp);
        let (hard, _) = machines.entry(entry.folder).or_default();
        let record = Entry::Record { record, timestamp, producer: None };
        Machines::apply(hard, Offset(entry.offset), &record);
    }
    machines
}

fn ask(hard: &Transactions, soft: &mut Leadership, request: Request) -> Answer {
    let asked = Asked { token: Token(0), version: 2, fresh_producer_id: None, request };
    let command = Command::Ask(Box::new(asked));
    let outcome = Machines::decide(hard, soft, Timestamp(0), command);
    assert!(outcome.records.is_empty());
    outcome.answers.into_iter().next().expect("an answer").1
}

#[test]
fn what_the_log_comes_to_is_what_kafka_says() {
    let mut count = 0;
    for archive in ["clean", "killed", "standalone"] {
        let manifest = super::shared::text(&format!("golden/data/{archive}.json"));
        let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
        let mut ours = serde_json::Map::new();
        for (hard, mut soft) in loaded(archive).into_values() {
            let known = Command::Surroundings(Known { transaction_version: 2, ..Known::default() });
            Machines::decide(&hard, &mut soft, Timestamp(0), known);
            let all = Request::List(m::ListTransactionsRequest {
                duration_filter: -1,
                ..Default::default()
            });
            let Answer::List(all) = ask(&hard, &mut soft, all) else { panic!("a list") };
            for listed in all {
                let id = listed.transactional_id.clone();
                let answer = ask(&hard, &mut soft, Request::Describe(id.clone()));
                let Answer::Describe(state) = answer else { panic!("a description") };
                let topics = state.topics.iter().map(|of| json!([&*of.topic, of.partitions]));
                let partitions: Vec<Value> = topics.collect();
                let row = json!([
                    &*state.transaction_state,
                    state.producer_id,
                    state.producer_epoch,
                    state.transaction_timeout_ms,
                    state.transaction_start_time_ms,
                    partitions
                ]);
                ours.insert(id.to_string(), row);
            }
        }
        let kafkas = manifest["transactions"].as_object().expect("transactions");
        assert_eq!(ours.len(), kafkas.len(), "{archive}: {ours:?} {kafkas:?}");
        for (id, row) in kafkas {
            assert_eq!(ours.get(id), Some(row), "{archive} {id}");
            count += 1;
        }
    }
    println!("transactional ids as Kafka describes them: {count}");
    assert!(count >= 5);
}
