package io.octavo.spark.transport;

import io.octavo.collective.MessageTag;
import java.nio.ByteBuffer;

/** What precedes the bytes of a message. */
record MessageHeader(MessageTag tag, int bytes) {

  /** Bytes of a message at most; longer ones are refused before memory is taken. */
  static final int LARGEST = 64 << 20;

  private static final int ENCODED_BYTES = Long.BYTES + 2 * Integer.BYTES;

  MessageHeader {
    if (bytes < 0 || bytes > LARGEST) {
      throw new IllegalArgumentException(
          "Cannot carry a message of %d bytes (at most %d)".formatted(bytes, LARGEST));
    }
  }

  ByteBuffer encode() {
    return ByteBuffer.allocate(ENCODED_BYTES)
        .putLong(tag.sequence())
        .putInt(tag.chunk())
        .putInt(bytes)
        .flip();
  }

  static MessageHeader decode(ByteBuffer encoded) {
    MessageTag tag = new MessageTag(encoded.getLong(), encoded.getInt());
    return new MessageHeader(tag, encoded.getInt());
  }
}
