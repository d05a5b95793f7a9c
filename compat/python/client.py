"""What a Python client must offer, and the runner that prints a line per check."""

import argparse
import os
import pathlib
import random
import threading
import time
from dataclasses import dataclass, field

LIMIT_S = 60


class Failure(Exception):
    """The broker's (or the client's own) error, as Kafka's number."""

    def __init__(self, code, text=""):
        super().__init__(f"error {code} {text}")
        self.code = code


@dataclass
class Record:
    """A record as it is sent, and as it came back."""

    key: bytes | None
    value: bytes | None
    headers: list = field(default_factory=list)
    timestamp: int = 0
    offset: int = -1


class Client:
    """Names for topics and groups; a library's adapter adds the rest."""

    LIBRARY = ""
    HEADERS = True

    def __init__(self, bootstrap):
        self.bootstrap = bootstrap
        self.run_id = "%08x" % random.SystemRandom().getrandbits(32)
        self.check = ""
        # When the last read had its records: closing a consumer may wait for its next fetch.
        self.read_at = 0.0

    def name(self, what):
        return f"compat-{self.LIBRARY}-{what}-{self.run_id}"


def left_out(library):
    """Names of the checks that this client cannot do (left-out.tsv says why)."""
    table = pathlib.Path(__file__).parent.parent / "left-out.tsv"
    rows = (line.split("\t") for line in table.read_text().splitlines() if line and not line.startswith("#"))
    return {row[1] for row in rows if row[0] == library}


def attempt(client, check):
    """Runs one check; a string says why it failed."""
    outcome = []

    def body():
        try:
            check(client)
            outcome.append(None)
        except BaseException as error:  # noqa: BLE001 - whatever a library throws is a failed check
            outcome.append(f"{type(error).__name__}: {error}".replace("\n", " ")[:400])

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(LIMIT_S)
    return outcome[0] if outcome else f"no result within {LIMIT_S} s"


def main(make, checks):
    """Runs the checks that the arguments ask for, and exits with how it went."""
    parser = argparse.ArgumentParser()
    parser.add_argument("bootstrap")
    parser.add_argument("--groups", action="store_const", dest="set", const="groups", default="node")
    parser.add_argument("--transactions", action="store_const", dest="set", const="transactions")
    parser.add_argument("--only", action="append", help="this check alone; may be repeated")
    arguments = parser.parse_args()
    client = make(arguments.bootstrap)
    skip = left_out(client.LIBRARY)
    failed = 0
    for name, check in checks(arguments.set).items():
        if name in skip or (arguments.only and name not in arguments.only):
            continue
        client.check = name
        begun = time.monotonic()
        why = attempt(client, check)
        failed += why is not None
        took = f"{time.monotonic() - begun:.2f}"
        print(f"ok {name} {took}" if why is None else f"fail {name}: {why}", flush=True)
    # Threads of clients that hang must not keep the process.
    os._exit(1 if failed else 0)
