"""kill.py BINARY [--kills N] [--seconds N] [--port N]

Producers write transactions over three partitions, every fourth aborted, while the node is killed
(SIGKILL) and started again. At the end each transaction is read in all partitions or in none, once,
in order; all that were acknowledged as committed are read, and none that was aborted.
"""

import argparse
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import confluent_kafka

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from transactional import Confluent  # noqa: E402

PARTITIONS = 3
PRODUCERS = 3


class Node:
    def __init__(self, binary, folder, port):
        self.binary, self.folder, self.port = binary, folder, port
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "server.properties"), "w") as file:
            file.write(
                f"""process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{port + 1}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{port + 1}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
"""
            )

    def start(self):
        log = open(os.path.join(self.folder, "log"), "a")
        self.process = subprocess.Popen(
            [self.binary, "server", os.path.join(self.folder, "server.properties")], stdout=log, stderr=log
        )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise TimeoutError("the node does not serve")

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


class Writer(threading.Thread):
    """Transactions until told to stop; a producer that cannot go on is made anew."""

    def __init__(self, number, bootstrap, topic, stop):
        super().__init__()
        self.number, self.bootstrap, self.topic, self.stop = number, bootstrap, topic, stop
        self.committed, self.aborted, self.unknown, self.failures = set(), set(), set(), 0

    def make(self):
        while True:
            producer = confluent_kafka.Producer(
                {
                    "bootstrap.servers": self.bootstrap,
                    "transactional.id": f"killed-{self.number}",
                    "transaction.timeout.ms": 30_000,
                    "log_level": 0,
                }
            )
            try:
                producer.init_transactions(60)
                return producer
            except confluent_kafka.KafkaException:
                self.failures += 1

    def run(self):
        producer, count = self.make(), 0
        while not self.stop.is_set():
            value, count = f"{self.number}-{count:06d}", count + 1
            commits = count % 4 != 0
            self.unknown.add(value)
            try:
                producer.begin_transaction()
                for partition in range(PARTITIONS):
                    producer.produce(self.topic, value.encode(), partition=partition)
                if commits:
                    producer.commit_transaction(60)
                    self.committed.add(value)
                else:
                    producer.flush(60)
                    producer.abort_transaction(60)
                    self.aborted.add(value)
                self.unknown.discard(value)
            except confluent_kafka.KafkaException as error:
                self.failures += 1
                if not self.give_up(producer, error):
                    producer = self.make()

    def give_up(self, producer, error):
        """True if the same producer can go on."""
        if not error.args[0].txn_requires_abort():
            return False
        try:
            producer.abort_transaction(60)
            return True
        except confluent_kafka.KafkaException:
            return False


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("binary")
    options.add_argument("--kills", type=int, default=5)
    options.add_argument("--seconds", type=float, default=2.0)
    options.add_argument("--port", type=int, default=21920)
    options = options.parse_args()
    folder = tempfile.mkdtemp(prefix="transactions-kill-")
    node, bootstrap = Node(options.binary, folder, options.port), f"127.0.0.1:{options.port}"
    node.start()
    client = Confluent(bootstrap)
    client.create_topic("killed", PARTITIONS)
    stop = threading.Event()
    writers = [Writer(number, bootstrap, "killed", stop) for number in range(PRODUCERS)]
    for writer in writers:
        writer.start()
    for _ in range(options.kills):
        time.sleep(options.seconds * random.uniform(0.5, 1.5))
        node.kill()
        node.start()
    time.sleep(options.seconds)
    stop.set()
    for writer in writers:
        writer.join()
    # Who comes last aborts what is still open.
    for writer in writers:
        writer.make()
    time.sleep(1)
    status = check(client, writers)
    node.process.terminate()
    node.process.wait()
    if status == 0:
        shutil.rmtree(folder)
    else:
        print(f"left in {folder}")
    return status


def check(client, writers):
    read = [client.read("killed", partition, "read_committed") for partition in range(PARTITIONS)]
    committed = set().union(*(writer.committed for writer in writers))
    aborted = set().union(*(writer.aborted for writer in writers))
    unknown = set().union(*(writer.unknown for writer in writers))
    failures = []
    for partition, values in enumerate(read):
        seen = set(values)
        if len(seen) != len(values):
            failures.append(f"partition {partition}: {len(values) - len(seen)} records twice")
        if committed - seen:
            failures.append(f"partition {partition}: committed and lost {sorted(committed - seen)[:3]}")
        if aborted & seen:
            failures.append(f"partition {partition}: aborted and read {sorted(aborted & seen)[:3]}")
        if seen != set(read[0]):
            failures.append(f"partition {partition}: half of {sorted(seen ^ set(read[0]))[:3]}")
        for writer in writers:
            own = [value for value in values if value.startswith(f"{writer.number}-")]
            if own != sorted(own):
                failures.append(f"partition {partition}: out of order by producer {writer.number}")
    print(
        f"{len(committed)} committed, {len(aborted)} aborted, {len(unknown)} not known to the client "
        f"({len(unknown & set(read[0]))} of them read), {sum(w.failures for w in writers)} errors met"
    )
    for failure in failures:
        print(f"fail transactions.kill: {failure}")
    if not failures:
        print("ok transactions.kill")
    return 1 if failures else 0


sys.exit(main())
