"""What coordinators keep: groups of both protocols, committed offsets, transactions. write.py writes it, check.py reads it."""
import struct, sys, time
from confluent_kafka import Consumer, Producer, TopicPartition
from check import manifest

# Its groups read the first; transactions write to the second.
READ, WRITTEN = "w-grouped", "w-transactional"
PARTITIONS = 3
# Longer than any run, so that who was alive at the end of one is there in the next. The longest that Kafka allows.
SESSION_MS = 1800000
TRANSACTION_MS = 900000

class Asker:
    """Asks until the coordinator is there; whatever is refused ends the run."""
    def __init__(self, address):
        self.connection = manifest.Connection(address, manifest.load_facts(manifest.FACTS))
        metadata = self.call("Metadata", Topics=None)
        self.topic_id = next(t["TopicId"] for t in metadata["Topics"] if t["Name"] == READ)
    def call(self, name, may=(), version=None, **body):
        deadline = time.time() + 60
        while True:
            answer = self.connection.call(name, top=version, **body)
            error = answer.get("ErrorCode", 0)
            if error in (14, 15, 16) and time.time() < deadline: time.sleep(0.2); continue
            if error and error not in may: sys.exit(f"{name}: {answer}")
            return answer
    def coordinator(self, key):
        answer = lambda: self.connection.call("FindCoordinator", top=6, KeyType=0, CoordinatorKeys=[key])["Coordinators"][0]["ErrorCode"]
        deadline = time.time() + 60
        while answer() and time.time() < deadline: time.sleep(0.2)

def subscription(): return struct.pack(">hih", 0, 1, len(READ)) + READ.encode() + struct.pack(">i", -1)
def assignment(partitions):
    return struct.pack(">hih", 0, 1, len(READ)) + READ.encode() + struct.pack(">i", len(partitions)) + b"".join(struct.pack(">i", p) for p in partitions) + struct.pack(">i", -1)

def commit(ask, group, offsets, member="", epoch=-1, instance=None):
    partitions = [{"PartitionIndex": p, "CommittedOffset": offset, "CommittedLeaderEpoch": 0, "CommittedMetadata": said} for p, (offset, said) in offsets.items()]
    deadline = time.time() + 60
    while True:
        answer = ask.call("OffsetCommit", version=9, GroupId=group, MemberId=member, GenerationIdOrMemberEpoch=epoch, GroupInstanceId=instance,
                          Topics=[{"Name": READ, "Partitions": partitions}])
        errors = {p["ErrorCode"] for t in answer["Topics"] for p in t["Partitions"]}
        if errors == {0}: return
        if not errors & {14, 15, 16} or time.time() > deadline: sys.exit(f"OffsetCommit of {group}: {answer}")
        time.sleep(0.2)

def simple(ask, group):
    commit(ask, group, {0: (1, ""), 1: (2, "ünï"), 2: (3, "to be deleted")})
    commit(ask, group, {0: (11, "x" * 4096)})
    ask.call("OffsetDelete", GroupId=group, Topics=[{"Name": READ, "Partitions": [{"PartitionIndex": 2}]}])

def classic(ask, group, instance, stays):
    """One member of the classic protocol, dynamic or static."""
    join = lambda member: ask.call("JoinGroup", (79,), 9, GroupId=group, SessionTimeoutMs=SESSION_MS, RebalanceTimeoutMs=SESSION_MS, MemberId=member, GroupInstanceId=instance,
                                   ProtocolType="consumer", Protocols=[{"Name": name, "Metadata": subscription()} for name in ("range", "roundrobin")])
    joined = join("")
    if joined["ErrorCode"] == 79: joined = join(joined["MemberId"])
    member, generation = joined["MemberId"], joined["GenerationId"]
    ask.call("SyncGroup", GroupId=group, GenerationId=generation, MemberId=member, GroupInstanceId=instance, ProtocolType="consumer", ProtocolName=joined["ProtocolName"],
             Assignments=[{"MemberId": member, "Assignment": assignment(range(PARTITIONS))}])
    commit(ask, group, {0: (5, "classic"), 1: (6, "")}, member, generation, instance)
    if not stays: ask.call("LeaveGroup", version=5, GroupId=group, Members=[{"MemberId": member, "GroupInstanceId": instance}])

def beat(ask, group, member, epoch, **said): return ask.call("ConsumerGroupHeartbeat", version=1, GroupId=group, MemberId=member, MemberEpoch=epoch, **said)

def consumer(ask, group, stays, **wants):
    """Two members of the consumer protocol, one of them static, that share the partitions."""
    names, epochs, owned = {"a": None, "b": "one"}, {"a": 0, "b": 0}, {"a": [], "b": []}
    wants = wants or {"SubscribedTopicNames": [READ]}
    deadline, settled = time.time() + 60, False
    while not settled:
        if time.time() > deadline: sys.exit(f"{group} does not settle: {epochs} {owned}")
        for member, instance in names.items():
            topics = [{"TopicId": ask.topic_id, "Partitions": owned[member]}] if owned[member] else []
            said = dict(TopicPartitions=topics, RebalanceTimeoutMs=SESSION_MS, InstanceId=instance, RackId=None, **wants)
            answer = beat(ask, group, member, epochs[member], **said)
            epochs[member] = answer["MemberEpoch"]
            if answer["Assignment"] is not None: owned[member] = sorted(p for t in answer["Assignment"]["TopicPartitions"] if t["TopicId"] == ask.topic_id for p in t["Partitions"])
        settled = epochs["a"] == epochs["b"] and all(owned.values()) and sorted(owned["a"] + owned["b"]) == list(range(PARTITIONS))
        time.sleep(0.1)
    commit(ask, group, {0: (7, "of a consumer"), 2: (8, "")}, "a", epochs["a"])
    if stays == "all": return
    beat(ask, group, "a", -1)
    beat(ask, group, "b", -2 if stays else -1, InstanceId="one")

def transaction(address, name, group, end):
    """A transaction with records and a group's offset, committed, aborted or left open."""
    producer = Producer({"bootstrap.servers": address, "transactional.id": name, "transaction.timeout.ms": TRANSACTION_MS, "linger.ms": 5, "log_level": 3})
    reader = Consumer({"bootstrap.servers": address, "group.id": group, "log_level": 3})
    producer.init_transactions(60)
    producer.begin_transaction()
    for i in range(30): producer.produce(WRITTEN, b"%s %d" % (name.encode(), i), b"key-%d" % i, i % PARTITIONS)
    producer.flush(60)
    producer.send_offsets_to_transaction([TopicPartition(READ, 0, 40, f"by {name}")], reader.consumer_group_metadata(), 60)
    if end: getattr(producer, f"{end}_transaction")(60)
    reader.close()

def write(address, stays):
    """`stays`: groups keep their members, and a transaction is left open with an offset that waits for it."""
    tag = f"{int(time.time())}"
    ask = Asker(address)
    ask.coordinator("any")
    simple(ask, f"simple-{tag}")
    classic(ask, f"classic-{tag}", None, stays)
    classic(ask, f"static-{tag}", "one", stays)
    consumer(ask, f"consumer-{tag}", "all" if stays else "")
    consumer(ask, f"paused-{tag}", "static" if stays else "")
    consumer(ask, f"pattern-{tag}", "all" if stays else "", SubscribedTopicRegex="w-group.*")
    for end in ("commit", "abort"):
        transaction(address, f"{end}-{tag}", f"transactional-{tag}", end)
        transaction(address, f"{end}-{tag}", f"transactional-{tag}", end)
    if stays:
        commit(ask, f"pending-{tag}", {0: (1, "before")})
        transaction(address, f"open-{tag}", f"pending-{tag}", None)
