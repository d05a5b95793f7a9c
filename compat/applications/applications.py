"""applications.py dohle BINARY | reference SCRIPT [--only NAME]... [--lines N] [--keep]

Real applications on a broker of their own, which some of them restart: ok NAME or fail NAME: why per check.
"""

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback

import listening
import streams
from server import Dohle, Reference

CHECKS = {
    "streams": lambda server, folder, options: streams.current(server, folder, options.lines),
    "streams_2.8": lambda server, folder, options: streams.old(server, folder, options.lines),
    "spring": lambda server, folder, options: listening.spring(server, folder),
    "smallrye": lambda server, folder, options: listening.smallrye(server, folder),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=("dohle", "reference"))
    parser.add_argument("program")
    parser.add_argument("--only", action="append", choices=CHECKS)
    parser.add_argument("--lines", type=int, default=10_000)
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    options = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="dohle-applications-")
    server = (Dohle if options.kind == "dohle" else Reference)(options.program, folder)
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
        if options.keep:
            print(f"left in {folder}")
        else:
            shutil.rmtree(folder, ignore_errors=True)
    return failed


sys.stdout.flush()
status = main()
# Threads of a check that failed must not keep the process.
os._exit(status)
