package io.octavo.safetensors;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;

/** The next bytes of a stream, no more, and an error where it has fewer. */
final class HeaderStream extends InputStream {

  private final InputStream in;
  private long left;

  HeaderStream(InputStream in, long bytes) {
    this.in = in;
    this.left = bytes;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
  }

  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    if (left == 0) {
      return -1;
    }
    int count = in.read(target, offset, (int) Math.min(length, left));
    if (count < 0) {
      throw new EOFException(left + " bytes are missing");
    }
    left -= count;
    return count;
  }
}
