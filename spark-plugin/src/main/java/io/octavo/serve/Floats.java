package io.octavo.serve;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.Backend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** Numbers of tensors on the host. */
final class Floats {

  private Floats() {}

  /** All numbers of an F32 or BF16 tensor. */
  static float[] of(Backend backend, Tensor tensor) {
    int count = Math.toIntExact(tensor.elements());
    ByteBuffer bytes =
        ByteBuffer.allocateDirect(count * tensor.type().bytes()).order(ByteOrder.nativeOrder());
    backend.download(tensor, bytes);
    float[] values = new float[count];
    if (tensor.type() == DataType.F32) {
      bytes.asFloatBuffer().get(values);
      return values;
    }
    for (int i = 0; i < count; i++) {
      values[i] = Bfloat16.decode(bytes.getShort(2 * i));
    }
    return values;
  }
}
