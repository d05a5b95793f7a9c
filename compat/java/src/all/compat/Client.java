package compat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Future;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetAndTimestamp;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** Producers and consumers, as the checks use them. */
final class Client {
    final String library;
    final String bootstrap;
    final Access access;
    /** When the last read had its records (closing a consumer may wait for its next fetch). */
    volatile long readAt;
    private final String run = String.format("%08x", new java.security.SecureRandom().nextInt());

    Client(String library, String bootstrap) {
        this.library = library;
        this.bootstrap = bootstrap;
        this.access = new Versioned(bootstrap);
    }

    String name(String what) {
        return "compat-" + library + "-" + what + "-" + run;
    }

    /** Produces all records and returns their offsets. Options: more of the producer's configs. */
    List<Long> produce(String topic, int partition, List<Rec> records, String... options) throws Failure {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("acks", "all");
        config.put("linger.ms", 20);
        config.put("max.request.size", 20_000_000);
        config.put("request.timeout.ms", 20_000);
        config.put("retries", 10);
        for (int i = 0; i < options.length; i += 2) {
            config.put(options[i], options[i + 1]);
        }
        if (!config.get("acks").equals("all") && !library.endsWith("-0.10.2")) {
            config.put("enable.idempotence", false);
        }
        try (KafkaProducer<byte[], byte[]> producer =
                 new KafkaProducer<>(config, new ByteArraySerializer(), new ByteArraySerializer())) {
            List<Future<RecordMetadata>> sent = new ArrayList<>();
            for (Rec r : records) {
                sent.add(producer.send(access.record(topic, partition, r)));
            }
            producer.flush();
            List<Long> offsets = new ArrayList<>();
            for (Future<RecordMetadata> future : sent) {
                offsets.add(future.get().offset());
            }
            return offsets;
        } catch (Exception error) {
            throw Failure.of(error);
        }
    }

    List<Long> produce(String topic, List<Rec> records, String... options) throws Failure {
        return produce(topic, 0, records, options);
    }

    KafkaConsumer<byte[], byte[]> consumer(String... options) {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("enable.auto.commit", false);
        config.put("auto.offset.reset", "none");
        for (int i = 0; i < options.length; i += 2) {
            config.put(options[i], options[i + 1]);
        }
        return new KafkaConsumer<>(config, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    /** Reads count records of one partition from an offset on, with assign and seek. */
    List<Rec> read(String topic, int partition, long start, int count, String... options) throws Failure {
        TopicPartition tp = new TopicPartition(topic, partition);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer(options)) {
            consumer.assign(Collections.singletonList(tp));
            consumer.seek(tp, start);
            List<Rec> got = gather(consumer, count).getOrDefault(partition, new ArrayList<>());
            readAt = System.nanoTime();
            return got.subList(0, Math.min(count, got.size()));
        } catch (Exception error) {
            throw Failure.of(error);
        }
    }

    Map<Integer, List<Rec>> readAll(String topic, int partitions, int count) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            List<TopicPartition> all = new ArrayList<>();
            for (int p = 0; p < partitions; p++) {
                all.add(new TopicPartition(topic, p));
            }
            consumer.assign(all);
            consumer.seekToBeginning(all);
            return gather(consumer, count);
        }
    }

    Map<Integer, List<Rec>> gather(KafkaConsumer<byte[], byte[]> consumer, int count) {
        Map<Integer, List<Rec>> got = new TreeMap<>();
        int seen = 0;
        while (seen < count && !Thread.currentThread().isInterrupted()) {
            for (ConsumerRecord<byte[], byte[]> from : access.poll(consumer, 1000)) {
                Rec r = new Rec(from.key(), from.value(), from.timestamp());
                r.offset = from.offset();
                access.headers(from, r);
                got.computeIfAbsent(from.partition(), p -> new ArrayList<>()).add(r);
                seen++;
            }
        }
        return got;
    }

    /** Beginning and end offset of partition 0. */
    List<Long> bounds(String topic) {
        List<TopicPartition> tp = Collections.singletonList(new TopicPartition(topic, 0));
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            return Arrays.asList(consumer.beginningOffsets(tp).get(tp.get(0)), consumer.endOffsets(tp).get(tp.get(0)));
        }
    }

    /** Offset and timestamp of the first record at that time or later, or null. */
    List<Long> offsetForTime(String topic, long timestamp) {
        TopicPartition tp = new TopicPartition(topic, 0);
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            OffsetAndTimestamp found = consumer.offsetsForTimes(Collections.singletonMap(tp, timestamp)).get(tp);
            return found == null ? null : Arrays.asList(found.offset(), found.timestamp());
        }
    }

    /** Reads as a member of a group, commits, and leaves. */
    Map<Integer, List<Rec>> groupRead(String group, String topic, int count) throws Failure {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer("group.id", group, "auto.offset.reset", "earliest")) {
            consumer.subscribe(Collections.singletonList(topic));
            Map<Integer, List<Rec>> got = gather(consumer, count);
            consumer.commitSync();
            return got;
        } catch (Exception error) {
            throw Failure.of(error);
        }
    }
}
