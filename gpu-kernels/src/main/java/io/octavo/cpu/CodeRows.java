package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.QuantizedTensor;
import java.nio.ByteBuffer;

/** The numbers that codes mean, by table, times their scales. */
final class CodeRows implements RowReader {

  private final Tiles tiles;
  private final ByteBuffer codes;
  private final int columns;
  private final Granularity granularity;
  private final float[] scales;
  private final float[] table;

  private CodeRows(QuantizedTensor source, Granularity granularity, float[] scales, Tiles tiles) {
    this.tiles = tiles;
    this.codes = HostBuffer.of(source.codes()).codes();
    this.columns = source.codes().columns();
    this.granularity = granularity;
    this.scales = scales;
    this.table = table(source.spec());
  }

  /** Numbers of the cast. */
  static CodeRows scaled(QuantizedTensor source, Tiles tiles) {
    return new CodeRows(source, source.spec().granularity(), Scales.read(source), tiles);
  }

  /** Numbers of the codes, before any scale. */
  static CodeRows unscaled(QuantizedTensor source, Tiles tiles) {
    return new CodeRows(source, new Granularity.PerTensor(), new float[] {1}, tiles);
  }

  private static float[] table(QuantSpec spec) {
    ElementFormat element = spec.element();
    float[] table = new float[256];
    for (int code = 0; code < 256; code++) {
      table[code] = element.decode(code & (1 << element.bits()) - 1);
    }
    return table;
  }

  @Override
  public void read(int row, int from, int count, float[] target, int at) {
    byte[] narrow = tiles.bytes(count);
    codes.get(row * columns + from, narrow, 0, count);
    Groups.forRange(
        granularity,
        row,
        columns,
        from,
        from + count,
        (scale, begin, end) -> {
          float factor = scales[scale];
          for (int i = begin - from; i < end - from; i++) {
            target[at + i] = table[narrow[i] & 0xFF] * factor;
          }
        });
  }
}
