package io.octavo.tokens;

import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;

/**
 * Packs documents into sequences of one length: each document is followed by the end of text, long
 * ones are cut, what does not fit goes on in the next sequence. No token is dropped or repeated.
 */
public final class SequencePacker implements Iterator<int[]> {

  /** Id of what fills the last sequence. */
  public static final int PADDING = -1;

  private final Iterator<int[]> documents;
  private final int length;
  private final int endOfText;
  private int[] document = new int[0];
  private int at;
  private long documentCount;

  /**
   * A packer of the given documents.
   *
   * @param length tokens of a sequence
   * @param endOfText id put after each document; -1 for none
   */
  public SequencePacker(Iterator<int[]> documents, int length, int endOfText) {
    if (length < 1) {
      throw new IllegalArgumentException(
          "Invalid sequence length: " + length + " (expected 1 or more)");
    }
    this.documents = documents;
    this.length = length;
    this.endOfText = endOfText;
  }

  /** Documents taken so far. */
  public long documentCount() {
    return documentCount;
  }

  @Override
  public boolean hasNext() {
    while (at == document.length && documents.hasNext()) {
      advance();
    }
    return at < document.length;
  }

  private void advance() {
    int[] next = documents.next();
    documentCount++;
    at = 0;
    document = next;
    if (endOfText >= 0) {
      document = Arrays.copyOf(next, next.length + 1);
      document[next.length] = endOfText;
    }
  }

  /** The next full sequence; empty where less than one is left. */
  public Optional<int[]> nextFull() {
    if (!hasNext()) {
      return Optional.empty();
    }
    int[] sequence = next();
    return sequence[length - 1] == PADDING ? Optional.empty() : Optional.of(sequence);
  }

  @Override
  public int[] next() {
    if (!hasNext()) {
      throw new NoSuchElementException("No documents are left");
    }
    int[] sequence = new int[length];
    int filled = 0;
    while (filled < length && hasNext()) {
      int count = Math.min(length - filled, document.length - at);
      System.arraycopy(document, at, sequence, filled, count);
      at += count;
      filled += count;
    }
    Arrays.fill(sequence, filled, length, PADDING);
    return sequence;
  }
}
