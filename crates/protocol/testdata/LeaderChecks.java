// Prints what Apache Kafka's leader makes of the golden batches: the table leader-checks.tsv.gz.
//
//   java -cp "$(kafka classpath)" LeaderChecks.java SHARED/golden/records | gzip -9n > leader-checks.tsv.gz
//
// with the jars of Kafka 4.3.1 (SHARED/oracle/kafka prints their class path). The private analysis that a log
// makes before it validates (base offset, size, checksum, codec of each batch) is restated here.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;

import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.server.record.BrokerCompressionType;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

public class LeaderChecks {
    static final long NOW = 1_700_000_000_000L;
    static final long EVER = Long.MAX_VALUE;
    static final int INPUT_SIZE_MAX = 1500;
    static final HexFormat HEX = HexFormat.of();

    /** One set of rules; its text is a column of the table. */
    record Rules(short version, boolean create, long now, long before, long after, boolean keys, String codec, int sizeMax) {
        @Override
        public String toString() {
            return String.join(",", "" + version, create ? "C" : "L", "" + now, "" + before, "" + after, keys ? "1" : "0",
                codec, "" + sizeMax);
        }
    }

    static final int DEFAULT_MAX = 1_048_588;
    static final List<Rules> RULES = List.of(
        new Rules((short) 12, true, NOW, EVER, EVER, false, "producer", DEFAULT_MAX),
        new Rules((short) 2, true, NOW, EVER, EVER, false, "producer", DEFAULT_MAX),
        new Rules((short) 6, false, NOW + 123, EVER, 3_600_000, false, "producer", DEFAULT_MAX),
        new Rules((short) 12, true, NOW, EVER, EVER, true, "producer", DEFAULT_MAX),
        new Rules((short) 12, true, NOW + 500, 400, 600, false, "producer", DEFAULT_MAX),
        new Rules((short) 2, true, NOW + 500, 400, 600, true, "none", DEFAULT_MAX),
        new Rules((short) 12, true, NOW, EVER, EVER, false, "none", DEFAULT_MAX),
        new Rules((short) 12, false, NOW, EVER, EVER, false, "gzip", 200),
        new Rules((short) 2, false, NOW, EVER, EVER, false, "none", DEFAULT_MAX),
        new Rules((short) 2, true, NOW, EVER, EVER, false, "lz4", DEFAULT_MAX));

    record FixedTime(long now) implements Time {
        @Override
        public long milliseconds() {
            return now;
        }

        @Override
        public long nanoseconds() {
            return 0;
        }

        @Override
        public void sleep(long ms) { }

        @Override
        public void waitObject(Object object, Supplier<Boolean> condition, long deadline) { }
    }

    static final class NoMetrics implements LogValidator.MetricsRecorder {
        @Override
        public void recordInvalidMagic() { }

        @Override
        public void recordInvalidOffset() { }

        @Override
        public void recordInvalidSequence() { }

        @Override
        public void recordInvalidChecksums() { }

        @Override
        public void recordNoKeyCompactedTopic() { }
    }

    public static void main(String[] args) throws IOException {
        PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);
        out.println("name\trules\terror_code\trecord_indexes\thex");
        for (String table : List.of("v2", "v0-v1", "invalid")) {
            Path path = Path.of(args[0], table + ".tsv.gz");
            try (BufferedReader lines = new BufferedReader(new InputStreamReader(
                    new GZIPInputStream(new FileInputStream(path.toFile())), StandardCharsets.UTF_8))) {
                lines.readLine();
                for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                    String[] columns = line.split("\t", -1);
                    byte[] bytes = HEX.parseHex(columns[4]);
                    if (bytes.length > INPUT_SIZE_MAX)
                        continue;
                    // A producer's batch begins at offset 0; no checksum covers that.
                    if (bytes.length > 16 && bytes[16] == 2)
                        Arrays.fill(bytes, 0, 8, (byte) 0);
                    for (Rules rules : RULES)
                        out.println(table + "/" + columns[0] + "\t" + rules + "\t" + outcome(bytes, rules));
                }
            }
        }
        out.flush();
    }

    static String outcome(byte[] bytes, Rules rules) {
        try {
            return "0\t\t" + HEX.formatHex(stored(bytes, rules));
        } catch (RecordValidationException e) {
            String indexes = e.recordErrors().stream().map(one -> "" + one.batchIndex).collect(Collectors.joining(","));
            return Errors.forException(e.invalidException()).code() + "\t" + indexes + "\t";
        } catch (Throwable e) {
            return Errors.forException(e).code() + "\t\t";
        }
    }

    static byte[] stored(byte[] bytes, Rules rules) {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
        if (rules.version >= 3)
            ProduceRequest.validateRecords(rules.version, records);
        int validSize = 0;
        CompressionType source = CompressionType.NONE;
        for (MutableRecordBatch batch : records.batches()) {
            if (batch.magic() >= 2 && batch.baseOffset() != 0)
                throw new InvalidRecordException("base offset");
            checkSize(batch, rules);
            if (!batch.isValid())
                throw new CorruptRecordException("checksum");
            validSize += batch.sizeInBytes();
            if (batch.compressionType() != CompressionType.NONE)
                source = batch.compressionType();
        }
        if (validSize == 0)
            return new byte[0];
        Optional<Compression> wanted = rules.codec.equals("producer")
            ? Optional.empty()
            : Optional.of(Compression.of(CompressionType.forName(rules.codec)).build());
        LogValidator validator = new LogValidator(
            MemoryRecords.readableRecords(ByteBuffer.wrap(Arrays.copyOf(bytes, validSize))), new TopicPartition("t", 0),
            new FixedTime(rules.now), source, BrokerCompressionType.targetCompression(wanted, source), rules.keys, (byte) 2,
            rules.create ? TimestampType.CREATE_TIME : TimestampType.LOG_APPEND_TIME, rules.before, rules.after, 0,
            AppendOrigin.CLIENT);
        LogValidator.ValidationResult result = validator.validateMessagesAndAssignOffsets(
            PrimitiveRef.ofLong(0), new NoMetrics(), BufferSupplier.NO_CACHING);
        if (result.messageSizeMaybeChanged())
            for (MutableRecordBatch batch : result.validatedRecords().batches())
                checkSize(batch, rules);
        ByteBuffer buffer = result.validatedRecords().buffer().duplicate();
        byte[] stored = new byte[buffer.remaining()];
        buffer.get(stored);
        return stored;
    }

    static void checkSize(MutableRecordBatch batch, Rules rules) {
        if (batch.sizeInBytes() > rules.sizeMax)
            throw new RecordTooLargeException("size");
    }
}
