"""Kafka's own verifiable producer and consumer: what was acknowledged is consumed once, over two rebalances.

They say what they do as lines of JSON, each with a name.
"""

import json
import os

from confluent_kafka.admin import AdminClient, NewTopic

from program import Program
from records import SILENT, lag
from server import eventually

PARTITIONS = 4
MESSAGES_A_SECOND = 500


class Tool:
    """One of the two, and all that it has said."""

    def __init__(self, script, tool, folder, name, *arguments):
        # The one heap for both servers and tools that the script knows.
        os.environ.setdefault("KAFKA_HEAP_OPTS", "-Xmx256m")
        self.program = Program([script, tool, *map(str, arguments)], os.path.join(folder, f"{name}.log"))
        self.events = []

    def said(self, name):
        for line in self.program.lines():
            if line.startswith("{"):
                self.events.append(json.loads(line))
        return [event for event in self.events if event["name"] == name]

    def wait(self, name, seconds=60):
        eventually(f"the event {name}", lambda: self.said(name), seconds)

    def assigned(self):
        """The partitions that it has: an assignor that moves little says only what is new, or gone."""
        self.said("")
        now = set()
        for event in self.events:
            if event["name"] in ("partitions_assigned", "partitions_revoked"):
                those = {row["partition"] for row in event["partitions"]}
                now = now | those if event["name"] == "partitions_assigned" else now - those
        return now

    def stop(self):
        assert self.program.end() in (0, 143), f"it did not end as it should: see {self.program.errors.name}"
        self.said("")


def consumer(server, script, folder, topic, name, protocol):
    arguments = ["--bootstrap-server", server.address, "--topic", topic, "--group-id", topic, "--verbose"]
    arguments += ["--group-protocol", protocol]
    if protocol == "classic":
        arguments += ["--session-timeout", "10000"]
    return Tool(script, "verifiable-consumer", folder, f"{topic}-{name}", *arguments)


def verifies(server, folder, script, protocol):
    topic = f"verifiable-{protocol}"
    admin = AdminClient({"bootstrap.servers": server.address}, logger=SILENT)
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result(30)
    tools = [consumer(server, script, folder, topic, "first", protocol)]
    first = tools[0]
    try:
        eventually("all partitions are the first one's", lambda: len(first.assigned()) == PARTITIONS)
        arguments = ("--topic", topic, "--throughput", MESSAGES_A_SECOND)
        producer = Tool(script, "verifiable-producer", folder, f"{topic}-producer", "--bootstrap-server", server.address,
                        *arguments)
        tools.append(producer)
        producer.wait("producer_send_success")
        second = consumer(server, script, folder, topic, "second", protocol)
        tools.append(second)
        eventually("two have two each", lambda: len(first.assigned()) == len(second.assigned()) == PARTITIONS // 2)
        assert first.assigned() | second.assigned() == set(range(PARTITIONS)), "a partition is no one's"
        eventually("the second one has records", lambda: second.said("record_data"))
        second.stop()
        eventually("all partitions are the first one's again", lambda: len(first.assigned()) == PARTITIONS)
        producer.stop()
        result = producer.said("tool_data")[0]
        assert result["sent"] == result["acked"] == len(producer.said("producer_send_success")), result
        eventually("all is committed", lambda: lag(server.address, topic, topic, PARTITIONS) == 0)
        first.stop()
        same(producer, first, second)
    finally:
        for tool in tools:
            tool.program.kill()
    return f"{result['acked']} records, each consumed once by two members of a {protocol} group"


def same(producer, first, second):
    """What was acknowledged is what both have read; every commit held; nobody failed."""
    acknowledged = sorted((e["partition"], e["offset"], e["value"]) for e in producer.said("producer_send_success"))
    read = [(e["partition"], e["offset"], e["value"]) for tool in (first, second) for e in tool.said("record_data")]
    assert sorted(read) == acknowledged, f"{len(read)} read, {len(set(read))} different, of {len(acknowledged)}"
    for tool in (first, second):
        counted = sum(e["count"] for e in tool.said("records_consumed"))
        assert counted == len(tool.said("record_data")), f"it counted {counted}"
        for commit in tool.said("offsets_committed"):
            assert commit["success"], commit
        assert tool.said("shutdown_complete"), "a consumer did not say that it had ended"
    ends = {}
    for partition, offset, _ in acknowledged:
        ends[partition] = max(ends.get(partition, 0), offset + 1)
    committed = {}
    for commit in first.said("offsets_committed") + second.said("offsets_committed"):
        for row in commit["offsets"]:
            committed[row["partition"]] = max(committed.get(row["partition"], 0), row["offset"])
    assert committed == ends, f"committed {committed} where {ends} should be"
