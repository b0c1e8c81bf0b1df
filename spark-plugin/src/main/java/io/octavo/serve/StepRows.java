package io.octavo.serve;

import io.octavo.kernel.CacheKernels;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The rows of one step, as a decoder takes them: tokens of sequences, one after the other. */
final class StepRows {

  private final int[] ids;
  private final int[] positions;
  private final int[] slots;
  private final int[] sequences;
  private final int[] lengths;
  private final List<int[]> tables = new ArrayList<>();
  private int count;

  StepRows(int most) {
    ids = new int[most];
    positions = new int[most];
    slots = new int[most];
    sequences = new int[most];
    lengths = new int[most];
  }

  /** Begins a sequence whose pages are {@code table}; rows that follow are its. */
  void begin(int[] table) {
    tables.add(table);
  }

  /** Adds the token at {@code position} of the sequence; returns its row. */
  int add(int id, int position) {
    int[] table = tables.get(tables.size() - 1);
    ids[count] = id;
    positions[count] = position;
    slots[count] =
        table[position / CacheKernels.PAGE] * CacheKernels.PAGE + position % CacheKernels.PAGE;
    sequences[count] = tables.size() - 1;
    lengths[count] = position + 1;
    return count++;
  }

  int count() {
    return count;
  }

  int room() {
    return ids.length - count;
  }

  int sequenceCount() {
    return tables.size();
  }

  int[] ids() {
    return Arrays.copyOf(ids, count);
  }

  int[] positions() {
    return Arrays.copyOf(positions, count);
  }

  int[] slots() {
    return Arrays.copyOf(slots, count);
  }

  int[] sequences() {
    return Arrays.copyOf(sequences, count);
  }

  int[] lengths() {
    return Arrays.copyOf(lengths, count);
  }

  /** Tables of all sequences, row-major, {@code width} pages each. */
  int[] tables(int width) {
    int[] all = new int[tables.size() * width];
    for (int i = 0; i < tables.size(); i++) {
      int[] table = tables.get(i);
      System.arraycopy(table, 0, all, i * width, Math.min(width, table.length));
    }
    return all;
  }

  /** Pages of the longest table. */
  int widestTable() {
    return tables.stream().mapToInt(table -> table.length).max().orElse(1);
  }
}
