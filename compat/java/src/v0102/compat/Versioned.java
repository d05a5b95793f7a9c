package compat;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.protocol.ApiKeys;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.requests.AbstractRequest;
import org.apache.kafka.common.requests.AbstractRequestResponse;
import org.apache.kafka.common.requests.CreateTopicsRequest;
import org.apache.kafka.common.requests.CreateTopicsResponse;
import org.apache.kafka.common.requests.DeleteTopicsRequest;
import org.apache.kafka.common.requests.DeleteTopicsResponse;
import org.apache.kafka.common.requests.MetadataRequest;
import org.apache.kafka.common.requests.MetadataResponse;
import org.apache.kafka.common.requests.RequestHeader;
import org.apache.kafka.common.requests.ResponseHeader;

/**
 * kafka-clients 0.10.2: no admin client yet, but the requests for topics were there (Streams used them), so they are
 * sent as that version writes them. What had no request in it is in left-out.tsv.
 */
final class Versioned implements Access {
    private final String host;
    private final int port;

    Versioned(String bootstrap) {
        int colon = bootstrap.lastIndexOf(':');
        host = bootstrap.substring(0, colon);
        port = Integer.parseInt(bootstrap.substring(colon + 1));
    }

    private ByteBuffer ask(ApiKeys key, AbstractRequest request) throws IOException {
        RequestHeader header = new RequestHeader(key.id, request.version(), "compat", 7);
        ByteBuffer bytes = AbstractRequestResponse.serialize(header, request);
        try (Socket socket = new Socket(host, port)) {
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            out.writeInt(bytes.remaining());
            out.write(bytes.array(), bytes.arrayOffset() + bytes.position(), bytes.remaining());
            out.flush();
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] answer = new byte[in.readInt()];
            in.readFully(answer);
            ByteBuffer body = ByteBuffer.wrap(answer);
            if (ResponseHeader.parse(body).correlationId() != 7) {
                throw new IOException("another correlation id came back");
            }
            return body;
        }
    }

    private static void check(Errors error, String text) throws Failure {
        if (error != Errors.NONE) {
            throw new Failure(error.code(), text);
        }
    }

    private MetadataResponse metadata() throws IOException {
        AbstractRequest request = MetadataRequest.Builder.allTopics().build();
        return MetadataResponse.parse(ask(ApiKeys.METADATA, request), request.version());
    }

    @Override
    public boolean hasHeaders() {
        return false;
    }

    @Override
    public ProducerRecord<byte[], byte[]> record(String topic, int partition, Rec r) {
        return new ProducerRecord<>(topic, partition, r.timestamp, r.key, r.value);
    }

    @Override
    public void headers(ConsumerRecord<byte[], byte[]> from, Rec into) {
    }

    @Override
    public ConsumerRecords<byte[], byte[]> poll(Consumer<byte[], byte[]> consumer, long millis) {
        return consumer.poll(millis);
    }

    @Override
    public void createTopic(String name, int partitions, int replication, Map<String, String> configs) throws Exception {
        AbstractRequest request = new CreateTopicsRequest.Builder(Collections.singletonMap(name,
            new CreateTopicsRequest.TopicDetails(partitions, (short) replication, configs)), 30_000).build();
        CreateTopicsResponse answer =
            CreateTopicsResponse.parse(ask(ApiKeys.CREATE_TOPICS, request), request.version());
        check(answer.errors().get(name).error(), answer.errors().get(name).toString());
    }

    @Override
    public void deleteTopic(String name) throws Exception {
        AbstractRequest request = new DeleteTopicsRequest.Builder(Collections.singleton(name), 30_000).build();
        DeleteTopicsResponse answer =
            DeleteTopicsResponse.parse(ask(ApiKeys.DELETE_TOPICS, request), request.version());
        check(answer.errors().get(name), name);
    }

    @Override
    public Set<String> topics() throws Exception {
        Set<String> names = new TreeSet<>();
        for (MetadataResponse.TopicMetadata topic : metadata().topicMetadata()) {
            names.add(topic.topic());
        }
        return names;
    }

    @Override
    public List<Integer> partitions(String name) throws Exception {
        // Asked by name, this version of the request creates the topic.
        for (MetadataResponse.TopicMetadata topic : metadata().topicMetadata()) {
            if (topic.topic().equals(name)) {
                check(topic.error(), name);
                List<Integer> ids = new ArrayList<>();
                for (MetadataResponse.PartitionMetadata partition : topic.partitionMetadata()) {
                    ids.add(partition.partition());
                }
                Collections.sort(ids);
                return ids;
            }
        }
        throw new Failure(Errors.UNKNOWN_TOPIC_OR_PARTITION.code(), name);
    }

    @Override
    public List<Integer> cluster() throws Exception {
        MetadataResponse answer = metadata();
        List<Integer> ids = new ArrayList<>();
        for (Node node : answer.brokers()) {
            ids.add(node.id());
        }
        ids.add(answer.controller().id());
        return ids;
    }

    private static UnsupportedOperationException none() {
        return new UnsupportedOperationException("0.10.2 has no such request");
    }

    @Override
    public void addPartitions(String name, int total) {
        throw none();
    }

    @Override
    public Map<String, String> configs(String name) {
        throw none();
    }

    @Override
    public void alterConfigs(String name, Map<String, String> configs) {
        throw none();
    }

    @Override
    public long deleteRecords(String name, int partition, long before) {
        throw none();
    }

    @Override
    public Set<String> groups() {
        throw none();
    }

    @Override
    public Object[] describeGroup(String group) {
        throw none();
    }

    @Override
    public void deleteGroup(String group) {
        throw none();
    }

    @Override
    public Map<String, Checks.Check> transactions(Client client, Checks checks) {
        return java.util.Collections.emptyMap();
    }
}
