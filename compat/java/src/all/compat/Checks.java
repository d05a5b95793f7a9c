package compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** The checks of README.md. Each throws when something is not as it should be. */
final class Checks {
    /** One check. */
    interface Check {
        void run() throws Exception;
    }

    private static final long HOUR_MS = 3_600_000;
    private static final long NOW_MS = System.currentTimeMillis();
    private static final Map<String, String> NONE = Collections.emptyMap();
    private final Client c;

    Checks(Client client) {
        c = client;
    }

    Map<String, Check> node() {
        Map<String, Check> all = new LinkedHashMap<>();
        all.put("create_topic", this::createTopic);
        all.put("create_topic_configs", this::createTopicConfigs);
        all.put("list_topics", this::listTopics);
        all.put("describe_cluster", this::describeCluster);
        all.put("topic_exists", this::topicExists);
        all.put("invalid_topic_name", this::invalidTopicName);
        all.put("topic_collision", this::topicCollision);
        all.put("invalid_partitions", () -> fails(37, () -> create(c.name("parts"), 0, NONE)));
        all.put("invalid_replication", () ->
            fails(38, () -> c.access.createTopic(c.name("repl"), 1, 3, NONE)));
        all.put("invalid_config", this::invalidConfig);
        all.put("unknown_topic", this::unknownTopic);
        all.put("delete_topic", this::deleteTopic);
        all.put("recreate_topic", this::recreateTopic);
        all.put("add_partitions", this::addPartitions);
        all.put("describe_configs", this::describeConfigs);
        all.put("alter_configs", this::alterConfigs);
        all.put("delete_records", this::deleteRecords);
        all.put("topic_codec", this::topicCodec);
        all.put("log_append_time", this::logAppendTime);
        all.put("idempotent_produce", this::idempotentProduce);
        all.put("acks_levels", this::acksLevels);
        all.put("many_partitions", this::manyPartitions);
        all.put("auto_create", this::autoCreate);
        all.put("message_too_large", this::messageTooLarge);
        all.put("compacted_null_key", this::compactedNullKey);
        all.put("invalid_timestamp", this::invalidTimestamp);
        all.put("offset_bounds", this::offsetBounds);
        all.put("offsets_for_times", this::offsetsForTimes);
        all.put("seek_middle", this::seekMiddle);
        all.put("small_fetches", this::smallFetches);
        all.put("offset_out_of_range", this::offsetOutOfRange);
        all.put("long_poll", this::longPoll);
        for (String codec : Arrays.asList("none", "gzip", "snappy", "lz4", "zstd")) {
            all.put("codec_" + codec, () -> codec(codec));
        }
        return all;
    }

    Map<String, Check> groups() {
        Map<String, Check> all = new LinkedHashMap<>();
        all.put("group_consume", this::groupConsume);
        all.put("group_commit", this::groupCommit);
        all.put("group_rebalance", () -> groupRebalance());
        all.put("group_rebalance_new", () -> groupRebalance("group.protocol", "consumer"));
        all.put("group_list", this::groupList);
        all.put("group_describe", this::groupDescribe);
        all.put("group_delete", this::groupDelete);
        return all;
    }

    // What checks are made of.

    static void check(boolean holds, String text) {
        if (!holds) {
            throw new AssertionError(text);
        }
    }

    static void equal(Object got, Object expected, String what) {
        check(Objects.equals(got, expected), what + " is " + got + ", expected " + expected);
    }

    static void fails(int code, Check action) throws Exception {
        try {
            action.run();
        } catch (Failure failure) {
            check(failure.code == code, failure.getMessage() + ", expected error " + code);
            return;
        }
        throw new AssertionError("nothing failed, expected error " + code);
    }

    static void soon(String what, Callable<Boolean> condition) throws Exception {
        long end = System.nanoTime() + 30_000_000_000L;
        while (!condition.call()) {
            check(System.nanoTime() < end, "not within 30 s: " + what);
            Thread.sleep(20);
        }
    }

    private void create(String topic, int partitions, Map<String, String> configs) throws Exception {
        c.access.createTopic(topic, partitions, 1, configs);
    }

    /** Creates a topic and waits until the broker's own metadata shows it. */
    String made(String what, int partitions, String... configs) throws Exception {
        String topic = c.name(what);
        Map<String, String> map = new LinkedHashMap<>();
        for (int i = 0; i < configs.length; i += 2) {
            map.put(configs[i], configs[i + 1]);
        }
        create(topic, partitions, map);
        soon(topic + " with " + partitions + " partitions", () -> has(topic, partitions));
        return topic;
    }

    private boolean has(String topic, int partitions) throws Exception {
        try {
            return c.access.partitions(topic).size() == partitions;
        } catch (Failure failure) {
            if (failure.code != 3 && failure.code != 5) {
                throw failure;
            }
            return false;
        }
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /** Bytes that no codec shrinks, the same in every run. */
    private static byte[] noise(int size, long seed) {
        byte[] out = new byte[size];
        long state = seed;
        for (int i = 0; i < size; i++) {
            if (i % 8 == 0) {
                state = state * 6364136223846793005L + 1442695040888963407L;
            }
            out[i] = (byte) (state >>> (56 - 8 * (i % 8)));
        }
        return out;
    }

    /** Records of every shape: keys, nulls, headers, 1 byte to 900 KB. */
    private List<Rec> sample() {
        byte[] big = Arrays.copyOf(noise(400_000, 2), 899_998);
        for (int i = 400_000; i < big.length; i++) {
            big[i] = (byte) "again ".charAt((i - 400_000) % 6);
        }
        List<Rec> all = new ArrayList<>();
        byte[][][] shapes = {
            {null, utf8("x")}, {utf8("key"), null}, {{}, {}}, {utf8("key"), utf8("text ".repeat(40))},
            {utf8("ключ"), noise(10_000, 1)}, {utf8("big"), big}, {utf8("headers"), utf8("v")},
        };
        for (byte[][] shape : shapes) {
            all.add(new Rec(shape[0], shape[1], NOW_MS - HOUR_MS + all.size() * 1000));
        }
        if (c.access.hasHeaders()) {
            all.get(6).header("a", utf8("1")).header("a", utf8("2")).header("empty", new byte[0])
                .header("null", null).header("имя", noise(200, 3));
        }
        for (int i = 0; i < 40; i++) {
            String value = String.format("{\"id\":%d,\"name\":\"event\",\"city\":\"Brno\"}", i);
            all.add(new Rec(utf8("k" + i), utf8(value), NOW_MS - HOUR_MS + all.size() * 1000));
        }
        return all;
    }

    private static List<Rec> small(int count, int size, String tag) {
        List<Rec> all = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            byte[] text = utf8(String.format("%s-%06d-", tag, i));
            byte[] value = Arrays.copyOf(text, Math.max(size, text.length));
            Arrays.fill(value, text.length, value.length, (byte) '.');
            all.add(new Rec(null, value, NOW_MS - HOUR_MS + i));
        }
        return all;
    }

    private static List<Rec> small(int count) {
        return small(count, 100, "r");
    }

    private static void same(List<Rec> got, List<Rec> expected, long firstOffset) {
        check(got != null && got.size() == expected.size(),
            (got == null ? 0 : got.size()) + " records came back, " + expected.size() + " were sent");
        for (int i = 0; i < got.size(); i++) {
            Rec have = got.get(i);
            Rec want = expected.get(i);
            equal(have.offset, firstOffset + i, "offset");
            check(Arrays.equals(have.key, want.key), "key of offset " + have.offset + " differs");
            check(Arrays.equals(have.value, want.value), "value of offset " + have.offset + " differs");
            equal(have.timestamp, want.timestamp, "timestamp of offset " + have.offset);
            check(Arrays.deepEquals(have.headers.toArray(), want.headers.toArray()),
                "headers of offset " + have.offset + " differ");
        }
    }

    private void roundTrip(String topic, List<Rec> records, String... options) throws Exception {
        c.produce(topic, records, options);
        same(c.read(topic, 0, 0, records.size()), records, 0);
    }

    // Topics.

    private void createTopic() throws Exception {
        equal(c.access.partitions(made("create", 3)), Arrays.asList(0, 1, 2), "partitions");
    }

    private void createTopicConfigs() throws Exception {
        String t = made("configs", 1, "retention.ms", "3600000", "cleanup.policy", "compact,delete");
        Map<String, String> configs = c.access.configs(t);
        equal(configs.get("retention.ms"), "3600000", "retention.ms");
        equal(configs.get("cleanup.policy"), "compact,delete", "cleanup.policy");
    }

    private void listTopics() throws Exception {
        List<String> names = Arrays.asList(made("list-0", 1), made("list-1", 1), made("list-2", 1));
        soon("all three listed", () -> c.access.topics().containsAll(names));
    }

    private void describeCluster() throws Exception {
        List<Integer> ids = c.access.cluster();
        equal(ids.size(), 2, "one broker, and the controller: count");
        equal(ids.get(1), ids.get(0), "controller");
    }

    private void topicExists() throws Exception {
        String t = made("exists", 1);
        fails(36, () -> create(t, 1, NONE));
    }

    private void invalidTopicName() throws Exception {
        for (String bad : Arrays.asList("bad name!", "..", "x".repeat(250), "slash/y")) {
            fails(17, () -> create(bad, 1, NONE));
        }
    }

    private void topicCollision() throws Exception {
        made("col.a", 1);
        fails(17, () -> create(c.name("col_a"), 1, NONE));
    }

    private void invalidConfig() throws Exception {
        fails(40, () -> create(c.name("conf"), 1, Collections.singletonMap("retention.ms", "abc")));
        fails(40, () -> create(c.name("conf"), 1, Collections.singletonMap("no.such.config", "1")));
    }

    private void unknownTopic() throws Exception {
        String t = c.name("unknown");
        fails(3, () -> c.access.partitions(t));
        check(!c.access.topics().contains(t), "asking for a topic created it");
    }

    private void gone(String t) throws Exception {
        c.produce(t, small(5));
        c.access.deleteTopic(t);
        soon("topic gone", () -> !c.access.topics().contains(t));
    }

    private void deleteTopic() throws Exception {
        String t = made("delete", 2);
        gone(t);
        fails(3, () -> c.access.partitions(t));
        fails(3, () -> c.access.deleteTopic(t));
    }

    private void recreateTopic() throws Exception {
        String t = made("again", 2);
        gone(t);
        made("again", 1);
        equal(c.bounds(t), Arrays.asList(0L, 0L), "bounds");
        roundTrip(t, small(3, 100, "new"));
    }

    private void addPartitions() throws Exception {
        String t = made("add", 1);
        c.access.addPartitions(t, 4);
        soon("four partitions", () -> has(t, 4));
        c.produce(t, 3, small(3));
        same(c.read(t, 3, 0, 3), small(3), 0);
        fails(37, () -> c.access.addPartitions(t, 2));
    }

    private void describeConfigs() throws Exception {
        String t = made("describe", 1, "max.message.bytes", "2000000");
        Map<String, String> configs = c.access.configs(t);
        String[] expected = {
            "cleanup.policy", "delete", "compression.type", "producer", "max.message.bytes", "2000000",
            "retention.ms", "604800000", "segment.bytes", "1073741824", "message.timestamp.type", "CreateTime",
            "min.insync.replicas", "1", "retention.bytes", "-1", "delete.retention.ms", "86400000",
            "unclean.leader.election.enable", "false", "segment.ms", "604800000", "file.delete.delay.ms", "60000",
            "min.cleanable.dirty.ratio", "0.5", "index.interval.bytes", "4096",
        };
        for (int i = 0; i < expected.length; i += 2) {
            equal(configs.get(expected[i]), expected[i + 1], expected[i]);
        }
    }

    private void alterConfigs() throws Exception {
        String t = made("alter", 1);
        c.produce(t, small(1, 5000, "r"));
        c.access.alterConfigs(t, Collections.singletonMap("max.message.bytes", "2000"));
        soon("new value described", () -> "2000".equals(c.access.configs(t).get("max.message.bytes")));
        fails(10, () -> c.produce(t, small(1, 5000, "r")));
        fails(40, () -> c.access.alterConfigs(t, Collections.singletonMap("retention.ms", "soon")));
    }

    private void deleteRecords() throws Exception {
        String t = made("delrec", 1);
        c.produce(t, small(20));
        equal(c.access.deleteRecords(t, 0, 7), 7L, "low watermark");
        equal(c.bounds(t), Arrays.asList(7L, 20L), "bounds");
        same(c.read(t, 0, 7, 13), small(20).subList(7, 20), 7);
        fails(1, () -> c.access.deleteRecords(t, 0, 99));
    }

    // Records.

    private void codec(String codec) throws Exception {
        roundTrip(made("codec-" + codec, 1), sample(), "compression.type", codec);
    }

    private void topicCodec() throws Exception {
        roundTrip(made("topic-codec", 1, "compression.type", "gzip"), sample());
    }

    private void logAppendTime() throws Exception {
        String t = made("append-time", 1, "message.timestamp.type", "LogAppendTime");
        long before = System.currentTimeMillis();
        c.produce(t, small(5));
        for (Rec r : c.read(t, 0, 0, 5)) {
            check(r.timestamp >= before - 1000 && r.timestamp <= System.currentTimeMillis() + 1000,
                "timestamp " + r.timestamp);
        }
    }

    private void idempotentProduce() throws Exception {
        String t = made("idempotent", 1);
        List<Rec> records = small(5000);
        List<Long> offsets = c.produce(t, records, "enable.idempotence", "true");
        for (int i = 0; i < offsets.size(); i++) {
            equal(offsets.get(i), (long) i, "acknowledged offset");
        }
        same(c.read(t, 0, 0, 5000), records, 0);
    }

    private void acksLevels() throws Exception {
        String t = made("acks", 1);
        String[] acks = {"0", "1", "all"};
        for (int i = 0; i < 3; i++) {
            long end = i + 1;
            c.produce(t, small(3).subList(i, i + 1), "acks", acks[i]);
            soon("record is there", () -> c.bounds(t).get(1) == end);
        }
        same(c.read(t, 0, 0, 3), small(3), 0);
    }

    private void manyPartitions() throws Exception {
        String t = made("many", 20);
        for (int p = 0; p < 20; p++) {
            c.produce(t, p, small(10, 100, "p" + p));
        }
        Map<Integer, List<Rec>> got = c.readAll(t, 20, 200);
        for (int p = 0; p < 20; p++) {
            same(got.get(p), small(10, 100, "p" + p), 0);
        }
    }

    private void autoCreate() throws Exception {
        String t = c.name("auto");
        roundTrip(t, small(3));
        equal(c.access.partitions(t), Arrays.asList(0), "partitions");
    }

    private void messageTooLarge() throws Exception {
        String t = made("large", 1, "max.message.bytes", "2000");
        fails(10, () -> c.produce(t, small(1, 10_000, "r")));
        roundTrip(t, small(1));
    }

    private void compactedNullKey() throws Exception {
        String t = made("compact", 1, "cleanup.policy", "compact");
        // A client older than the code calls it unknown.
        int code = c.library.endsWith("-0.10.2") ? -1 : 87;
        fails(code, () -> c.produce(t, Collections.singletonList(new Rec(null, utf8("v"), NOW_MS))));
        roundTrip(t, Collections.singletonList(new Rec(utf8("k"), utf8("v"), NOW_MS)));
    }

    private void invalidTimestamp() throws Exception {
        String t = made("future", 1, "message.timestamp.after.max.ms", "3600000");
        fails(32, () -> c.produce(t, Collections.singletonList(new Rec(utf8("k"), utf8("v"), NOW_MS + 24 * HOUR_MS))));
    }

    // Reading.

    private void offsetBounds() throws Exception {
        String t = made("bounds", 1);
        equal(c.bounds(t), Arrays.asList(0L, 0L), "bounds");
        c.produce(t, small(12));
        equal(c.bounds(t), Arrays.asList(0L, 12L), "bounds");
    }

    private void offsetsForTimes() throws Exception {
        String t = made("times", 1);
        long start = NOW_MS - HOUR_MS;
        for (int i = 0; i < 10; i++) {
            c.produce(t, Collections.singletonList(new Rec(null, utf8("" + i), start + i * 1000)));
        }
        equal(c.offsetForTime(t, start - 5000), Arrays.asList(0L, start), "before all");
        equal(c.offsetForTime(t, start), Arrays.asList(0L, start), "at the first");
        equal(c.offsetForTime(t, start + 3500), Arrays.asList(4L, start + 4000), "between");
        equal(c.offsetForTime(t, start + 9000), Arrays.asList(9L, start + 9000), "at the last");
        equal(c.offsetForTime(t, start + 9001), null, "after all");
    }

    private void seekMiddle() throws Exception {
        String t = made("seek", 1);
        List<Rec> records = small(100);
        for (int i = 0; i < 100; i += 10) {
            c.produce(t, records.subList(i, i + 10));
        }
        same(c.read(t, 0, 37, 20), records.subList(37, 57), 37);
        same(c.read(t, 0, 99, 1), records.subList(99, 100), 99);
    }

    private void smallFetches() throws Exception {
        String t = made("small", 1);
        List<Rec> records = small(30, 3000, "r");
        for (Rec r : records) {
            c.produce(t, Collections.singletonList(r));
        }
        same(c.read(t, 0, 0, 30, "max.partition.fetch.bytes", "1000", "fetch.max.bytes", "1000"), records, 0);
    }

    private void offsetOutOfRange() throws Exception {
        String t = made("range", 1);
        c.produce(t, small(3));
        fails(1, () -> c.read(t, 0, 1000, 1));
    }

    private void longPoll() throws Exception {
        String t = made("poll", 1);
        long[] sent = new long[1];
        Thread later = new Thread(() -> {
            try {
                Thread.sleep(1500);
                sent[0] = System.nanoTime();
                c.produce(t, small(1));
            } catch (Exception error) {
                throw new IllegalStateException(error);
            }
        });
        later.start();
        List<Rec> got = c.read(t, 0, 0, 1, "fetch.max.wait.ms", "10000", "request.timeout.ms", "40000");
        double seconds = (c.readAt - sent[0]) / 1e9;
        later.join();
        same(got, small(1), 0);
        check(seconds < 5, "the poll was woken " + seconds + " s after the produce began");
    }

    // Groups.

    private void groupConsume() throws Exception {
        String t = made("gc", 3);
        for (int p = 0; p < 3; p++) {
            c.produce(t, p, small(20, 100, "p" + p));
        }
        Map<Integer, List<Rec>> got = c.groupRead(c.name("gc"), t, 60);
        for (int p = 0; p < 3; p++) {
            same(got.get(p), small(20, 100, "p" + p), 0);
        }
    }

    private long committed(String group, String topic) {
        TopicPartition tp = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = c.consumer("group.id", group)) {
            consumer.assign(Collections.singletonList(tp));
            // The first position of a consumer in a group is what the group committed.
            return consumer.position(tp);
        }
    }

    private void groupCommit() throws Exception {
        String t = made("gm", 1);
        String g = c.name("gm");
        c.produce(t, small(12));
        same(c.groupRead(g, t, 12).get(0), small(12), 0);
        equal(committed(g, t), 12L, "committed");
        c.produce(t, small(8, 100, "more"));
        same(c.groupRead(g, t, 8).get(0), small(8, 100, "more"), 12);
        equal(committed(g, t), 20L, "committed");
        try (KafkaConsumer<byte[], byte[]> consumer = c.consumer("group.id", g)) {
            TopicPartition tp = new TopicPartition(t, 0);
            consumer.assign(Collections.singletonList(tp));
            consumer.commitSync(Collections.singletonMap(tp, new OffsetAndMetadata(5, "noted")));
        }
        equal(committed(g, t), 5L, "committed without membership");
    }

    private void groupRebalance(String... options) throws Exception {
        String t = made("gr" + options.length, 4);
        String g = t;
        try (Member first = new Member(c, g, t, options)) {
            try (Member second = new Member(c, g, t, options)) {
                soon("partitions split 2 and 2", () -> {
                    List<Integer> all = new ArrayList<>(first.assigned());
                    all.addAll(second.assigned());
                    Collections.sort(all);
                    return first.assigned().size() == 2 && all.equals(Arrays.asList(0, 1, 2, 3));
                });
            }
            soon("all four back", () -> first.assigned().size() == 4);
        }
    }

    private void groupList() throws Exception {
        String t = made("gl", 1);
        c.produce(t, small(1));
        c.groupRead(t, t, 1);
        check(c.access.groups().contains(t), "group is not listed");
    }

    private void groupDescribe() throws Exception {
        String t = made("gd", 2);
        try (Member member = new Member(c, t, t)) {
            soon("both partitions", () -> member.assigned().size() == 2);
            equal(Arrays.asList(c.access.describeGroup(t)), Arrays.asList("stable", 1), "group");
        }
        soon("group is empty", () -> Arrays.asList(c.access.describeGroup(t)).equals(Arrays.asList("empty", 0)));
    }

    private void groupDelete() throws Exception {
        String t = made("gx", 1);
        c.produce(t, small(1));
        c.groupRead(t, t, 1);
        soon("group is empty", () -> c.access.describeGroup(t)[0].equals("empty"));
        c.access.deleteGroup(t);
        soon("group is gone", () -> !c.access.groups().contains(t));
        fails(69, () -> c.access.deleteGroup(t));
    }
}
