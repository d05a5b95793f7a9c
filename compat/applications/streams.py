"""Kafka Streams' WordCount, exactly once, killed in the middle: every word is counted up by one, record after record."""

import os
import random
import threading
import time

from confluent_kafka import Consumer, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

from program import Program, class_path
from records import SILENT, Reader
from server import eventually

PARTITIONS = 4
WORDS_OF_LINE = 6
FEED_SECONDS = 12


def lines(count):
    """Lines of words, the same each time; some words come often."""
    rng = random.Random(5)
    words = [f"word{number}" for number in range(400)]
    weights = [1 / (number + 1) for number in range(len(words))]
    return [" ".join(rng.choices(words, weights, k=WORDS_OF_LINE)) for _ in range(count)]


def feed(address, topic, all_lines):
    """Produces the lines over some time, so that kills fall among them."""
    producer = Producer({"bootstrap.servers": address, "enable.idempotence": True, "linger.ms": 20})
    begun = time.monotonic()
    for number, line in enumerate(all_lines):
        producer.produce(topic, line.encode(), partition=number % PARTITIONS)
        if number % 100 == 99:
            producer.poll(0)
            time.sleep(max(0, begun + FEED_SECONDS * number / len(all_lines) - time.monotonic()))
    assert producer.flush(60) == 0, "not all lines were produced"


def counts(reader):
    """The counts of each word, in the order of their records."""
    of = {}
    for word, count in list(reader.records):
        of.setdefault(word, []).append(int(count))
    return of


def expected(all_lines):
    counts = {}
    for line in all_lines:
        for word in line.split(" "):
            counts[word] = counts.get(word, 0) + 1
    return counts


def count_words(server, folder, classes, guarantee, count):
    """Three kills: one instance alone, one of two, and the other of the two while the first comes back."""
    admin = AdminClient({"bootstrap.servers": server.address}, logger=SILENT)
    name = f"words-{guarantee}".replace("_", "-")
    for made in admin.create_topics([NewTopic(f"{name}-{end}", PARTITIONS, 1) for end in ("input", "output")]).values():
        made.result(30)
    all_lines = lines(count)
    total = count * WORDS_OF_LINE

    def instance(number):
        state = os.path.join(folder, f"{name}-{number}")
        log = os.path.join(folder, f"{name}-{number}.log")
        return Program.java(classes, "WordCount", server.address, name, state, guarantee, log=log)

    running = {1: instance(1)}
    reader = Reader(server.address, f"{name}-output", PARTITIONS)
    try:
        running[1].line("state RUNNING")
        feeder = threading.Thread(target=feed, args=(server.address, f"{name}-input", all_lines), daemon=True)
        feeder.start()
        reader.upto(total // 10)
        running[1].kill()
        running[1] = instance(1)
        running[2] = instance(2)
        running[2].line("state RUNNING")
        reader.upto(total * 4 // 10)
        running[2].kill()
        running[2] = instance(2)
        running[2].line("state RUNNING")
        running[1].kill()
        running[1] = instance(1)
        feeder.join(120)
        reader.upto(total)
        time.sleep(1)
        assert len(reader.records) == total, f"{len(reader.records)} counts where {total} should be"
        counted = counts(reader)
        for word, times in expected(all_lines).items():
            found = counted.get(word, [])
            assert found == list(range(1, times + 1)), f"{word} was counted {found[:20]}..., {len(found)} of {times} times"
        internal_topics(server.address, admin, name)
        for each in running.values():
            assert each.end() in (0, 143), "an instance did not end as it should"
    finally:
        reader.ended = True
        for each in running.values():
            each.kill()
    return f"{count} lines, {total} counts, 3 kills"


def internal_topics(address, admin, name):
    """The changelog is compacted; what was read of the repartition topic is deleted."""
    changelog, repartition = f"{name}-counts-changelog", f"{name}-counts-repartition"
    topics = admin.list_topics(timeout=30).topics
    assert changelog in topics and repartition in topics, sorted(topics)
    resource = ConfigResource(ConfigResource.Type.TOPIC, changelog)
    configs = admin.describe_configs([resource])[resource].result(30)
    assert configs["cleanup.policy"].value == "compact", configs["cleanup.policy"].value
    consumer = Consumer({"bootstrap.servers": address, "group.id": "unused"})
    try:
        def deleted():
            bounds = [consumer.get_watermark_offsets(TopicPartition(repartition, p), 10) for p in range(PARTITIONS)]
            return all(0 < low for low, _ in bounds)
        eventually("consumed records of the repartition topic are deleted", deleted, 30)
    finally:
        consumer.close()


def current(server, folder, count):
    return count_words(server, folder, class_path("streams", "4.3.1"), "exactly_once_v2", count)


def old(server, folder, count):
    return count_words(server, folder, class_path("streams", "2.8.2"), "exactly_once_beta", count)
