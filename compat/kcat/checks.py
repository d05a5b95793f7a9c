"""kcat as a person uses it: it produces, reads and lists; topics come from auto-creation."""

import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from checks import fails, noise, soon  # noqa: E402
from client import Client, Failure, main  # noqa: E402

# Between the fields of a record, and after it: nothing that the values below contain.
FIELD, RECORD = "\x1f", "\x1e"


class Kcat(Client):
    """Runs kcat; what it prints on standard error becomes a failure."""

    LIBRARY = "kcat"

    def kcat(self, *arguments, stdin=b"", seconds=30):
        done = subprocess.run(
            ["kcat", "-b", self.bootstrap, "-X", "topic.metadata.refresh.interval.ms=500", *arguments],
            input=stdin, capture_output=True, timeout=seconds, check=False,
        )
        said = done.stderr.decode(errors="replace")
        if done.returncode or "ERROR" in said:
            raise Failure(number(said), said.strip()[:300])
        return done.stdout

    def produce(self, topic, lines, *options):
        text = "".join(line + RECORD for line in lines).encode()
        self.kcat("-P", "-t", topic, "-p", "0", "-D", RECORD, *options, stdin=text)

    def read(self, topic, start, count, *options):
        """Offset, key and value of each record."""
        form = FIELD.join(("%o", "%K", "%k", "%S", "%s")) + RECORD
        text = self.kcat("-C", "-t", topic, "-p", "0", "-o", str(start), "-c", str(count), "-q", "-f", form, *options)
        rows = [row.split(FIELD) for row in text.decode().split(RECORD)[:-1]]
        return [(int(offset), None if klen == "-1" else key, None if vlen == "-1" else value)
                for offset, klen, key, vlen, value in rows]

    def listing(self, *options):
        return self.kcat("-L", *options).decode()

    def made(self, what):
        """A topic that exists because something was produced to it: one record."""
        topic = self.name(what)
        self.produce(topic, ["first"])
        return topic


def number(said):
    """Kafka's number for the words of librdkafka."""
    for words, code in (("Unknown topic", 3), ("Invalid topic", 17), ("Message size too large", 10),
                        ("Offset out of range", 1), ("offset out of range", 1)):
        if words in said:
            return code
    return -1


def equal(got, expected):
    assert got == expected, f"{str(got)[:200]}, expected {str(expected)[:200]}"


def list_topics(c):
    topics = [c.made(f"list-{i}") for i in range(3)]
    soon("all three listed", lambda: all(f'topic "{topic}"' in c.listing() for topic in topics))


def describe_cluster(c):
    text = c.listing()
    assert " 1 brokers:" in text, text[:300]
    assert re.search(r"broker \d+ at .* \(controller\)", text), text[:300]


def auto_create(c):
    topic = c.made("auto")
    equal(c.read(topic, 0, 1), [(0, None, "first")])
    assert f'topic "{topic}" with 1 partitions' in c.listing("-t", topic)


def idempotent_produce(c):
    topic = c.name("idempotent")
    lines = [f"line {i:06}" for i in range(5000)]
    c.produce(topic, lines, "-X", "enable.idempotence=true")
    equal(c.read(topic, 0, 5000), [(i, None, line) for i, line in enumerate(lines)])


def acks_levels(c):
    topic = c.name("acks")
    for i, acks in enumerate(("0", "1", "-1")):
        c.produce(topic, [f"with {acks}"], "-X", f"acks={acks}")
        soon("record is there", lambda: c.query(topic, -1) == i + 1)
    equal([row[2] for row in c.read(topic, 0, 3)], ["with 0", "with 1", "with -1"])


def query(self, topic, time_ms):
    """The offset that kcat -Q gives."""
    text = self.kcat("-Q", "-t", f"{topic}:0:{time_ms}").decode()
    return int(re.search(r"offset (-?\d+)", text).group(1))


Kcat.query = query


def offset_bounds(c):
    topic = c.name("bounds")
    c.produce(topic, [str(i) for i in range(12)])
    equal((c.query(topic, -2), c.query(topic, -1)), (0, 12))


def offsets_for_times(c):
    topic = c.name("times")
    stamps = []
    for i in range(3):
        before = int(time.time() * 1000)
        c.produce(topic, [str(i)])
        stamps.append(before)
        time.sleep(0.05)
    equal([c.query(topic, stamp) for stamp in stamps], [0, 1, 2])
    equal(c.query(topic, stamps[0] - 100_000), 0)
    # librdkafka gives the end where no record is that late.
    assert c.query(topic, int(time.time() * 1000) + 3_600_000) in (-1, 3)


def seek_middle(c):
    topic = c.name("seek")
    c.produce(topic, [str(i) for i in range(100)])
    equal(c.read(topic, 37, 20), [(i, None, str(i)) for i in range(37, 57)])
    equal(c.read(topic, -1, 1), [(99, None, "99")])


def small_fetches(c):
    topic = c.name("small")
    lines = [f"{i:03}" + "." * 3000 for i in range(30)]
    for line in lines:
        c.produce(topic, [line])
    got = c.read(topic, 0, 30, "-X", "fetch.message.max.bytes=1000")
    equal(got, [(i, None, line) for i, line in enumerate(lines)])


def offset_out_of_range(c):
    topic = c.made("range")
    fails((1, -1), lambda: c.read(topic, 1000, 1, "-X", "auto.offset.reset=error"))


def message_too_large(c):
    topic = c.made("large")
    path = pathlib.Path("/tmp") / f"{topic}.bin"
    path.write_bytes(noise(3_000_000, 5))
    try:
        options = ("-X", "message.max.bytes=20000000")
        fails(10, lambda: c.kcat("-P", "-t", topic, "-p", "0", *options, str(path)))
    finally:
        path.unlink()
    c.produce(topic, ["small"])
    equal(c.read(topic, 0, 2), [(0, None, "first"), (1, None, "small")])


def long_poll(c):
    topic = c.made("poll")
    form = FIELD.join(("%o", "%s")) + RECORD
    waiting = subprocess.Popen(
        ["kcat", "-b", c.bootstrap, "-C", "-t", topic, "-p", "0", "-o", "1", "-c", "1", "-q", "-f", form,
         "-X", "fetch.wait.max.ms=10000"], stdout=subprocess.PIPE)
    time.sleep(1.5)
    begun = time.monotonic()
    c.produce(topic, ["late"])
    said, _ = waiting.communicate(timeout=20)
    took = time.monotonic() - begun
    equal(said.decode(), f"1{FIELD}late{RECORD}")
    assert took < 5, f"the poll was woken {took:.1f} s after the produce began"


def codec(name):
    def check(c):
        topic = c.name("codec-" + name)
        keyed = [("k1", "text " * 40), ("", "x"), ("ключ", "значение"), ("big", "again " * 150_000)]
        keyed += [(f"k{i}", '{"id":%d,"city":"Brno"}' % i) for i in range(40)]
        lines = [key + FIELD + value for key, value in keyed]
        options = ["-K", FIELD, "-z", name, "-H", "a=1", "-H", "b=two", "-X", "linger.ms=50"]
        c.produce(topic, lines, *options)
        expected = [(i, key, value) for i, (key, value) in enumerate(keyed)]
        equal(c.read(topic, 0, len(keyed)), expected)
        headers = c.kcat("-C", "-t", topic, "-p", "0", "-o", "0", "-c", "1", "-q", "-f", "%h").decode()
        equal(headers, "a=1,b=two")
        c.produce(topic, ["tombstone" + FIELD], *options[:4], "-Z")
        equal(c.read(topic, len(keyed), 1), [(len(keyed), "tombstone", None)])
    return check


def group_consume(c):
    topic = c.name("group")
    c.produce(topic, [str(i) for i in range(20)])
    text = c.kcat("-G", topic, "-X", "auto.offset.reset=earliest", "-c", "20", "-q", "-f", "%s\n", topic)
    equal(text.decode().split(), [str(i) for i in range(20)])


def group_commit(c):
    topic = c.name("commit")
    c.produce(topic, [str(i) for i in range(12)])
    options = ("-G", topic, "-X", "auto.offset.reset=earliest", "-q", "-f", "%s\n")
    c.kcat(*options, "-c", "12", topic)
    c.produce(topic, ["a", "b"])
    equal(c.kcat(*options, "-c", "2", topic).decode().split(), ["a", "b"])


NODE = (list_topics, describe_cluster, auto_create, idempotent_produce, acks_levels, offset_bounds, offsets_for_times,
        seek_middle, small_fetches, offset_out_of_range, message_too_large, long_poll)


def checks(of):
    """The checks of a set by name; kcat has no transactions."""
    if of == "node":
        return {f.__name__: f for f in NODE} | {f"codec_{n}": codec(n) for n in ("none", "gzip", "snappy", "lz4", "zstd")}
    return {f.__name__: f for f in (group_consume, group_commit) if of == "groups"}


if __name__ == "__main__":
    main(Kcat, checks)
