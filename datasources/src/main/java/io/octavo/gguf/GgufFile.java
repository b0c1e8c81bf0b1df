package io.octavo.gguf;

import io.octavo.format.CorruptDataException;
import io.octavo.tensor.Shape;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A local file of at most 2 GiB, to look at what was written: its head, and its tensors as numbers.
 */
public final class GgufFile {

  private final ByteBuffer bytes;
  private final Map<String, GgufValue> metadata = new LinkedHashMap<>();
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();
  private final Map<String, Long> offsets = new LinkedHashMap<>();
  private final long dataStart;

  private GgufFile(ByteBuffer bytes) {
    this.bytes = bytes;
    require(bytes.getInt() == GgufWriter.MAGIC, "it does not start with GGUF");
    require(bytes.getInt() == GgufWriter.VERSION, "its version is not 3");
    long tensorCount = count();
    long metadataCount = count();
    for (long i = 0; i < metadataCount; i++) {
      String key = text();
      metadata.put(key, value(bytes.getInt()));
    }
    for (long i = 0; i < tensorCount; i++) {
      readTensor();
    }
    dataStart = GgufWriter.aligned(bytes.position());
  }

  /**
   * Opens a file.
   *
   * @throws CorruptDataException where it is not GGUF 3 of the types that are written here
   */
  public static GgufFile open(Path path) {
    try (FileChannel channel = FileChannel.open(path)) {
      MappedByteBuffer bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
      return new GgufFile(bytes.order(ByteOrder.LITTLE_ENDIAN));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    } catch (java.nio.BufferUnderflowException e) {
      throw new CorruptDataException("Cannot read " + path + ": it is cut off", e);
    }
  }

  private static void require(boolean holds, String otherwise) {
    if (!holds) {
      throw new CorruptDataException("Cannot read GGUF file: " + otherwise);
    }
  }

  private long count() {
    long count = bytes.getLong();
    require(count >= 0 && count <= bytes.remaining(), "a count is larger than the file");
    return count;
  }

  private String text() {
    byte[] text = new byte[(int) count()];
    bytes.get(text);
    return new String(text, StandardCharsets.UTF_8);
  }

  private GgufValue value(int type) {
    return switch (type) {
      case 4 -> new GgufValue.U32(bytes.getInt());
      case 5 -> new GgufValue.I32(bytes.getInt());
      case 6 -> new GgufValue.F32(bytes.getFloat());
      case 7 -> new GgufValue.Bool(bytes.get() != 0);
      case 8 -> new GgufValue.Text(text());
      case 9 -> array();
      default -> throw new CorruptDataException("Cannot read GGUF file: a value has type " + type);
    };
  }

  private GgufValue array() {
    int type = bytes.getInt();
    long count = count();
    List<GgufValue> values = new ArrayList<>();
    for (long i = 0; i < count; i++) {
      values.add(value(type));
    }
    return new GgufValue.Array(values);
  }

  private void readTensor() {
    String name = text();
    long[] extents = new long[bytes.getInt()];
    for (int i = extents.length - 1; i >= 0; i--) {
      extents[i] = bytes.getLong();
    }
    int code = bytes.getInt();
    for (GgufType type : GgufType.values()) {
      if (type.code() == code) {
        tensors.put(name, new GgufTensor(name, new Shape(extents), type));
      }
    }
    require(tensors.containsKey(name), "tensor " + name + " has type " + code);
    offsets.put(name, bytes.getLong());
  }

  /** The head's values by key. */
  public Map<String, GgufValue> metadata() {
    return Map.copyOf(metadata);
  }

  /** Tensors by name. */
  public Map<String, GgufTensor> tensors() {
    return Map.copyOf(tensors);
  }

  /** A tensor as numbers. */
  public float[] read(String name) {
    GgufTensor tensor = tensors.get(name);
    Long offset = offsets.get(name);
    if (tensor == null || offset == null) {
      throw new IllegalArgumentException(
          "Cannot find tensor %s: the file has %d others".formatted(name, tensors.size()));
    }
    ByteBuffer source =
        bytes
            .slice(Math.toIntExact(dataStart + offset), Math.toIntExact(tensor.bytes()))
            .order(ByteOrder.LITTLE_ENDIAN);
    FloatBuffer values = FloatBuffer.allocate(Math.toIntExact(tensor.shape().elements()));
    while (source.hasRemaining()) {
      tensor.type().decode(source, values);
    }
    return values.array();
  }
}
