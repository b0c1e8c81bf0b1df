package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.CacheKernels.Geometry;
import io.octavo.kernel.LinearKernelsContract.Activations;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Attention over pages against the reference, and the same bits however a sequence is cut. */
public abstract class CacheKernelsContract {

  /** Tokens of the two sequences; their pages lie mixed in the pool. */
  private static final int[] LENGTHS = {45, 21};

  private static final int PAGES = 8;
  private static final int[][] TABLE = {{5, 0, 7}, {2, 3, 0}};

  protected abstract Backend open();

  protected double limit() {
    return 2e-6;
  }

  static Stream<Arguments> geometries() {
    return Stream.of(CacheFormat.values())
        .flatMap(
            format ->
                Stream.of(
                    Arguments.of(new Geometry(format, 4, 2, 64, 0.125f, 0)),
                    Arguments.of(new Geometry(format, 3, 3, 128, 0.09f, 0)),
                    Arguments.of(new Geometry(format, 8, 1, 32, 0.18f, 19))));
  }

  /** A run of tokens of one sequence that enter the cache together. */
  private record Chunk(int sequence, int from, int to) {}

  private static float[] token(Geometry geometry, int sequence, int position) {
    RandomStream random = new RandomStream(11 + sequence, position);
    float[] row = new float[geometry.qkvWidth()];
    for (int i = 0; i < row.length; i++) {
      row[i] = io.octavo.format.Bfloat16.round((float) (2 * random.normal(i)));
    }
    return row;
  }

  /** Results of all tokens, sequence by sequence, when they enter chunk by chunk. */
  private static float[][] attend(Backend backend, Geometry geometry, Chunk[]... steps)
      throws Exception {
    float[][] results = new float[Arrays.stream(LENGTHS).sum()][];
    try (Tensors tensors = new Tensors(backend)) {
      long bytes =
          CacheKernels.pageBytes(geometry.format(), geometry.keyValueHeads(), geometry.headSize());
      Tensor pool = tensors.empty(DataType.U8, PAGES * bytes);
      Tensor table =
          tensors.ints(Arrays.stream(TABLE).flatMapToInt(Arrays::stream).toArray()).reshape(2, 3);
      for (Chunk[] step : steps) {
        int rows = Arrays.stream(step).mapToInt(c -> c.to - c.from).sum();
        float[] qkv = new float[rows * geometry.qkvWidth()];
        int[] slots = new int[rows];
        int[] sequence = new int[rows];
        int[] lengths = new int[rows];
        int row = 0;
        for (Chunk chunk : step) {
          for (int p = chunk.from; p < chunk.to; p++, row++) {
            float[] values = token(geometry, chunk.sequence, p);
            System.arraycopy(values, 0, qkv, row * values.length, values.length);
            slots[row] = TABLE[chunk.sequence][p / 16] * 16 + p % 16;
            sequence[row] = chunk.sequence;
            lengths[row] = p + 1;
          }
        }
        Tensor x = Activations.of(backend, tensors, qkv, rows, geometry.qkvWidth());
        int width = geometry.queryHeads() * geometry.headSize();
        Tensor out = Activations.empty(backend, tensors, rows, width);
        backend.cache().append(geometry, x, tensors.ints(slots), pool);
        backend
            .cache()
            .attend(geometry, x, pool, table, tensors.ints(sequence), tensors.ints(lengths), out);
        backend.synchronize();
        float[] result = tensors.read(out);
        for (int r = 0; r < rows; r++) {
          int at = (sequence[r] == 0 ? 0 : LENGTHS[0]) + lengths[r] - 1;
          results[at] = Arrays.copyOfRange(result, r * width, (r + 1) * width);
        }
      }
    }
    return results;
  }

  private static final Chunk[][] WHOLE = {{new Chunk(0, 0, 45), new Chunk(1, 0, 21)}};

  @ParameterizedTest
  @MethodSource("geometries")
  void attendsAsTheReference(Geometry geometry) throws Exception {
    try (Backend backend = open();
        ReferenceBackend reference = new ReferenceBackend()) {
      float[][] actual = attend(backend, geometry, WHOLE);
      float[][] expected = attend(reference, geometry, WHOLE);
      for (int i = 0; i < expected.length; i++) {
        assertThat(Tensors.relativeError(actual[i], expected[i]))
            .as("token %d", i)
            .isLessThan(limit());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("geometries")
  void givesTheSameBitsHoweverSequencesAreCut(Geometry geometry) throws Exception {
    Chunk[][] cut = {
      {new Chunk(1, 0, 13)},
      {new Chunk(0, 0, 1), new Chunk(1, 13, 14)},
      {new Chunk(1, 14, 21), new Chunk(0, 1, 40)},
      {new Chunk(0, 40, 41)},
      {new Chunk(0, 41, 45)}
    };
    try (Backend backend = open()) {
      assertThat(attend(backend, geometry, cut)).isDeepEqualTo(attend(backend, geometry, WHOLE));
    }
  }
}
