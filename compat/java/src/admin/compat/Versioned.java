package compat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.ConsumerGroupDescription;
import org.apache.kafka.clients.admin.DescribeClusterResult;
import org.apache.kafka.clients.admin.DescribeTopicsResult;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.admin.TopicDescription;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.TopicPartitionInfo;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.header.Header;

/** kafka-clients from 2.8 on: Admin, headers, Duration. */
final class Versioned implements Access {
    private final Admin admin;

    Versioned(String bootstrap) {
        admin = Admin.create(Map.of("bootstrap.servers", bootstrap));
    }

    private static <T> T get(KafkaFuture<T> future) throws Failure {
        try {
            return future.get();
        } catch (Exception error) {
            throw Failure.of(error);
        }
    }

    @Override
    public boolean hasHeaders() {
        return true;
    }

    @Override
    public ProducerRecord<byte[], byte[]> record(String topic, int partition, Rec r) {
        ProducerRecord<byte[], byte[]> out = new ProducerRecord<>(topic, partition, r.timestamp, r.key, r.value);
        for (int i = 0; i < r.headers.size(); i += 2) {
            out.headers().add(new String(r.headers.get(i), StandardCharsets.UTF_8), r.headers.get(i + 1));
        }
        return out;
    }

    @Override
    public void headers(ConsumerRecord<byte[], byte[]> from, Rec into) {
        for (Header header : from.headers()) {
            into.header(header.key(), header.value());
        }
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Consumer<byte[], byte[]> consumer, long millis) {
        return consumer.poll(Duration.ofMillis(millis));
    }

    @Override
    public void createTopic(String name, int partitions, int replication, Map<String, String> configs) throws Failure {
        NewTopic topic = new NewTopic(name, partitions, (short) replication).configs(configs);
        get(admin.createTopics(Collections.singleton(topic)).all());
    }

    @Override
    public void deleteTopic(String name) throws Failure {
        get(admin.deleteTopics(Collections.singleton(name)).all());
    }

    @Override
    public Set<String> topics() throws Failure {
        return get(admin.listTopics().names());
    }

    @Override
    @SuppressWarnings("unchecked")
    public List<Integer> partitions(String name) throws Exception {
        DescribeTopicsResult result = admin.describeTopics(Collections.singleton(name));
        Map<String, KafkaFuture<TopicDescription>> values;
        try {
            values = (Map<String, KafkaFuture<TopicDescription>>)
                DescribeTopicsResult.class.getMethod("topicNameValues").invoke(result);
        } catch (NoSuchMethodException before31) {
            values = (Map<String, KafkaFuture<TopicDescription>>)
                DescribeTopicsResult.class.getMethod("values").invoke(result);
        }
        List<Integer> ids = new ArrayList<>();
        for (TopicPartitionInfo partition : get(values.get(name)).partitions()) {
            ids.add(partition.partition());
        }
        return ids;
    }

    @Override
    public List<Integer> cluster() throws Failure {
        DescribeClusterResult result = admin.describeCluster();
        List<Integer> ids = new ArrayList<>();
        for (Node node : get(result.nodes())) {
            ids.add(node.id());
        }
        ids.add(get(result.controller()).id());
        return ids;
    }

    @Override
    public void addPartitions(String name, int total) throws Failure {
        get(admin.createPartitions(Map.of(name, NewPartitions.increaseTo(total))).all());
    }

    @Override
    public Map<String, String> configs(String name) throws Failure {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, name);
        Map<String, String> out = new TreeMap<>();
        for (ConfigEntry entry : get(admin.describeConfigs(Set.of(resource)).all()).get(resource).entries()) {
            out.put(entry.name(), entry.value());
        }
        return out;
    }

    @Override
    public void alterConfigs(String name, Map<String, String> configs) throws Failure {
        Collection<AlterConfigOp> ops = new ArrayList<>();
        configs.forEach((k, v) -> ops.add(new AlterConfigOp(new ConfigEntry(k, v), AlterConfigOp.OpType.SET)));
        get(admin.incrementalAlterConfigs(Map.of(new ConfigResource(ConfigResource.Type.TOPIC, name), ops)).all());
    }

    @Override
    public long deleteRecords(String name, int partition, long before) throws Failure {
        TopicPartition tp = new TopicPartition(name, partition);
        return get(admin.deleteRecords(Map.of(tp, RecordsToDelete.beforeOffset(before))).lowWatermarks().get(tp))
            .lowWatermark();
    }

    @Override
    public Set<String> groups() throws Failure {
        Set<String> names = new TreeSet<>();
        get(admin.listConsumerGroups().all()).forEach(row -> names.add(row.groupId()));
        return names;
    }

    @Override
    public Object[] describeGroup(String group) throws Failure {
        ConsumerGroupDescription row = get(admin.describeConsumerGroups(Set.of(group)).all()).get(group);
        // state() went away for groupState() in 4.0, and both print the same words.
        String text = row.toString().toLowerCase(Locale.ROOT);
        String state = text.replaceAll("(?s).*[ ,(](?:group)?state=([a-z]*).*", "$1");
        return new Object[] {state, row.members().size()};
    }

    @Override
    public void deleteGroup(String group) throws Failure {
        get(admin.deleteConsumerGroups(Set.of(group)).all());
    }

    @Override
    public Map<String, Checks.Check> transactions(Client client, Checks checks) {
        return new Transactions(client, checks).all();
    }
}
