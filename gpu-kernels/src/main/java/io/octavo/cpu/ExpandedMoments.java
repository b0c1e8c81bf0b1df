package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.OptimizerKernels;
import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.tensor.HostBuffer;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/**
 * COAT's expanded FP8 moments, a group at a time (spec: COAT 2.1.2; policy for degenerate groups as
 * in the reference). Powers are taken in FP32; a code differs from the reference's only where the
 * expanded number lies within about 1e-6 of the middle between two codes.
 */
final class ExpandedMoments {

  private static final int GROUP = OptimizerKernels.GROUP;
  private static final double RANGE = 448.0 * 448.0 / 2;
  private static final float LARGEST_EXPONENT = 64;
  private static final float TINY = 1e-30f;

  private final Tiles tiles;
  private final FloatLoops loops;
  private final float[] table = new float[256];
  private final float[] signs = new float[256];

  ExpandedMoments(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.loops = loops;
    for (int code = 0; code < 256; code++) {
      table[code] = ElementFormat.E4M3.decode(code);
      signs[code] = code < 0x80 ? 1 : -1;
    }
  }

  /** Numbers of elements {@code [from, from + count)}, whole groups but the last. */
  void read(Fp8Moment moment, int from, int count, float[] values) {
    ByteBuffer codes = HostBuffer.of(moment.codes()).codes();
    FloatBuffer scales = HostBuffer.of(moment.scales()).floats();
    FloatBuffer exponents = HostBuffer.of(moment.exponents()).floats();
    FloatBuffer centres = HostBuffer.of(moment.centres()).floats();
    byte[] narrow = tiles.bytes(GROUP);
    float[] power = tiles.floats(4, GROUP);
    for (int start = 0; start < count; start += GROUP) {
      int size = Math.min(GROUP, count - start);
      int group = (from + start) / GROUP;
      float scale = scales.get(group);
      float centre = centres.get(group);
      codes.get(from + start, narrow, 0, size);
      for (int i = 0; i < size; i++) {
        power[i] = table[narrow[i] & 0xFF] * scale;
      }
      loops.powMagnitude(power, size, 1 / exponents.get(group));
      for (int i = 0; i < size; i++) {
        // The sign is as good as random: a branch on it would be slow.
        values[start + i] = power[i] * centre * signs[narrow[i] & 0xFF];
      }
    }
  }

  /** Stores elements {@code [from, from + count)}, whole groups but the last. */
  void write(Fp8Moment moment, int from, int count, float[] values) {
    ByteBuffer codes = HostBuffer.of(moment.codes()).codes();
    byte[] narrow = tiles.bytes(GROUP);
    int[] wide = tiles.ints(1, GROUP);
    for (int start = 0; start < count; start += GROUP) {
      int size = Math.min(GROUP, count - start);
      writeGroup(moment, (from + start) / GROUP, values, start, size, wide);
      for (int i = 0; i < size; i++) {
        narrow[i] = (byte) wide[i];
      }
      codes.put(from + start, narrow, 0, size);
    }
  }

  private void writeGroup(
      Fp8Moment moment, int group, float[] values, int from, int size, int[] codes) {
    float largest = loops.amax(values, from, size);
    float scale = 0;
    float exponent = 1;
    float centre = 1;
    if (largest > 0) {
      float smallest = loops.leastNonZero(values, from, size) + TINY;
      largest += TINY;
      double ratio = (double) largest / smallest;
      if (ratio > 1 + 0x1p-10) {
        double k = Math.floor(Math.log(RANGE) / Math.log(ratio) * 16) / 16;
        exponent = (float) Math.min(k, LARGEST_EXPONENT);
        centre = (float) (Math.sqrt(largest) * Math.sqrt(smallest));
        scale = (float) (Math.pow(largest / (double) centre, exponent) / 448);
      } else {
        scale = largest / 448f;
      }
    }
    HostBuffer.of(moment.scales()).floats().put(group, scale);
    HostBuffer.of(moment.exponents()).floats().put(group, exponent);
    HostBuffer.of(moment.centres()).floats().put(group, centre);
    encode(values, from, size, scale, exponent, centre, codes);
  }

  private void encode(
      float[] values, int from, int size, float scale, float exponent, float centre, int[] codes) {
    float[] power = tiles.floats(4, GROUP);
    for (int i = 0; i < size; i++) {
      power[i] = values[from + i] / centre;
    }
    loops.powMagnitude(power, size, exponent);
    loops.encode(ElementFormat.E4M3, power, scale == 0 ? 1 : scale, codes, size);
    for (int i = 0; i < size; i++) {
      int sign = Float.floatToRawIntBits(values[from + i]) >>> 31 << 7;
      codes[i] = scale == 0 ? 0 : codes[i] | sign;
    }
  }
}
