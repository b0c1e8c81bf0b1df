package io.octavo.examples.bench;

import io.octavo.kernel.AttentionKernels.Geometry;
import io.octavo.kernel.RotaryKernels.Direction;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Locale;
import java.util.stream.IntStream;

/** Rotary embedding of queries and keys within the rows of a joint projection. */
final class RotaryBenchmark {

  private RotaryBenchmark() {}

  static void measure(Setting setting) {
    for (Geometry geometry : setting.sizes().attention()) {
      for (Direction direction : Direction.values()) {
        measure(setting, geometry, direction);
      }
    }
  }

  private static void measure(Setting setting, Geometry geometry, Direction direction) {
    DataType type = setting.backend().activationType(new Recipe.Bf16());
    int time = geometry.time();
    int half = geometry.headSize() / 2;
    int heads = geometry.queryHeads() + geometry.keyValueHeads();
    try (DeviceTensors memory = setting.memory()) {
      Tensor qkv = memory.random(type, geometry.rows(), geometry.qkvWidth());
      Tensor positions =
          memory.ints(IntStream.range(0, geometry.rows()).map(row -> row % time).toArray());
      Tensor cosine = angles(memory, time, half, 0);
      Tensor sine = angles(memory, time, half, Math.PI / 2);
      long rotated = (long) geometry.rows() * heads * geometry.headSize() * type.bytes();
      // Backward scans what it does not turn, too: it leaves the amax of whole rows for their cast.
      long read = direction == Direction.BACKWARD ? Traffic.bytes(qkv) : rotated;
      setting.bandwidth(
          "rotary",
          direction.name().toLowerCase(Locale.ROOT) + " D=" + geometry.headSize(),
          geometry.rows() + "x" + heads + " heads",
          read + rotated + Traffic.bytes(positions),
          () -> setting.backend().rotary().rotate(qkv, heads, positions, cosine, sine, direction));
    }
  }

  /** Cosines of Llama's angles, or of those a quarter turn behind: sines. */
  private static Tensor angles(DeviceTensors memory, int time, int half, double behind) {
    float[] values = new float[time * half];
    for (int i = 0; i < values.length; i++) {
      double frequency = Math.pow(10_000, -(double) (i % half) / half);
      values[i] = (float) Math.cos(i / half * frequency - behind);
    }
    return memory.floats(values).reshape(time, half);
  }
}
