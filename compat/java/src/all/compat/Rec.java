package compat;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** A record as it is sent, and as it came back. */
final class Rec {
    final byte[] key;
    final byte[] value;
    /** Names and values in turn. */
    final List<byte[]> headers = new ArrayList<>();
    final long timestamp;
    long offset = -1;

    Rec(byte[] key, byte[] value, long timestamp) {
        this.key = key;
        this.value = value;
        this.timestamp = timestamp;
    }

    Rec header(String name, byte[] value) {
        headers.add(name.getBytes(StandardCharsets.UTF_8));
        headers.add(value);
        return this;
    }
}
