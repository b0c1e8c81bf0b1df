package io.octavo.kernel;

import io.octavo.kernel.OptimizerKernels.AdamWRule;
import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.kernel.OptimizerKernels.PlainMoment;
import io.octavo.tensor.DataType;
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

/** AdamW by the storage of its moments: bytes are those of all that is read and written. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class OptimizerBenchmark extends Bench {

  /** Master read and written, gradient read. */
  private static final double BYTES_BESIDE_MOMENTS = 12;

  private static final AdamWRule RULE = new AdamWRule(0.9f, 0.95f, 1e-8f, 0.1f);

  @Param({"fp32", "bf16", "fp8"})
  public String moments;

  @Param("1048576")
  public int elements;

  private OptimizerKernels optimizer;
  private Tensor parameters;
  private Tensor gradients;
  private Moment first;
  private Moment second;
  private Tensor control;

  @Setup(Level.Trial)
  public void setUp() {
    optimizer = open().optimizer();
    check(
        (b, t) -> {
          Tensor result = t.normal(1, 1, 1000);
          Moment m = moment(b.optimizer(), t, 1000);
          Moment v = moment(b.optimizer(), t, 1000);
          b.optimizer().adamW(result, t.normal(2, 1e-3, 1000), m, v, RULE, control(t));
          return result;
        });
    Tensors t = tensors();
    parameters = t.normal(1, 0.02, elements);
    gradients = t.normal(2, 1e-3, elements);
    first = moment(optimizer, t, elements);
    second = moment(optimizer, t, elements);
    control = control(t);
  }

  private Moment moment(OptimizerKernels kernels, Tensors t, int count) {
    Moment moment = moments.equals("fp8") ? expanded(t, count) : plain(t, count);
    kernels.reset(moment);
    return moment;
  }

  private static Moment expanded(Tensors t, int count) {
    int groups = (count + OptimizerKernels.GROUP - 1) / OptimizerKernels.GROUP;
    return new Fp8Moment(
        t.empty(DataType.U8, count), t.zeros(groups), t.zeros(groups), t.zeros(groups));
  }

  private Moment plain(Tensors t, int count) {
    return new PlainMoment(t.empty(moments.equals("bf16") ? DataType.BF16 : DataType.F32, count));
  }

  /** Of one step; which one does not change the work. */
  private static Tensor control(Tensors t) {
    float[] numbers = new float[OptimizerKernels.CONTROL];
    numbers[OptimizerKernels.STEP] = 1;
    numbers[OptimizerKernels.LEARNING_RATE] = 1e-3f;
    numbers[OptimizerKernels.FACTOR] = 1;
    return t.of(numbers, numbers.length);
  }

  /** What both moments take, read and written: 8, 4 or 2.1875 bytes a parameter. */
  private double bytesOfMoments() {
    return switch (moments) {
      case "fp32" -> 2 * 8;
      case "bf16" -> 2 * 4;
      default -> 2 * 2.1875;
    };
  }

  @Benchmark
  public void adamW(Work work) {
    optimizer.adamW(parameters, gradients, first, second, RULE, control);
    work.bytes += (long) (elements * (BYTES_BESIDE_MOMENTS + bytesOfMoments()));
  }
}
