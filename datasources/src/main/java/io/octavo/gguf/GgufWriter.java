package io.octavo.gguf;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;

/** Writes a file: its head at once, then the tensors in the order in which they were named. */
public final class GgufWriter implements AutoCloseable {

  static final int MAGIC = 0x46554747;
  static final int VERSION = 3;
  static final int ALIGNMENT = 32;
  private static final int BLOCKS = 1 << 12;

  private final OutputStream out;
  private final List<GgufTensor> tensors;
  private int next;

  private GgufWriter(OutputStream out, List<GgufTensor> tensors) {
    this.out = out;
    this.tensors = tensors;
  }

  /** Writes the head to a stream, which is closed with the writer. */
  public static GgufWriter to(
      OutputStream out, Map<String, GgufValue> metadata, List<GgufTensor> tensors) {
    GgufWriter writer = new GgufWriter(out, List.copyOf(tensors));
    writer.write(head(metadata, tensors));
    return writer;
  }

  private static byte[] head(Map<String, GgufValue> metadata, List<GgufTensor> tensors) {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    put(head, 4, MAGIC);
    put(head, 4, VERSION);
    put(head, 8, tensors.size());
    put(head, 8, metadata.size());
    metadata.forEach(
        (key, value) -> {
          new GgufValue.Text(key).write(head);
          put(head, 4, value.type());
          value.write(head);
        });
    long offset = 0;
    for (GgufTensor tensor : tensors) {
      new GgufValue.Text(tensor.name()).write(head);
      put(head, 4, tensor.shape().rank());
      for (int i = tensor.shape().rank() - 1; i >= 0; i--) {
        put(head, 8, tensor.shape().extent(i));
      }
      put(head, 4, tensor.type().code());
      put(head, 8, offset);
      offset += aligned(tensor.bytes());
    }
    head.writeBytes(new byte[(int) (aligned(head.size()) - head.size())]);
    return head.toByteArray();
  }

  private static void put(ByteArrayOutputStream out, int bytes, long value) {
    for (int i = 0; i < bytes; i++) {
      out.write((int) (value >> 8 * i));
    }
  }

  static long aligned(long bytes) {
    return (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
  }

  /** Writes the next tensor, encoded as its type says. */
  public void write(FloatBuffer values) {
    GgufTensor tensor = tensors.get(next);
    if (values.remaining() != tensor.shape().elements()) {
      throw new IllegalArgumentException(
          "Cannot write tensor %s: %d numbers given, %d declared"
              .formatted(tensor.name(), values.remaining(), tensor.shape().elements()));
    }
    FloatBuffer source = values.duplicate();
    ByteBuffer chunk =
        ByteBuffer.allocate((int) tensor.type().bytes((long) BLOCKS * tensor.type().block()))
            .order(ByteOrder.LITTLE_ENDIAN);
    while (source.hasRemaining()) {
      while (source.hasRemaining() && chunk.hasRemaining()) {
        tensor.type().encode(source, chunk);
      }
      write(chunk.array(), chunk.position());
      chunk.clear();
    }
    write(new byte[(int) (aligned(tensor.bytes()) - tensor.bytes())]);
    next++;
  }

  private void write(byte[] bytes) {
    write(bytes, bytes.length);
  }

  private void write(byte[] bytes, int count) {
    try {
      out.write(bytes, 0, count);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write GGUF file: " + e.getMessage(), e);
    }
  }

  /**
   * Ends the file.
   *
   * @throws IllegalStateException where named tensors are missing
   */
  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot finish GGUF file: " + e.getMessage(), e);
    }
    if (next != tensors.size()) {
      throw new IllegalStateException(
          "Cannot finish GGUF file: %d of %d tensors were written".formatted(next, tensors.size()));
    }
  }
}
