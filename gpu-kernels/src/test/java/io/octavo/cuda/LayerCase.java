package io.octavo.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.format.Bfloat16;
import io.octavo.format.ElementFormat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.Backend;
import io.octavo.kernel.Tensors;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A layer on the GPU, with activations of one type, beside the reference, with activations in F32
 * of the same numbers.
 */
final class LayerCase implements AutoCloseable {

  /** What a result may be off: sums in FP32; results and their sums rounded to BF16. */
  private static final double F32_LIMIT = 2e-6;

  private static final double BF16_LIMIT = 4e-3;

  private static final QuantSpec GROUP_16 =
      new QuantSpec(
          ElementFormat.E4M3, ScaleFormat.BF16, new Granularity.Group(16), Rounding.NEAREST_EVEN);

  private final DataType type;
  private final CudaBackend backend = CudaBackend.open(0);
  private final ReferenceBackend reference = new ReferenceBackend();
  private final Tensors onDevice = new Tensors(backend);
  private final Tensors onHost = new Tensors(reference);

  LayerCase(DataType type) {
    this.type = type;
  }

  /** One of the two sides: its backend and its tensors. */
  final class Side {

    private final Backend backend;
    private final Tensors tensors;

    private Side(Backend backend, Tensors tensors) {
      this.backend = backend;
      this.tensors = tensors;
    }

    Backend backend() {
      return backend;
    }

    Tensors tensors() {
      return tensors;
    }

    /** All numbers of an F32 or BF16 tensor of this side. */
    float[] read(Tensor tensor) {
      return LayerCase.read(backend, tensor);
    }

    private boolean isDevice() {
      return tensors == onDevice;
    }

    /** Normal numbers that the type has. */
    Tensor activations(long seed, double deviation, long rows, long columns) {
      Tensor exact = onHost.normal(seed, deviation, rows, columns);
      if (type == DataType.F32) {
        return isDevice() ? onDevice.of(LayerCase.read(reference, exact), rows, columns) : exact;
      }
      Tensor rounded = onHost.empty(DataType.BF16, rows, columns);
      reference.quantize().convert(exact, rounded);
      if (!isDevice()) {
        return onHost.of(LayerCase.read(reference, rounded), rows, columns);
      }
      Tensor copy = onDevice.empty(DataType.BF16, rows, columns);
      LayerCase.this.backend.upload(bytes(rounded), copy);
      return copy;
    }

    /** Codes as COAT keeps activations. */
    Operand codes(long seed, double deviation, long rows, long columns) {
      Tensor values = onHost.normal(seed, deviation, rows, columns);
      QuantizedTensor cast = onHost.codes(GROUP_16, rows, columns);
      reference.quantize().quantize(values, cast, RandomStream.NONE);
      if (!isDevice()) {
        return cast;
      }
      QuantizedTensor copy = onDevice.codes(GROUP_16, rows, columns);
      LayerCase.this.backend.upload(bytes(cast.codes()), copy.codes());
      LayerCase.this.backend.upload(bytes(cast.scales()), copy.scales());
      return copy;
    }

    /** Room for activations; what is there must not matter. */
    Tensor room(long rows, long columns) {
      return activations(99, 1, rows, columns);
    }
  }

  private ByteBuffer bytes(Tensor onHost) {
    return bytes(reference, onHost);
  }

  private static ByteBuffer bytes(Backend backend, Tensor tensor) {
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(Math.toIntExact(tensor.buffer().bytes()))
            .order(ByteOrder.nativeOrder());
    backend.download(tensor, bytes.duplicate());
    return bytes;
  }

  /** All numbers of an F32 or BF16 tensor. */
  private static float[] read(Backend backend, Tensor tensor) {
    ByteBuffer bytes = bytes(backend, tensor);
    float[] values = new float[Math.toIntExact(tensor.elements())];
    for (int i = 0; i < values.length; i++) {
      values[i] =
          tensor.type() == DataType.BF16
              ? Bfloat16.decode(bytes.getShort(i * Short.BYTES))
              : bytes.getFloat(i * Float.BYTES);
    }
    return values;
  }

  /** The side on the GPU, for what needs no reference. */
  Side device() {
    return new Side(backend, onDevice);
  }

  /** What both sides are asked to compute. */
  interface Layer {
    Tensor[] run(Side side);
  }

  void compare(Layer layer) {
    Tensor[] got = layer.run(new Side(backend, onDevice));
    Tensor[] wanted = layer.run(new Side(reference, onHost));
    for (int i = 0; i < wanted.length; i++) {
      double limit = got[i].type() == DataType.F32 ? F32_LIMIT : BF16_LIMIT;
      assertThat(Tensors.relativeError(read(backend, got[i]), read(reference, wanted[i])))
          .as("relative error of result %d", i)
          .isLessThan(limit);
    }
  }

  @Override
  public void close() throws Exception {
    onDevice.close();
    onHost.close();
    backend.close();
    reference.close();
  }
}
