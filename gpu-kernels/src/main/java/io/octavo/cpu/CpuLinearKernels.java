package io.octavo.cpu;

import io.octavo.format.ElementFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.LinearKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.quant.ActivationCast;
import io.octavo.quant.WeightScheme;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.util.Arrays;

/**
 * Products of FP32 vectors with packed weights: a few rows of the weight become FP32 in the first
 * cache and meet all rows of the input there, so that memory gives each weight once and narrow.
 * Products of codes are exact in FP32; a sum has {@link WeightLoops#lanes} parts, each in the order
 * of {@code K}, whatever tile it was computed in.
 */
final class CpuLinearKernels implements LinearKernels {

  /** Rows of the weight that a thread takes at a time. */
  private static final int BLOCK = 4 * WeightLoops.ROWS;

  /** Columns that are FP32 at a time: 8 rows of them are 16 KiB. */
  private static final int CHUNK = 512;

  /** Rows of the input that codes are widened for each by itself, in registers. */
  private static final int FEW = 2;

  private static final float[] E4M3 = ScalarWeightLoops.table(ElementFormat.E4M3);

  private final Tiles tiles;
  private final FloatLoops floats;
  private final WeightLoops loops;

  CpuLinearKernels(Tiles tiles, FloatLoops floats, WeightLoops loops) {
    this.tiles = tiles;
    this.floats = floats;
    this.loops = loops;
  }

  @Override
  public PackedWeight pack(HostWeight weight) {
    return PackedRows.of(weight, loops.lanes());
  }

  @Override
  public long workspaceElements(Shape weight, WeightScheme scheme, int rows) {
    return 0;
  }

  @Override
  public void apply(PackedWeight packed, Tensor x, Tensor y, Tensor workspace) {
    PackedRows weight = (PackedRows) packed;
    Inputs inputs = cast(weight, x);
    FloatBuffer result = HostBuffer.of(y).floats();
    tiles.forRanges(weight.rows(), BLOCK, (from, to) -> multiply(weight, inputs, from, to, result));
  }

  /** Rows of the input as FP32 codes with a scale each. */
  private record Inputs(float[] values, float[] scales) {
    int rows() {
      return scales.length;
    }
  }

  private Inputs cast(PackedRows weight, Tensor x) {
    int stride = weight.stride();
    int columns = weight.columns();
    Inputs inputs = new Inputs(new float[x.rows() * stride], new float[x.rows()]);
    FloatBuffer source = HostBuffer.of(x).floats();
    tiles.forRanges(
        x.rows(),
        Tiles.rowsPerBlock(columns),
        (from, to) -> {
          float[] row = tiles.floats(0, columns);
          for (int m = from; m < to; m++) {
            source.get(m * columns, row, 0, columns);
            inputs.scales[m] = cast(weight.scheme().activation(), row, columns);
            System.arraycopy(row, 0, inputs.values, m * stride, columns);
          }
        });
    return inputs;
  }

  /** Replaces numbers by the values of their codes; returns the scale. */
  private float cast(ActivationCast activation, float[] row, int count) {
    if (activation == ActivationCast.NONE) {
      return 1;
    }
    ElementFormat element = activation.element().orElseThrow();
    float scale = ScaleFormat.FP32.scaleFor(floats.amax(row, 0, count), element);
    if (element instanceof Minifloat minifloat) {
      int[] codes = tiles.ints(0, count);
      floats.encode(minifloat, row, scale, codes, count);
      for (int k = 0; k < count; k++) {
        row[k] = E4M3[codes[k] & 0xFF];
      }
    } else {
      // Adding and taking away 1.5 * 2^23 rounds to the nearest integer, ties to even.
      for (int k = 0; k < count; k++) {
        float rounded = row[k] / scale + 12582912f - 12582912f;
        row[k] = Math.max(-127f, Math.min(127f, rounded));
      }
    }
    return scale;
  }

  private void multiply(PackedRows weight, Inputs inputs, int from, int to, FloatBuffer result) {
    int lanes = loops.lanes();
    int step = inputs.rows() * lanes;
    float[] wide = tiles.floats(0, WeightLoops.ROWS * CHUNK);
    float[] sums = tiles.floats(1, WeightLoops.ROWS * step);
    for (int row = from; row < to; row += WeightLoops.ROWS) {
      int rows = Math.min(WeightLoops.ROWS, to - row);
      Arrays.fill(sums, 0, WeightLoops.ROWS * step, 0f);
      if (inputs.rows() <= FEW && weight.plain()) {
        for (int m = 0; m < inputs.rows(); m++) {
          int at = m * weight.stride();
          weight.accumulate(loops, row, inputs.values, at, sums, m * lanes, step);
        }
      } else {
        multiply(weight, inputs, row, rows, wide, sums, step);
      }
      for (int n = 0; n < rows; n++) {
        float scale = weight.rowScale(row + n);
        float bias = weight.bias(row + n);
        for (int m = 0; m < inputs.rows(); m++) {
          float sum = loops.total(sums, n * step + m * lanes);
          result.put(m * weight.rows() + row + n, sum * (inputs.scales[m] * scale) + bias);
        }
      }
    }
  }

  /** Chunk by chunk through FP32 in the first cache, where many rows of the input read it. */
  private void multiply(
      PackedRows weight, Inputs inputs, int row, int rows, float[] wide, float[] sums, int step) {
    for (int k = 0; k < weight.stride(); k += CHUNK) {
      int count = Math.min(CHUNK, weight.stride() - k);
      for (int n = 0; n < rows; n++) {
        weight.widen(loops, row + n, k, count, wide, n * CHUNK);
      }
      accumulate(wide, inputs, weight.stride(), k, count, sums, step);
    }
  }

  private void accumulate(
      float[] wide, Inputs inputs, int stride, int k, int count, float[] sums, int step) {
    int lanes = loops.lanes();
    int m = 0;
    for (; m + 4 <= inputs.rows(); m += 4) {
      loops.accumulateTile(
          wide, CHUNK, inputs.values, m * stride + k, stride, count, sums, m * lanes, step);
    }
    for (; m < inputs.rows(); m++) {
      loops.accumulateRows(
          wide, CHUNK, inputs.values, m * stride + k, count, sums, m * lanes, step);
    }
  }
}
