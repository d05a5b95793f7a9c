"""confluent-kafka: librdkafka as Python programs use it."""

import time

from confluent_kafka import (Consumer, ConsumerGroupTopicPartitions, KafkaException, Producer, TopicCollection,
                             TopicPartition)
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic)

import transactional
from checks import checks
from client import Client, Failure, Record, main
from transactional import SILENT


def translated(method):
    """librdkafka's errors carry Kafka's number, or a negative one of its own."""

    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except KafkaException as error:
            raise Failure(error.args[0].code(), error.args[0].str()) from error

    return call


class Confluent(Client):
    """The adapter."""

    LIBRARY = "confluent-kafka"

    def __init__(self, bootstrap):
        super().__init__(bootstrap)
        self.transactional = transactional.Confluent(bootstrap)
        self.common = {"bootstrap.servers": bootstrap, "topic.metadata.refresh.interval.ms": 1000,
                       "topic.metadata.propagation.max.ms": 5000}
        self._admin = None

    @property
    def admin(self):
        if self._admin is None:
            self._admin = AdminClient(dict(self.common), logger=SILENT)
        return self._admin

    # Topics.

    @translated
    def create_topic(self, name, partitions, configs=None, replication=1):
        topic = NewTopic(name, partitions, replication, config=configs or {})
        self.admin.create_topics([topic])[name].result(30)

    @translated
    def delete_topic(self, name):
        self.admin.delete_topics([name])[name].result(30)

    @translated
    def topics(self):
        return list(self.admin.list_topics(timeout=10).topics)

    @translated
    def partitions(self, name):
        # list_topics(name) would create it.
        row = self.admin.describe_topics(TopicCollection([name]))[name].result(30)
        return sorted(p.id for p in row.partitions)

    @translated
    def cluster(self):
        answer = self.admin.describe_cluster().result(30)
        return [node.id for node in answer.nodes], answer.controller.id

    @translated
    def add_partitions(self, name, total):
        self.admin.create_partitions([NewPartitions(name, total)])[name].result(30)

    @translated
    def configs(self, name):
        resource = ConfigResource(ConfigResource.Type.TOPIC, name)
        return {key: entry.value for key, entry in self.admin.describe_configs([resource])[resource].result(30).items()}

    @translated
    def alter_configs(self, name, configs):
        entries = [ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in configs.items()]
        resource = ConfigResource(ConfigResource.Type.TOPIC, name, incremental_configs=entries)
        self.admin.incremental_alter_configs([resource])[resource].result(30)

    @translated
    def delete_records(self, name, partition, before):
        tp = TopicPartition(name, partition, before)
        return self.admin.delete_records([tp])[tp].result(30).low_watermark

    # Records.

    @translated
    def produce(self, topic, records, codec="none", idempotent=None, acks="all", partition=0):
        options = dict(self.common, **{"acks": acks, "linger.ms": 20, "message.max.bytes": 20_000_000,
                                       "compression.type": codec, "message.timeout.ms": 30_000})
        if idempotent is not None:
            options["enable.idempotence"] = idempotent
        producer = Producer(options, logger=SILENT)
        outcomes = {}

        def delivered(index):
            def report(error, message):
                # Nobody says the offset of a record sent with acks=0.
                outcomes[index] = error or (-1 if message.offset() is None else message.offset())
            return report

        for i, r in enumerate(records):
            producer.produce(topic, value=r.value, key=r.key, partition=partition, on_delivery=delivered(i),
                             timestamp=r.timestamp, headers=r.headers)
            producer.poll(0)
        left = producer.flush(40)
        if left:
            raise Failure(-185, f"{left} records neither delivered nor refused")
        for error in outcomes.values():
            if not isinstance(error, int):
                raise Failure(error.code(), error.str())
        return [outcomes[i] for i in range(len(records))]

    def _consumer(self, **options):
        return Consumer(dict(self.common, **{"group.id": "unused", "enable.auto.commit": False,
                                             "auto.offset.reset": "error"}, **options), logger=SILENT)

    @staticmethod
    def _record(m):
        return Record(m.key(), m.value(), m.headers() or [], m.timestamp()[1], m.offset())

    @translated
    def read(self, topic, partition, start, count, fetch_bytes=None, max_wait_ms=None):
        options = {}
        if fetch_bytes:
            options |= {"fetch.message.max.bytes": fetch_bytes, "fetch.max.bytes": 1_100_000}
        if max_wait_ms:
            options |= {"fetch.wait.max.ms": max_wait_ms, "socket.timeout.ms": max_wait_ms + 20_000}
        consumer = self._consumer(**options)
        try:
            consumer.assign([TopicPartition(topic, partition, start)])
            got = []
            while len(got) < count:
                m = consumer.poll(1)
                if m is None:
                    continue
                if m.error():
                    # -140 (AUTO_OFFSET_RESET) is librdkafka's own word for an offset out of range.
                    raise Failure(1 if m.error().code() == -140 else m.error().code(), m.error().str())
                got.append(self._record(m))
            self.read_at = time.monotonic()
            return got
        finally:
            consumer.close()

    @translated
    def read_all(self, topic, partitions, count):
        consumer = self._consumer()
        try:
            consumer.assign([TopicPartition(topic, p, 0) for p in range(partitions)])
            return self._gather(consumer, count, partitions)
        finally:
            consumer.close()

    def _gather(self, consumer, count, partitions=0):
        got = {p: [] for p in range(partitions)}
        while sum(map(len, got.values())) < count:
            m = consumer.poll(1)
            if m is None:
                continue
            if m.error():
                raise Failure(m.error().code(), m.error().str())
            got.setdefault(m.partition(), []).append(self._record(m))
        return got

    @translated
    def bounds(self, topic, partition=0):
        consumer = self._consumer()
        try:
            return consumer.get_watermark_offsets(TopicPartition(topic, partition), timeout=10)
        finally:
            consumer.close()

    @translated
    def offset_for_time(self, topic, timestamp):
        consumer = self._consumer()
        try:
            found = consumer.offsets_for_times([TopicPartition(topic, 0, timestamp)], timeout=10)[0]
            if found.error:
                raise Failure(found.error.code(), found.error.str())
            if found.offset < 0:
                return None
        finally:
            consumer.close()
        # librdkafka gives the offset alone: the record says its own time.
        return found.offset, self.read(topic, 0, found.offset, 1)[0].timestamp

    # Groups.

    @translated
    def group_read(self, group, topic, count):
        consumer = Consumer(dict(self.common, **{"group.id": group, "enable.auto.commit": False,
                                                 "auto.offset.reset": "earliest"}), logger=SILENT)
        try:
            consumer.subscribe([topic])
            got = self._gather(consumer, count)
            consumer.commit(asynchronous=False)
            return got
        finally:
            consumer.close()

    @translated
    def committed(self, group, topic, partition):
        request = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, partition)])
        return self.admin.list_consumer_group_offsets([request])[group].result(30).topic_partitions[0].offset

    def member(self, group, topic, new=False):
        protocol = {"group.protocol": "consumer"} if new else {"session.timeout.ms": 10_000, "heartbeat.interval.ms": 500}
        consumer = Consumer(dict(self.common, **{"group.id": group, "auto.offset.reset": "earliest"}, **protocol),
                            logger=SILENT)
        consumer.subscribe([topic])
        return Member(consumer)

    @translated
    def groups(self):
        return [group.group_id for group in self.admin.list_consumer_groups().result(30).valid]

    @translated
    def describe_group(self, group):
        row = self.admin.describe_consumer_groups([group])[group].result(30)
        return row.state.name, len(row.members)

    @translated
    def delete_group(self, group):
        self.admin.delete_consumer_groups([group])[group].result(30)


class Member:
    """A consumer in a group, polled by the check itself."""

    def __init__(self, consumer):
        self.consumer = consumer

    def poll_assignment(self):
        """One short poll; the partitions that are this member's now."""
        if self.consumer is None:
            return []
        end = time.monotonic() + 0.2
        while time.monotonic() < end:
            self.consumer.poll(0.05)
        return [tp.partition for tp in self.consumer.assignment()]

    def close(self):
        if self.consumer is not None:
            self.consumer.close()
            self.consumer = None


if __name__ == "__main__":
    main(Confluent, checks)
