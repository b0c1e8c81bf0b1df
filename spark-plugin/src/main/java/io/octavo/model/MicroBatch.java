package io.octavo.model;

import io.octavo.kernel.LossKernels;
import java.nio.IntBuffer;

/**
 * Token ids of a few sequences with what follows from the documents inside them: rows {@code b T +
 * i} of every array belong to position {@code i} of sequence {@code b}.
 *
 * @param ids inputs; padding is id 0
 * @param targets the next token, or {@link LossKernels#IGNORED} after the end of a document and in
 *     padding
 * @param positions from the start of the row's document
 * @param documentStart where the row's document starts in its sequence
 */
public record MicroBatch(int[] ids, int[] targets, int[] positions, int[] documentStart) {

  /** Id that marks padding in samples. */
  public static final int PADDING = -1;

  /**
   * Reads {@code samples} samples of {@code time + 1} ids from {@code tokens}, starting at sample
   * {@code first}.
   *
   * @param endOfText id that ends a document; -1 where there is none
   */
  public static MicroBatch of(IntBuffer tokens, int first, int samples, int time, int endOfText) {
    int[] ids = new int[samples * time];
    int[] targets = new int[samples * time];
    int[] positions = new int[samples * time];
    int[] documentStart = new int[samples * time];
    for (int sample = 0; sample < samples; sample++) {
      int at = (first + sample) * (time + 1);
      int start = 0;
      for (int i = 0; i < time; i++) {
        int id = tokens.get(at + i);
        int next = tokens.get(at + i + 1);
        if (i > 0 && isEnd(tokens.get(at + i - 1), endOfText)) {
          start = i;
        }
        int row = sample * time + i;
        boolean hasTarget = id != PADDING && next != PADDING && !isEnd(id, endOfText);
        ids[row] = Math.max(id, 0);
        targets[row] = hasTarget ? next : LossKernels.IGNORED;
        positions[row] = i - start;
        documentStart[row] = start;
      }
    }
    return new MicroBatch(ids, targets, positions, documentStart);
  }

  private static boolean isEnd(int id, int endOfText) {
    return id == endOfText && id != PADDING;
  }

  /** Rows that have a target. */
  public long targetCount() {
    long count = 0;
    for (int target : targets) {
      count += target == LossKernels.IGNORED ? 0 : 1;
    }
    return count;
  }
}
