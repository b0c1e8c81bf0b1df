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
  private Tensor qkv;
  private Tensor start;
  private Tensor out;
  private Tensor lse;
  private Tensor dout;
  private Tensor dqkv;
  private Tensor workspace;
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
    int[] starts = new int[rows];
    Arrays.setAll(starts, row -> row % time / document * document);
    start = t.ints(starts);
    qkv = t.normal(1, 1, rows, geometry.qkvWidth());
    dout = t.normal(4, 1, rows, geometry.queryWidth());
    out = t.zeros(rows, geometry.queryWidth());
    lse = t.zeros(rows, geometry.queryHeads());
    dqkv = t.zeros(rows, geometry.qkvWidth());
    workspace = t.zeros(attention.workspaceElements(geometry));
    attention.forward(geometry, qkv, start, out, lse);
    for (int row = 0; row < rows; row++) {
      pairs += row % time - starts[row] + 1;
    }
  }

  private static Tensor small(Backend b, Tensors t) {
    var g = new AttentionKernels.Geometry(1, 70, 2, 1, 16);
    Tensor result = t.zeros(70, 32);
    b.attention()
        .forward(
            g, t.normal(1, 1, 70, g.qkvWidth()), t.ints(new int[70]), result, t.zeros(70, 2));
    return result;
  }

  private void count(Work work, int products) {
    work.flop += 2L * products * pairs * geometry.queryHeads() * geometry.headSize();
  }

  /** Counts the visible pairs only: two products of {@code D} each. */
  @Benchmark
  public void forward(Work work) {
    attention.forward(geometry, qkv, start, out, lse);
    count(work, 2);
  }

  /** Five products a visible pair. */
  @Benchmark
  public void backward(Work work) {
    attention.backward(geometry, qkv, start, out, lse, dout, dqkv, workspace);
    count(work, 5);
  }
}
