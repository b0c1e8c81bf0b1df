package io.octavo.tokens;

/** Text to token ids and back. Safe for several threads. */
public interface Tokenizer extends AutoCloseable {

  /** Ids of a text, without special tokens. */
  int[] encode(String text);

  /** Text of ids; ids that are no text are left out. */
  String decode(int[] ids);

  /** Ids are below this. */
  int vocabularySize();

  /** The id that ends a document; -1 where there is none. */
  int endOfText();

  @Override
  void close();
}
