"""applications.py ORACLE [--dohle BINARY] [--only NAME]... [--lines N] [--keep]

Real applications on a broker of their own, which some of them restart: ok NAME or fail NAME: why per check. ORACLE is the
script that runs Apache Kafka: the broker, unless there is a binary of ours, and the tools.
"""

import argparse
import os
import shutil
import signal
import tempfile
import time
import traceback

import listening
import streams
import verifiable
from server import Dohle, Reference

CHECKS = {
    "streams": lambda server, folder, options: streams.current(server, folder, options.lines),
    "streams_2.8": lambda server, folder, options: streams.old(server, folder, options.lines),
    "spring": lambda server, folder, options: listening.spring(server, folder),
    "smallrye": lambda server, folder, options: listening.smallrye(server, folder),
    "verifiable_classic": lambda server, folder, options: verifiable.verifies(server, folder, options.oracle, "classic"),
    "verifiable_consumer": lambda server, folder, options: verifiable.verifies(server, folder, options.oracle, "consumer"),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("oracle")
    parser.add_argument("--dohle")
    parser.add_argument("--only", action="append", choices=CHECKS)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs, as after a failure")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="dohle-applications-")
    server = Dohle(options.dohle, folder) if options.dohle else Reference(options.oracle, folder)
    failed = 0
    try:
        server.start()
        for name in options.only or CHECKS:
            begun = time.monotonic()
            try:
                said = CHECKS[name](server, folder, options)
                print(f"ok {name} {time.monotonic() - begun:.1f} s: {said}", flush=True)
            except Exception as error:  # noqa: BLE001: whatever an application or a library does
                failed = 1
                where = traceback.extract_tb(error.__traceback__)[-1]
                print(f"fail {name}: {type(error).__name__}: {error} ({where.name})", flush=True)
    finally:
        server.end(signal.SIGTERM)
        if options.keep or failed:
            print(f"left in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return failed


status = main()
# Threads of a check that failed must not keep the process.
os._exit(status)
