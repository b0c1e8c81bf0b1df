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
 * Where keys and values lie in a pool: a page is head, then keys and values, then the scales of all
 * of them. Keys are {@code [d][position]}, values {@code [position][d]}, as {@link CacheLoops}
 * takes them; of 4-bit codes a byte holds two {@code d}. Values are padded when they are read; what
 * the padding holds is of no meaning.
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

  /** Where a head's keys or values start. */
  private int part(int page, int head, Part part) {
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
    int at = part(page, head, part);
    if (format.element().isEmpty()) {
      for (int d = 0; d < size; d++) {
        pool.putShort(at + 2 * index(part, place, d, size), Half.encode(values[from + d]));
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
    boolean pairs = format.bits() == 4;
    for (int d = 0; d < size; d += pairs ? 2 : 1) {
      int code = encode(element, values[from + d] / scale);
      if (pairs) {
        code |= encode(element, values[from + d + 1] / scale) << 4;
        pool.put(at + index(part, place, d / 2, size / 2), (byte) code);
      } else {
        pool.put(at + index(part, place, d, size), (byte) code);
      }
    }
  }

  private static int encode(ElementFormat element, float value) {
    return element.encode(value, Rounding.NEAREST_EVEN, 0) & (1 << element.bits()) - 1;
  }

  /** Which of a part's elements, or pairs, is {@code d} of {@code count} of a place. */
  private static int index(Part part, int place, int d, int count) {
    return part == Part.KEYS ? d * CacheKernels.PAGE + place : place * count + d;
  }

  /** All keys of a page as FP32, {@code [d][place]}. */
  void readKeys(CacheLoops loops, Tiles tiles, ByteBuffer pool, int page, int head, float[] out) {
    int elements = size * CacheKernels.PAGE;
    int at = part(page, head, Part.KEYS);
    if (format == CacheFormat.FP16) {
      loops.widenHalf(halves(tiles, pool, at, elements), 0, out, 0, elements);
      return;
    }
    byte[] codes = codes(tiles, pool, at, CacheKernels.PAGE * lineBytes);
    if (format == CacheFormat.FP8) {
      loops.widenE4m3(codes, 0, 1, out, 0, elements);
    } else {
      loops.widenPairs(codes, out, elements);
    }
    float[] scales = tiles.floats(5, CacheKernels.PAGE);
    pool.slice(scale(page, head, Part.KEYS), Float.BYTES * CacheKernels.PAGE)
        .order(pool.order())
        .asFloatBuffer()
        .get(scales, 0, CacheKernels.PAGE);
    loops.scaleColumns(out, scales, elements);
  }

  /** The first {@code count} values of a page as FP32, {@link #stride} apart. */
  void readValues(
      CacheLoops loops, Tiles tiles, ByteBuffer pool, int page, int head, int count, float[] out) {
    int at = part(page, head, Part.VALUES);
    if (format == CacheFormat.FP16) {
      short[] halves = halves(tiles, pool, at, count * size);
      if (size == stride()) {
        loops.widenHalf(halves, 0, out, 0, count * size);
        return;
      }
      for (int j = 0; j < count; j++) {
        loops.widenHalf(halves, j * size, out, j * stride(), stride());
      }
      return;
    }
    byte[] codes = codes(tiles, pool, at, count * lineBytes);
    int scales = scale(page, head, Part.VALUES);
    for (int j = 0; j < count; j++) {
      float factor = pool.getFloat(scales + Float.BYTES * j);
      if (format == CacheFormat.FP8) {
        loops.widenE4m3(codes, j * size, factor, out, j * stride(), stride());
      } else {
        nibbles(codes, j * lineBytes, factor, out, j * stride());
      }
    }
  }

  /** Pairs of neighbours: to interleave vectors of them takes longer than this does. */
  private void nibbles(byte[] codes, int from, float factor, float[] out, int to) {
    for (int d = 0; d < size; d += 2) {
      int pair = codes[from + d / 2];
      out[to + d] = (pair << 28 >> 28) * factor;
      out[to + d + 1] = (pair >> 4) * factor;
    }
  }

  private short[] halves(Tiles tiles, ByteBuffer pool, int at, int count) {
    short[] halves = tiles.shorts(CacheKernels.PAGE * stride() + CacheLoops.UNIT);
    pool.slice(at, 2 * count).order(pool.order()).asShortBuffer().get(halves, 0, count);
    return halves;
  }

  private byte[] codes(Tiles tiles, ByteBuffer pool, int at, int count) {
    byte[] codes = tiles.bytes(CacheKernels.PAGE * stride() + CacheLoops.UNIT);
    pool.get(at, codes, 0, count);
    return codes;
  }
}
