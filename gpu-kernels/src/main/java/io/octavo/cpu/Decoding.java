package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/** Narrow numbers to F32, by table or by shift. */
final class Decoding {

  private final Tiles tiles;

  Decoding(Tiles tiles) {
    this.tiles = tiles;
  }

  /** BF16 to F32: the bits move up. */
  void widen(Tensor source, Tensor target) {
    ShortBuffer codes = HostBuffer.of(source).shorts();
    IntBuffer bits = HostBuffer.of(target).ints();
    tiles.forRanges(
        Math.toIntExact(source.elements()),
        Tiles.BLOCK,
        (from, to) -> {
          int count = to - from;
          int[] wide = tiles.ints(0, Tiles.BLOCK);
          short[] narrow = tiles.shorts(Tiles.BLOCK);
          codes.get(from, narrow, 0, count);
          for (int i = 0; i < count; i++) {
            wide[i] = narrow[i] << 16;
          }
          bits.put(from, wide, 0, count);
        });
  }

  /** Codes to the numbers they mean, with their scales where {@code scaled}. */
  void decode(QuantizedTensor source, boolean scaled, Tensor target) {
    float[] table = table(source.spec().element());
    Granularity granularity = source.spec().granularity();
    int columns = source.codes().columns();
    float[] scales = HostBuffer.of(source.scales()).toFloats();
    ByteBuffer codes = HostBuffer.of(source.codes()).codes();
    FloatBuffer values = HostBuffer.of(target).floats();
    tiles.forRanges(
        source.codes().rows(),
        Tiles.rowsPerBlock(columns),
        (from, to) -> {
          byte[] narrow = tiles.bytes(columns);
          float[] wide = tiles.floats(0, columns);
          for (int row = from; row < to; row++) {
            codes.get(row * columns, narrow, 0, columns);
            for (int i = 0; i < columns; i++) {
              wide[i] = table[narrow[i] & 0xFF];
            }
            if (scaled) {
              Groups.forRow(
                  granularity,
                  row,
                  columns,
                  (scale, begin, end) -> {
                    float factor = scales[scale];
                    for (int i = begin; i < end; i++) {
                      wide[i] *= factor;
                    }
                  });
            }
            values.put(row * columns, wide, 0, columns);
          }
        });
  }

  private static float[] table(ElementFormat element) {
    float[] table = new float[256];
    for (int code = 0; code < 256; code++) {
      table[code] = element.decode(code & (1 << element.bits()) - 1);
    }
    return table;
  }
}
