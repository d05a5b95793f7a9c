"""consume.py CLIENT BOOTSTRAP TOPIC FIRST COUNT ACKED

Reads the whole topic and compares: every acknowledged event lies at its offset, byte for byte;
every event is there; nothing is there that was not sent. Prints a line of figures; exit 1 if not so.
"""

import sys

from events import events

PARTITIONS = 3


def kafka_python(bootstrap, topic):
    from kafka import KafkaConsumer, TopicPartition

    consumer = KafkaConsumer(
        bootstrap_servers=bootstrap, group_id=None, enable_auto_commit=False,
        auto_offset_reset="earliest", max_partition_fetch_bytes=4 << 20,
    )
    parts = [TopicPartition(topic, n) for n in range(PARTITIONS)]
    consumer.assign(parts)
    ends = consumer.end_offsets(parts)
    for part in parts:
        consumer.seek(part, 0)
    while any(consumer.position(part) < ends[part] for part in parts):
        for records in consumer.poll(timeout_ms=1000, max_records=10_000).values():
            for record in records:
                yield record.partition, record.offset, record.key, record.value
    consumer.close()


def librdkafka(bootstrap, topic):
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap, "group.id": "none", "enable.auto.commit": False,
            "auto.offset.reset": "error", "enable.partition.eof": False, "check.crcs": True,
            "log_level": 2,
        }
    )
    consumer.assign([TopicPartition(topic, n, 0) for n in range(PARTITIONS)])
    left = {}
    for part in range(PARTITIONS):
        low, high = consumer.get_watermark_offsets(TopicPartition(topic, part), timeout=30)
        left[part] = high
    at = {part: 0 for part in left}
    while any(at[part] < left[part] for part in left):
        for message in consumer.consume(10_000, timeout=5):
            if message.error():
                sys.exit(f"{topic}: {message.error()}")
            at[message.partition()] = message.offset() + 1
            yield message.partition(), message.offset(), message.key(), message.value()
    consumer.close()


def main():
    client, bootstrap, topic, first, count, path = sys.argv[1:]
    first, count = int(first), int(count)
    sent = {number: (key, value) for number, key, value in events(first, count)}
    numbers = {value: number for number, (_, value) in sent.items()}
    acknowledged = {}
    with open(path) as file:
        for line in file:
            number, part, offset = map(int, line.split())
            acknowledged[part, offset] = number
    seen, unknown, wrong, read = {}, 0, 0, 0
    disorder, last = 0, {}
    for part, offset, key, value in {"kafka-python": kafka_python, "librdkafka": librdkafka}[client](bootstrap, topic):
        read += 1
        number = numbers.get(value)
        if number is None or sent[number][0] != key:
            unknown += 1
            continue
        seen[number] = seen.get(number, 0) + 1
        expected = acknowledged.pop((part, offset), None)
        if expected is not None and expected != number:
            wrong += 1
        if seen[number] == 1:
            disorder += number < last.get(part, -1)
            last[part] = number
    lost = len(acknowledged)
    missing = count - len(seen)
    twice = read - unknown - len(seen)
    print(
        f"{topic} read by {client}: {read} records, {lost} acknowledged lost, {missing} missing, "
        f"{wrong} at a wrong offset, {unknown} unknown, {twice} duplicates, {disorder} out of order",
        flush=True,
    )
    sys.exit(1 if lost or missing or wrong or unknown else 0)


main()
