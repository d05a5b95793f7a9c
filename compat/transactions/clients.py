"""Transactional producers and readers of two libraries, under one set of names."""

import time

SECONDS = 30


class Fenced(Exception):
    """The producer may not go on: another one has its transactional id, or its time was over."""


class Confluent:
    name = "confluent-kafka"

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


class ConfluentProducer:
    def __init__(self, library, bootstrap, id, timeout_ms):
        self.library, self.bootstrap = library, bootstrap
        self.producer = library.Producer(
            {"bootstrap.servers": bootstrap, "transactional.id": id, "transaction.timeout.ms": timeout_ms}
        )
        self.producer.init_transactions(SECONDS)

    def _do(self, step):
        try:
            return step()
        except self.library.KafkaException as error:
            raise Fenced(str(error)) from error

    def begin(self):
        self._do(self.producer.begin_transaction)

    def send(self, topic, partition, value):
        self.producer.produce(topic, value.encode(), partition=partition)

    def flush(self):
        assert self.producer.flush(SECONDS) == 0

    def send_offset(self, group, topic, partition, offset):
        consumer = self.library.Consumer({"bootstrap.servers": self.bootstrap, "group.id": group})
        try:
            metadata = consumer.consumer_group_metadata()
            one = self.library.TopicPartition(topic, partition, offset)
            self._do(lambda: self.producer.send_offsets_to_transaction([one], metadata, SECONDS))
        finally:
            consumer.close()

    def commit(self):
        self._do(lambda: self.producer.commit_transaction(SECONDS))

    def abort(self):
        self._do(lambda: self.producer.abort_transaction(SECONDS))

    def close(self):
        self.producer.purge()


class KafkaPython:
    name = "kafka-python-3"

    def __init__(self, bootstrap):
        import kafka

        self.library, self.bootstrap = kafka, bootstrap

    def create_topic(self, topic, partitions):
        from kafka.admin import KafkaAdminClient, NewTopic

        admin = KafkaAdminClient(bootstrap_servers=self.bootstrap)
        admin.create_topics([NewTopic(topic, partitions, 1)])
        admin.close()

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
            raise Fenced(repr(error)) from error

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

    def commit(self):
        self._do(self.producer.commit_transaction)

    def abort(self):
        self._do(self.producer.abort_transaction)

    def close(self):
        self.producer.close(timeout=0)


CLIENTS = {client.name: client for client in (Confluent, KafkaPython)}
