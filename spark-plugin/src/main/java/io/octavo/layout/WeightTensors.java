package io.octavo.layout;

import io.octavo.format.ElementFormat;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.tensor.HostWeight;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** Writes the tensors that a weight is stored as. */
final class WeightTensors {

  private WeightTensors() {}

  static void write(HostWeight weight, SafetensorsWriter writer) {
    int bits = weight.scheme().weight().orElseThrow().element().bits();
    if (bits == 8) {
      writer.writeBytes(weight.values());
    } else {
      writer.writeBytes(packed(weight));
    }
    writer.writeBytes(scales(weight.scales()));
    if (bits == 4 && !isE2m1(weight)) {
      ByteBuffer shape = CodePacking.littleEndian(2 * Long.BYTES);
      writer.writeBytes(shape.putLong(weight.rows()).putLong(weight.columns()).flip());
    }
  }

  private static boolean isE2m1(HostWeight weight) {
    return weight.scheme().weight().orElseThrow().element().equals(ElementFormat.E2M1);
  }

  private static ByteBuffer packed(HostWeight weight) {
    return isE2m1(weight)
        ? CodePacking.packNibbles(weight.values(), weight.rows(), weight.columns())
        : CodePacking.packWords(weight.values(), weight.rows(), weight.columns());
  }

  /** Bits of the scales, NaNs included. */
  private static ByteBuffer scales(FloatBuffer scales) {
    ByteBuffer bytes = CodePacking.littleEndian(Float.BYTES * scales.remaining());
    bytes.asFloatBuffer().put(scales.duplicate());
    return bytes;
  }
}
