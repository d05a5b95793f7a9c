"""rate.py NAME=BOOTSTRAP=PID... [--producers N]... [--seconds N] [--rounds N]

Transactions of one record each, by librdkafka, against each server in turns: transactions a second,
and the server's CPU time for each.
"""

import argparse
import os
import pathlib
import sys
import threading
import time
import uuid

import confluent_kafka

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "python"))

from transactional import Confluent  # noqa: E402


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def work(bootstrap, topic, ready, stop, counts, number):
    producer = confluent_kafka.Producer(
        {
            "bootstrap.servers": bootstrap,
            "transactional.id": f"rate-{uuid.uuid4().hex[:8]}",
            "linger.ms": 0,
            "log_level": 0,
        }
    )
    producer.init_transactions(60)
    ready.wait()
    while not stop.is_set():
        producer.begin_transaction()
        producer.produce(topic, b"x" * 100, partition=number % 3)
        producer.commit_transaction(60)
        counts[number] += 1


def measure(bootstrap, pid, producers, seconds):
    topic = f"rate-{uuid.uuid4().hex[:8]}"
    Confluent(bootstrap).create_topic(topic, 3)
    ready, stop, counts = threading.Barrier(producers + 1), threading.Event(), [0] * producers
    threads = [
        threading.Thread(target=work, args=(bootstrap, topic, ready, stop, counts, number))
        for number in range(producers)
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(1)
    before, cpu, began = sum(counts), cpu_seconds(pid), time.monotonic()
    time.sleep(seconds)
    count, cpu, took = sum(counts) - before, cpu_seconds(pid) - cpu, time.monotonic() - began
    stop.set()
    for thread in threads:
        thread.join()
    return count / took, 1000 * cpu / max(count, 1)


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("servers", nargs="+")
    options.add_argument("--producers", type=int, action="append")
    options.add_argument("--seconds", type=float, default=8)
    options.add_argument("--rounds", type=int, default=2)
    options = options.parse_args()
    print("server     producers  transactions/s  CPU ms each")
    for producers in options.producers or [1, 10]:
        for _ in range(options.rounds):
            for server in options.servers:
                name, bootstrap, pid = server.split("=")
                rate, cpu = measure(bootstrap, int(pid), producers, options.seconds)
                print(f"{name:10} {producers:9}  {rate:14.1f}  {cpu:11.2f}", flush=True)


main()
