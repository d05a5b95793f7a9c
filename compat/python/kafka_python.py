"""kafka-python, the old 2.0.2 (speaking as to a 0.10.1 broker) and the new 3.x."""

import logging
import sys
import threading
import time

import kafka
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType, NewPartitions, NewTopic
from kafka.errors import KafkaError

import transactional
from checks import checks
from client import Client, Failure, Record, main

OLD = kafka.__version__.startswith("2.0.")
logging.disable(logging.CRITICAL)


def translated(method):
    """kafka-python's exceptions carry Kafka's number in `errno`."""

    def call(*args, **kwargs):
        try:
            return method(*args, **kwargs)
        except KafkaError as error:
            number = getattr(error, "errno", None)
            cause = getattr(error, "__cause__", None)
            if not isinstance(number, int) and cause is not None:
                number = getattr(cause, "errno", None)
            if not isinstance(number, int):
                raise
            raise Failure(number, repr(error)) from error

    return call


def first_error(rows):
    """The first row (name, code, ...) that carries an error becomes a failure."""
    for row in rows:
        if row[1] != 0:
            raise Failure(row[1], str(row))


class KafkaPython(Client):
    """The adapter; differences between the two versions stand where they are."""

    LIBRARY = "kafka-python-2" if OLD else "kafka-python-3"
    HEADERS = not OLD

    def __init__(self, bootstrap):
        super().__init__(bootstrap)
        self.transactional = transactional.KafkaPython(bootstrap)
        self.common = {"bootstrap_servers": bootstrap}
        if OLD:
            self.common["api_version"] = (0, 10, 1)
        self._admin = None

    @property
    def admin(self):
        if self._admin is None:
            self._admin = KafkaAdminClient(**self.common)
        return self._admin

    # Topics.

    @translated
    def create_topic(self, name, partitions, configs=None, replication=1):
        topic = NewTopic(name, partitions, replication, topic_configs=configs or {})
        answer = self.admin.create_topics([topic])
        if OLD:
            first_error(answer.topic_errors)

    @translated
    def delete_topic(self, name):
        answer = self.admin.delete_topics([name])
        if OLD:
            first_error(answer.topic_error_codes)

    @translated
    def topics(self):
        return self.admin.list_topics()

    @translated
    def partitions(self, name):
        row = self.admin.describe_topics([name])[0]
        first_error([(name, row["error_code"])])
        key = "partition" if OLD else "partition_index"
        return sorted(p[key] for p in row["partitions"])

    @translated
    def cluster(self):
        answer = self.admin.describe_cluster()
        return [b["node_id" if OLD else "broker_id"] for b in answer["brokers"]], answer["controller_id"]

    @translated
    def add_partitions(self, name, total):
        answer = self.admin.create_partitions({name: NewPartitions(total)})
        if OLD:
            first_error(answer.topic_errors)

    @translated
    def configs(self, name):
        resource = ConfigResource(ConfigResourceType.TOPIC, name)
        if OLD:
            answer = self.admin.describe_configs([resource])[0]
            code, _, _, _, entries = answer.resources[0]
            first_error([(name, code)])
            return {entry[0]: entry[1] for entry in entries}
        answer = self.admin.describe_configs([resource], config_filter="all")
        return {key: entry["value"] for key, entry in answer["topic"][name].items()}

    @translated
    def alter_configs(self, name, configs):
        resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=configs)
        answer = self.admin.alter_configs([resource])
        if OLD:
            first_error([(name, answer.resources[0][0])])
        elif "[Error" in (text := str(answer["topic"][name])):
            raise Failure(int(text.split("[Error ")[1].split("]")[0]), text)

    @translated
    def delete_records(self, name, partition, before):
        tp = TopicPartition(name, partition)
        return self.admin.delete_records({tp: before})[tp]["low_watermark"]

    # Records.

    @translated
    def produce(self, topic, records, codec="none", idempotent=None, acks="all", partition=0):
        options = dict(self.common, acks=acks if acks == "all" else int(acks), linger_ms=20,
                       compression_type=None if codec == "none" else codec, max_request_size=20_000_000)
        if OLD:
            options["retries"] = 10  # its default, 0, gives up on a leader elected a moment ago
        else:
            options["enable_idempotence"] = acks == "all" if idempotent is None else idempotent
        producer = KafkaProducer(**options)
        try:
            extra = {} if OLD else {"headers": None}
            sent = []
            for r in records:
                if not OLD:
                    extra["headers"] = r.headers
                sent.append(producer.send(topic, r.value, r.key, partition=partition, timestamp_ms=r.timestamp, **extra))
            producer.flush()
            return [future.get(30).offset for future in sent]
        finally:
            producer.close()

    def _consumer(self, **options):
        return KafkaConsumer(**dict(self.common, enable_auto_commit=False, auto_offset_reset="none", **options))

    @staticmethod
    def _record(m):
        return Record(m.key, m.value, [(k, v) for k, v in m.headers or []], m.timestamp, m.offset)

    @translated
    def read(self, topic, partition, start, count, fetch_bytes=None, max_wait_ms=None):
        options = {}
        if fetch_bytes:
            options |= {"max_partition_fetch_bytes": fetch_bytes, "fetch_max_bytes": fetch_bytes}
        if max_wait_ms:
            options |= {"fetch_max_wait_ms": max_wait_ms, "request_timeout_ms": max_wait_ms + 20_000}
            if OLD:
                options["connections_max_idle_ms"] = max_wait_ms + 60_000
        consumer = self._consumer(**options)
        try:
            tp = TopicPartition(topic, partition)
            consumer.assign([tp])
            consumer.seek(tp, start)
            got = []
            while len(got) < count:
                for batch in consumer.poll(timeout_ms=1000).values():
                    got += [self._record(m) for m in batch]
            self.read_at = time.monotonic()
            return got[:count]
        finally:
            consumer.close()

    @translated
    def read_all(self, topic, partitions, count):
        consumer = self._consumer()
        try:
            tps = [TopicPartition(topic, p) for p in range(partitions)]
            consumer.assign(tps)
            consumer.seek_to_beginning(*tps)
            got = {p: [] for p in range(partitions)}
            while sum(map(len, got.values())) < count:
                for tp, batch in consumer.poll(timeout_ms=1000).items():
                    got[tp.partition] += [self._record(m) for m in batch]
            return got
        finally:
            consumer.close()

    @translated
    def bounds(self, topic, partition=0):
        consumer = self._consumer()
        try:
            tp = TopicPartition(topic, partition)
            return consumer.beginning_offsets([tp])[tp], consumer.end_offsets([tp])[tp]
        finally:
            consumer.close()

    @translated
    def offset_for_time(self, topic, timestamp):
        consumer = self._consumer()
        try:
            tp = TopicPartition(topic, 0)
            found = consumer.offsets_for_times({tp: timestamp})[tp]
            return None if found is None else (found.offset, found.timestamp)
        finally:
            consumer.close()

    # Groups.

    @translated
    def group_read(self, group, topic, count):
        consumer = KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", enable_auto_commit=False,
                                 **self.common)
        try:
            got = {}
            while sum(map(len, got.values())) < count:
                for tp, batch in consumer.poll(timeout_ms=1000).items():
                    got.setdefault(tp.partition, []).extend(self._record(m) for m in batch)
            consumer.commit()
            return got
        finally:
            consumer.close()

    @translated
    def committed(self, group, topic, partition):
        consumer = KafkaConsumer(group_id=group, enable_auto_commit=False, **self.common)
        try:
            return consumer.committed(TopicPartition(topic, partition))
        finally:
            consumer.close()

    def member(self, group, topic, new=False):
        assert not new, "kafka-python has no KIP-848 consumer"
        return Member(KafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", session_timeout_ms=10_000,
                                    heartbeat_interval_ms=500, **self.common))

    @translated
    def groups(self):
        if OLD:
            return [name for name, _ in self.admin.list_consumer_groups()]
        return [row["group_id"] for row in self.admin.list_groups()]

    @translated
    def describe_group(self, group):
        if OLD:
            row = self.admin.describe_consumer_groups([group])[0]
            return row.state, len(row.members)
        row = self.admin.describe_groups([group])[group]
        return row["group_state"], len(row["members"])

    @translated
    def delete_group(self, group):
        if OLD:
            _, error = self.admin.delete_consumer_groups([group])[0]
            first_error([(group, error.errno)])
        else:
            outcome = self.admin.delete_groups([group])[group]
            if outcome != "OK":
                raise Failure(getattr(kafka.errors, outcome).errno, outcome)


class Member:
    """A consumer in a group with a thread of its own: version 2's poll waits for a whole rebalance."""

    def __init__(self, consumer):
        self.assigned = []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._poll, args=(consumer,), daemon=True)
        self.thread.start()

    def _poll(self, consumer):
        while not self.ended.is_set():
            consumer.poll(timeout_ms=100)
            self.assigned = [tp.partition for tp in consumer.assignment()]
        consumer.close()

    def poll_assignment(self):
        """The partitions that are this member's now."""
        return [] if self.ended.is_set() else self.assigned

    def close(self):
        self.ended.set()
        self.thread.join(30)


if __name__ == "__main__":
    sys.exit(main(KafkaPython, checks))
