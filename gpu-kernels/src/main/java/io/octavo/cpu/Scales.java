package io.octavo.cpu;

import io.octavo.format.Bfloat16;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.QuantizedTensor;
import java.nio.ShortBuffer;

/** Scales of a cast as F32 on the heap, whatever their storage; it may have room for more. */
final class Scales {

  private Scales() {}

  static float[] read(QuantizedTensor source) {
    HostBuffer buffer = HostBuffer.of(source.scales());
    if (buffer.type() == DataType.F32) {
      return buffer.toFloats();
    }
    short[] narrow = new short[Math.toIntExact(buffer.elements())];
    buffer.shorts().get(0, narrow);
    float[] scales = new float[narrow.length];
    for (int i = 0; i < narrow.length; i++) {
      scales[i] = Bfloat16.decode(narrow[i]);
    }
    return scales;
  }

  /** Stores scales that are numbers of the target's scale format already. */
  static void write(float[] scales, QuantizedTensor target) {
    HostBuffer buffer = HostBuffer.of(target.scales());
    if (buffer.type() == DataType.F32) {
      buffer.put(scales);
      return;
    }
    short[] narrow = new short[scales.length];
    for (int i = 0; i < narrow.length; i++) {
      narrow[i] = Bfloat16.encode(scales[i]);
    }
    ShortBuffer stored = buffer.shorts();
    stored.put(0, narrow);
  }
}
