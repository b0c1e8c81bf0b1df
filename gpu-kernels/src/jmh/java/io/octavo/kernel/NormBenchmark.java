package io.octavo.kernel;

import io.octavo.tensor.Tensor;
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

/** RMSNorm and its gradient. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class NormBenchmark extends Bench {

  @Param({"256", "768"})
  public int columns;

  @Param("2048")
  public int rows;

  private NormKernels norm;
  private Tensor x;
  private Tensor dy;
  private Tensor weight;
  private Tensor y;
  private Tensor rstd;
  private Tensor dx;
  private Tensor dweight;

  @Setup(Level.Trial)
  public void setUp() {
    norm = open().norm();
    check(
        (b, t) -> {
          Tensor result = t.zeros(13, 127);
          b.norm().rmsNorm(t.normal(1, 1, 13, 127), t.normal(2, 1, 127), 0, result, t.zeros(13));
          return result;
        });
    Tensors t = tensors();
    x = t.normal(1, 1, rows, columns);
    dy = t.normal(2, 1, rows, columns);
    weight = t.normal(3, 1, columns);
    y = t.zeros(rows, columns);
    rstd = t.zeros(rows);
    dx = t.zeros(rows, columns);
    dweight = t.zeros(columns);
    norm.rmsNorm(x, weight, 1e-5f, y, rstd);
  }

  @Benchmark
  public void rmsNorm(Work work) {
    norm.rmsNorm(x, weight, 1e-5f, y, rstd);
    work.bytes += 2L * rows * columns * Float.BYTES;
  }

  @Benchmark
  public void rmsNormBackward(Work work) {
    norm.rmsNormBackward(dy, x, weight, rstd, dx, dweight);
    work.bytes += 4L * rows * columns * Float.BYTES;
  }
}
