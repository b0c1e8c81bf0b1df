package io.octavo.kernel;

import io.octavo.format.Bfloat16;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/** Tensors of a test on one host backend, filled from a seed, given back together. */
public final class Tensors implements AutoCloseable {

  private final Backend backend;
  private final List<AutoCloseable> arenas = new ArrayList<>();

  public Tensors(Backend backend) {
    this.backend = backend;
  }

  public Tensor empty(DataType type, long... extents) {
    ArenaPlan plan = new ArenaPlan();
    ArenaPlan.Slot slot = plan.reserve(MemoryKind.WORKSPACE, "test", type, Shape.of(extents));
    Arena arena = Arena.allocate(plan, backend);
    arenas.add(arena);
    return arena.tensor(slot);
  }

  public Tensor zeros(long... extents) {
    return empty(DataType.F32, extents);
  }

  /** Room for a cast of {@code rows} by {@code columns} numbers. */
  public QuantizedTensor codes(QuantSpec spec, long rows, long columns) {
    Tensor codes = empty(DataType.U8, rows, columns);
    long scales = QuantizedTensor.scaleCapacity(spec.granularity(), codes.shape());
    return new QuantizedTensor(spec, codes, empty(QuantizedTensor.scaleType(spec), scales));
  }

  /** Normal numbers times {@code deviation}. */
  public Tensor normal(long seed, double deviation, long... extents) {
    Tensor tensor = zeros(extents);
    RandomStream random = new RandomStream(seed, 0);
    float[] values = new float[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (random.normal(i) * deviation);
    }
    HostBuffer.of(tensor).put(values);
    return tensor;
  }

  public Tensor of(float[] values, long... extents) {
    Tensor tensor = zeros(extents);
    HostBuffer.of(tensor).put(values);
    return tensor;
  }

  public Tensor ints(int[] values) {
    Tensor tensor = empty(DataType.I32, values.length);
    HostBuffer.of(tensor).ints().put(0, values);
    return tensor;
  }

  /** All numbers of an F32 or BF16 tensor. */
  public static float[] floats(Tensor tensor) {
    HostBuffer buffer = HostBuffer.of(tensor);
    if (tensor.type() != DataType.BF16) {
      return buffer.toFloats();
    }
    float[] values = new float[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] = Bfloat16.decode(buffer.shorts().get(i));
    }
    return values;
  }

  /** {@code |a - b| / |b|} in the Euclidean norm. */
  public static double relativeError(float[] actual, float[] expected) {
    double difference = 0;
    double size = 0;
    for (int i = 0; i < expected.length; i++) {
      double d = (double) actual[i] - expected[i];
      difference += d * d;
      size += (double) expected[i] * expected[i];
    }
    return Math.sqrt(difference / Math.max(size, 1e-300));
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable arena : arenas) {
      arena.close();
    }
  }
}
