//! Transactions and the producers of partitions, as brokers know them.

use super::Admin;
use super::topics::nothing;
use crate::Error;
use crate::cluster::{CoordinatorKind, To};
use crate::metadata::TopicPartition;
use dohle_protocol::messages::describe_producers_request::TopicRequest;
use dohle_protocol::messages::describe_producers_response::ProducerState;
use dohle_protocol::messages::describe_transactions_response;
use dohle_protocol::messages::list_transactions_response;
use dohle_protocol::messages::write_txn_markers_request::{
    WritableTxnMarker, WritableTxnMarkerTopic,
};
use dohle_protocol::messages::{
    DescribeProducersRequest, DescribeProducersResponse, DescribeTransactionsRequest,
    InitProducerIdRequest, ListTransactionsRequest, WriteTxnMarkersRequest,
    WriteTxnMarkersResponse,
};
use dohle_protocol::wire::Text;
use std::collections::BTreeMap;

impl Admin {
    /// The transactions that each broker coordinates, by broker.
    ///
    /// # Errors
    /// What a broker has against it.
    pub async fn list_transactions(
        &self,
        request: &ListTransactionsRequest,
    ) -> Result<Vec<(i32, Vec<list_transactions_response::TransactionState>)>, Error> {
        let mut all = Vec::new();
        for node in self.describe_cluster(false).await?.brokers {
            let told = self.call("listTransactions", To::Broker(node.id), request, |answer| {
                Error::check(answer.error_code, None)?;
                Ok(answer.transaction_states)
            });
            all.push((node.id, told.await?));
        }
        Ok(all)
    }

    /// One transaction, and the broker that coordinates it.
    ///
    /// # Errors
    /// What the coordinator has against it.
    pub async fn describe_transaction(
        &self,
        id: &str,
    ) -> Result<(i32, describe_transactions_response::TransactionState), Error> {
        let id = Text::from(id);
        let request = DescribeTransactionsRequest {
            transactional_ids: vec![id.clone()],
            ..DescribeTransactionsRequest::default()
        };
        let to = To::Coordinator(CoordinatorKind::Transaction, id.clone());
        let described = self.call("describeTransactions", to, &request, |answer| {
            let state = answer.transaction_states.into_iter().next().ok_or_else(nothing)?;
            Error::check(state.error_code, None)?;
            Ok(state)
        });
        let state = described.await?;
        let deadline = self.client.env().clock.now() + self.client.config().request_timeout;
        let coordinator = self.client.coordinator(CoordinatorKind::Transaction, &id, deadline);
        Ok((coordinator.await?, state))
    }

    /// The producers that partitions know, as their leaders or the broker given says; by partition.
    ///
    /// # Errors
    /// What a broker has against it.
    pub async fn describe_producers(
        &self,
        partitions: &[TopicPartition],
        broker: Option<i32>,
    ) -> Result<BTreeMap<TopicPartition, Vec<ProducerState>>, Error> {
        let mut asked: BTreeMap<i32, BTreeMap<Text, Vec<i32>>> = BTreeMap::new();
        for one in partitions {
            let broker = self.broker_of(one, broker).await?;
            let topics = asked.entry(broker).or_default();
            topics.entry(one.topic.clone()).or_default().push(one.partition);
        }
        let mut known = BTreeMap::new();
        for (broker, topics) in asked {
            let topics = topics.into_iter().map(|(name, partition_indexes)| TopicRequest {
                name,
                partition_indexes,
                ..TopicRequest::default()
            });
            let request = DescribeProducersRequest {
                topics: topics.collect(),
                ..DescribeProducersRequest::default()
            };
            let told = self.call("describeProducers", To::Broker(broker), &request, by_partition);
            known.extend(told.await?);
        }
        Ok(known)
    }

    /// Ends what a transactional id has open, and fences whoever uses it: its new producer id and
    /// epoch.
    ///
    /// # Errors
    /// What the coordinator has against it.
    pub async fn fence_producer(&self, id: &str) -> Result<(i64, i16), Error> {
        let id = Text::from(id);
        let request = InitProducerIdRequest {
            transactional_id: Some(id.clone()),
            // Kafka's client sends the time of its own patience.
            transaction_timeout_ms: self.timeout_ms(),
            producer_id: -1,
            producer_epoch: -1,
            ..InitProducerIdRequest::default()
        };
        let to = To::Coordinator(CoordinatorKind::Transaction, id);
        let fenced = self.call("fenceProducer", to, &request, |answer| {
            Error::check(answer.error_code, None)?;
            Ok((answer.producer_id, answer.producer_epoch))
        });
        fenced.await
    }

    /// Writes the marker of an abort into a partition, on behalf of a transaction whose
    /// coordinator has forgotten it.
    ///
    /// # Errors
    /// What the leader has against it.
    pub async fn abort_transaction(
        &self,
        partition: &TopicPartition,
        producer: (i64, i16),
        coordinator_epoch: i32,
    ) -> Result<(), Error> {
        let request = WriteTxnMarkersRequest {
            markers: vec![WritableTxnMarker {
                producer_id: producer.0,
                producer_epoch: producer.1,
                transaction_result: false,
                topics: vec![WritableTxnMarkerTopic {
                    name: partition.topic.clone(),
                    partition_indexes: vec![partition.partition],
                    ..WritableTxnMarkerTopic::default()
                }],
                coordinator_epoch,
                ..WritableTxnMarker::default()
            }],
            ..WriteTxnMarkersRequest::default()
        };
        let look = |answer: WriteTxnMarkersResponse| {
            let marker = answer.markers.into_iter().next().ok_or_else(nothing)?;
            let topic = marker.topics.into_iter().next().ok_or_else(nothing)?;
            let told = topic.partitions.into_iter().next().ok_or_else(nothing)?;
            Error::check(told.error_code, None)
        };
        let to = To::Broker(self.broker_of(partition, None).await?);
        self.call("abortTransaction", to, &request, look).await
    }

    async fn broker_of(
        &self,
        partition: &TopicPartition,
        broker: Option<i32>,
    ) -> Result<i32, Error> {
        match broker {
            Some(broker) => Ok(broker),
            None => {
                let retry = self.client.retry();
                Ok(self.client.leader(partition, retry.deadline).await?.0)
            }
        }
    }
}

/// The producers of each partition; the first that cannot be told is the error.
fn by_partition(
    answer: DescribeProducersResponse,
) -> Result<BTreeMap<TopicPartition, Vec<ProducerState>>, Error> {
    let mut told = BTreeMap::new();
    for topic in answer.topics {
        for partition in topic.partitions {
            Error::check(partition.error_code, partition.error_message)?;
            let name = TopicPartition::new(topic.name.clone(), partition.partition_index);
            told.insert(name, partition.active_producers);
        }
    }
    Ok(told)
}
