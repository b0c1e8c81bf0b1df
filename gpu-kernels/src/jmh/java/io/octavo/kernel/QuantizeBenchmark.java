package io.octavo.kernel;

import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.DataType;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
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

/** Casts by format and granularity, beside a plain copy of as many numbers. */
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 3, time = 1)
@Fork(1)
@State(Scope.Thread)
public class QuantizeBenchmark extends Bench {

  @Param({"E4M3", "E5M2", "E2M1"})
  public String format;

  @Param({"tensor", "row", "group", "block"})
  public String granularity;

  @Param("2048")
  public int rows;

  @Param("768")
  public int columns;

  private Backend backend;
  private Tensor source;
  private Tensor copy;
  private Tensor narrow;
  private QuantizedTensor codes;
  private Transposed transposed;

  @Setup(Level.Trial)
  public void setUp() {
    backend = open();
    check(
        (b, t) -> {
          QuantizedTensor small = target(t, 13, 127);
          b.quantize().quantize(t.normal(1, 1, 13, 127), small, RandomStream.NONE);
          Tensor result = t.zeros(13, 127);
          b.quantize().dequantize(small, result);
          return result;
        });
    Tensors t = tensors();
    source = t.normal(1, 1, rows, columns);
    copy = t.zeros(rows, columns);
    narrow = t.empty(DataType.BF16, rows, columns);
    codes = target(t, rows, columns);
    transposed = new Transposed(target(t, columns, rows));
    backend.quantize().quantize(source, codes, RandomStream.NONE);
  }

  private QuantizedTensor target(Tensors t, int height, int width) {
    return t.codes(spec(), height, width);
  }

  private QuantSpec spec() {
    ElementFormat element =
        switch (format) {
          case "E4M3" -> ElementFormat.E4M3;
          case "E5M2" -> ElementFormat.E5M2;
          default -> ElementFormat.E2M1;
        };
    Granularity shared =
        switch (granularity) {
          case "tensor" -> new Granularity.PerTensor();
          case "row" -> new Granularity.PerRow();
          case "group" -> new Granularity.Group(128);
          default -> new Granularity.Block(128, 128);
        };
    return new QuantSpec(element, ScaleFormat.FP32, shared, Rounding.NEAREST_EVEN);
  }

  private long elements() {
    return (long) rows * columns;
  }

  @Benchmark
  public void quantize(Work work) {
    backend.quantize().quantize(source, codes, RandomStream.NONE);
    work.bytes += elements() * (Float.BYTES + 1);
  }

  @Benchmark
  public void quantizeTransposed(Work work) {
    backend.quantize().quantizeTransposed(source, transposed, RandomStream.NONE);
    work.bytes += elements() * (Float.BYTES + 1);
  }

  @Benchmark
  public void dequantize(Work work) {
    backend.quantize().dequantize(codes, copy);
    work.bytes += elements() * (Float.BYTES + 1);
  }

  @Benchmark
  public void toBf16(Work work) {
    backend.quantize().convert(source, narrow);
    work.bytes += elements() * (Float.BYTES + Short.BYTES);
  }

  @Benchmark
  public void copy(Work work) {
    backend.copy(source, copy);
    work.bytes += elements() * 2 * Float.BYTES;
  }
}
