package io.octavo.spark.transport;

import java.nio.ByteBuffer;

/** The first message on a connection: who speaks, in which attempt. */
record Greeting(long attempt, int rank) {

  static final int BYTES = Long.BYTES + Integer.BYTES;

  ByteBuffer encode() {
    return ByteBuffer.allocate(BYTES).putLong(attempt).putInt(rank).flip();
  }

  static Greeting decode(ByteBuffer bytes) {
    if (bytes.remaining() != BYTES) {
      throw new IllegalArgumentException(
          "Invalid greeting: %d bytes (expected %d)".formatted(bytes.remaining(), BYTES));
    }
    return new Greeting(bytes.getLong(), bytes.getInt());
  }
}
