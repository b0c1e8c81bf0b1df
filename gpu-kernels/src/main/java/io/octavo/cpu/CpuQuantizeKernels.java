package io.octavo.cpu;

import io.octavo.format.Bfloat16;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.kernel.QuantizeKernels;
import io.octavo.quant.AmaxHistory;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.tensor.Transposed;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;

/** Casts over blocks of rows: amax of every group, scales, codes. Bit for bit as the reference. */
final class CpuQuantizeKernels implements QuantizeKernels {

  private final Tiles tiles;
  private final FloatLoops loops;
  private final Decoding decoding;

  CpuQuantizeKernels(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.loops = loops;
    this.decoding = new Decoding(tiles);
  }

  @Override
  public void quantize(Tensor source, QuantizedTensor target, RandomStream random) {
    quantize(source, MatrixStrips.of(source), target, random);
  }

  @Override
  public void quantizeTransposed(Tensor source, Transposed target, RandomStream random) {
    quantize(source, MatrixStrips.ofTransposeOf(source), target.stored(), random);
  }

  /** Casts the matrix that strips are of; it has the numbers of {@code source}. */
  private void quantize(
      Tensor source, MatrixStrips strips, QuantizedTensor target, RandomStream random) {
    Granularity granularity = target.spec().granularity();
    float[] amax =
        granularity instanceof Granularity.PerTensor
            ? new float[] {amax(source)}
            : amaxOfGroups(strips, granularity);
    scaleAndEncode(strips, amax, target, random);
  }

  @Override
  public void castDelayed(CastTarget target, Tensor history, RandomStream random) {
    float[] state = HostBuffer.of(history).toFloats();
    new AmaxHistory(state).advance();
    HostBuffer.of(history).put(state);
    recastDelayed(target, history, random);
  }

  @Override
  public void recastDelayed(CastTarget target, Tensor history, RandomStream random) {
    Tensor source = target.values();
    float[] state = HostBuffer.of(history).toFloats();
    AmaxHistory casts = new AmaxHistory(state);
    float own = amax(source);
    float amax = casts.largestOr(own);
    for (Operand cast : target.casts()) {
      if (cast instanceof QuantizedTensor quantized) {
        scaleAndEncode(MatrixStrips.of(source), new float[] {amax}, quantized, random);
      } else if (cast instanceof Transposed transposed) {
        MatrixStrips strips = MatrixStrips.ofTransposeOf(source);
        scaleAndEncode(strips, new float[] {amax}, transposed.stored(), random);
      } else {
        convert(source, (Tensor) cast);
      }
    }
    casts.note(own);
    HostBuffer.of(history).put(state);
  }

  /** Scales from the amax of every group, and the codes by them. */
  private void scaleAndEncode(
      MatrixStrips strips, float[] amax, QuantizedTensor target, RandomStream random) {
    QuantSpec spec = target.spec();
    float[] scales = new float[amax.length];
    for (int group = 0; group < scales.length; group++) {
      scales[group] = spec.scale().scaleFor(amax[group], spec.element());
    }
    Scales.write(scales, target);
    encode(strips, target, scales, random);
  }

  private float amax(Tensor source) {
    int elements = Math.toIntExact(source.elements());
    float[] blocks = new float[(elements + Tiles.BLOCK - 1) / Tiles.BLOCK];
    FloatBuffer values = HostBuffer.of(source).floats();
    tiles.forRanges(
        elements,
        Tiles.BLOCK,
        (from, to) -> {
          float[] tile = tiles.floats(0, Tiles.BLOCK);
          values.get(from, tile, 0, to - from);
          blocks[from / Tiles.BLOCK] = loops.amax(tile, 0, to - from);
        });
    float max = 0;
    for (float block : blocks) {
      max = Math.max(max, block);
    }
    return max;
  }

  private float[] amaxOfGroups(MatrixStrips strips, Granularity granularity) {
    Shape groups =
        QuantizedTensor.scaleShape(granularity, Shape.of(strips.rows(), strips.columns()));
    float[] amax = new float[Math.toIntExact(groups.elements())];
    int columns = strips.columns();
    forStrips(
        strips,
        granularity,
        (first, count, tile) -> {
          for (int i = 0; i < count; i++) {
            int at = i * columns;
            Groups.forRow(
                granularity,
                first + i,
                columns,
                (scale, begin, end) ->
                    amax[scale] = Math.max(amax[scale], loops.amax(tile, at + begin, end - begin)));
          }
        });
    return amax;
  }

  /** What is done with {@code count} rows from {@code first} on, which lie in {@code tile}. */
  private interface StripTask {
    void run(int first, int count, float[] tile);
  }

  private void forStrips(MatrixStrips strips, Granularity granularity, StripTask task) {
    tiles.forRanges(
        strips.rows(),
        rowsPerBlock(strips, granularity),
        (from, to) -> {
          float[] tile = tiles.floats(0, strips.height() * strips.columns());
          for (int first = from; first < to; first += strips.height()) {
            int count = Math.min(strips.height(), to - first);
            strips.read(first, count, tile);
            task.run(first, count, tile);
          }
        });
  }

  /** Whole blocks of scales, so that each scale has one thread; at least a strip. */
  private static int rowsPerBlock(MatrixStrips strips, Granularity granularity) {
    int height = Groups.height(granularity);
    int rows = Math.max(strips.height(), Tiles.rowsPerBlock(strips.columns()));
    return Math.max(1, rows / height) * height;
  }

  private void encode(
      MatrixStrips strips, QuantizedTensor target, float[] scales, RandomStream random) {
    QuantSpec spec = target.spec();
    int columns = strips.columns();
    ByteBuffer codes = HostBuffer.of(target.codes()).codes();
    forStrips(
        strips,
        spec.granularity(),
        (first, count, tile) -> {
          float[] run = tiles.floats(1, columns);
          int[] wide = tiles.ints(0, columns);
          byte[] narrow = tiles.bytes(columns);
          for (int i = 0; i < count; i++) {
            int inTile = i * columns;
            int at = (first + i) * columns;
            Groups.forRow(
                spec.granularity(),
                first + i,
                columns,
                (scale, begin, end) -> {
                  System.arraycopy(tile, inTile + begin, run, 0, end - begin);
                  encodeRun(spec, run, scales[scale], wide, end - begin, random, at + begin);
                  for (int c = begin; c < end; c++) {
                    narrow[c] = (byte) wide[c - begin];
                  }
                });
            codes.put(at, narrow, 0, columns);
          }
        });
  }

  private void encodeRun(
      QuantSpec spec,
      float[] values,
      float scale,
      int[] codes,
      int count,
      RandomStream random,
      int first) {
    if (spec.rounding() == Rounding.NEAREST_EVEN && spec.element() instanceof Minifloat format) {
      loops.encode(format, values, scale, codes, count);
      return;
    }
    for (int i = 0; i < count; i++) {
      int bits = spec.rounding() == Rounding.STOCHASTIC ? random.bits(first + i) : 0;
      codes[i] = spec.element().encode(values[i] / scale, spec.rounding(), bits);
    }
  }

  @Override
  public void dequantize(QuantizedTensor source, Tensor target) {
    decoding.decode(source, target);
  }

  @Override
  public void convert(Tensor source, Tensor target) {
    if (target.type() == DataType.F32) {
      decoding.widen(source, target);
      return;
    }
    IntBuffer bits = HostBuffer.of(source).ints();
    ShortBuffer codes = HostBuffer.of(target).shorts();
    tiles.forRanges(
        Math.toIntExact(source.elements()),
        Tiles.BLOCK,
        (from, to) -> {
          int[] wide = tiles.ints(0, Tiles.BLOCK);
          short[] narrow = tiles.shorts(Tiles.BLOCK);
          bits.get(from, wide, 0, to - from);
          toBf16(wide, narrow, to - from);
          codes.put(from, narrow, 0, to - from);
        });
  }

  /** Rounds on the bits, in place; JDK 17 vectorises the rounding, not the narrowing. */
  private static void toBf16(int[] wide, short[] narrow, int count) {
    int largest = 0;
    for (int i = 0; i < count; i++) {
      largest = Math.max(largest, wide[i] & 0x7FFFFFFF);
    }
    if (largest > 0x7F800000) {
      for (int i = 0; i < count; i++) {
        narrow[i] = Bfloat16.encode(Float.intBitsToFloat(wide[i]));
      }
      return;
    }
    for (int i = 0; i < count; i++) {
      wide[i] = wide[i] + 0x7FFF + (wide[i] >>> 16 & 1) >> 16;
    }
    for (int i = 0; i < count; i++) {
      narrow[i] = (short) wide[i];
    }
  }
}
