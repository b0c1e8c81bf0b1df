package io.octavo.kernel;

import io.octavo.tensor.Tensor;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Attention over one sequence length, whole or packed with short documents. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class AttentionBenchmark extends Bench {

  /** Sequences, their length, query heads, key/value heads, head size, length of a document. */
  @Param({"8x256x4x4x64x256", "8x256x4x2x64x256", "8x256x8x8x32x64", "1x2048x4x4x64x2048"})
  public String shape;

  private AttentionKernels attention;
  private AttentionKernels.Geometry geometry;
  private Tensor q;
  private Tensor k;
  private Tensor v;
  private Tensor start;
  private Tensor out;
  private Tensor lse;
  private Tensor dout;
  private Tensor dq;
  private Tensor dk;
  private Tensor dv;
  private long pairs;

  @Setup(Level.Trial)
  public void setUp() {
    int[] extents = Arrays.stream(shape.split("x")).mapToInt(Integer::parseInt).toArray();
    int time = extents[1];
    int document = extents[5];
    geometry =
        new AttentionKernels.Geometry(extents[0], time, extents[2], extents[3], extents[4]);
    attention = open().attention();
    check(AttentionBenchmark::small);
    Tensors t = tensors();
    int rows = geometry.rows();
    int queries = geometry.queryHeads() * geometry.headSize();
    int keys = geometry.keyValueHeads() * geometry.headSize();
    int[] starts = new int[rows];
    Arrays.setAll(starts, row -> row % time / document * document);
    start = t.ints(starts);
    q = t.normal(1, 1, rows, queries);
    k = t.normal(2, 1, rows, keys);
    v = t.normal(3, 1, rows, keys);
    dout = t.normal(4, 1, rows, queries);
    out = t.zeros(rows, queries);
    lse = t.zeros(rows, geometry.queryHeads());
    dq = t.zeros(rows, queries);
    dk = t.zeros(rows, keys);
    dv = t.zeros(rows, keys);
    attention.forward(geometry, q, k, v, start, out, lse);
    for (int row = 0; row < rows; row++) {
      pairs += row % time - starts[row] + 1;
    }
  }

  private static Tensor small(Backend b, Tensors t) {
    var g = new AttentionKernels.Geometry(1, 70, 2, 1, 16);
    Tensor result = t.zeros(70, 32);
    b.attention()
        .forward(
            g,
            t.normal(1, 1, 70, 32),
            t.normal(2, 1, 70, 16),
            t.normal(3, 1, 70, 16),
            t.ints(new int[70]),
            result,
            t.zeros(70, 2));
    return result;
  }

  private void count(Work work, int products) {
    work.flop += 2L * products * pairs * geometry.queryHeads() * geometry.headSize();
  }

  /** Counts the visible pairs only: two products of {@code D} each. */
  @Benchmark
  public void forward(Work work) {
    attention.forward(geometry, q, k, v, start, out, lse);
    count(work, 2);
  }

  /** Five products a visible pair. */
  @Benchmark
  public void backward(Work work) {
    attention.backward(geometry, q, k, v, start, out, lse, dout, dq, dk, dv);
    count(work, 5);
  }
}
