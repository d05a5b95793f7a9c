"""The checks of transactions. Each takes the suite's client and raises when something is not as it should be."""

import time

from transactional import SECONDS, Fenced

TIMED_OUT_SECONDS = 20


def fresh(c, partitions=1):
    topic = c.name(f"{c.check}-{time.monotonic_ns()}")
    c.create_topic(topic, partitions)
    return topic


def producer(c, what, *options):
    return c.transactional.producer(c.name(f"{c.check}-{what}"), *options)


def read(c, topic, isolation="read_committed", partition=0):
    return c.transactional.read(topic, partition, isolation)


def written(producer, topic, partition, values):
    producer.begin()
    for value in values:
        producer.send(topic, partition, value)
    producer.flush()


def equal(found, expected):
    assert found == expected, f"{found} where {expected} should be"


def eventually(find, expected, seconds=SECONDS):
    """Markers are written after the answer: what they say comes a moment later."""
    deadline = time.monotonic() + seconds
    while True:
        found = find()
        if found == expected or deadline < time.monotonic():
            return equal(found, expected)
        time.sleep(0.1)


def fenced(action):
    try:
        action()
    except Fenced:
        return
    raise AssertionError("it was not refused")


def transaction_commit(c):
    topic, one = fresh(c), producer(c, "one")
    written(one, topic, 0, ["a", "b"])
    one.commit()
    eventually(lambda: read(c, topic), ["a", "b"])
    equal(read(c, topic, "read_uncommitted"), ["a", "b"])


def transaction_abort(c):
    topic, one = fresh(c), producer(c, "one")
    written(one, topic, 0, ["a", "b"])
    one.abort()
    written(one, topic, 0, ["c"])
    one.commit()
    eventually(lambda: read(c, topic), ["c"])
    equal(read(c, topic, "read_uncommitted"), ["a", "b", "c"])


def transaction_open(c):
    topic, first, second = fresh(c), producer(c, "first"), producer(c, "second")
    written(first, topic, 0, ["a"])
    written(second, topic, 0, ["b"])
    second.commit()
    time.sleep(0.5)
    equal(read(c, topic), [])
    equal(read(c, topic, "read_uncommitted"), ["a", "b"])
    first.abort()
    eventually(lambda: read(c, topic), ["b"])


def transaction_partitions(c):
    topic, one = fresh(c, 3), producer(c, "one")
    for ends, value in ((one.commit, "a"), (one.abort, "b"), (one.commit, "c")):
        one.begin()
        for partition in range(3):
            one.send(topic, partition, value)
        one.flush()
        ends()
    for partition in range(3):
        eventually(lambda: read(c, topic, partition=partition), ["a", "c"])


def transaction_many(c):
    topic, one = fresh(c), producer(c, "one")
    for number in range(60):
        written(one, topic, 0, [str(number)])
        one.abort() if number % 3 == 2 else one.commit()
    eventually(lambda: read(c, topic), [str(number) for number in range(60) if number % 3 != 2])


def transaction_fence(c):
    topic, zombie = fresh(c), producer(c, "same")
    written(zombie, topic, 0, ["a"])
    heir = producer(c, "same")
    written(heir, topic, 0, ["b"])
    fenced(zombie.commit)
    heir.commit()
    eventually(lambda: read(c, topic), ["b"])
    zombie.close()


def transaction_timeout(c):
    topic, slow, other = fresh(c), producer(c, "slow", 1_000), producer(c, "other")
    written(slow, topic, 0, ["a"])
    written(other, topic, 0, ["b"])
    other.commit()
    eventually(lambda: read(c, topic), ["b"], TIMED_OUT_SECONDS)
    fenced(slow.commit)
    slow.close()


def transaction_offsets(c):
    topic, group, one = fresh(c), c.name("transaction-offsets-group"), producer(c, "one")

    def committed():
        return c.transactional.committed(group, topic, 0)

    written(one, topic, 0, ["a"])
    one.send_offset(group, topic, 0, 5)
    one.commit()
    eventually(committed, 5)
    written(one, topic, 0, ["b"])
    one.send_offset(group, topic, 0, 9)
    one.abort()
    time.sleep(0.5)
    equal(committed(), 5)
    one.begin()
    one.send_offset(group, topic, 0, 7)
    one.commit()
    eventually(committed, 7)
    eventually(lambda: read(c, topic), ["a"])


def transaction_process(c):
    source, target, group = fresh(c), fresh(c), c.name("transaction-process-group")
    before = producer(c, "before")
    values = [f"v{number:02}" for number in range(20)]
    written(before, source, 0, values)
    before.commit()

    def turn(ends):
        """Ten records on, by a new member with the same transactional id; gives what it has read."""
        one = producer(c, "one")
        consumer = c.transactional.member(group, source)
        try:
            got = consumer.take(10)
            one.begin()
            for _, value in got:
                one.send(target, 0, value.upper())
            one.send_position(consumer, source, 0, got[-1][0] + 1)
            one.commit() if ends == "commit" else one.abort()
            return [value for _, value in got]
        finally:
            consumer.close()

    equal(turn("abort"), values[:10])
    equal(turn("commit"), values[:10])
    equal(turn("commit"), values[10:])
    eventually(lambda: c.transactional.committed(group, source, 0), 20)
    eventually(lambda: read(c, target), [value.upper() for value in values])


CHECKS = (
    transaction_commit, transaction_abort, transaction_open, transaction_partitions, transaction_many, transaction_fence,
    transaction_timeout, transaction_offsets, transaction_process,
)
