//! Answers as lines of transcripts.

use dohle_protocol::ErrorCode;
use dohle_protocol::messages as m;
use dohle_protocol::wire::{JsonWriter, Message, Text};

use crate::controller::Answer;

fn json<M: Message>(message: &M) -> Vec<String> {
    let mut json = JsonWriter::new();
    message.write_json(&mut json, M::HIGHEST_VERSION);
    vec![json.finish()]
}

fn line(subject: &str, code: ErrorCode, message: &Option<Text>) -> String {
    match message {
        Some(message) => format!("{subject}: {code} {message}"),
        None => format!("{subject}: {code}"),
    }
}

/// An answer, what matters of it.
pub(super) fn show(answer: &Answer) -> Vec<String> {
    match answer {
        Answer::CreateTopics(response) => {
            let row = |topic: &m::create_topics_response::CreatableTopicResult| {
                let places = (topic.num_partitions, topic.replication_factor);
                let subject = format!("{} {}x{}", topic.name, places.0, places.1);
                line(&subject, topic.error_code, &topic.error_message)
            };
            response.topics.iter().map(row).collect()
        }
        Answer::DeleteTopics(response) => {
            let row = |topic: &m::delete_topics_response::DeletableTopicResult| {
                let name = topic.name.clone().unwrap_or_else(|| "(no name)".into());
                line(&name, topic.error_code, &topic.error_message)
            };
            response.responses.iter().map(row).collect()
        }
        Answer::CreatePartitions(response) => {
            let row = |topic: &m::create_partitions_response::CreatePartitionsTopicResult| {
                line(&topic.name, topic.error_code, &topic.error_message)
            };
            response.results.iter().map(row).collect()
        }
        Answer::IncrementalAlterConfigs(response) => {
            let all = response.responses.iter();
            all.map(|r| line(&r.resource_name, r.error_code, &r.error_message)).collect()
        }
        Answer::AlterConfigs(response) => {
            let all = response.responses.iter();
            all.map(|r| line(&r.resource_name, r.error_code, &r.error_message)).collect()
        }
        Answer::BrokerRegistration(response) => {
            vec![format!("{} epoch {}", response.error_code, response.broker_epoch)]
        }
        Answer::BrokerHeartbeat(response) => vec![format!(
            "{} caught-up={} fenced={} stop={}",
            response.error_code,
            response.is_caught_up,
            response.is_fenced,
            response.should_shut_down
        )],
        Answer::UnregisterBroker(response) => json(response),
        Answer::ControllerRegistration(response) => json(response),
        Answer::AllocateProducerIds(response) => json(response),
        Answer::UpdateFeatures(response) => json(response),
        Answer::AssignReplicasToDirs(response) => json(response),
        Answer::ElectLeaders(response) => json(response),
        Answer::AlterPartition(response) => json(response),
        Answer::AlterClientQuotas(response) => json(response),
        Answer::CreateAcls(response) => json(response),
        Answer::DeleteAcls(response) => json(response),
        Answer::AlterUserScramCredentials(response) => json(response),
        Answer::AlterPartitionReassignments(response) => json(response),
        Answer::Within { used, was_exhausted, answer } => {
            let mut lines = show(answer);
            lines.push(format!("used {used}{}", if *was_exhausted { ", exhausted" } else { "" }));
            lines
        }
    }
}
