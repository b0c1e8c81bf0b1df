package io.octavo.tokens;

import java.io.Serializable;

/**
 * A tokenizer as it travels to executors: its kind and, for a file, the bytes.
 *
 * @param json contents of tokenizer.json; empty for the byte tokenizer
 * @param endOfText id that ends a document; -1 for none
 */
public record TokenizerSpec(byte[] json, int endOfText) implements Serializable {

  /** The built-in byte tokenizer. */
  public static TokenizerSpec bytes() {
    return new TokenizerSpec(new byte[0], new ByteTokenizer().endOfText());
  }

  /** Whether this is the built-in byte tokenizer. */
  public boolean isBytes() {
    return json.length == 0;
  }

  /** A tokenizer; the caller closes it. */
  public Tokenizer open() {
    return isBytes() ? new ByteTokenizer() : TokenizerFile.of(json, endOfText);
  }
}
