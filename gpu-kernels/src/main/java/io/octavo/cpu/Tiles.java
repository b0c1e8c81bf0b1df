package io.octavo.cpu;

import java.util.function.IntConsumer;

/**
 * Small heap arrays for each thread, and the cutting of work into blocks. A thread has {@value
 * #ARRAYS} numbered arrays that grow to the largest tile asked for.
 */
final class Tiles {

  /** Elements of a block of elementwise work: 16 KiB of F32, well inside the first cache. */
  static final int BLOCK = 4096;

  private static final int ARRAYS = 6;

  private final Workers workers;
  private final ThreadLocal<float[][]> floats = ThreadLocal.withInitial(() -> new float[ARRAYS][0]);
  private final ThreadLocal<int[][]> ints = ThreadLocal.withInitial(() -> new int[ARRAYS][0]);

  private final ThreadLocal<short[]> shorts = ThreadLocal.withInitial(() -> new short[0]);
  private final ThreadLocal<byte[]> bytes = ThreadLocal.withInitial(() -> new byte[0]);

  Tiles(Workers workers) {
    this.workers = workers;
  }

  /** This thread's float array {@code index}, at least {@code length} long. */
  float[] floats(int index, int length) {
    float[][] arrays = floats.get();
    if (arrays[index].length < length) {
      arrays[index] = new float[length];
    }
    return arrays[index];
  }

  /** This thread's int array {@code index}, at least {@code length} long. */
  int[] ints(int index, int length) {
    int[][] arrays = ints.get();
    if (arrays[index].length < length) {
      arrays[index] = new int[length];
    }
    return arrays[index];
  }

  /** This thread's short array, at least {@code length} long. */
  short[] shorts(int length) {
    if (shorts.get().length < length) {
      shorts.set(new short[length]);
    }
    return shorts.get();
  }

  /** This thread's byte array, at least {@code length} long. */
  byte[] bytes(int length) {
    if (bytes.get().length < length) {
      bytes.set(new byte[length]);
    }
    return bytes.get();
  }

  /** A range of elements or rows. */
  interface Range {
    void run(int from, int to);
  }

  /** Runs {@code task} over {@code [0, count)} in ranges of {@code size}. */
  void forRanges(int count, int size, Range task) {
    int blocks = (count + size - 1) / size;
    workers.forEach(blocks, block -> task.run(block * size, Math.min(count, (block + 1) * size)));
  }

  /** Runs {@code task} for every block in {@code [0, blocks)}. */
  void forEach(int blocks, IntConsumer task) {
    workers.forEach(blocks, task);
  }

  /** Rows of a block of rows of {@code columns} elements: about {@link #BLOCK} elements. */
  static int rowsPerBlock(int columns) {
    return Math.max(1, BLOCK / Math.max(1, columns));
  }
}
