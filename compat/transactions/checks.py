"""checks.py CLIENT BOOTSTRAP [CHECK]...: what must hold of transactions, on this project's node and on Apache Kafka."""

import sys
import time
import traceback
import uuid

from clients import CLIENTS, SECONDS, Fenced

TIMED_OUT_SECONDS = 20


def unique(name):
    return f"{name}-{uuid.uuid4().hex[:8]}"


def fresh(client, partitions=1):
    topic = unique("transactions")
    client.create_topic(topic, partitions)
    return topic


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


def commit(client):
    """What is committed is read, whatever is read."""
    topic = fresh(client)
    producer = client.producer(unique("commit"))
    written(producer, topic, 0, ["a", "b"])
    producer.commit()
    eventually(lambda: client.read(topic, 0, "read_committed"), ["a", "b"])
    equal(client.read(topic, 0, "read_uncommitted"), ["a", "b"])


def abort(client):
    """What is aborted is read only by who reads all; what follows is read by everybody."""
    topic = fresh(client)
    producer = client.producer(unique("abort"))
    written(producer, topic, 0, ["a", "b"])
    producer.abort()
    written(producer, topic, 0, ["c"])
    producer.commit()
    eventually(lambda: client.read(topic, 0, "read_committed"), ["c"])
    equal(client.read(topic, 0, "read_uncommitted"), ["a", "b", "c"])


def open_holds_back(client):
    """An open transaction holds back what comes behind it until it ends."""
    topic = fresh(client)
    first, second = client.producer(unique("open")), client.producer(unique("behind"))
    written(first, topic, 0, ["a"])
    written(second, topic, 0, ["b"])
    second.commit()
    time.sleep(1)
    equal(client.read(topic, 0, "read_committed"), [])
    equal(client.read(topic, 0, "read_uncommitted"), ["a", "b"])
    first.abort()
    eventually(lambda: client.read(topic, 0, "read_committed"), ["b"])


def several_partitions(client):
    """A transaction over partitions holds in all of them or in none."""
    topic = fresh(client, 3)
    producer = client.producer(unique("several"))
    for ends, value in ((producer.commit, "a"), (producer.abort, "b"), (producer.commit, "c")):
        producer.begin()
        for partition in range(3):
            producer.send(topic, partition, value)
        producer.flush()
        ends()
    for partition in range(3):
        eventually(lambda: client.read(topic, partition, "read_committed"), ["a", "c"])


def many(client):
    """Sixty transactions, one after the other, every third aborted."""
    topic = fresh(client)
    producer = client.producer(unique("many"))
    for number in range(60):
        written(producer, topic, 0, [str(number)])
        producer.abort() if number % 3 == 2 else producer.commit()
    kept = [str(number) for number in range(60) if number % 3 != 2]
    eventually(lambda: client.read(topic, 0, "read_committed"), kept)


def fence(client):
    """Who takes over a transactional id aborts what was open and fences who had it."""
    topic, id = fresh(client), unique("fence")
    zombie = client.producer(id)
    written(zombie, topic, 0, ["a"])
    heir = client.producer(id)
    written(heir, topic, 0, ["b"])
    try:
        zombie.commit()
    except Fenced:
        pass
    else:
        raise AssertionError("a fenced producer has committed")
    heir.commit()
    eventually(lambda: client.read(topic, 0, "read_committed"), ["b"])
    zombie.close()


def offsets(client):
    """Offsets hold with their transaction and not without it."""
    topic, group = fresh(client), unique("group")
    producer = client.producer(unique("offsets"))
    written(producer, topic, 0, ["a"])
    producer.send_offset(group, topic, 0, 5)
    producer.commit()
    eventually(lambda: client.committed(group, topic, 0), 5)
    written(producer, topic, 0, ["b"])
    producer.send_offset(group, topic, 0, 9)
    producer.abort()
    time.sleep(1)
    equal(client.committed(group, topic, 0), 5)
    producer.begin()
    producer.send_offset(group, topic, 0, 7)
    producer.commit()
    eventually(lambda: client.committed(group, topic, 0), 7)
    eventually(lambda: client.read(topic, 0, "read_committed"), ["a"])


def timeout(client):
    """A transaction that takes too long is aborted by the server."""
    topic = fresh(client)
    slow, other = client.producer(unique("slow"), 1_000), client.producer(unique("other"))
    written(slow, topic, 0, ["a"])
    written(other, topic, 0, ["b"])
    other.commit()
    eventually(lambda: client.read(topic, 0, "read_committed"), ["b"], TIMED_OUT_SECONDS)
    try:
        slow.commit()
    except Fenced:
        pass
    else:
        raise AssertionError("it was committed after it had been aborted")
    slow.close()


CHECKS = [commit, abort, open_holds_back, several_partitions, many, fence, offsets, timeout]


def main(client, bootstrap, only):
    status = 0
    for check in CHECKS:
        name = f"transactions.{check.__name__}"
        if only and name not in only:
            continue
        try:
            check(CLIENTS[client](bootstrap))
            print(f"ok {name}", flush=True)
        except Exception as error:  # noqa: BLE001: whatever a library raises
            status = 1
            where = traceback.extract_tb(error.__traceback__)[-1]
            print(f"fail {name}: {type(error).__name__}: {error} ({where.name})", flush=True)
    return status


sys.exit(main(sys.argv[1], sys.argv[2], sys.argv[3:]))
