package io.octavo.cpu;

import io.octavo.kernel.AttentionKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import org.bytedeco.javacpp.FloatPointer;

/**
 * Attention by tiles of {@value #TILE} queries of one head: their scores against all keys that any
 * of them sees, a masked softmax, and the weighted values, each product by OpenBLAS. Scores of one
 * tile exist at once for each thread, never {@code T x T}.
 *
 * <p>Backward recomputes the probabilities from the saved log-sum-exp. A thread takes all query
 * heads of one key/value head of one sequence, so that sums into the gradients of keys and values
 * have one order.
 */
final class CpuAttentionKernels implements AttentionKernels {

  private static final int TILE = 64;

  private final Tiles tiles;
  private final FloatLoops loops;
  private final NativeScratch scratch;

  CpuAttentionKernels(Tiles tiles, FloatLoops loops, NativeScratch scratch) {
    this.tiles = tiles;
    this.loops = loops;
    this.scratch = scratch;
  }

  @Override
  public void forward(Geometry g, Tensor qkv, Tensor documentStart, Tensor out, Tensor lse) {
    IntBuffer starts = HostBuffer.of(documentStart).ints();
    int tilesOfSequence = (g.time() + TILE - 1) / TILE;
    FloatPointer in = HostBuffer.of(qkv).floatPointer();
    FloatPointer result = HostBuffer.of(out).floatPointer();
    FloatBuffer logSums = HostBuffer.of(lse).floats();
    tiles.forEach(
        g.batch() * g.queryHeads() * tilesOfSequence,
        block -> {
          Tile tile = Tile.of(g, block, tilesOfSequence, starts);
          NativeScratch.Area scores = scratch.area(0, tile.rows() * tile.keys());
          multiply(
              false,
              true,
              tile.rows(),
              tile.keys(),
              g.headSize(),
              g.scale(),
              in.getPointer(tile.queryAt()),
              g.qkvWidth(),
              in.getPointer(tile.keyAt()),
              g.qkvWidth(),
              scores.pointer(),
              tile.keys());
          softmax(tile, scores.values(), starts, logSums);
          multiply(
              false,
              false,
              tile.rows(),
              g.headSize(),
              tile.keys(),
              1,
              scores.pointer(),
              tile.keys(),
              in.getPointer(tile.valueAt()),
              g.qkvWidth(),
              result.getPointer(tile.outAt()),
              g.queryWidth());
        });
  }

  private static void multiply(
      boolean aTransposed,
      boolean bTransposed,
      int m,
      int n,
      int k,
      float alpha,
      FloatPointer a,
      int aStride,
      FloatPointer b,
      int bStride,
      FloatPointer c,
      int cStride) {
    Blas.sgemm(aTransposed, bTransposed, m, n, k, alpha, a, aStride, b, bStride, 0, c, cStride);
  }

  /** Replaces the scores of every row by probabilities, zero where the row does not see. */
  private void softmax(Tile tile, FloatBuffer scores, IntBuffer starts, FloatBuffer logSums) {
    float[] row = tiles.floats(0, tile.keys());
    for (int i = 0; i < tile.rows(); i++) {
      scores.get(i * tile.keys(), row, 0, tile.keys());
      int from = tile.firstVisible(i, starts);
      int count = tile.endVisible(i) - from;
      float max = loops.max(row, from, count);
      float sum = loops.expAndSum(row, from, count, max);
      float factor = 1 / sum;
      for (int j = from; j < from + count; j++) {
        row[j] *= factor;
      }
      clearOutside(row, from, from + count, tile.keys());
      scores.put(i * tile.keys(), row, 0, tile.keys());
      logSums.put(tile.logSumAt(i), (float) (max + Math.log(sum)));
    }
  }

  private static void clearOutside(float[] row, int from, int to, int length) {
    for (int j = 0; j < from; j++) {
      row[j] = 0;
    }
    for (int j = to; j < length; j++) {
      row[j] = 0;
    }
  }

  @Override
  public long workspaceElements(Geometry geometry) {
    return 0;
  }

  @Override
  public void backward(
      Geometry g,
      Tensor qkv,
      Tensor documentStart,
      Tensor out,
      Tensor lse,
      Tensor dout,
      Tensor dqkv,
      Tensor workspace) {
    IntBuffer starts = HostBuffer.of(documentStart).ints();
    int tilesOfSequence = (g.time() + TILE - 1) / TILE;
    int group = g.queryHeads() / g.keyValueHeads();
    Backward backward =
        new Backward(
            g,
            HostBuffer.of(qkv).floatPointer(),
            HostBuffer.of(out).floats(),
            HostBuffer.of(lse).floats(),
            HostBuffer.of(dout),
            HostBuffer.of(dqkv));
    tiles.forEach(
        g.batch() * g.keyValueHeads(),
        block -> {
          int sequence = block / g.keyValueHeads();
          int keyHead = block % g.keyValueHeads();
          KeyValueSums sums = clearedSums(g.time() * g.headSize());
          for (int head = keyHead * group; head < (keyHead + 1) * group; head++) {
            for (int t = 0; t < tilesOfSequence; t++) {
              int index = (sequence * g.queryHeads() + head) * tilesOfSequence + t;
              run(backward, Tile.of(g, index, tilesOfSequence, starts), sums, starts);
            }
          }
          store(sums, g, sequence, keyHead, backward.dqkv().floats());
        });
  }

  /**
   * Gradients of the keys and values of one head of one sequence, {@code [T, D]} each, while they
   * are summed: close together, which the rows of the fused gradient are not.
   */
  private record KeyValueSums(NativeScratch.Area keys, NativeScratch.Area values) {}

  private KeyValueSums clearedSums(int elements) {
    KeyValueSums sums = new KeyValueSums(scratch.area(2, elements), scratch.area(3, elements));
    sums.keys().memory().fillZero();
    sums.values().memory().fillZero();
    return sums;
  }

  private static void store(
      KeyValueSums sums, Geometry g, int sequence, int keyHead, FloatBuffer gradients) {
    int d = g.headSize();
    int at = sequence * g.time() * g.qkvWidth() + g.queryWidth() + keyHead * d;
    for (int t = 0; t < g.time(); t++) {
      gradients.put(at, sums.keys().values(), t * d, d);
      gradients.put(at + g.keyValueHeads() * d, sums.values().values(), t * d, d);
      at += g.qkvWidth();
    }
  }

  /** Operands of the backward pass. */
  private record Backward(
      Geometry g,
      FloatPointer qkv,
      FloatBuffer out,
      FloatBuffer lse,
      HostBuffer dout,
      HostBuffer dqkv) {}

  private void run(Backward b, Tile tile, KeyValueSums sums, IntBuffer starts) {
    Geometry g = b.g();
    int d = g.headSize();
    int rows = tile.rows();
    int keys = tile.keys();
    int stride = g.qkvWidth();
    NativeScratch.Area p = scratch.area(0, rows * keys);
    NativeScratch.Area ds = scratch.area(1, rows * keys);
    FloatPointer query = b.qkv().getPointer(tile.queryAt());
    FloatPointer key = b.qkv().getPointer(tile.keyAt());
    FloatPointer value = b.qkv().getPointer(tile.valueAt());
    FloatPointer gradient = b.dout().floatPointer().getPointer(tile.outAt());
    multiply(false, true, rows, keys, d, g.scale(), query, stride, key, stride, p.pointer(), keys);
    multiply(
        false, true, rows, keys, d, 1, gradient, g.queryWidth(), value, stride, ds.pointer(), keys);
    gradientsOfScores(b, tile, starts, p.values(), ds.values());
    multiply(
        false,
        false,
        rows,
        d,
        keys,
        1,
        ds.pointer(),
        keys,
        key,
        stride,
        b.dqkv().floatPointer().getPointer(tile.queryAt()),
        stride);
    Blas.sgemm(
        true,
        false,
        keys,
        d,
        rows,
        1,
        ds.pointer(),
        keys,
        query,
        stride,
        1,
        sums.keys().pointer().getPointer((long) tile.firstKey() * d),
        d);
    Blas.sgemm(
        true,
        false,
        keys,
        d,
        rows,
        1,
        p.pointer(),
        keys,
        gradient,
        g.queryWidth(),
        1,
        sums.values().pointer().getPointer((long) tile.firstKey() * d),
        d);
  }

  /** Scores to probabilities, and dP to {@code dS = P (dP - delta) scale}, row by row. */
  private void gradientsOfScores(
      Backward b, Tile tile, IntBuffer starts, FloatBuffer p, FloatBuffer ds) {
    int d = b.g().headSize();
    int keys = tile.keys();
    float[] probability = tiles.floats(0, keys);
    float[] gradient = tiles.floats(1, keys);
    float[] out = tiles.floats(2, d);
    float[] dout = tiles.floats(3, d);
    FloatBuffer douts = b.dout().floats();
    for (int i = 0; i < tile.rows(); i++) {
      int at = tile.outAt() + i * b.g().queryWidth();
      b.out().get(at, out, 0, d);
      douts.get(at, dout, 0, d);
      float delta = loops.dot(out, 0, dout, 0, d);
      p.get(i * keys, probability, 0, keys);
      ds.get(i * keys, gradient, 0, keys);
      int from = tile.firstVisible(i, starts);
      int to = tile.endVisible(i);
      loops.expAndSum(probability, from, to - from, b.lse().get(tile.logSumAt(i)));
      float scale = b.g().scale();
      for (int j = from; j < to; j++) {
        gradient[j] = probability[j] * (gradient[j] - delta) * scale;
      }
      clearOutside(probability, from, to, keys);
      clearOutside(gradient, from, to, keys);
      p.put(i * keys, probability, 0, keys);
      ds.put(i * keys, gradient, 0, keys);
    }
  }

  /**
   * Queries {@code [first, first + rows)} of one head of one sequence against keys {@code
   * [firstKey, firstKey + keys)}: from the start of the first query's document to the last query.
   */
  private record Tile(
      Geometry g, int sequence, int head, int first, int rows, int firstKey, int keys) {

    static Tile of(Geometry g, int index, int tilesOfSequence, IntBuffer starts) {
      int first = index % tilesOfSequence * TILE;
      int head = index / tilesOfSequence % g.queryHeads();
      int sequence = index / tilesOfSequence / g.queryHeads();
      int rows = Math.min(TILE, g.time() - first);
      int firstKey = starts.get(sequence * g.time() + first);
      return new Tile(g, sequence, head, first, rows, firstKey, first + rows - firstKey);
    }

    private int rowOf(int time) {
      return sequence * g.time() + time;
    }

    int outAt() {
      return rowOf(first) * g.queryWidth() + head * g.headSize();
    }

    int queryAt() {
      return rowOf(first) * g.qkvWidth() + head * g.headSize();
    }

    int keyAt() {
      int keyHead = head / (g.queryHeads() / g.keyValueHeads());
      return rowOf(firstKey) * g.qkvWidth() + g.queryWidth() + keyHead * g.headSize();
    }

    int valueAt() {
      return keyAt() + g.keyValueHeads() * g.headSize();
    }

    int logSumAt(int row) {
      return rowOf(first + row) * g.queryHeads() + head;
    }

    int firstVisible(int row, IntBuffer starts) {
      return starts.get(rowOf(first + row)) - firstKey;
    }

    int endVisible(int row) {
      return first + row + 1 - firstKey;
    }
  }
}
