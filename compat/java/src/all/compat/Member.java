package compat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;

/** A consumer in a group with a thread of its own. */
final class Member implements AutoCloseable {
    private final Thread thread;
    private volatile boolean ended;
    private volatile List<Integer> assigned = Collections.emptyList();

    Member(Client client, String group, String topic, String... options) {
        thread = new Thread(() -> {
            List<String> config = new ArrayList<>(List.of("group.id", group, "auto.offset.reset", "earliest"));
            config.addAll(List.of(options));
            try (KafkaConsumer<byte[], byte[]> consumer = client.consumer(config.toArray(new String[0]))) {
                consumer.subscribe(Collections.singletonList(topic));
                while (!ended) {
                    client.access.poll(consumer, 100);
                    List<Integer> now = new ArrayList<>();
                    for (TopicPartition tp : consumer.assignment()) {
                        now.add(tp.partition());
                    }
                    Collections.sort(now);
                    assigned = now;
                }
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    List<Integer> assigned() {
        return ended ? Collections.emptyList() : assigned;
    }

    @Override
    public void close() throws InterruptedException {
        ended = true;
        thread.join(30_000);
    }
}
