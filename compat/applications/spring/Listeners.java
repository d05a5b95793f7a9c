import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;
import org.springframework.kafka.annotation.EnableKafka;
import org.springframework.kafka.annotation.KafkaListener;
import org.springframework.kafka.config.ConcurrentKafkaListenerContainerFactory;
import org.springframework.kafka.core.DefaultKafkaConsumerFactory;
import org.springframework.kafka.core.DefaultKafkaProducerFactory;
import org.springframework.kafka.core.KafkaTemplate;
import org.springframework.kafka.listener.ContainerProperties.AckMode;
import org.springframework.kafka.support.Acknowledgment;
import org.springframework.kafka.transaction.KafkaTransactionManager;

/**
 * {@code Listeners BOOTSTRAP}: two listeners with two threads each. One acknowledges by hand and says what it has; the other
 * works in transactions: what it reads goes on in capitals, its offset with it, and a value that ends with 77 fails once.
 */
@Configuration
@EnableKafka
public class Listeners {
    private static String bootstrap;
    private final Map<String, Boolean> failed = new java.util.concurrent.ConcurrentHashMap<>();

    public static void main(String[] args) throws InterruptedException {
        bootstrap = args[0];
        AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext(Listeners.class);
        context.registerShutdownHook();
        say("ready");
        Thread.currentThread().join();
    }

    private static synchronized void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static DefaultKafkaConsumerFactory<String, String> consumers() {
        Map<String, Object> config = new HashMap<>();
        config.put("bootstrap.servers", bootstrap);
        config.put("auto.offset.reset", "earliest");
        config.put("isolation.level", "read_committed");
        return new DefaultKafkaConsumerFactory<>(config, new StringDeserializer(), new StringDeserializer());
    }

    @Bean
    public DefaultKafkaProducerFactory<String, String> producers() {
        DefaultKafkaProducerFactory<String, String> factory = new DefaultKafkaProducerFactory<>(
            Map.of("bootstrap.servers", bootstrap, "acks", "all"), new StringSerializer(), new StringSerializer());
        factory.setTransactionIdPrefix("spring-");
        return factory;
    }

    @Bean
    public KafkaTemplate<String, String> template() {
        return new KafkaTemplate<>(producers());
    }

    @Bean
    public KafkaTransactionManager<String, String> transactions() {
        return new KafkaTransactionManager<>(producers());
    }

    @Bean
    public ConcurrentKafkaListenerContainerFactory<String, String> plain() {
        ConcurrentKafkaListenerContainerFactory<String, String> factory = new ConcurrentKafkaListenerContainerFactory<>();
        factory.setConsumerFactory(consumers());
        factory.setConcurrency(2);
        factory.getContainerProperties().setAckMode(AckMode.MANUAL_IMMEDIATE);
        return factory;
    }

    @Bean
    public ConcurrentKafkaListenerContainerFactory<String, String> transactional() {
        ConcurrentKafkaListenerContainerFactory<String, String> factory = new ConcurrentKafkaListenerContainerFactory<>();
        factory.setConsumerFactory(consumers());
        factory.setConcurrency(2);
        factory.getContainerProperties().setKafkaAwareTransactionManager(transactions());
        return factory;
    }

    @KafkaListener(id = "spring-plain", groupId = "spring-plain-group", topics = "spring-plain", containerFactory = "plain")
    public void plain(String value, Acknowledgment acknowledgment) {
        say("got " + value);
        acknowledgment.acknowledge();
    }

    @KafkaListener(id = "spring-input", groupId = "spring-input-group", topics = "spring-input", containerFactory = "transactional")
    public void transactional(String value) {
        template().send("spring-output", value.toUpperCase(Locale.ROOT));
        if (value.endsWith("77") && failed.put(value, true) == null) {
            throw new IllegalStateException("the first try of " + value);
        }
    }
}
