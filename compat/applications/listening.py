"""Applications of frameworks that listen: each topic's records once, commits kept, a restart of the node survived.

Spring and SmallRye have the same shape: NAME-plain is read and acknowledged record by record, NAME-input is turned into
capitals in NAME-output, exactly once.
"""

import os
import signal
import threading

from confluent_kafka.admin import AdminClient, NewTopic

from program import Program, class_path
from records import SILENT, Reader, lag, send
from server import eventually

PARTITIONS = 3
COUNT = 300


class Listener:
    """The application, and what it says that it got."""

    def __init__(self, server, folder, name, main):
        self.command = (class_path(name), main, server.address)
        self.log = os.path.join(folder, f"{name}.log")
        self.got = []

    def start(self):
        self.program = Program.java(*self.command, log=self.log)
        self.program.line("ready")

    def upto(self, values):
        """Waits until it got all of them; what it got twice stays so."""
        def all_there():
            self.got += [line.removeprefix("got ") for line in self.program.lines() if line.startswith("got ")]
            return values <= set(self.got)
        eventually("all records of the plain topic", all_there, 90)

    def stop(self):
        assert self.program.end() in (0, 143), "it did not end as it should"


def listens(server, folder, name, main):
    admin = AdminClient({"bootstrap.servers": server.address}, logger=SILENT)
    new = [NewTopic(f"{name}-{which}", PARTITIONS, 1) for which in ("plain", "input", "output")]
    for made in admin.create_topics(new).values():
        made.result(30)
    listener, reader = Listener(server, folder, name, main), Reader(server.address, f"{name}-output", PARTITIONS)

    def put(values):
        for which in ("plain", "input"):
            send(server.address, f"{name}-{which}", PARTITIONS, values)

    first, second = ([f"{part}{number:04}" for number in range(COUNT)] for part in ("a", "b"))
    try:
        listener.start()
        put(first)
        listener.upto(set(first))
        reader.upto(COUNT)
        assert sorted(listener.got) == first, "a record came twice, and nothing had failed"
        assert reader.values() == [value.upper() for value in first], "not each record once in the output"
        feeder = threading.Thread(target=put, args=(second,), daemon=True)
        feeder.start()
        listener.upto(set(second[:20]))
        server.end(signal.SIGKILL)
        server.start()
        feeder.join(90)
        listener.upto(set(second))
        reader.upto(2 * COUNT)
        assert reader.values() == [value.upper() for value in first + second], "not each record once after the restart"
        for which in ("plain", "input"):
            group, topic = f"{name}-{which}-group", f"{name}-{which}"
            eventually(f"{group} committed all", lambda: lag(server.address, group, topic, PARTITIONS) == 0, 30)
        listener.stop()
        listener.got = []
        listener.start()
        last = [f"c{partition}" for partition in range(PARTITIONS)]
        put(last)
        listener.upto(set(last))
        reader.upto(2 * COUNT + len(last))
        assert sorted(listener.got) == last, f"it read again what was committed: {listener.got[:10]}"
        everything = [value.upper() for value in first + second + last]
        assert reader.values() == everything, "not each record once after all"
        listener.stop()
    finally:
        reader.ended = True
        listener.program.kill()
    return f"{len(everything)} records of two topics, the node killed once, the application started twice"


def spring(server, folder):
    return listens(server, folder, "spring", "Listeners")


def smallrye(server, folder):
    return listens(server, folder, "smallrye", "Channels")
