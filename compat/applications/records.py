"""What the checks send and read around the applications, by librdkafka."""

import logging
import threading

from confluent_kafka import Consumer, Producer, TopicPartition

from server import eventually

# A broker that is killed is no news here.
SILENT = logging.getLogger("librdkafka")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


def send(address, topic, partitions, values):
    """Produces the values over the partitions in turn; raises unless all are acknowledged."""
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 5}, logger=SILENT)
    for number, value in enumerate(values):
        producer.produce(topic, value.encode(), partition=number % partitions)
        producer.poll(0)
    assert producer.flush(90) == 0, f"not all records of {topic} were produced"


class Reader(threading.Thread):
    """Collects what is committed of a topic, as keys and values, while applications write it."""

    def __init__(self, address, topic, partitions):
        super().__init__(daemon=True)
        self.records, self.ended, self.error = [], False, None
        options = {"bootstrap.servers": address, "group.id": "unused", "isolation.level": "read_committed"}
        self.consumer = Consumer(options | {"enable.auto.commit": False}, logger=SILENT)
        self.consumer.assign([TopicPartition(topic, partition, 0) for partition in range(partitions)])
        self.start()

    def run(self):
        while not self.ended:
            message = self.consumer.poll(0.2)
            if message is None:
                continue
            # A broker that is away is told as an error too, and comes back.
            if message.error() and not message.error().retriable():
                self.error = message.error()
                return
            if not message.error():
                key = message.key()
                self.records.append((key.decode() if key else None, message.value().decode()))
        self.consumer.close()

    def upto(self, count, seconds=90):
        eventually(f"{count} records committed", lambda: count <= len(self.records) or self.error, seconds)
        assert not self.error, self.error

    def values(self):
        return sorted(value for _, value in self.records)


def lag(address, group, topic, partitions):
    """How many offsets the group has not committed."""
    consumer = Consumer({"bootstrap.servers": address, "group.id": group, "enable.auto.commit": False}, logger=SILENT)
    try:
        every = [TopicPartition(topic, partition) for partition in range(partitions)]
        behind = 0
        for at in consumer.committed(every, 10):
            _, end = consumer.get_watermark_offsets(at, 10)
            behind += end - max(at.offset, 0)
        return behind
    finally:
        consumer.close()
