package io.octavo.gguf;

import io.octavo.format.Half;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;

/** How numbers of a tensor are stored. Blocks are codes with one FP16 scale before them. */
public enum GgufType {
  F32(0, 1, 4, 0) {
    @Override
    void encode(FloatBuffer values, ByteBuffer target) {
      target.putFloat(values.get());
    }

    @Override
    void decode(ByteBuffer source, FloatBuffer target) {
      target.put(source.getFloat());
    }
  },
  F16(1, 1, 2, 1) {
    @Override
    void encode(FloatBuffer values, ByteBuffer target) {
      target.putShort(Half.encode(values.get()));
    }

    @Override
    void decode(ByteBuffer source, FloatBuffer target) {
      target.put(Half.decode(source.getShort()));
    }
  },
  /**
   * 4 bits: the number of largest magnitude becomes -8. Number i lies in the low half of byte i,
   * number i + 16 in the high half, both 8 more than they mean.
   */
  Q4_0(2, 32, 18, 2) {
    @Override
    void encode(FloatBuffer values, ByteBuffer target) {
      float[] block = new float[block()];
      values.get(block);
      float scale = farthest(block) / -8;
      float inverse = scale == 0 ? 0 : 1 / scale;
      target.putShort(Half.encode(scale));
      for (int i = 0; i < 16; i++) {
        target.put((byte) (nibble(block[i] * inverse) | nibble(block[i + 16] * inverse) << 4));
      }
    }

    @Override
    void decode(ByteBuffer source, FloatBuffer target) {
      float scale = Half.decode(source.getShort());
      byte[] pairs = new byte[16];
      source.get(pairs);
      for (int i = 0; i < 2 * pairs.length; i++) {
        int code = pairs[i % 16] >> 4 * (i / 16) & 0xF;
        target.put(scale * (code - 8));
      }
    }
  },
  /** 8 bits: the largest magnitude becomes 127; halves go away from zero. */
  Q8_0(8, 32, 34, 7) {
    @Override
    void encode(FloatBuffer values, ByteBuffer target) {
      float[] block = new float[block()];
      values.get(block);
      float scale = Math.abs(farthest(block)) / 127;
      float inverse = scale == 0 ? 0 : 1 / scale;
      target.putShort(Half.encode(scale));
      for (float value : block) {
        float steps = value * inverse;
        double rounded = Math.floor(Math.abs((double) steps) + 0.5);
        target.put((byte) (steps < 0 ? -rounded : rounded));
      }
    }

    @Override
    void decode(ByteBuffer source, FloatBuffer target) {
      float scale = Half.decode(source.getShort());
      for (int i = 0; i < block(); i++) {
        target.put(scale * source.get());
      }
    }
  };

  private final int code;
  private final int block;
  private final int blockBytes;
  private final int fileType;

  GgufType(int code, int block, int blockBytes, int fileType) {
    this.code = code;
    this.block = block;
    this.blockBytes = blockBytes;
    this.fileType = fileType;
  }

  /** Its number in the file. */
  int code() {
    return code;
  }

  /** Numbers of a block. */
  public int block() {
    return block;
  }

  /** What {@code general.file_type} calls a file whose matrices are mostly of this type. */
  public int fileType() {
    return fileType;
  }

  /** Bytes that numbers take. */
  public long bytes(long elements) {
    return elements / block * blockBytes;
  }

  /** The next block of numbers. */
  abstract void encode(FloatBuffer values, ByteBuffer target);

  /** The next block of bytes. */
  abstract void decode(ByteBuffer source, FloatBuffer target);

  /** The first number of the largest magnitude. */
  private static float farthest(float[] values) {
    float farthest = 0;
    for (float value : values) {
      farthest = Math.abs(value) > Math.abs(farthest) ? value : farthest;
    }
    return farthest;
  }

  /** Steps from -8 on, rounded by cutting off after half was added, as FP32. */
  private static int nibble(float steps) {
    return Math.min(15, (int) (steps + 8.5f));
  }
}
