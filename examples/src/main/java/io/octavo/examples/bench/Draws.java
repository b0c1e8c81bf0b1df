package io.octavo.examples.bench;

import io.octavo.format.Bfloat16;
import io.octavo.tensor.DataType;
import java.nio.ByteBuffer;
import java.util.Random;

/**
 * Random numbers of a seed, drawn once: drawing takes the host longer than a device to use them.
 */
final class Draws {

  /** Numbers that are drawn; they repeat from there on, never at a row of usual width. */
  static final int COUNT = (1 << 20) + 64;

  private final Random random;
  private final float[] normal = new float[COUNT];
  private int next;

  Draws(long seed) {
    random = new Random(seed);
    for (int i = 0; i < COUNT; i++) {
      normal[i] = (float) random.nextGaussian();
    }
  }

  /** Goes elsewhere, so that two tensors do not begin alike. */
  void skip() {
    next = random.nextInt(COUNT);
  }

  /** Appends one standard normal number (F32, BF16) or random bits. */
  void put(DataType type, ByteBuffer host) {
    switch (type) {
      case F32 -> host.putFloat(normal());
      case BF16 -> host.putShort(Bfloat16.encode(normal()));
      case U8 -> host.put((byte) random.nextInt(256));
      case I32 -> host.putInt(random.nextInt());
    }
  }

  private float normal() {
    next = (next + 1) % COUNT;
    return normal[next];
  }

  /** Numbers in {@code [0, bound)}. */
  int[] ids(int count, int bound) {
    return random.ints(count, 0, bound).toArray();
  }
}
