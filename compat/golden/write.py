#!/usr/bin/env python3
"""Writes data of every kind to a broker, so that another one can be started on it afterwards.

    write.py HOST:PORT first         topics of every kind, with records; groups and transactions
    write.py HOST:PORT again         more into all of them after a start; topics deleted, partitions added, records deleted
    write.py HOST:PORT more          more into all of them, no log's start moves; members and a transaction are left as they are
    write.py HOST:PORT steady FILE   writes until the broker goes; says "writing" once it does, keeps in FILE what was acknowledged
    write.py HOST:PORT kept FILE     exit 1 if something that FILE says was acknowledged is not there
"""
import json, random, sys, time
import coordinators
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewPartitions, NewTopic,
                                   ResourceType)

CODECS = ["none", "gzip", "snappy", "lz4", "zstd"]
SMALL = {"internal.segment.bytes": "16384", "index.interval.bytes": "1024"}
LONG_NAME = "w-" + "long-name-" * 24 + "1234567"  # 249, the longest

# Every topic: partitions, configs.
TOPICS = {
    **{f"w-codec-{codec}": (2, {}) for codec in CODECS},
    "w-many": (24, {"min.insync.replicas": "1", "unclean.leader.election.enable": "true"}),
    "w-configured": (1, {"retention.ms": "86400000", "max.message.bytes": "2000000", "flush.messages": "50", "segment.jitter.ms": "10",
                         "message.timestamp.before.max.ms": "9223372036854775807", "file.delete.delay.ms": "1000"}),
    "w-compacted": (2, {"cleanup.policy": "compact", **SMALL}),
    "w-compact-delete": (1, {"cleanup.policy": "compact,delete", **SMALL}),
    "w-segments": (2, SMALL),
    "w-small-index": (1, {"segment.index.bytes": "240", "index.interval.bytes": "100"}),
    "w-rolled-by-time": (1, {"segment.ms": "50"}),
    "w-preallocated": (1, {"preallocate": "true", "internal.segment.bytes": "262144"}),
    "w-append-time": (2, {"message.timestamp.type": "LogAppendTime"}),
    "w-broker-gzip": (1, {"compression.type": "gzip"}),
    "w-broker-zstd": (1, {"compression.type": "zstd", "compression.zstd.level": "9"}),
    "w-broker-uncompressed": (1, {"compression.type": "uncompressed"}),
    "w-broker-lz4": (1, {"compression.type": "lz4"}),
    "w-delete-records": (3, SMALL),
    "w-retention-bytes": (1, {"retention.bytes": "40000", "file.delete.delay.ms": "100", **SMALL}),
    "w-retention-ms": (1, {"retention.ms": "1000", "file.delete.delay.ms": "100", **SMALL}),
    "w-expanded": (1, {}),
    "w-epochs": (2, SMALL),
    "w-old-client": (4, {}),
    "w-grouped": (3, {}),
    "w-transactional": (3, {}),
    "w-empty": (3, {}),
    "w-to-delete": (4, {}),
    "w-deleted-and-made-again": (2, {}),
    "w-dots.under_scores-and-dashes-0": (1, {}),
    LONG_NAME: (1, {}),
}
# Topics of the golden directories that go on growing where they are there.
GOLDEN = ["codec-none", "segments", "epochs", "idempotent", "jbod", "legacy", "compacted", "txn", "expanded", "broker-gzip", "log-append-time",
          "delete-records", "small-index"]

def shapes(seed, number=40):
    """Records of every shape: (key, value, headers)."""
    chance = random.Random(seed)
    fixed = [(None, None, []), (b"", b"", []), (b"k", None, []), (None, b"v", [("h", b"1"), ("h", b"2"), ("", b""), ("n", None)]),
             ("ключ".encode(), "значение".encode(), [("имя", "да".encode())]), (b"big", chance.randbytes(20000), []),
             (b"plain", b"a" * 5000, [])]
    for i in range(number):
        kind = fixed[i % 10] if i % 10 < len(fixed) else None
        yield kind or (b"key-%d" % (i % 17), b"value-%d-%s" % (i, chance.randbytes(chance.randrange(60)).hex().encode()), [])

class Writer:
    """A producer whose every record must be acknowledged."""
    def __init__(self, address, **options):
        self.failures = []
        self.acknowledged = 0
        self.producer = Producer({"bootstrap.servers": address, "linger.ms": 5, "message.timeout.ms": 30000,
                                  **{k.replace("_", "."): v for k, v in options.items()}})
    def told(self, error, message):
        if error: self.failures.append(f"{message.topic()}-{message.partition()}: {error}")
        else: self.acknowledged += 1
    def write(self, topic, partition, key, value, headers=(), at=0):
        while True:
            try:
                self.producer.produce(topic, value, key, partition, self.told, timestamp=at, headers=list(headers))
                return
            except BufferError: self.producer.poll(0.1)
    def flush(self): self.producer.flush(60)
    def end(self):
        self.flush()
        if self.failures: sys.exit(f"{len(self.failures)} records refused: {self.failures[:3]}")
        return self.acknowledged

def wait(futures):
    for future in futures.values(): future.result()

def create(admin, topics):
    wait(admin.create_topics([NewTopic(name, partitions, 1, config=configs) for name, (partitions, configs) in topics.items()]))
    deadline = time.time() + 20
    while not set(topics) <= set(admin.list_topics(timeout=10).topics):
        if time.time() > deadline: sys.exit("topics do not show up")
        time.sleep(0.1)

def cluster_default(address, name, value):
    """librdkafka has no way to say it."""
    from check import manifest
    connection = manifest.Connection(address, manifest.load_facts(manifest.FACTS))
    answer = connection.call("IncrementalAlterConfigs", ValidateOnly=False, Resources=[{"ResourceType": 4, "ResourceName": "", "Configs": [
        {"Name": name, "ConfigOperation": 0, "Value": value}]}])
    if answer["Responses"][0]["ErrorCode"]: sys.exit(f"{name}: {answer}")

def fill(address, run):
    """What every run writes: (records)."""
    total = 0
    for codec in CODECS:
        writer = Writer(address, compression_type=codec, enable_idempotence=codec in ("gzip", "zstd"))
        for partition in range(2):
            for record in shapes(f"{run} {codec} {partition}"): writer.write(f"w-codec-{codec}", partition, *record)
        for topic in ("w-broker-gzip", "w-broker-zstd", "w-broker-uncompressed", "w-broker-lz4", "w-configured", "w-small-index", "w-append-time",
                      "w-preallocated", LONG_NAME, "w-dots.under_scores-and-dashes-0"):
            for record in shapes(f"{run} {codec} {topic}"): writer.write(topic, 0, *record)
            writer.flush()  # one batch for each codec at least
        total += writer.end()
    for producer in range(3):
        writer = Writer(address, enable_idempotence=True, linger_ms=1, batch_num_messages=20)
        for i in range(400):
            for topic in ("w-segments", "w-epochs"): writer.write(topic, i % 2, b"p%d" % producer, b"%s %d %d " % (run.encode(), producer, i) + b"." * 80)
            writer.write("w-many", i % 24, b"%d" % (i % 50), b"many %d" % i)
            for topic in ("w-delete-records", "w-retention-bytes", "w-retention-ms", "w-compact-delete"):
                writer.write(topic, i % TOPICS[topic][0], b"%d" % i, b"x" * 100)
            if i % 100 == 99: writer.flush()
        total += writer.end()
    writer = Writer(address, compression_type="lz4", batch_num_messages=50)
    for i in range(1500):
        writer.write("w-compacted", i % 2, b"key-%d" % (i % 90), None if i % 7 == 0 else b"value %d %s" % (i, run.encode()) * 4)
    now = int(time.time() * 1000)
    for i in range(60):  # times out of order, also in the past
        writer.write("w-expanded", 0, None, b"%d" % i, at=now - (i * 7919) % 100000)
        writer.write("w-rolled-by-time", 0, None, b"%d" % i, at=now - 3600000 + i * 20)
        if i % 5 == 4: writer.flush(); time.sleep(0.01)
    total += writer.end()
    return total

def first(address):
    admin = AdminClient({"bootstrap.servers": address})
    assert len(LONG_NAME) == 249
    create(admin, TOPICS)
    total = fill(address, "first")
    writer = Writer(address)
    for topic in ("w-to-delete", "w-deleted-and-made-again"):
        for partition in range(2):
            for record in shapes(topic): writer.write(topic, partition, *record)
    total += writer.end()
    coordinators.write(address, stays=False)
    print(f"{len(TOPICS)} topics, {total} records acknowledged")

def again(address):
    admin = AdminClient({"bootstrap.servers": address})
    there = admin.list_topics(timeout=10).topics
    once = len(there["w-expanded"].partitions) == 1
    if once:
        wait(admin.create_partitions([NewPartitions("w-expanded", 5)]))
        wait(admin.delete_topics(["w-to-delete", "w-deleted-and-made-again"]))
        deadline = time.time() + 20
        while "w-deleted-and-made-again" in admin.list_topics(timeout=10).topics and time.time() < deadline: time.sleep(0.1)
        create(admin, {"w-deleted-and-made-again": (3, {})})
        resource = lambda kind, name, **entries: ConfigResource(kind, name, incremental_configs=[
            ConfigEntry(k.replace("_", "."), v, incremental_operation=AlterConfigOpType.SET) for k, v in entries.items()])
        for change in (resource(ResourceType.TOPIC, "w-many", retention_ms="172800000", max_message_bytes="1500000"),
                       resource(ResourceType.BROKER, "1", background_threads="5")):
            wait(admin.incremental_alter_configs([change]))
        cluster_default(address, "message.max.bytes", "1100000")
    total = fill(address, "again" if once else "once more")
    writer = Writer(address, enable_idempotence=True)
    for partition in range(5):
        for record in shapes(f"expanded {partition}"): writer.write("w-expanded", partition, *record)
    for record in shapes("made again"): writer.write("w-deleted-and-made-again", 2, *record)
    total += writer.end()
    total += golden(address, there)
    deleted = delete_records(address, admin)
    coordinators.write(address, stays=False)
    print(f"{total} records acknowledged, deleted before {deleted}")

def more(address):
    there = AdminClient({"bootstrap.servers": address}).list_topics(timeout=10).topics
    coordinators.write(address, stays=True)
    print(f"{fill(address, 'more') + golden(address, there)} records acknowledged")

def golden(address, there):
    """Goes on in the topics that Apache Kafka wrote."""
    writers = [Writer(address, compression_type=codec, enable_idempotence=codec != "none", batch_num_messages=10) for codec in ("none", "zstd")]
    for topic in GOLDEN:
        for partition in sorted(there[topic].partitions) if topic in there else []:
            for writer in writers:
                for key, value, headers in shapes(f"{topic} {partition}"):
                    if len(value or b"") < 1000: writer.write(topic, partition, key or b"null", value, headers)  # segments are small there
    return sum(writer.end() for writer in writers)

def delete_records(address, admin):
    """Inside a segment, at the end, at the start."""
    reader = Consumer({"bootstrap.servers": address, "group.id": "none"})
    low, high = {}, {}
    for partition in range(3): low[partition], high[partition] = reader.get_watermark_offsets(TopicPartition("w-delete-records", partition), timeout=10)
    reader.close()
    asked = [TopicPartition("w-delete-records", 0, low[0] + (high[0] - low[0]) // 2), TopicPartition("w-delete-records", 1, high[1])]
    answers = admin.delete_records(asked)
    return {f"{p.topic}-{p.partition}": answers[p].result().low_watermark for p in asked}

def steady(address, path):
    acknowledged, producers = {}, []
    def told(error, message):
        if error: return
        key = f"{message.topic()} {message.partition()}"
        if not acknowledged: print("writing", flush=True)
        acknowledged[key] = max(acknowledged.get(key, -1), message.offset())
    for options in ({"enable.idempotence": True}, {"acks": "all", "compression.type": "zstd"}, {"enable.idempotence": True, "compression.type": "lz4"}):
        producers.append(Producer({"bootstrap.servers": address, "linger.ms": 2, "message.timeout.ms": 3000, **options}))
    last, i = time.time(), 0
    while time.time() - last < 4:
        before = sum(acknowledged.values())
        for number, producer in enumerate(producers):
            for topic in ("w-epochs", "w-segments", "w-compacted"):
                try: producer.produce(topic, b"steady %d" % i * 10, b"key-%d" % (i % 70), i % 2, told)
                except BufferError: pass
            producer.poll(0)
        i += 1
        if i % 50 == 0: time.sleep(0.02)
        if sum(acknowledged.values()) != before: last = time.time()
    with open(path, "w") as file: json.dump(acknowledged, file)

def kept(address, path):
    with open(path) as file: acknowledged = json.load(file)
    reader, lost = Consumer({"bootstrap.servers": address, "group.id": "none"}), []
    for key, offset in acknowledged.items():
        topic, partition = key.split(" ")
        _, end = reader.get_watermark_offsets(TopicPartition(topic, int(partition)), timeout=10)
        if end <= offset: lost.append(f"{topic}-{partition} ends at {end}, {offset} was acknowledged")
    reader.close()
    if not acknowledged: sys.exit("nothing was acknowledged")
    if lost: sys.exit("\n".join(lost))
    print(f"everything that was acknowledged before the kill is there: {sum(acknowledged.values()) + len(acknowledged)} offsets of {len(acknowledged)} partitions")

if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[2] not in ("first", "again", "more", "steady", "kept"): sys.exit(__doc__)
    try: {"first": first, "again": again, "more": more, "steady": steady, "kept": kept}[sys.argv[2]](sys.argv[1], *sys.argv[3:])
    except KafkaException as error: sys.exit(f"refused: {error}")
