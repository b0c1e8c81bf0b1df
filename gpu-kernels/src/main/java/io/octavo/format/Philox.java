package io.octavo.format;

/**
 * Philox4x32-10 (Salmon et al., SC 2011): 128 uniform bits from a counter and a key, so that any
 * device draws the same bits for the same element in any order.
 */
public final class Philox {

  private static final int MULTIPLIER_0 = 0xD2511F53;
  private static final int MULTIPLIER_1 = 0xCD9E8D57;
  private static final int WEYL_0 = 0x9E3779B9;
  private static final int WEYL_1 = 0xBB67AE85;
  private static final int ROUNDS = 10;

  private Philox() {}

  /**
   * Word {@code index & 3} of the block with counter {@code (index >> 2, stream)}.
   *
   * @param key 64-bit key, low word first
   * @param stream upper half of the counter
   * @param index which 32-bit word of the stream
   */
  public static int bits(long key, long stream, long index) {
    return block(key, stream, index >>> 2)[(int) index & 3];
  }

  /** The four words of the block with counter {@code (block, stream)}. */
  static int[] block(long key, long stream, long block) {
    int k0 = (int) key;
    int k1 = (int) (key >>> 32);
    int c0 = (int) block;
    int c1 = (int) (block >>> 32);
    int c2 = (int) stream;
    int c3 = (int) (stream >>> 32);
    for (int round = 0; round < ROUNDS; round++) {
      long product0 = Integer.toUnsignedLong(MULTIPLIER_0) * Integer.toUnsignedLong(c0);
      long product1 = Integer.toUnsignedLong(MULTIPLIER_1) * Integer.toUnsignedLong(c2);
      int next0 = (int) (product1 >>> 32) ^ c1 ^ k0;
      int next2 = (int) (product0 >>> 32) ^ c3 ^ k1;
      c1 = (int) product1;
      c3 = (int) product0;
      c0 = next0;
      c2 = next2;
      k0 += WEYL_0;
      k1 += WEYL_1;
    }
    return new int[] {c0, c1, c2, c3};
  }
}
