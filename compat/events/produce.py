"""produce.py CLIENT CODEC BOOTSTRAP TOPIC FIRST COUNT ACKED

Produces the events FIRST .. FIRST+COUNT-1 until each is acknowledged, whatever happens to
the server meanwhile, and writes a line `event partition offset` to ACKED for every acknowledgement.
"""

import sys
import time

from events import events

PARTITIONS = 3
WINDOW = 2000


def kafka_python(codec, bootstrap, topic, share, acknowledged):
    from kafka import KafkaProducer

    producer = KafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        compression_type=None if codec == "none" else codec,
        linger_ms=5,
        retries=10_000,
        retry_backoff_ms=100,
        request_timeout_ms=10_000,
        delivery_timeout_ms=600_000,
        max_block_ms=120_000,
        reconnect_backoff_max_ms=500,
    )
    waiting = []

    def collect(left):
        while left < len(waiting):
            number, future = waiting.pop(0)
            result = future.get(timeout=620)
            acknowledged(number, result.partition, result.offset)

    for number, key, value in share:
        future = producer.send(topic, key=key, value=value, partition=number % PARTITIONS)
        waiting.append((number, future))
        collect(WINDOW)
    collect(0)
    producer.close(timeout=60)


def librdkafka(codec, bootstrap, topic, share, acknowledged):
    from confluent_kafka import Producer

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "compression.type": codec,
            "linger.ms": 5,
            "message.timeout.ms": 600_000,
            "reconnect.backoff.max.ms": 500,
            "queue.buffering.max.messages": WINDOW,
            "log_level": 2,
        }
    )
    failures = []

    def delivered(number):
        def callback(error, message):
            if error is not None:
                failures.append((number, error))
            else:
                acknowledged(number, message.partition(), message.offset())

        return callback

    for number, key, value in share:
        while True:
            try:
                producer.produce(
                    topic, value, key, number % PARTITIONS, on_delivery=delivered(number)
                )
                break
            except BufferError:
                producer.poll(0.1)
        producer.poll(0)
    producer.flush(620)
    if failures:
        sys.exit(f"{topic}: {len(failures)} events were given up, the first: {failures[0]}")


def main():
    client, codec, bootstrap, topic, first, count, path = sys.argv[1:]
    first, count = int(first), int(count)
    share = events(first, count)
    began = time.time()
    with open(path, "w", buffering=1) as file:
        done = {"kafka-python": kafka_python, "librdkafka": librdkafka}[client]
        done(codec, bootstrap, topic, share, lambda *row: file.write("%d %d %d\n" % row))
    print(f"{topic}: {count} events acknowledged in {time.time() - began:.1f} s", flush=True)


main()
