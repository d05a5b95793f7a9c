#!/usr/bin/env python3
"""Writes down what a broker serves, or compares it with a manifest: golden/check/manifest.py under ../shared, for a server that
does not have every API yet.

    check.py [OPTIONS] HOST:PORT [> MANIFEST]          read everything that the server has APIs for, print a manifest
    check.py [OPTIONS] --check MANIFEST HOST:PORT      compare the server with it; exit 1 if they differ
    options: --wait SECONDS    so long for the broker and all leaders (default 60)
             --left-out SECTION    leave that section out of the comparison, whatever the server offers (repeatable)

A section of the manifest is left out exactly where the server does not advertise an API that it is read with, and every one
left out is printed. A manifest that was made this way names them in `left_out`, and they stay out of its comparisons.
"""
import importlib.util, json, os, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
SHARED = os.environ.get("DOHLE_SHARED") or os.path.join(HERE, "../../../shared")
spec = importlib.util.spec_from_file_location("manifest", os.path.join(SHARED, "golden/check/manifest.py"))
sys.dont_write_bytecode = True
manifest = importlib.util.module_from_spec(spec)
spec.loader.exec_module(manifest)

# Every section that can be left out, with the APIs that it is read with.
SECTIONS = {
    "groups": ["ListGroups", "OffsetFetch", "DescribeGroups"],
    "groups.consumer": ["ConsumerGroupDescribe"],
    "groups.share": ["ShareGroupDescribe", "DescribeShareGroupOffsets", "ReadShareGroupState"],
    "groups.streams": ["StreamsGroupDescribe"],
    "transactions": ["ListTransactions", "DescribeTransactions"],
    "configs.client_metrics": ["ListConfigResources"],
    "configs.group": ["ListConfigResources"],
    "acls": ["DescribeAcls"],
    "quotas": ["DescribeClientQuotas"],
    "scram": ["DescribeUserScramCredentials"],
}

# What is read in place of a section that is left out: nothing, so that the reader goes on.
NOTHING = {
    "ListGroups": {"ErrorCode": 0, "Groups": []},
    "OffsetFetch": {"Groups": [{"ErrorCode": 0, "Topics": []}]},
    "ListTransactions": {"ErrorCode": 0, "TransactionStates": []},
    "DescribeTransactions": {"TransactionStates": [{"ErrorCode": 0}]},
    "DescribeAcls": {"ErrorCode": 0, "Resources": []},
    "DescribeClientQuotas": {"ErrorCode": 0, "Entries": []},
    "DescribeUserScramCredentials": {"ErrorCode": 0, "Results": []},
}

class Connection(manifest.Connection):
    """A connection that answers for APIs that the server does not advertise, where their section may be left out."""
    left_out = {}
    patient_until = 0  # partitions that are not led yet are asked again until then

    def open(self):
        super().open()
        Connection.left_out = {
            section: missing for section, names in SECTIONS.items()
            if (missing := [name for name in names if not self.has(name)])
        }

    def call(self, name, version=None, top=None, **body):
        if self.sock is None: self.open()
        section = next((s for s, names in SECTIONS.items() if s in self.left_out and name in names), None)
        if section and name in NOTHING: return NOTHING[name]
        answer = super().call(name, version, top, **body)
        while name == "ListOffsets" and self.is_early(answer) and time.time() < self.patient_until:
            time.sleep(0.2)
            answer = super().call(name, version, top, **body)
        if name == "ListGroups":
            answer["Groups"] = [g for g in answer["Groups"] if f"groups.{g['GroupType']}" not in self.left_out]
        return answer

    @staticmethod
    def is_early(answer):
        """Whether a partition that has a leader in the metadata is not led yet: UNKNOWN_TOPIC_OR_PARTITION, LEADER_NOT_AVAILABLE,
        NOT_LEADER_OR_FOLLOWER, UNKNOWN_LEADER_EPOCH, OFFSET_NOT_AVAILABLE."""
        return any(p["ErrorCode"] in (3, 5, 6, 75, 78) for t in answer["Topics"] for p in t["Partitions"])

def leave_out(content, sections):
    """The manifest without these sections, for a comparison."""
    for section in sections:
        head, _, tail = section.partition(".")
        if not tail: content.pop(head, None); continue
        if head == "groups": content[head] = {n: g for n, g in content.get(head, {}).items() if g["type"] != tail}
        else: content[head].pop(tail, None)

def forget_producers(content):
    """Without producers whose batches have all left their log: Apache Kafka forgets them when it opens the log (their snapshot
    lies below its start), a running broker does not, and Dohle keeps them over a restart, so that a batch that is sent again
    after DeleteRecords stays a duplicate. How many they were comes back."""
    forgotten = 0
    for partition in (p for t in content["topics"].values() for p in t["partitions"] if p["start"] > 0):
        present = {row[5] for row in partition["batches"] if row[1] != "magic"}
        kept = [p for p in partition["producers"] if p[0] in present]
        forgotten += len(partition["producers"]) - len(kept)
        partition["producers"] = kept
    return forgotten

def count(content):
    partitions = [p for t in content["topics"].values() for p in t["partitions"]]
    return (f"{len(content['topics'])} topics, {len(partitions)} partitions, {sum(len(p['batches']) for p in partitions)} batches, "
            f"{sum(p['record_count'] for p in partitions)} records")

def main(argv):
    wait, check, sections, words = 60.0, None, {}, []
    arguments = iter(argv)
    for argument in arguments:
        if argument == "--wait": wait = float(next(arguments))
        elif argument == "--check": check = next(arguments)
        elif argument == "--left-out": sections[next(arguments)] = "asked for"
        elif argument.startswith("-"): sys.exit(__doc__)
        else: words.append(argument)
    if len(words) != 1: sys.exit(__doc__)
    manifest.Connection = Connection
    Connection.patient_until = time.time() + wait
    got = manifest.read(words[0], wait=wait)
    if got.get("acls") == {"error": 54}: sections["acls"] = "the server has no authorizer"
    sections.update({s: "the server has no " + ", ".join(missing) for s, missing in Connection.left_out.items()})
    if not check:
        got["left_out"] = sorted(sections)
        leave_out(got, sections)
        manifest.dump(got, sys.stdout)
        print()
        print(count(got), file=sys.stderr)
        return 0
    with open(check) as file: want = json.load(file)
    for section in want.pop("left_out", []): sections.setdefault(section, "the manifest does not have it")
    leave_out(want, sections)
    leave_out(got, sections)
    for section, why in sorted(sections.items()): print(f"left out {section}: {why}")
    # A whole section is compared as a whole: what both leave out must be equal in both.
    for content in (want, got):
        for section in SECTIONS:
            if "." not in section: content.setdefault(section, {})
    forgotten = forget_producers(want), forget_producers(got)
    if any(forgotten): print(f"left out producers without a batch in their log: {forgotten[0]} expected, {forgotten[1]} there")
    bad = manifest.differences(want, got)
    for line in bad[:200]: print(line)
    if len(bad) > 200: print(f"... {len(bad) - 200} more")
    print((f"DIFFERENT: {len(bad)} differences; expected " if bad else "SAME: ") + count(want))
    return 1 if bad else 0

if __name__ == "__main__": sys.exit(main(sys.argv[1:]))
