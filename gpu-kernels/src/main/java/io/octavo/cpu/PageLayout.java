package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.format.Half;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.CacheKernels;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;

/**
 * Where keys and values lie in a pool: a page is head, then keys and values, then position, then
 * the scales of all of them. A line is one key or value. Lines are padded when they are read, since
 * {@link CacheLoops} take whole units; what the padding holds is of no meaning.
 */
final class PageLayout {

  private final CacheFormat format;
  private final int heads;
  private final int size;
  private final int lineBytes;
  private final int pageBytes;

  PageLayout(CacheKernels.Geometry geometry) {
    format = geometry.format();
    heads = geometry.keyValueHeads();
    size = geometry.headSize();
    lineBytes = size * format.bits() / 8;
    pageBytes = Math.toIntExact(CacheKernels.pageBytes(format, heads, size));
  }

  /** Bytes of a pool; a pool of one layer is at most 2 GiB. */
  static ByteBuffer bytes(Tensor pool) {
    if (pool.elements() > Integer.MAX_VALUE) {
      throw new IllegalArgumentException(
          "Cannot use pool of %d bytes on the host: at most 2 GiB a layer; lower"
                  .formatted(pool.elements())
              + " spark.octavo.serve.cacheMemory");
    }
    return HostBuffer.of(pool).byteView();
  }

  /** Elements of a line as it is read: with padding. */
  int stride() {
    return (size + CacheLoops.UNIT - 1) / CacheLoops.UNIT * CacheLoops.UNIT;
  }

  private int line(int page, int head, Part part) {
    return page * pageBytes + (head * 2 + part.ordinal()) * CacheKernels.PAGE * lineBytes;
  }

  private int scale(int page, int head, Part part) {
    int lines = 2 * heads * CacheKernels.PAGE;
    return page * pageBytes
        + lines * lineBytes
        + Float.BYTES * (head * 2 + part.ordinal()) * CacheKernels.PAGE;
  }

  /** Keys or values. */
  enum Part {
    KEYS,
    VALUES
  }

  /** Stores a key or value. */
  void write(ByteBuffer pool, int slot, int head, Part part, float[] values, int from) {
    int page = slot / CacheKernels.PAGE;
    int place = slot % CacheKernels.PAGE;
    int at = line(page, head, part) + place * lineBytes;
    if (format.element().isEmpty()) {
      for (int d = 0; d < size; d++) {
        pool.putShort(at + 2 * d, Half.encode(values[from + d]));
      }
      return;
    }
    ElementFormat element = format.element().get();
    float amax = 0;
    for (int d = 0; d < size; d++) {
      amax = Math.max(amax, Math.abs(values[from + d]));
    }
    float scale = ScaleFormat.FP32.scaleFor(amax, element);
    pool.putFloat(scale(page, head, part) + Float.BYTES * place, scale);
    for (int d = 0; d < size; d++) {
      int code = element.encode(values[from + d] / scale, Rounding.NEAREST_EVEN, 0);
      if (format.bits() == 8) {
        pool.put(at + d, (byte) code);
      } else {
        int low = d % 2 == 0 ? 0 : pool.get(at + d / 2) & 15;
        pool.put(at + d / 2, (byte) (d % 2 == 0 ? code : low | code << 4));
      }
    }
  }

  /** The first {@code count} keys or values of a page as FP32, {@link #stride} apart. */
  void read(
      CacheLoops loops,
      Tiles tiles,
      ByteBuffer pool,
      int page,
      int head,
      Part part,
      int count,
      float[] out) {
    int at = line(page, head, part);
    if (format == CacheFormat.FP16) {
      short[] halves = tiles.shorts(CacheKernels.PAGE * stride());
      pool.slice(at, count * lineBytes)
          .order(pool.order())
          .asShortBuffer()
          .get(halves, 0, count * size);
      for (int j = 0; j < count; j++) {
        loops.widenHalf(halves, j * size, out, j * stride(), stride());
      }
      return;
    }
    byte[] codes = tiles.bytes(CacheKernels.PAGE * stride() + CacheLoops.UNIT);
    pool.get(at, codes, 0, count * lineBytes);
    int scales = scale(page, head, part);
    for (int j = 0; j < count; j++) {
      float factor = pool.getFloat(scales + Float.BYTES * j);
      if (format == CacheFormat.FP8) {
        loops.widenE4m3(codes, j * size, factor, out, j * stride(), stride());
      } else {
        nibbles(codes, j * lineBytes, factor, out, j * stride());
      }
    }
  }

  private void nibbles(byte[] codes, int from, float factor, float[] out, int to) {
    for (int d = 0; d < size; d += 2) {
      int pair = codes[from + d / 2];
      out[to + d] = (pair << 28 >> 28) * factor;
      out[to + d + 1] = (pair >> 4) * factor;
    }
  }
}
