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

/** Cross-entropy over a chunk of logits. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class LossBenchmark extends Bench {

  @Param({"272", "4096"})
  public int vocabulary;

  @Param("1024")
  public int rows;

  private LossKernels loss;
  private Tensor logits;
  private Tensor targets;
  private Tensor losses;

  @Setup(Level.Trial)
  public void setUp() {
    loss = open().loss();
    check(
        (b, t) -> {
          Tensor result = t.zeros(3);
          b.loss()
              .crossEntropy(t.normal(1, 3, 3, 127), t.ints(new int[] {5, 126, 0}), result);
          return result;
        });
    Tensors t = tensors();
    logits = t.normal(1, 3, rows, vocabulary);
    int[] ids = new int[rows];
    Arrays.setAll(ids, row -> row * 31 % vocabulary);
    targets = t.ints(ids);
    losses = t.zeros(rows);
  }

  @Benchmark
  public void crossEntropy(Work work) {
    loss.crossEntropy(logits, targets, losses);
    work.bytes += (long) rows * vocabulary * Float.BYTES;
  }

  /** Overwrites the logits: later calls see gradients of gradients, at the same cost. */
  @Benchmark
  public void crossEntropyBackward(Work work) {
    loss.crossEntropyBackward(logits, targets, losses, 1);
    work.bytes += 2L * rows * vocabulary * Float.BYTES;
  }
}
