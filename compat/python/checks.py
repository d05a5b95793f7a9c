"""The checks of README.md, written once for every Python client.

Each takes a client (see client.py for what it must offer) and raises when
something is not as it should be.
"""

import threading
import time

import transactions
from client import Failure, Record

NOW_MS = int(time.time() * 1000)
HOUR_MS = 3_600_000
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


def noise(size, seed):
    """Bytes that no codec shrinks, the same in every run."""
    out = bytearray()
    state = seed
    while len(out) < size:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out += state.to_bytes(8, "big")
    return bytes(out[:size])


def sample(headers):
    """Records of every shape: keys, nulls, headers, 1 byte to 900 KB."""
    start = NOW_MS - HOUR_MS
    shapes = [
        (None, b"x", []),
        (b"key", None, []),
        (b"", b"", []),
        (b"key", b"text " * 40, []),
        ("ключ".encode(), noise(10_000, 1), []),
        (b"big", noise(400_000, 2) + b"again " * 83_333, []),
        (b"headers", b"v", [("a", b"1"), ("a", b"2"), ("empty", b""), ("имя", noise(200, 3))]),
    ]
    for i in range(40):
        shapes.append((b"k%d" % i, b'{"id":%d,"name":"event","city":"Brno"}' % i, []))
    return [
        Record(key, value, header if headers else [], start + i * 1000)
        for i, (key, value, header) in enumerate(shapes)
    ]


def small(count, size=100, tag=b"r"):
    """Small records that say their own number."""
    return [Record(None, (b"%s-%06d-" % (tag, i)).ljust(size, b"."), [], NOW_MS - HOUR_MS + i) for i in range(count)]


def same(got, expected, first_offset=0):
    """Every record is as it was sent, at the offsets that follow each other."""
    assert len(got) == len(expected), f"{len(got)} records came back, {len(expected)} were sent"
    for i, (have, want) in enumerate(zip(got, expected)):
        offset = first_offset + i
        assert have.offset == offset, f"offset {have.offset} where {offset} should be"
        for field in ("key", "value", "headers", "timestamp"):
            a, b = getattr(have, field), getattr(want, field)
            assert a == b, f"{field} of offset {offset} is {str(a)[:80]}, sent was {str(b)[:80]}"


def fails(codes, action):
    """The action ends with one of these error codes."""
    codes = (codes,) if isinstance(codes, int) else codes
    try:
        action()
    except Failure as failure:
        assert failure.code in codes, f"error {failure.code} ({failure}), expected {codes}"
        return
    raise AssertionError(f"nothing failed, expected error {codes}")


def soon(what, condition, seconds=10):
    """Waits for what a client's cached metadata will show in a moment."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def made(c, t, partitions=1, configs=None):
    """Creates a topic and waits until the broker's own metadata shows it."""
    c.create_topic(t, partitions, configs)
    soon(f"{t} with {partitions} partitions", lambda: has(c, t, partitions))


def has(c, t, partitions):
    try:
        return c.partitions(t) == list(range(partitions))
    except Failure as failure:
        assert failure.code in (3, 5), failure
        return False


# Topics.

def create_topic(c):
    t = c.name("create")
    c.create_topic(t, 3)
    soon("three partitions", lambda: has(c, t, 3))


def create_topic_configs(c):
    t = c.name("configs")
    made(c, t, 1, {"retention.ms": "3600000", "cleanup.policy": "compact,delete"})
    configs = c.configs(t)
    assert configs["retention.ms"] == "3600000", configs["retention.ms"]
    assert configs["cleanup.policy"] == "compact,delete", configs["cleanup.policy"]


def list_topics(c):
    names = [c.name("list-%d" % i) for i in range(3)]
    for name in names:
        made(c, name)
    soon("all three listed", lambda: set(names) <= set(c.topics()))


def describe_cluster(c):
    brokers, controller = c.cluster()
    assert len(brokers) == 1, brokers
    assert controller in brokers, f"controller {controller}, brokers {brokers}"


def topic_exists(c):
    t = c.name("exists")
    made(c, t)
    fails(36, lambda: c.create_topic(t, 1))


def invalid_topic_name(c):
    for bad in ("bad name!", "..", "x" * 250, "slash/y"):
        fails(17, lambda: c.create_topic(bad, 1))


def topic_collision(c):
    t = c.name("col")
    made(c, t + ".a", 1)
    fails(17, lambda: c.create_topic(t + "_a", 1))


def invalid_partitions(c):
    fails(37, lambda: c.create_topic(c.name("parts"), 0))


def invalid_replication(c):
    fails(38, lambda: c.create_topic(c.name("repl"), 1, replication=3))


def invalid_config(c):
    fails(40, lambda: c.create_topic(c.name("conf"), 1, {"retention.ms": "abc"}))
    fails(40, lambda: c.create_topic(c.name("conf"), 1, {"no.such.config": "1"}))


def unknown_topic(c):
    t = c.name("unknown")
    fails(3, lambda: c.partitions(t))
    assert t not in c.topics(), "asking for a topic created it"


def delete_topic(c):
    t = c.name("delete")
    made(c, t, 2)
    c.produce(t, small(5))
    c.delete_topic(t)
    soon("topic gone", lambda: t not in c.topics())
    fails(3, lambda: c.partitions(t))
    fails(3, lambda: c.delete_topic(t))


def recreate_topic(c):
    t = c.name("again")
    made(c, t, 2)
    c.produce(t, small(5))
    c.delete_topic(t)
    soon("topic gone", lambda: t not in c.topics())
    made(c, t)
    assert c.bounds(t) == (0, 0), c.bounds(t)
    records = small(3, tag=b"new")
    c.produce(t, records)
    same(c.read(t, 0, 0, 3), records)


def add_partitions(c):
    t = c.name("add")
    made(c, t)
    c.add_partitions(t, 4)
    soon("four partitions", lambda: has(c, t, 4))
    records = small(3)
    c.produce(t, records, partition=3)
    same(c.read(t, 3, 0, 3), records)
    fails(37, lambda: c.add_partitions(t, 2))


def describe_configs(c):
    t = c.name("describe")
    made(c, t, 1, {"max.message.bytes": "2000000"})
    configs = c.configs(t)
    expected = {
        "cleanup.policy": "delete", "compression.type": "producer", "max.message.bytes": "2000000",
        "retention.ms": "604800000", "segment.bytes": "1073741824", "message.timestamp.type": "CreateTime",
        "min.insync.replicas": "1", "retention.bytes": "-1", "delete.retention.ms": "86400000",
        "unclean.leader.election.enable": "false", "segment.ms": "604800000", "file.delete.delay.ms": "60000",
        "min.cleanable.dirty.ratio": "0.5", "index.interval.bytes": "4096",
    }
    for key, value in expected.items():
        assert configs.get(key) == value, f"{key} is {configs.get(key)}, expected {value}"


def alter_configs(c):
    t = c.name("alter")
    made(c, t)
    c.produce(t, small(1, 5000))
    c.alter_configs(t, {"max.message.bytes": "2000"})
    soon("new value described", lambda: c.configs(t)["max.message.bytes"] == "2000")
    fails(10, lambda: c.produce(t, small(1, 5000)))
    fails(40, lambda: c.alter_configs(t, {"retention.ms": "soon"}))


def delete_records(c):
    t = c.name("delrec")
    made(c, t)
    records = small(20)
    c.produce(t, records)
    low = c.delete_records(t, 0, 7)
    assert low == 7, low
    assert c.bounds(t) == (7, 20), c.bounds(t)
    same(c.read(t, 0, 7, 13), records[7:], 7)
    fails(1, lambda: c.delete_records(t, 0, 99))


# Records.

def codec(name):
    def check(c):
        t = c.name("codec-" + name)
        made(c, t)
        records = sample(c.HEADERS)
        c.produce(t, records, codec=name)
        same(c.read(t, 0, 0, len(records)), records)
    return check


def topic_codec(c):
    t = c.name("topic-codec")
    made(c, t, 1, {"compression.type": "gzip"})
    records = sample(c.HEADERS)
    c.produce(t, records)
    same(c.read(t, 0, 0, len(records)), records)


def log_append_time(c):
    t = c.name("append-time")
    made(c, t, 1, {"message.timestamp.type": "LogAppendTime"})
    before = int(time.time() * 1000)
    c.produce(t, small(5))
    for record in c.read(t, 0, 0, 5):
        assert before - 1000 <= record.timestamp <= time.time() * 1000 + 1000, record.timestamp


def idempotent_produce(c):
    t = c.name("idempotent")
    made(c, t)
    records = small(5000)
    offsets = c.produce(t, records, idempotent=True)
    assert offsets == list(range(5000)), "acknowledged offsets do not follow each other"
    same(c.read(t, 0, 0, 5000), records)


def acks_levels(c):
    t = c.name("acks")
    made(c, t)
    records = small(3)
    for record, acks in zip(records, ("0", "1", "all")):
        c.produce(t, [record], acks=acks)
        soon("record is there", lambda: c.bounds(t)[1] == int(record.value[2:8]) + 1)
    same(c.read(t, 0, 0, 3), records)


def many_partitions(c):
    t = c.name("many")
    made(c, t, 20)
    for p in range(20):
        c.produce(t, small(10, tag=b"p%d" % p), partition=p)
    got = c.read_all(t, 20, 200)
    for p in range(20):
        same(got[p], small(10, tag=b"p%d" % p))


def auto_create(c):
    t = c.name("auto")
    records = small(3)
    c.produce(t, records)
    assert c.partitions(t) == [0]
    same(c.read(t, 0, 0, 3), records)


def message_too_large(c):
    t = c.name("large")
    made(c, t, 1, {"max.message.bytes": "2000"})
    fails(10, lambda: c.produce(t, small(1, 10_000)))
    records = small(1)
    c.produce(t, records)
    same(c.read(t, 0, 0, 1), records)


def compacted_null_key(c):
    t = c.name("compact")
    made(c, t, 1, {"cleanup.policy": "compact"})
    # A client older than the code calls it unknown.
    fails((87, -1), lambda: c.produce(t, [Record(None, b"v", [], NOW_MS)]))
    records = [Record(b"k", b"v", [], NOW_MS)]
    c.produce(t, records)
    same(c.read(t, 0, 0, 1), records)


def invalid_timestamp(c):
    t = c.name("future")
    made(c, t, 1, {"message.timestamp.after.max.ms": "3600000"})
    fails(32, lambda: c.produce(t, [Record(b"k", b"v", [], NOW_MS + 24 * HOUR_MS)]))


# Reading.

def offset_bounds(c):
    t = c.name("bounds")
    made(c, t)
    assert c.bounds(t) == (0, 0), c.bounds(t)
    c.produce(t, small(12))
    assert c.bounds(t) == (0, 12), c.bounds(t)


def offsets_for_times(c):
    t = c.name("times")
    made(c, t)
    start = NOW_MS - HOUR_MS
    for i in range(10):
        c.produce(t, [Record(None, b"%d" % i, [], start + i * 1000)])
    for asked, expected in (
        (start - 5000, (0, start)), (start, (0, start)), (start + 3500, (4, start + 4000)),
        (start + 9000, (9, start + 9000)), (start + 9001, None),
    ):
        got = c.offset_for_time(t, asked)
        assert got == expected, f"{asked - start} ms gave {got}, expected {expected}"


def seek_middle(c):
    t = c.name("seek")
    made(c, t)
    records = small(100)
    for i in range(0, 100, 10):
        c.produce(t, records[i:i + 10])
    same(c.read(t, 0, 37, 20), records[37:57], 37)
    same(c.read(t, 0, 99, 1), records[99:], 99)


def small_fetches(c):
    t = c.name("small")
    made(c, t)
    records = small(30, 3000)
    for record in records:
        c.produce(t, [record])
    same(c.read(t, 0, 0, 30, fetch_bytes=1000), records)


def offset_out_of_range(c):
    t = c.name("range")
    made(c, t)
    c.produce(t, small(3))
    fails(1, lambda: c.read(t, 0, 1000, 1))


def long_poll(c):
    t = c.name("poll")
    made(c, t)
    records = small(1)
    sent = []

    def later():
        time.sleep(1.5)
        sent.append(time.monotonic())
        c.produce(t, records)

    thread = threading.Thread(target=later)
    thread.start()
    got = c.read(t, 0, 0, 1, max_wait_ms=10_000)
    thread.join()
    same(got, records)
    assert c.read_at - sent[0] < 5, f"the poll was woken {c.read_at - sent[0]:.1f} s after the produce began"


# Groups.

def group_consume(c):
    t, g = c.name("gc"), c.name("g")
    made(c, t, 3)
    for p in range(3):
        c.produce(t, small(20, tag=b"p%d" % p), partition=p)
    got = c.group_read(g, t, 60)
    for p in range(3):
        same(got[p], small(20, tag=b"p%d" % p))


def group_commit(c):
    t, g = c.name("gm"), c.name("g")
    made(c, t)
    records = small(20)
    c.produce(t, records[:12])
    same(c.group_read(g, t, 12)[0], records[:12])
    assert c.committed(g, t, 0) == 12, c.committed(g, t, 0)
    c.produce(t, records[12:])
    same(c.group_read(g, t, 8)[0], records[12:], 12)
    assert c.committed(g, t, 0) == 20, c.committed(g, t, 0)


def group_rebalance(c):
    rebalanced(c, c.name("gr"), False)


def group_rebalance_new(c):
    rebalanced(c, c.name("gn"), True)


def rebalanced(c, t, new):
    made(c, t, 4)
    first, second = c.member(t, t, new), c.member(t, t, new)
    try:
        def split():
            one, two = first.poll_assignment(), second.poll_assignment()
            return len(one) == 2 and len(two) == 2 and sorted(one + two) == [0, 1, 2, 3]
        soon("partitions split 2 and 2", split, 30)
        second.close()
        soon("all four back", lambda: sorted(first.poll_assignment()) == [0, 1, 2, 3], 30)
    finally:
        first.close()
        second.close()


def group_list(c):
    t, g = c.name("gl"), c.name("g")
    made(c, t)
    c.produce(t, small(1))
    c.group_read(g, t, 1)
    assert g in c.groups(), "group is not listed"


def group_describe(c):
    t, g = c.name("gd"), c.name("g")
    made(c, t, 2)
    member = c.member(g, t)
    try:
        soon("both partitions", lambda: sorted(member.poll_assignment()) == [0, 1], 30)
        state, members = c.describe_group(g)
        assert (state.lower(), members) == ("stable", 1), (state, members)
    finally:
        member.close()
    soon("group is empty", lambda: (lambda d: (d[0].lower(), d[1]))(c.describe_group(g)) == ("empty", 0), 30)


def group_delete(c):
    t, g = c.name("gx"), c.name("g")
    made(c, t)
    c.produce(t, small(1))
    c.group_read(g, t, 1)
    soon("group is empty", lambda: c.describe_group(g)[1] == 0, 30)
    c.delete_group(g)
    soon("group is gone", lambda: g not in c.groups())
    fails(69, lambda: c.delete_group(g))


GROUPS = (
    group_consume, group_commit, group_rebalance, group_rebalance_new, group_list, group_describe, group_delete,
)
NODE = (
    create_topic, create_topic_configs, list_topics, describe_cluster, topic_exists, invalid_topic_name,
    topic_collision, invalid_partitions, invalid_replication, invalid_config, unknown_topic, delete_topic,
    recreate_topic, add_partitions, describe_configs, alter_configs, delete_records, topic_codec,
    log_append_time, idempotent_produce, acks_levels, many_partitions, auto_create, message_too_large,
    compacted_null_key, invalid_timestamp, offset_bounds, offsets_for_times, seek_middle, small_fetches,
    offset_out_of_range, long_poll,
)


def checks(of):
    """The checks of a set by name."""
    if of == "node":
        return {f.__name__: f for f in NODE} | {"codec_" + name: codec(name) for name in CODECS}
    return {f.__name__: f for f in (GROUPS if of == "groups" else transactions.CHECKS)}
