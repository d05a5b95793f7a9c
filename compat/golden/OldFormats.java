import java.io.*;
import java.nio.ByteBuffer;
import java.nio.file.*;
import java.util.*;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.ByteBufferOutputStream;

/** Writes random segments of magic 0 and 1 with Apache Kafka's own code: FOLDER SEED FIRST_TIMESTAMP; prints the end offset. */
public class OldFormats {
    static Random random;
    static long offset = 0, now;
    public static void main(String[] args) throws Exception {
        Path folder = Paths.get(args[0]);
        random = new Random(Long.parseLong(args[1]));
        now = Long.parseLong(args[2]);
        for (int segment = 0; segment < 8; segment++) {
            Path path = folder.resolve(String.format("%020d.log", offset));
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            while (out.size() < 8000) set(out);
            // One of magic 1 at the end: what it says is when the file was written.
            set(out, (byte) 1, CompressionType.NONE, TimestampType.LOG_APPEND_TIME, true);
            Files.write(path, out.toByteArray());
            path.toFile().setLastModified(now);
            now += 20_000;
        }
        System.out.println(offset);
    }
    static void set(ByteArrayOutputStream out) throws Exception {
        byte magic = (byte) random.nextInt(2);
        CompressionType codec = new CompressionType[]{CompressionType.NONE, CompressionType.GZIP,
            CompressionType.SNAPPY, CompressionType.LZ4}[random.nextInt(4)];
        TimestampType type = magic == 0 ? TimestampType.NO_TIMESTAMP_TYPE
            : random.nextInt(4) == 0 ? TimestampType.LOG_APPEND_TIME : TimestampType.CREATE_TIME;
        set(out, magic, codec, type, false);
    }
    static void set(ByteArrayOutputStream out, byte magic, CompressionType codec, TimestampType type, boolean pin) throws Exception {
        now += random.nextInt(20);
        ByteBufferOutputStream buffer = new ByteBufferOutputStream(1024);
        Compression compression = Compression.of(codec).build();
        int count = pin ? 1 : 1 + random.nextInt(5);
        if (random.nextInt(5) == 0) offset += 1 + random.nextInt(3);
        try (MemoryRecordsBuilder builder = new MemoryRecordsBuilder(buffer, magic, compression, type, offset,
                type == TimestampType.LOG_APPEND_TIME ? now : RecordBatch.NO_TIMESTAMP, -1L, (short) -1, -1, false, false, -1, Integer.MAX_VALUE)) {
            for (int index = 0; index < count; index++) {
                if (index > 0 && random.nextInt(6) == 0) offset += 1 + random.nextInt(3);
                // The newest of its key for ever, so that the segment keeps its time.
                byte[] key = pin ? ("pin-" + offset).getBytes() : random.nextInt(8) == 0 ? null : ("key-" + random.nextInt(60)).getBytes();
                byte[] value = !pin && random.nextInt(4) == 0 ? null : new byte[random.nextInt(3) * 60];
                if (value != null) random.nextBytes(value);
                long timestamp = magic == 0 ? RecordBatch.NO_TIMESTAMP : now - (pin ? 0 : random.nextInt(500));
                builder.appendWithOffset(offset++, timestamp, key, value, org.apache.kafka.common.record.internal.Record.EMPTY_HEADERS);
            }
            ByteBuffer bytes = builder.build().buffer();
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            out.write(copy);
        }
    }
}
