package compat;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.ProducerRecord;

/** What the versions of kafka-clients say differently: each source set has a class Versioned of it. */
interface Access {
    boolean hasHeaders();

    ProducerRecord<byte[], byte[]> record(String topic, int partition, Rec r);

    void headers(ConsumerRecord<byte[], byte[]> from, Rec into);

    ConsumerRecords<byte[], byte[]> poll(Consumer<byte[], byte[]> consumer, long millis);

    void createTopic(String name, int partitions, int replication, Map<String, String> configs) throws Exception;

    void deleteTopic(String name) throws Exception;

    Set<String> topics() throws Exception;

    List<Integer> partitions(String name) throws Exception;

    /** Ids of the brokers, then the controller's. */
    List<Integer> cluster() throws Exception;

    void addPartitions(String name, int total) throws Exception;

    Map<String, String> configs(String name) throws Exception;

    void alterConfigs(String name, Map<String, String> configs) throws Exception;

    long deleteRecords(String name, int partition, long before) throws Exception;

    Set<String> groups() throws Exception;

    /** The state in lower case, and the count of members. */
    Object[] describeGroup(String group) throws Exception;

    void deleteGroup(String group) throws Exception;

    /** The checks of transactions; none where the version has no transactions. */
    Map<String, Checks.Check> transactions(Client client, Checks checks);
}
