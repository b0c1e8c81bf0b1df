package io.octavo.safetensors;

import io.octavo.format.CorruptDataException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** One open safetensors file. The header is checked at opening; tensors are read when asked for. */
public final class SafetensorsFile implements AutoCloseable {

  /** The longest header that is read: the limit of the reference implementation. */
  static final long MAX_HEADER = 100_000_000;

  private static final int CHUNK = 1 << 20;

  private final Path path;
  private final FSDataInputStream in;
  private final HeaderParser.Header header;

  private SafetensorsFile(Path path, FSDataInputStream in, HeaderParser.Header header) {
    this.path = path;
    this.in = in;
    this.header = header;
  }

  /**
   * Opens a file.
   *
   * @throws CorruptDataException where the header is not sound
   * @throws UncheckedIOException where the file cannot be read
   */
  public static SafetensorsFile open(Path path, Configuration hadoop) {
    try {
      FileSystem files = path.getFileSystem(hadoop);
      long length = files.getFileStatus(path).getLen();
      FSDataInputStream in = files.open(path);
      try {
        return new SafetensorsFile(path, in, header(path, in, length));
      } catch (RuntimeException | IOException e) {
        in.close();
        throw e;
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  private static HeaderParser.Header header(Path path, FSDataInputStream in, long length)
      throws IOException {
    if (length < 8) {
      throw new CorruptDataException(
          "Cannot read %s: %d bytes are too few for a safetensors file".formatted(path, length));
    }
    byte[] word = new byte[8];
    in.readFully(0, word);
    long headerBytes = ByteBuffer.wrap(word).order(ByteOrder.LITTLE_ENDIAN).getLong();
    if (headerBytes < 2 || headerBytes > MAX_HEADER || headerBytes > length - 8) {
      throw new CorruptDataException(
          "Cannot read %s: its header length is %s bytes, the file has %d (header limit %d); the file is truncated or not safetensors"
              .formatted(path, Long.toUnsignedString(headerBytes), length, MAX_HEADER));
    }
    long start = 8 + headerBytes;
    in.seek(8);
    return new HeaderParser(path.toString(), start, length - start)
        .parse(new HeaderStream(in, headerBytes));
  }

  /** Tensors in the order of the header. */
  public List<TensorEntry> entries() {
    return List.copyOf(header.tensors().values());
  }

  /** The header's free text entries. */
  public Map<String, String> metadata() {
    return Map.copyOf(header.metadata());
  }

  /**
   * The entry of a name.
   *
   * @throws IllegalArgumentException where there is none
   */
  public TensorEntry entry(String name) {
    TensorEntry entry = header.tensors().get(name);
    if (entry == null) {
      throw new IllegalArgumentException(
          "Cannot find tensor %s in %s: it has %d others"
              .formatted(name, path, header.tensors().size()));
    }
    return entry;
  }

  /** Reads raw bytes {@code [from, from + target.remaining())} of a tensor. */
  public void read(TensorEntry entry, long from, ByteBuffer target) {
    byte[] chunk = new byte[Math.min(CHUNK, target.remaining())];
    long at = entry.offset() + from;
    try {
      while (target.hasRemaining()) {
        int count = Math.min(chunk.length, target.remaining());
        in.readFully(at, chunk, 0, count);
        target.put(chunk, 0, count);
        at += count;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot read tensor %s of %s: %s".formatted(entry.name(), path, e.getMessage()), e);
    }
  }

  /** A stretch of a tensor's numbers: elements {@code [first, first + count)} of the bytes. */
  interface Numbers {
    void accept(TensorType type, ByteBuffer bytes, int first, int count);
  }

  /** Gives elements {@code [from, from + count)} in stretches of at most a MiB. */
  void forEach(TensorEntry entry, long from, long count, Numbers numbers) {
    TensorType type = entry.type();
    int most = CHUNK / 8;
    ByteBuffer bytes =
        ByteBuffer.allocate((int) Math.min(CHUNK, (count + TensorType.PACK) * type.bits() / 8 + 1))
            .order(ByteOrder.LITTLE_ENDIAN);
    for (long done = 0; done < count; ) {
      // Elements narrower than a byte are read from a whole byte on.
      int first = (int) ((from + done) % TensorType.PACK);
      long start = from + done - first;
      int present = (int) Math.min(most - first, count - done);
      long begin = start * type.bits() / 8;
      long end = ((start + first + present) * type.bits() + 7) / 8;
      bytes.clear().limit((int) (end - begin));
      read(entry, begin, bytes);
      bytes.flip();
      numbers.accept(type, bytes, first, present);
      done += present;
    }
  }

  /** Reads elements {@code [from, from + target.remaining())} of a tensor as F32. */
  public void readFloats(TensorEntry entry, long from, FloatBuffer target) {
    if (from < 0 || from + target.remaining() > entry.elements()) {
      throw new IndexOutOfBoundsException(
          "Cannot read elements [%d, %d) of tensor %s: it has %d"
              .formatted(from, from + target.remaining(), entry.name(), entry.elements()));
    }
    if (!entry.type().isReal()) {
      throw new IllegalArgumentException(
          "Cannot read tensor %s of %s as numbers: its type is %s"
              .formatted(entry.name(), path, entry.type()));
    }
    forEach(
        entry,
        from,
        target.remaining(),
        (type, bytes, first, count) -> {
          if (type == TensorType.F32) {
            target.put(bytes.asFloatBuffer().position(first));
          } else {
            for (int i = first; i < first + count; i++) {
              target.put((float) type.read(bytes, i));
            }
          }
        });
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot close " + path, e);
    }
  }
}
