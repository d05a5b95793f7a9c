import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.kafka.KafkaRecordBatch;
import io.smallrye.reactive.messaging.kafka.transactions.KafkaTransactions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.se.SeContainerInitializer;
import jakarta.inject.Inject;
import java.util.Locale;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/**
 * {@code Channels BOOTSTRAP}: one channel is read record by record and says what it has; another one batch by batch, each in
 * a transaction that has its records in capitals and its offsets.
 */
@ApplicationScoped
public class Channels {
    @Inject
    @Channel("output")
    KafkaTransactions<String> output;

    public static void main(String[] args) throws InterruptedException {
        set("kafka.bootstrap.servers", args[0]);
        set("mp.messaging.connector.smallrye-kafka.auto.offset.reset", "earliest");
        incoming("plain", "smallrye-plain");
        set("mp.messaging.incoming.plain.commit-strategy", "throttled");
        set("mp.messaging.incoming.plain.auto.commit.interval.ms", "500");
        incoming("input", "smallrye-input");
        set("mp.messaging.incoming.input.batch", "true");
        set("mp.messaging.incoming.input.commit-strategy", "ignore");
        set("mp.messaging.incoming.input.failure-strategy", "ignore");
        set("mp.messaging.incoming.input.isolation.level", "read_committed");
        set("mp.messaging.incoming.input.max.poll.records", "20");
        set("mp.messaging.outgoing.output.connector", "smallrye-kafka");
        set("mp.messaging.outgoing.output.topic", "smallrye-output");
        set("mp.messaging.outgoing.output.transactional.id", "smallrye");
        set("mp.messaging.outgoing.output.acks", "all");
        set("mp.messaging.outgoing.output.value.serializer", "org.apache.kafka.common.serialization.StringSerializer");
        SeContainerInitializer.newInstance().initialize();
        say("ready");
        Thread.currentThread().join();
    }

    private static void set(String key, String value) {
        System.setProperty(key, value);
    }

    private static void incoming(String channel, String topic) {
        String prefix = "mp.messaging.incoming." + channel + ".";
        set(prefix + "connector", "smallrye-kafka");
        set(prefix + "topic", topic);
        set(prefix + "group.id", topic + "-group");
        set(prefix + "value.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    @Incoming("plain")
    public void plain(String value) {
        say("got " + value);
    }

    @Incoming("input")
    public Uni<Void> input(KafkaRecordBatch<String, String> batch) {
        return output.withTransactionAndAck(batch, emitter -> {
            for (var record : batch) {
                emitter.send(record.getPayload().toUpperCase(Locale.ROOT));
            }
            return Uni.createFrom().voidItem();
        });
    }
}
