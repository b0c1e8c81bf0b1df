package io.octavo.safetensors;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/**
 * Writes one safetensors file: the tensors are declared first, then their contents follow in the
 * same order. Equal contents give equal bytes.
 */
public final class SafetensorsWriter implements AutoCloseable {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CHUNK = 1 << 20;

  /** A tensor to come. */
  public record Declaration(String name, TensorType type, Shape shape) {

    /** Bytes it will take. */
    public long bytes() {
      return type.bytes(shape.elements());
    }
  }

  private final List<Declaration> declarations;
  private final OutputStream out;
  private int next;

  private SafetensorsWriter(List<Declaration> declarations, OutputStream out) {
    this.declarations = declarations;
    this.out = out;
  }

  /** Creates a file, replacing what is there, and writes its header. */
  public static SafetensorsWriter create(
      Path path,
      Configuration hadoop,
      List<Declaration> declarations,
      Map<String, String> metadata) {
    try {
      return to(path.getFileSystem(hadoop).create(path, true), declarations, metadata);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + path + ": " + e.getMessage(), e);
    }
  }

  /** Writes to a stream, which is closed with the writer. */
  public static SafetensorsWriter to(
      OutputStream out, List<Declaration> declarations, Map<String, String> metadata)
      throws IOException {
    byte[] header = header(declarations, metadata);
    int padded = (header.length + 7) / 8 * 8;
    ByteBuffer start = ByteBuffer.allocate(8 + padded).order(ByteOrder.LITTLE_ENDIAN);
    start.putLong(padded).put(header);
    while (start.hasRemaining()) {
      start.put((byte) ' ');
    }
    out.write(start.array());
    return new SafetensorsWriter(List.copyOf(declarations), out);
  }

  private static byte[] header(List<Declaration> declarations, Map<String, String> metadata)
      throws JsonProcessingException {
    ObjectNode root = JSON.createObjectNode();
    if (!metadata.isEmpty()) {
      ObjectNode node = root.putObject(HeaderParser.METADATA);
      metadata.entrySet().stream()
          .sorted(Map.Entry.comparingByKey())
          .forEach(entry -> node.put(entry.getKey(), entry.getValue()));
    }
    long at = 0;
    for (Declaration declaration : declarations) {
      if (declaration.name().equals(HeaderParser.METADATA) || root.has(declaration.name())) {
        throw new IllegalArgumentException(
            "Cannot write tensor %s: the name is taken".formatted(declaration.name()));
      }
      ObjectNode node = root.putObject(declaration.name());
      node.put("dtype", declaration.type().name());
      var shape = node.putArray("shape");
      for (long extent : declaration.shape().extents()) {
        shape.add(extent);
      }
      node.putArray("data_offsets").add(at).add(at + declaration.bytes());
      at += declaration.bytes();
    }
    return JSON.writeValueAsString(root).getBytes(StandardCharsets.UTF_8);
  }

  /** Writes the next tensor from raw bytes, as many as it was declared with. */
  public void writeBytes(ByteBuffer bytes) {
    long expected = declarations.get(next).bytes();
    if (bytes.remaining() != expected) {
      throw new IllegalArgumentException(
          "Cannot write tensor %s: %d bytes given, %d declared"
              .formatted(declarations.get(next).name(), bytes.remaining(), expected));
    }
    ByteBuffer source = bytes.duplicate();
    byte[] chunk = new byte[Math.min(CHUNK, Math.max(1, source.remaining()))];
    while (source.hasRemaining()) {
      int count = Math.min(chunk.length, source.remaining());
      source.get(chunk, 0, count);
      write(chunk, count);
    }
    next++;
  }

  /** Writes the next tensor from numbers, rounded to its type to nearest even. */
  public void writeFloats(FloatBuffer values) {
    Declaration declaration = declarations.get(next);
    if (values.remaining() != declaration.shape().elements()) {
      throw new IllegalArgumentException(
          "Cannot write tensor %s: %d numbers given, %d declared"
              .formatted(declaration.name(), values.remaining(), declaration.shape().elements()));
    }
    FloatBuffer source = values.duplicate();
    int most = Math.min(CHUNK / 8, source.remaining());
    ByteBuffer chunk =
        ByteBuffer.allocate((int) declaration.type().bytes(most)).order(ByteOrder.LITTLE_ENDIAN);
    while (source.hasRemaining()) {
      int count = Math.min(most, source.remaining());
      Arrays.fill(chunk.array(), (byte) 0);
      for (int i = 0; i < count; i++) {
        declaration.type().write(chunk, i, source.get());
      }
      write(chunk.array(), (int) declaration.type().bytes(count));
    }
    next++;
  }

  private void write(byte[] bytes, int count) {
    try {
      out.write(bytes, 0, count);
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot write tensor %s: %s".formatted(declarations.get(next).name(), e.getMessage()), e);
    }
  }

  /**
   * Ends the file.
   *
   * @throws IllegalStateException where declared tensors are missing
   */
  @Override
  public void close() {
    try {
      out.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot finish safetensors file: " + e.getMessage(), e);
    }
    if (next != declarations.size()) {
      throw new IllegalStateException(
          "Cannot finish safetensors file: %d of %d tensors were written"
              .formatted(next, declarations.size()));
    }
  }
}
