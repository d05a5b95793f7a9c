"""Transactional producers, readers and members of two libraries, under one set of names."""

import logging
import time

SILENT = logging.getLogger("librdkafka")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False
SECONDS = 30
# Kafka's INVALID_PRODUCER_EPOCH and PRODUCER_FENCED, and librdkafka's own number for both.
FENCED = (47, 90, -144)


class Fenced(Exception):
    """The producer may not go on: another one has its transactional id, or its time was over."""


class Confluent:
    def __init__(self, bootstrap):
        import confluent_kafka

        self.library, self.bootstrap = confluent_kafka, bootstrap

    def create_topic(self, topic, partitions):
        from confluent_kafka.admin import AdminClient, NewTopic

        admin = AdminClient({"bootstrap.servers": self.bootstrap})
        for made in admin.create_topics([NewTopic(topic, partitions, 1)]).values():
            made.result(SECONDS)

    def producer(self, id, timeout_ms=60_000):
        return ConfluentProducer(self.library, self.bootstrap, id, timeout_ms)

    def _consumer(self, group, isolation):
        return self.library.Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": group,
                "isolation.level": isolation,
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "enable.partition.eof": True,
            }
        )

    def read(self, topic, partition, isolation):
        """What a reader sees now, up to the end of what it may see."""
        consumer = self._consumer("reader", isolation)
        try:
            consumer.assign([self.library.TopicPartition(topic, partition, 0)])
            values, deadline = [], time.monotonic() + SECONDS
            while time.monotonic() < deadline:
                message = consumer.poll(1)
                if message is None:
                    continue
                if message.error():
                    if message.error().code() == self.library.KafkaError._PARTITION_EOF:
                        return values
                    raise self.library.KafkaException(message.error())
                values.append(message.value().decode())
            raise TimeoutError(f"no end of {topic}-{partition} in {SECONDS} s")
        finally:
            consumer.close()

    def committed(self, group, topic, partition):
        consumer = self._consumer(group, "read_committed")
        try:
            one = self.library.TopicPartition(topic, partition)
            return max(consumer.committed([one], SECONDS)[0].offset, -1)
        finally:
            consumer.close()

    def member(self, group, topic):
        return ConfluentMember(self._consumer(group, "read_committed"), topic)


class ConfluentMember:
    """A consumer in a group, whose offsets go into transactions."""

    def __init__(self, consumer, topic):
        self.consumer = consumer
        consumer.subscribe([topic])

    def take(self, count):
        """That many records as offset and value."""
        got, deadline = [], time.monotonic() + SECONDS
        while len(got) < count:
            assert time.monotonic() < deadline, f"{len(got)} of {count} records in {SECONDS} s"
            message = self.consumer.poll(0.2)
            if message is not None and not message.error():
                got.append((message.offset(), message.value().decode()))
        return got

    def close(self):
        self.consumer.close()


class ConfluentProducer:
    def __init__(self, library, bootstrap, id, timeout_ms):
        self.library, self.bootstrap = library, bootstrap
        self.producer = library.Producer(
            {"bootstrap.servers": bootstrap, "transactional.id": id, "transaction.timeout.ms": timeout_ms}, logger=SILENT
        )
        self.producer.init_transactions(SECONDS)

    def _do(self, step):
        try:
            return step()
        except self.library.KafkaException as error:
            if error.args[0].code() in FENCED:
                raise Fenced(str(error)) from error
            raise

    def begin(self):
        self._do(self.producer.begin_transaction)

    def send(self, topic, partition, value):
        self.producer.produce(topic, value.encode(), partition=partition)

    def flush(self):
        assert self.producer.flush(SECONDS) == 0

    def send_offset(self, group, topic, partition, offset):
        consumer = self.library.Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            self._send_offset(consumer, topic, partition, offset)
        finally:
            consumer.close()

    def send_position(self, member, topic, partition, offset):
        self._send_offset(member.consumer, topic, partition, offset)

    def _send_offset(self, consumer, topic, partition, offset):
        metadata = consumer.consumer_group_metadata()
        one = self.library.TopicPartition(topic, partition, offset)
        self._do(lambda: self.producer.send_offsets_to_transaction([one], metadata, SECONDS))

    def commit(self):
        self._do(lambda: self.producer.commit_transaction(SECONDS))

    def abort(self):
        self._do(lambda: self.producer.abort_transaction(SECONDS))

    def close(self):
        self.producer.purge()


class KafkaPython:
    def __init__(self, bootstrap):
        import kafka

        self.library, self.bootstrap = kafka, bootstrap

    def producer(self, id, timeout_ms=60_000):
        return KafkaPythonProducer(self.library, self.bootstrap, id, timeout_ms)

    def _consumer(self, group, isolation):
        return self.library.KafkaConsumer(
            bootstrap_servers=self.bootstrap,
            group_id=group,
            isolation_level=isolation,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
        )

    def read(self, topic, partition, isolation):
        consumer = self._consumer(None, isolation)
        try:
            one = self.library.TopicPartition(topic, partition)
            consumer.assign([one])
            consumer.seek(one, 0)
            end = consumer.end_offsets([one])[one]
            values, deadline = [], time.monotonic() + SECONDS
            while consumer.position(one) < end:
                if deadline < time.monotonic():
                    raise TimeoutError(f"no end of {topic}-{partition} in {SECONDS} s")
                for records in consumer.poll(500).values():
                    values += [record.value.decode() for record in records]
            return values
        finally:
            consumer.close()

    def committed(self, group, topic, partition):
        consumer = self._consumer(group, "read_committed")
        try:
            offset = consumer.committed(self.library.TopicPartition(topic, partition))
            return -1 if offset is None else offset
        finally:
            consumer.close()

    def member(self, group, topic):
        return KafkaPythonMember(self._consumer(group, "read_committed"), topic)


class KafkaPythonMember:
    """A consumer in a group, whose offsets go into transactions."""

    def __init__(self, consumer, topic):
        self.consumer = consumer
        consumer.subscribe([topic])

    def take(self, count):
        """That many records as offset and value."""
        got, deadline = [], time.monotonic() + SECONDS
        while len(got) < count:
            assert time.monotonic() < deadline, f"{len(got)} of {count} records in {SECONDS} s"
            for records in self.consumer.poll(200, max_records=count - len(got)).values():
                got += [(record.offset, record.value.decode()) for record in records]
        return got

    def close(self):
        self.consumer.close()


class KafkaPythonProducer:
    def __init__(self, library, bootstrap, id, timeout_ms):
        self.library, self.bootstrap = library, bootstrap
        self.producer = library.KafkaProducer(
            bootstrap_servers=bootstrap, transactional_id=id, transaction_timeout_ms=timeout_ms
        )
        self.producer.init_transactions()
        self.sent = []

    def _do(self, step):
        try:
            return step()
        except self.library.errors.KafkaError as error:
            if getattr(error, "errno", None) in FENCED:
                raise Fenced(repr(error)) from error
            raise

    def begin(self):
        self._do(self.producer.begin_transaction)

    def send(self, topic, partition, value):
        self.sent.append(self.producer.send(topic, value.encode(), partition=partition))

    def flush(self):
        self.producer.flush(SECONDS)

    def send_offset(self, group, topic, partition, offset):
        one = self.library.TopicPartition(topic, partition)
        offset = self.library.OffsetAndMetadata(offset, "", -1)
        self._do(lambda: self.producer.send_offsets_to_transaction({one: offset}, group))

    def send_position(self, member, topic, partition, offset):
        self.send_offset(member.consumer.group_metadata(), topic, partition, offset)

    def commit(self):
        self._do(self.producer.commit_transaction)

    def abort(self):
        self._do(self.producer.abort_transaction)

    def close(self):
        self.producer.close(timeout=0)
