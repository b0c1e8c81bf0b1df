package io.octavo.kernel;

import io.octavo.cuda.StoredScales;
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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Tensors of a test on one backend, filled from a seed, given back together. */
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
    write(tensor, values);
    return tensor;
  }

  public Tensor of(float[] values, long... extents) {
    Tensor tensor = zeros(extents);
    write(tensor, values);
    return tensor;
  }

  public Tensor ints(int[] values) {
    Tensor tensor = empty(DataType.I32, values.length);
    ByteBuffer bytes = ByteBuffer.allocateDirect(values.length * Integer.BYTES);
    bytes.order(ByteOrder.nativeOrder()).asIntBuffer().put(values);
    backend.upload(bytes, tensor);
    return tensor;
  }

  /** Replaces all elements of an F32 tensor. */
  public void write(Tensor tensor, float[] values) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(values.length * Float.BYTES);
    bytes.order(ByteOrder.nativeOrder()).asFloatBuffer().put(values);
    backend.upload(bytes, tensor);
  }

  /** All numbers of an F32 or BF16 tensor, wherever it lies. */
  public float[] read(Tensor tensor) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(tensor.buffer().bytes()))
            .order(ByteOrder.nativeOrder());
    backend.download(tensor, bytes);
    float[] values = new float[Math.toIntExact(tensor.elements())];
    if (tensor.type() == DataType.F32) {
      bytes.asFloatBuffer().get(values);
      return values;
    }
    for (int i = 0; i < values.length; i++) {
      values[i] = Bfloat16.decode(bytes.getShort(2 * i));
    }
    return values;
  }

  /** The scales of a cast in the order of the host, without padding, wherever they lie. */
  public float[] scales(QuantizedTensor cast) {
    float[] stored = read(cast.scales());
    if (!(cast.scales().buffer() instanceof HostBuffer)) {
      return StoredScales.inHostOrder(cast, stored);
    }
    Shape shape = QuantizedTensor.scaleShape(cast.spec().granularity(), cast.codes().shape());
    return Arrays.copyOf(stored, Math.toIntExact(shape.elements()));
  }

  /** All bytes of a tensor of codes, wherever it lies. */
  public byte[] codes(Tensor tensor) {
    byte[] codes = new byte[Math.toIntExact(tensor.elements())];
    backend.download(tensor, ByteBuffer.wrap(codes));
    return codes;
  }

  /** All numbers of an F32 or BF16 tensor of a host backend. */
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
