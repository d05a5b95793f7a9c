package compat;

import org.apache.kafka.clients.consumer.InvalidOffsetException;
import org.apache.kafka.common.protocol.Errors;

/** The broker's (or the client's own) error, as Kafka's number. */
final class Failure extends Exception {
    final int code;

    Failure(int code, String text) {
        super("error " + code + " " + text);
        this.code = code;
    }

    static Failure of(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null && Errors.forException(cause).code() == -1) {
            cause = cause.getCause();
        }
        if (cause instanceof InvalidOffsetException) {
            // The consumer's own exception, for what the broker answered with error 1.
            return new Failure(Errors.OFFSET_OUT_OF_RANGE.code(), cause.toString());
        }
        return new Failure(Errors.forException(cause).code(), cause.toString());
    }
}
