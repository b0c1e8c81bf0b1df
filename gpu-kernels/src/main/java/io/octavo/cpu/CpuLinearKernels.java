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
 * Products of FP32 vectors with packed weights. One or two rows of the input meet codes that become
 * FP32 in registers; for more, some columns of a panel become FP32 in the first cache and meet all
 * rows there, so that memory gives each weight once and narrow. A sum has the same order either
 * way, that of {@link PanelLoops}.
 */
final class CpuLinearKernels implements LinearKernels {

  /** Columns that are FP32 at a time: 32 rows of them are 16 KiB. */
  private static final int CHUNK = 128;

  /** Rows of the input that codes are widened for each by itself, in registers. */
  private static final int FEW = 2;

  /** Blocks that a product has at least where it has as many panels. */
  private static final int BLOCKS = 32;

  /** Panels whose results leave together. */
  private static final int TOGETHER = 4;

  private final Tiles tiles;
  private final FloatLoops floats;
  private final PanelLoops loops;

  CpuLinearKernels(Tiles tiles, FloatLoops floats, PanelLoops loops) {
    this.tiles = tiles;
    this.floats = floats;
    this.loops = loops;
  }

  @Override
  public PackedWeight pack(HostWeight weight) {
    return WeightPanels.of(weight, loops);
  }

  @Override
  public long workspaceElements(Shape weight, WeightScheme scheme, int rows) {
    return 0;
  }

  @Override
  public void apply(PackedWeight packed, Tensor x, Tensor y, Tensor workspace) {
    WeightPanels weight = (WeightPanels) packed;
    Inputs inputs = cast(weight, x);
    FloatBuffer result = HostBuffer.of(y).floats();
    int block = Math.max(1, weight.panels() / BLOCKS);
    tiles.forRanges(
        weight.panels(),
        block,
        (from, to) -> {
          for (int panel = from; panel < to; panel += TOGETHER) {
            multiply(weight, inputs, panel, Math.min(to, panel + TOGETHER), result);
          }
        });
  }

  /** Rows of the input as FP32 codes with a scale each, padded with zeros to whole tiles. */
  private record Inputs(float[] values, float[] scales) {
    int rows() {
      return scales.length;
    }
  }

  private Inputs cast(WeightPanels weight, Tensor x) {
    int stride = weight.stride();
    int columns = weight.columns();
    int padded = (x.rows() + PanelLoops.TILE - 1) / PanelLoops.TILE * PanelLoops.TILE;
    Inputs inputs = new Inputs(new float[padded * stride], new float[x.rows()]);
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
        row[k] = CodeTables.E4M3[codes[k] & 0xFF];
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

  /** Some panels, whose results leave as one run for each row. */
  private void multiply(
      WeightPanels weight, Inputs inputs, int first, int end, FloatBuffer result) {
    int width = (end - first) * loops.rows();
    float[] out = tiles.floats(2, inputs.rows() * width);
    for (int panel = first; panel < end; panel++) {
      multiply(weight, inputs, panel, out, (panel - first) * loops.rows(), width);
    }
    int row = first * loops.rows();
    int count = Math.min(width, weight.rows() - row);
    for (int m = 0; m < inputs.rows(); m++) {
      result.put(m * weight.rows() + row, out, m * width, count);
    }
  }

  private void multiply(
      WeightPanels weight, Inputs inputs, int panel, float[] out, int outAt, int outStride) {
    int step = PanelLoops.PHASES * loops.rows();
    if (inputs.rows() > FEW) {
      float[] sums = tiles.floats(1, inputs.values.length / weight.stride() * step);
      multiplyTiles(weight, inputs, panel, sums);
      for (int m = 0; m < inputs.rows(); m++) {
        weight.finish(panel, sums, m * step, inputs.scales[m], out, outAt + m * outStride);
      }
      return;
    }
    float[] sums = tiles.floats(1, step);
    for (int m = 0; m < inputs.rows(); m++) {
      Arrays.fill(sums, 0, step, 0f);
      weight.add(panel, inputs.values, m * weight.stride(), sums);
      weight.finish(panel, sums, 0, inputs.scales[m], out, outAt + m * outStride);
    }
  }

  /** Chunk by chunk through FP32 in the first cache, where all rows of the input read it. */
  private void multiplyTiles(WeightPanels weight, Inputs inputs, int panel, float[] sums) {
    int stride = weight.stride();
    int step = PanelLoops.PHASES * loops.rows();
    int padded = inputs.values.length / stride;
    float[] wide = tiles.floats(0, CHUNK * loops.rows());
    for (int k = 0; k < stride; k += CHUNK) {
      int count = Math.min(CHUNK, stride - k);
      weight.widen(panel, k, count, wide);
      for (int m = 0; m < padded; m += PanelLoops.TILE) {
        if (k == 0) {
          Arrays.fill(sums, m * step, (m + PanelLoops.TILE) * step, 0f);
        }
        loops.addTile(wide, inputs.values, m * stride + k, stride, count, sums, m * step);
      }
    }
  }
}
