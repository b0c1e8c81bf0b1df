package io.octavo.cpu;

import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
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

  /** Codes to the numbers they mean, with their scales. */
  void decode(QuantizedTensor source, Tensor target) {
    copy(CodeRows.scaled(source, tiles), source, target);
  }

  /** Codes to the numbers they mean before any scale. */
  void decodeUnscaled(QuantizedTensor source, Tensor target) {
    copy(CodeRows.unscaled(source, tiles), source, target);
  }

  private void copy(RowReader rows, QuantizedTensor source, Tensor target) {
    int columns = source.codes().columns();
    FloatBuffer values = HostBuffer.of(target).floats();
    tiles.forRanges(
        source.codes().rows(),
        Tiles.rowsPerBlock(columns),
        (from, to) -> {
          float[] wide = tiles.floats(0, columns);
          for (int row = from; row < to; row++) {
            rows.read(row, 0, columns, wide, 0);
            values.put(row * columns, wide, 0, columns);
          }
        });
  }
}
