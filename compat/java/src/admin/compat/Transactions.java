package compat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.apache.kafka.clients.consumer.ConsumerGroupMetadata;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTxnStateException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.serialization.StringSerializer;

/** The checks of transactions. Each throws when something is not as it should be. */
final class Transactions {
    private static final int MANY = 60;
    private static final int TURN = 10;
    private final Client c;
    private final Checks checks;

    Transactions(Client client, Checks checks) {
        c = client;
        this.checks = checks;
    }

    Map<String, Checks.Check> all() {
        Map<String, Checks.Check> all = new LinkedHashMap<>();
        all.put("transaction_commit", this::commit);
        all.put("transaction_abort", this::abort);
        all.put("transaction_open", this::open);
        all.put("transaction_partitions", this::partitions);
        all.put("transaction_many", this::many);
        all.put("transaction_fence", this::fence);
        all.put("transaction_timeout", this::timeout);
        all.put("transaction_offsets", this::offsets);
        all.put("transaction_process", this::process);
        return all;
    }

    // What the checks are made of.

    private KafkaProducer<String, String> producer(String id, int timeoutMs) {
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("bootstrap.servers", c.bootstrap);
        config.put("transactional.id", c.name(id));
        config.put("transaction.timeout.ms", timeoutMs);
        KafkaProducer<String, String> producer =
            new KafkaProducer<>(config, new StringSerializer(), new StringSerializer());
        producer.initTransactions();
        return producer;
    }

    private KafkaProducer<String, String> producer(String id) {
        return producer(id, 60_000);
    }

    private static void send(KafkaProducer<String, String> producer, String topic, int partition, String... values) {
        for (String value : values) {
            producer.send(new ProducerRecord<>(topic, partition, null, value));
        }
        producer.flush();
    }

    private static void written(KafkaProducer<String, String> producer, String topic, String... values) {
        producer.beginTransaction();
        send(producer, topic, 0, values);
    }

    private static String text(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.value(), StandardCharsets.UTF_8);
    }

    /** What a reader sees now, up to the end of what it may see. */
    private List<String> read(String topic, int partition, String isolation) {
        TopicPartition one = new TopicPartition(topic, partition);
        try (KafkaConsumer<byte[], byte[]> consumer = c.consumer("isolation.level", isolation)) {
            consumer.assign(Collections.singletonList(one));
            consumer.seekToBeginning(Collections.singletonList(one));
            long end = consumer.endOffsets(Collections.singletonList(one)).get(one);
            List<String> values = new ArrayList<>();
            while (consumer.position(one) < end && !Thread.currentThread().isInterrupted()) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> values.add(text(record)));
            }
            return values;
        }
    }

    /** Markers are written after the answer: what they say comes a moment later. */
    private void holds(String topic, int partition, String... expected) throws Exception {
        eventually(() -> read(topic, partition, "read_committed"), Arrays.asList(expected));
    }

    private static void eventually(Callable<Object> find, Object expected) throws Exception {
        Object[] found = new Object[1];
        try {
            Checks.soon("", () -> (found[0] = find.call()).equals(expected));
        } catch (AssertionError late) {
            throw new AssertionError(found[0] + " where " + expected + " should be");
        }
    }

    /** Who has lost its transaction is told so: with another epoch, or (since KIP-890) with the state it is in. */
    private static void refused(Runnable action) {
        try {
            action.run();
        } catch (KafkaException error) {
            Throwable cause = error.getCause() instanceof KafkaException ? error.getCause() : error;
            Checks.check(cause instanceof ProducerFencedException || cause instanceof InvalidProducerEpochException
                || cause instanceof InvalidTxnStateException, error.toString());
            return;
        }
        throw new AssertionError("it was not refused");
    }

    private long committed(String group, String topic) {
        TopicPartition one = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = c.consumer("group.id", group)) {
            OffsetAndMetadata offset = consumer.committed(Set.of(one)).get(one);
            return offset == null ? -1 : offset.offset();
        }
    }

    private static Map<TopicPartition, OffsetAndMetadata> at(String topic, long offset) {
        return Map.of(new TopicPartition(topic, 0), new OffsetAndMetadata(offset));
    }

    // The checks.

    private void commit() throws Exception {
        String topic = checks.made("tc", 1);
        try (KafkaProducer<String, String> one = producer("tc")) {
            written(one, topic, "a", "b");
            one.commitTransaction();
            holds(topic, 0, "a", "b");
            Checks.equal(read(topic, 0, "read_uncommitted"), Arrays.asList("a", "b"), "all");
        }
    }

    private void abort() throws Exception {
        String topic = checks.made("ta", 1);
        try (KafkaProducer<String, String> one = producer("ta")) {
            written(one, topic, "a", "b");
            one.abortTransaction();
            written(one, topic, "c");
            one.commitTransaction();
            holds(topic, 0, "c");
            Checks.equal(read(topic, 0, "read_uncommitted"), Arrays.asList("a", "b", "c"), "all");
        }
    }

    private void open() throws Exception {
        String topic = checks.made("to", 1);
        try (KafkaProducer<String, String> first = producer("to-first"); KafkaProducer<String, String> second = producer("to-second")) {
            written(first, topic, "a");
            written(second, topic, "b");
            second.commitTransaction();
            Thread.sleep(500);
            Checks.equal(read(topic, 0, "read_committed"), Collections.emptyList(), "committed");
            Checks.equal(read(topic, 0, "read_uncommitted"), Arrays.asList("a", "b"), "all");
            first.abortTransaction();
            holds(topic, 0, "b");
        }
    }

    private void partitions() throws Exception {
        String topic = checks.made("tp", 3);
        try (KafkaProducer<String, String> one = producer("tp")) {
            for (String value : Arrays.asList("a", "b", "c")) {
                one.beginTransaction();
                for (int p = 0; p < 3; p++) {
                    send(one, topic, p, value);
                }
                if (value.equals("b")) {
                    one.abortTransaction();
                } else {
                    one.commitTransaction();
                }
            }
        }
        for (int p = 0; p < 3; p++) {
            holds(topic, p, "a", "c");
        }
    }

    private void many() throws Exception {
        String topic = checks.made("tm", 1);
        List<String> kept = new ArrayList<>();
        try (KafkaProducer<String, String> one = producer("tm")) {
            for (int i = 0; i < MANY; i++) {
                written(one, topic, String.valueOf(i));
                if (i % 3 == 2) {
                    one.abortTransaction();
                } else {
                    one.commitTransaction();
                    kept.add(String.valueOf(i));
                }
            }
        }
        holds(topic, 0, kept.toArray(new String[0]));
    }

    private void fence() throws Exception {
        String topic = checks.made("tf", 1);
        KafkaProducer<String, String> zombie = producer("tf");
        written(zombie, topic, "a");
        try (KafkaProducer<String, String> heir = producer("tf")) {
            written(heir, topic, "b");
            refused(zombie::commitTransaction);
            heir.commitTransaction();
            holds(topic, 0, "b");
        }
        zombie.close(Duration.ZERO);
    }

    private void timeout() throws Exception {
        String topic = checks.made("tt", 1);
        KafkaProducer<String, String> slow = producer("tt-slow", 1_000);
        written(slow, topic, "a");
        try (KafkaProducer<String, String> other = producer("tt-other")) {
            written(other, topic, "b");
            other.commitTransaction();
        }
        holds(topic, 0, "b");
        refused(slow::commitTransaction);
        slow.close(Duration.ZERO);
    }

    private void offsets() throws Exception {
        String topic = checks.made("ts", 1);
        String group = topic;
        ConsumerGroupMetadata outsider = new ConsumerGroupMetadata(group);
        try (KafkaProducer<String, String> one = producer("ts")) {
            written(one, topic, "a");
            one.sendOffsetsToTransaction(at(topic, 5), outsider);
            one.commitTransaction();
            eventually(() -> committed(group, topic), 5L);
            written(one, topic, "b");
            one.sendOffsetsToTransaction(at(topic, 9), outsider);
            one.abortTransaction();
            Thread.sleep(500);
            Checks.equal(committed(group, topic), 5L, "committed");
            one.beginTransaction();
            one.sendOffsetsToTransaction(at(topic, 7), outsider);
            one.commitTransaction();
            eventually(() -> committed(group, topic), 7L);
        }
        holds(topic, 0, "a");
    }

    private void process() throws Exception {
        String source = checks.made("tx-source", 1);
        String target = checks.made("tx-target", 1);
        String[] values = new String[2 * TURN];
        String[] processed = new String[values.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = String.format("v%02d", i);
            processed[i] = values[i].toUpperCase(java.util.Locale.ROOT);
        }
        try (KafkaProducer<String, String> before = producer("tx-before")) {
            written(before, source, values);
            before.commitTransaction();
        }
        List<String> all = Arrays.asList(values);
        Checks.equal(turn(source, target, false), all.subList(0, TURN), "read");
        Checks.equal(turn(source, target, true), all.subList(0, TURN), "read after the abort");
        Checks.equal(turn(source, target, true), all.subList(TURN, 2 * TURN), "read after the commit");
        eventually(() -> committed(source, source), (long) values.length);
        holds(target, 0, processed);
    }

    /** Ten records on, by a new member with the same transactional id; gives what it has read. */
    private List<String> turn(String source, String target, boolean commits) {
        try (KafkaConsumer<byte[], byte[]> consumer = c.consumer("group.id", source, "auto.offset.reset", "earliest",
                "max.poll.records", String.valueOf(TURN), "isolation.level", "read_committed");
             KafkaProducer<String, String> one = producer("tx")) {
            consumer.subscribe(Collections.singletonList(source));
            List<String> got = new ArrayList<>();
            long next = 0;
            one.beginTransaction();
            while (got.size() < TURN && !Thread.currentThread().isInterrupted()) {
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    got.add(text(record));
                    send(one, target, 0, text(record).toUpperCase(java.util.Locale.ROOT));
                    next = record.offset() + 1;
                }
            }
            one.sendOffsetsToTransaction(at(source, next), consumer.groupMetadata());
            if (commits) {
                one.commitTransaction();
            } else {
                one.abortTransaction();
            }
            return got;
        }
    }
}
