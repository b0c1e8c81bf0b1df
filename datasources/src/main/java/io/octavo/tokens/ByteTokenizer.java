package io.octavo.tokens;

import java.nio.charset.StandardCharsets;

/** Ids 0 to 255 are the bytes of UTF-8, 256 ends a text. Needs no files. */
public final class ByteTokenizer implements Tokenizer {

  /** The name users type. */
  public static final String NAME = "byte";

  private static final int END_OF_TEXT = 256;

  @Override
  public int[] encode(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    int[] ids = new int[bytes.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = bytes[i] & 0xFF;
    }
    return ids;
  }

  @Override
  public String decode(int[] ids) {
    byte[] bytes = new byte[ids.length];
    int count = 0;
    for (int id : ids) {
      if (id >= 0 && id < END_OF_TEXT) {
        bytes[count++] = (byte) id;
      }
    }
    return new String(bytes, 0, count, StandardCharsets.UTF_8);
  }

  @Override
  public int vocabularySize() {
    return END_OF_TEXT + 1;
  }

  @Override
  public int endOfText() {
    return END_OF_TEXT;
  }

  @Override
  public void close() {
    // Holds nothing.
  }
}
