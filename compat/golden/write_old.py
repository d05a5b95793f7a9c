#!/usr/bin/env python3
"""Writes message sets of magic 1, as a client of 0.10.1 does, plain and compressed: write_old.py HOST:PORT. Needs kafka-python 2.0.2."""
import sys
from kafka import KafkaProducer

count = 0
for partition, codec in enumerate([None, "gzip", "snappy", "lz4"]):
    producer = KafkaProducer(bootstrap_servers=sys.argv[1], api_version=(0, 10, 1), compression_type=codec, linger_ms=5, acks="all")
    waiting = [producer.send("w-old-client", value=None if i % 9 == 8 else b"old %d " % i * (i % 5), key=None if i % 4 == 0 and i % 9 != 8 else b"key %d" % i,
                             partition=partition) for i in range(100)]
    producer.flush(60)
    count += sum(1 for sent in waiting if sent.get(30).offset >= 0)
    producer.close()
print(f"{count} records of an old client acknowledged")
