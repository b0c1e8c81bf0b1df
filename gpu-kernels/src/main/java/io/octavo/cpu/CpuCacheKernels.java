package io.octavo.cpu;

import io.octavo.kernel.CacheKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Attention over pages with a running maximum: a page's keys become FP32 once for up to {@value
 * #RUN} rows of a sequence and all query heads that share them.
 */
final class CpuCacheKernels implements CacheKernels {

  private static final int RUN = 8;

  private static final int STATE = CacheLoops.STATE;

  private final Tiles tiles;
  private final FloatLoops floats;
  private final CacheLoops loops;

  CpuCacheKernels(Tiles tiles, FloatLoops floats, CacheLoops loops) {
    this.tiles = tiles;
    this.floats = floats;
    this.loops = loops;
  }

  @Override
  public void append(Geometry geometry, Tensor qkv, Tensor slots, Tensor pool) {
    PageLayout layout = new PageLayout(geometry);
    ByteBuffer bytes = PageLayout.bytes(pool);
    FloatBuffer rows = HostBuffer.of(qkv).floats();
    IntBuffer places = HostBuffer.of(slots).ints();
    int size = geometry.headSize();
    int kept = geometry.keyValueHeads() * size;
    tiles.forRanges(
        qkv.rows(),
        Tiles.rowsPerBlock(2 * kept),
        (from, to) -> {
          float[] values = tiles.floats(0, 2 * kept);
          for (int m = from; m < to; m++) {
            int slot = places.get(m);
            if (slot >= 0) {
              int column = geometry.queryHeads() * size;
              rows.get(m * geometry.qkvWidth() + column, values, 0, 2 * kept);
              for (int head = 0; head < geometry.keyValueHeads(); head++) {
                layout.write(bytes, slot, head, PageLayout.Part.KEYS, values, head * size);
                layout.write(bytes, slot, head, PageLayout.Part.VALUES, values, kept + head * size);
              }
            }
          }
        });
  }

  @Override
  public void attend(
      Geometry geometry,
      Tensor qkv,
      Tensor pool,
      Tensor blockTable,
      Tensor sequence,
      Tensor lengths,
      Tensor out) {
    Call call =
        new Call(
            geometry,
            new PageLayout(geometry),
            HostBuffer.of(qkv).floats(),
            PageLayout.bytes(pool),
            HostBuffer.of(blockTable).ints(),
            blockTable.columns(),
            HostBuffer.of(sequence).ints(),
            HostBuffer.of(lengths).ints(),
            HostBuffer.of(out).floats());
    List<int[]> runs = call.runs(qkv.rows());
    int heads = geometry.keyValueHeads();
    tiles.forEach(
        runs.size() * heads,
        task -> {
          int[] run = runs.get(task / heads);
          attend(call, run[0], run[1], task % heads);
        });
  }

  private record Call(
      Geometry geometry,
      PageLayout layout,
      FloatBuffer qkv,
      ByteBuffer pool,
      IntBuffer blockTable,
      int tableWidth,
      IntBuffer sequence,
      IntBuffer lengths,
      FloatBuffer out) {

    /** Ranges of rows that are used, of one sequence and rising lengths. */
    List<int[]> runs(int rows) {
      List<int[]> runs = new ArrayList<>();
      for (int from = 0; from < rows; ) {
        int to = from + 1;
        while (to < rows && to - from < RUN && sequence.get(to) == sequence.get(from)) {
          to++;
        }
        runs.add(new int[] {from, to});
        from = to;
      }
      return runs;
    }
  }

  private void attend(Call call, int from, int to, int head) {
    Geometry geometry = call.geometry;
    int size = geometry.headSize();
    int group = geometry.group();
    int stride = call.layout.stride();
    int count = (to - from) * group;
    // Queries with padding, then means.
    float[] queries = tiles.floats(0, 2 * count * stride);
    float[] keys = tiles.floats(1, PAGE * stride);
    float[] values = tiles.floats(2, PAGE * stride);
    float[] scores = tiles.floats(3, PAGE);
    float[] state = tiles.floats(4, count * STATE);
    Arrays.fill(queries, 0, 2 * count * stride, 0);
    Arrays.fill(state, 0, count * STATE, 0);
    PageVisit visit =
        new PageVisit(queries, keys, values, size, stride, geometry.scale(), scores, state);
    int first = Integer.MAX_VALUE;
    int last = 0;
    for (int i = 0; i < count; i++) {
      int row = from + i / group;
      int column = (head * group + i % group) * size;
      call.qkv.get(row * geometry.qkvWidth() + column, queries, i * stride, size);
      state[i * STATE + PAGE] = Float.NEGATIVE_INFINITY;
      first = Math.min(first, geometry.firstSeen(call.lengths.get(row)));
      last = Math.max(last, call.lengths.get(row));
    }
    int table = call.sequence.get(from) * call.tableWidth;
    for (int page = first / PAGE; page * PAGE < last; page++) {
      int present = Math.min(PAGE, last - page * PAGE);
      int id = call.blockTable.get(table + page);
      call.layout.readKeys(loops, tiles, call.pool, id, head, keys);
      call.layout.readValues(loops, tiles, call.pool, id, head, present, values);
      for (int i = 0; i < count; i++) {
        int length = call.lengths.get(from + i / group);
        int begin = Math.max(0, geometry.firstSeen(length) - page * PAGE);
        int end = Math.min(PAGE, length - page * PAGE);
        if (begin < end) {
          visit.query = i * stride;
          visit.mean = (count + i) * stride;
          visit.stateAt = i * STATE;
          visit.begin = begin;
          visit.end = end;
          loops.visit(visit);
        }
      }
    }
    for (int i = 0; i < count; i++) {
      int at = (count + i) * stride;
      float sum = floats.sum(state, i * STATE, PAGE);
      float inverse = sum == 0 ? 0 : 1 / sum;
      for (int d = 0; d < size; d++) {
        queries[at + d] *= inverse;
      }
      int row = from + i / group;
      int column = (head * group + i % group) * size;
      call.out.put(row * geometry.queryHeads() * size + column, queries, at, size);
    }
  }
}
