package io.octavo.serve;

/** A text that is read, not continued. */
abstract class ReadSequence extends Sequence {

  private final int[] tokens;

  ReadSequence(int[] tokens) {
    this.tokens = tokens;
  }

  @Override
  int length() {
    return tokens.length;
  }

  @Override
  int token(int position) {
    return tokens[position];
  }

  @Override
  int mostTokens() {
    return tokens.length;
  }

  /** Something is wanted of every token. */
  @Override
  int shareable() {
    return 0;
  }

  @Override
  int[] prompt() {
    return tokens;
  }

  @Override
  boolean finished() {
    return computed() == tokens.length;
  }
}
