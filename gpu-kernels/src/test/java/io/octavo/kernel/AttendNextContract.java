package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.LinearKernelsContract.Activations;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A step of one row a sequence by {@link ServedLayers#attendNext}: the same bits as turning,
 * appending and attending one after the other, in the result and in the pool.
 */
public abstract class AttendNextContract {

  private static final int MOST_POSITIONS = 1024;

  protected abstract Backend open();

  /** Positions each row sees, its own included; one is not used. */
  private static final int[][] LENGTHS = {
    {1}, {64, 0, 65}, {17, 128, 129, 16}, {500, 1, 511, 512}, {513, 700, 90, 1000, 0, 64}
  };

  private record Result(float[] out, byte[] pool) {}

  @ParameterizedTest
  @CsvSource({
    "FP16, 8, 2, 64, 0",
    "FP8, 32, 4, 64, 0",
    "INT4, 4, 4, 64, 0",
    "FP8, 3, 3, 128, 0",
    "FP16, 24, 1, 128, 0",
    "INT4, 16, 1, 32, 0",
    "FP8, 8, 2, 64, 100",
    "FP16, 4, 2, 48, 0"
  })
  void isTurningAppendingAndAttending(
      CacheFormat format, int queryHeads, int keyHeads, int headSize, int window) throws Exception {
    CacheKernels.Geometry geometry =
        new CacheKernels.Geometry(
            format, queryHeads, keyHeads, headSize, (float) (1 / Math.sqrt(headSize)), window);
    try (Backend backend = open()) {
      for (int[] lengths : LENGTHS) {
        Result together = step(backend, geometry, lengths, true);
        Result apart = step(backend, geometry, lengths, false);
        assertThat(together.out()).as(Arrays.toString(lengths)).isEqualTo(apart.out());
        assertThat(together.pool()).as(Arrays.toString(lengths)).isEqualTo(apart.pool());
      }
    }
  }

  private static float[] random(long count, int stream) {
    RandomStream random = new RandomStream(5, stream);
    float[] values = new float[Math.toIntExact(count)];
    for (int i = 0; i < values.length; i++) {
      values[i] = Bfloat16.round((float) random.normal(i));
    }
    return values;
  }

  private static Result step(
      Backend backend, CacheKernels.Geometry geometry, int[] lengths, boolean together)
      throws Exception {
    int rows = lengths.length;
    int pages = (Arrays.stream(lengths).max().orElseThrow() + 15) / CacheKernels.PAGE;
    int width = geometry.qkvWidth();
    int half = geometry.headSize() / 2;
    try (Tensors tensors = new Tensors(backend)) {
      long page =
          CacheKernels.pageBytes(geometry.format(), geometry.keyValueHeads(), geometry.headSize());
      Tensor pool = tensors.empty(DataType.U8, rows * pages * page);
      int[] table = new int[rows * pages];
      for (int i = 0; i < table.length; i++) {
        table[i] = table.length - 1 - i;
      }
      for (int r = 0; r < rows; r++) {
        fill(backend, geometry, tensors, pool, table, r * pages, lengths[r] - 1);
      }
      int[] slots = new int[rows];
      int[] positions = new int[rows];
      int[] sequences = new int[rows];
      for (int r = 0; r < rows; r++) {
        int last = lengths[r] - 1;
        slots[r] = last < 0 ? -1 : slot(table, r * pages, last);
        positions[r] = Math.max(0, last);
        sequences[r] = r;
      }
      float[] cosine = new float[MOST_POSITIONS * half];
      float[] sine = new float[MOST_POSITIONS * half];
      for (int i = 0; i < cosine.length; i++) {
        cosine[i] = (float) Math.cos(0.3 * (i / half) / (1 + i % half));
        sine[i] = (float) Math.sin(0.3 * (i / half) / (1 + i % half));
      }
      Tensor qkv = Activations.of(backend, tensors, random((long) rows * width, 9), rows, width);
      Tensor out =
          Activations.of(
              backend,
              tensors,
              new float[rows * geometry.queryHeads() * geometry.headSize()],
              rows,
              geometry.queryHeads() * geometry.headSize());
      ServedLayers.Places places =
          new ServedLayers.Places(
              tensors.ints(positions),
              tensors.of(cosine, MOST_POSITIONS, half),
              tensors.of(sine, MOST_POSITIONS, half),
              tensors.ints(slots));
      ServedLayers.Sight sight =
          new ServedLayers.Sight(
              tensors.ints(table).reshape(rows, pages),
              tensors.ints(sequences),
              tensors.ints(lengths));
      ServedLayers layers = backend.servedLayers();
      if (together) {
        layers.attendNext(geometry, qkv, places, pool, sight, out);
      } else {
        layers.rotateAppend(geometry, qkv, places, pool);
        backend
            .cache()
            .attend(
                geometry, qkv, pool, sight.blockTable(), sight.sequence(), sight.lengths(), out);
      }
      backend.synchronize();
      return new Result(tensors.read(out), tensors.codes(pool));
    }
  }

  /** Keys and values of the first {@code count} positions of a sequence. */
  private static void fill(
      Backend backend,
      CacheKernels.Geometry geometry,
      Tensors tensors,
      Tensor pool,
      int[] table,
      int firstPage,
      int count) {
    if (count <= 0) {
      return;
    }
    int width = geometry.qkvWidth();
    int[] slots = new int[count];
    for (int position = 0; position < count; position++) {
      slots[position] = slot(table, firstPage, position);
    }
    Tensor qkv =
        Activations.of(backend, tensors, random((long) count * width, firstPage), count, width);
    backend.cache().append(geometry, qkv, tensors.ints(slots), pool);
  }

  private static int slot(int[] table, int firstPage, int position) {
    return table[firstPage + position / CacheKernels.PAGE] * CacheKernels.PAGE
        + position % CacheKernels.PAGE;
  }
}
