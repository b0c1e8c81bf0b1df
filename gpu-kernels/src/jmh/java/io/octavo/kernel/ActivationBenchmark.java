package io.octavo.kernel;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.QuantizedTensor;
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

/** SwiGLU, its gradient, the residual add and the rotary embedding. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class ActivationBenchmark extends Bench {

  @Param({"768", "2048"})
  public int columns;

  @Param("2048")
  public int rows;

  private ActivationKernels activation;
  private RotaryKernels rotary;
  private Tensor gateUp;
  private QuantizedTensor kept;
  private Tensor dout;
  private Tensor out;
  private Tensor dGateUp;
  private Tensor positions;
  private Tensor cosine;
  private Tensor sine;

  @Setup(Level.Trial)
  public void setUp() {
    Backend backend = open();
    activation = backend.activation();
    rotary = backend.rotary();
    check(
        (b, t) -> {
          Tensor result = t.zeros(13, 127);
          b.activation().swiGlu(t.normal(1, 2, 13, 254), result);
          return result;
        });
    Tensors t = tensors();
    gateUp = t.normal(1, 2, rows, 2L * columns);
    dout = t.normal(3, 1, rows, columns);
    out = t.zeros(rows, columns);
    dGateUp = t.zeros(rows, 2L * columns);
    kept =
        t.codes(
            new QuantSpec(
                ElementFormat.E4M3,
                ScaleFormat.BF16,
                new Granularity.Group(16),
                Rounding.NEAREST_EVEN),
            rows,
            2L * columns);
    backend.quantize().quantize(gateUp, kept, RandomStream.NONE);
    int[] position = new int[rows];
    Arrays.setAll(position, row -> row % 256);
    positions = t.ints(position);
    cosine = t.normal(4, 0.1, 256, 32);
    sine = t.normal(5, 0.1, 256, 32);
  }

  private void count(Work work, int passes) {
    work.bytes += (long) passes * rows * columns * Float.BYTES;
  }

  @Benchmark
  public void swiGlu(Work work) {
    activation.swiGlu(gateUp, out);
    count(work, 3);
  }

  @Benchmark
  public void swiGluBackward(Work work) {
    activation.swiGluBackward(dout, gateUp, dGateUp);
    count(work, 5);
  }

  /** From codes in groups of 16, decoded tile by tile. */
  @Benchmark
  public void swiGluOfCodes(Work work) {
    activation.swiGlu(kept, out);
    count(work, 3);
  }

  @Benchmark
  public void residualAdd(Work work) {
    activation.add(dout, out);
    count(work, 3);
  }

  @Benchmark
  public void rotate(Work work) {
    rotary.rotate(dout, columns / 64, positions, cosine, sine, RotaryKernels.Direction.FORWARD);
    count(work, 2);
  }
}
