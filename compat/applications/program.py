"""A Java program under test: built once, started as often as it is killed."""

import os
import queue
import signal
import subprocess
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))


def class_path(name, version=None):
    """What `build` made of the folder; raises where it could not, which it says on standard error."""
    command = [os.path.join(HERE, "build"), name] + ([version] if version else [])
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip().splitlines()[-1]


class Program:
    """A process whose lines can be waited for."""

    def __init__(self, command, log):
        self.errors = open(log, "a")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors, text=True, bufsize=1
        )
        self.queue = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    @classmethod
    def java(cls, classes, main, *arguments, log):
        options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", classes]
        return cls(["java", *options, main, *map(str, arguments)], log)

    def _read(self):
        for line in self.process.stdout:
            self.queue.put(line.rstrip("\n"))
        self.queue.put(None)

    def line(self, starts, seconds=60):
        """The next line that begins so; those before it are dropped."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self.queue.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"no line '{starts}' within {seconds} s: see {self.errors.name}") from None
            assert line is not None, f"it ended before its line '{starts}': see {self.errors.name}"
            if line.startswith(starts):
                return line

    def lines(self):
        """What it has said since, without waiting."""
        said = []
        while not self.queue.empty():
            line = self.queue.get()
            if line is not None:
                said.append(line)
        return said

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def end(self, how=signal.SIGTERM, seconds=60):
        """Its exit status after the signal."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(seconds)

    def kill(self):
        self.end(signal.SIGKILL)
