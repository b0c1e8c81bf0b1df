package io.octavo.spark.tokens;

import io.octavo.format.CorruptDataException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/**
 * Lines that start in a byte range of a file. A line belongs to the range that holds its first
 * byte, so that neighbouring ranges give every line once. Broken UTF-8 is replaced, a byte order
 * mark and carriage returns at line ends are left out.
 */
final class LineReader implements AutoCloseable {

  private static final int BUFFER = 1 << 16;
  private static final char BYTE_ORDER_MARK = '\uFEFF';

  private final TokensSplit split;
  private final int maxBytes;
  private final FSDataInputStream in;
  private final byte[] buffer = new byte[BUFFER];
  private int filled;
  private int next;
  private long position;

  LineReader(TokensSplit split, int maxBytes, Configuration hadoop) {
    this.split = split;
    this.maxBytes = maxBytes;
    Path path = new Path(split.path());
    try {
      in = path.getFileSystem(hadoop).open(path);
      if (split.from() > 0) {
        // The line of the byte before starts in an earlier range: pass over what is left of it.
        position = split.from() - 1;
        in.seek(position);
        skipLine();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  private int read() throws IOException {
    if (next == filled) {
      filled = ((InputStream) in).read(buffer, 0, BUFFER);
      next = 0;
      if (filled <= 0) {
        filled = 0;
        return -1;
      }
    }
    position++;
    return buffer[next++] & 0xFF;
  }

  private void skipLine() throws IOException {
    int value = read();
    while (value >= 0 && value != '\n') {
      value = read();
    }
  }

  /**
   * The next line that starts in the range; empty at its end.
   *
   * @throws CorruptDataException where a line is longer than allowed
   */
  Optional<String> line() {
    if (position >= split.to()) {
      return Optional.empty();
    }
    long start = position;
    try {
      ByteArrayOutputStream line = new ByteArrayOutputStream(256);
      int value = read();
      if (value < 0) {
        return Optional.empty();
      }
      while (value >= 0 && value != '\n') {
        if (line.size() == maxBytes) {
          throw new CorruptDataException(
              "Cannot read %s: the document at byte %d is longer than %d bytes; raise option maxDocumentSize"
                  .formatted(split.path(), start, maxBytes));
        }
        line.write(value);
        value = read();
      }
      return Optional.of(text(line.toByteArray(), start));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot read %s at byte %d: %s".formatted(split.path(), position, e.getMessage()), e);
    }
  }

  private static String text(byte[] bytes, long start) {
    int length = bytes.length;
    if (length > 0 && bytes[length - 1] == '\r') {
      length--;
    }
    String text = new String(bytes, 0, length, StandardCharsets.UTF_8);
    boolean marked = start == 0 && !text.isEmpty() && text.charAt(0) == BYTE_ORDER_MARK;
    return marked ? text.substring(1) : text;
  }

  @Override
  public void close() {
    try {
      in.close();
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot close " + split.path(), e);
    }
  }
}
