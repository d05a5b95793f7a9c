"""A broker that the applications' checks start, stop and kill: this project's node, or Apache Kafka."""

import os
import signal
import socket
import subprocess
import time

SETTINGS = (
    "offsets.topic.replication.factor=1",
    "transaction.state.log.replication.factor=1",
    "transaction.state.log.min.isr=1",
    "share.coordinator.state.topic.replication.factor=1",
    "share.coordinator.state.topic.min.isr=1",
    "group.initial.rebalance.delay.ms=0",
    # What a killed application had open is aborted soon after its timeout.
    "transaction.abort.timed.out.transaction.cleanup.interval.ms=1000",
)


def free_port():
    """A port that is free, as is the one after it."""
    while True:
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1]
            try:
                two.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


class Dohle:
    """Our binary on one folder and one port."""

    def __init__(self, binary, folder):
        port = free_port()
        self.address = f"127.0.0.1:{port}"
        settings = (f"listeners=PLAINTEXT://{self.address}", f"log.dirs={folder}/data", *SETTINGS)
        self.command = [os.path.abspath(binary), "server"] + [w for s in settings for w in ("--override", s)]
        self.log = open(os.path.join(folder, "server.log"), "a")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        assert self.process.stdout.readline().startswith("dohle is ready"), f"no start: see {self.log.name}"

    def end(self, how=signal.SIGTERM):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(how)
            self.process.wait(120)


class Reference:
    """Apache Kafka by the shared script."""

    def __init__(self, script, folder):
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.script, self.folder = script, os.path.join(folder, "kafka")

    def start(self):
        # Its folder is formatted once; the script writes its settings anew each time.
        heap = os.environ.get("KAFKA_HEAP_OPTS", "-Xmx512m -Xms256m")
        environment = dict(os.environ, KAFKA_HEAP_OPTS=heap)
        subprocess.run([self.script, "start", self.folder, str(self.port), *SETTINGS], check=True, env=environment)

    def end(self, how=signal.SIGTERM):
        path = os.path.join(self.folder, "pid")
        if not os.path.exists(path):
            return
        with open(path) as file:
            os.kill(int(file.read()), how)
        subprocess.run([self.script, "stop", self.folder], check=True)


def eventually(what, holds, seconds=60):
    """Waits until it holds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)
