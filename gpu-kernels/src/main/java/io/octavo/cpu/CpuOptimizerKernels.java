package io.octavo.cpu;

import io.octavo.format.Bfloat16;
import io.octavo.kernel.HostOptimizerKernels;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;

/** AdamW in one pass over blocks of whole groups: read, update, use, store. */
final class CpuOptimizerKernels extends HostOptimizerKernels {

  private final Tiles tiles;
  private final ExpandedMoments expanded;

  CpuOptimizerKernels(Tiles tiles, FloatLoops loops) {
    this.tiles = tiles;
    this.expanded = new ExpandedMoments(tiles, loops);
  }

  @Override
  protected void update(
      Tensor parameters, Tensor gradients, Moment first, Moment second, AdamWStep step) {
    FloatBuffer p = HostBuffer.of(parameters).floats();
    FloatBuffer g = HostBuffer.of(gradients).floats();
    Update update = new Update(step);
    tiles.forRanges(
        Math.toIntExact(parameters.elements()),
        Tiles.BLOCK,
        (from, to) -> {
          int count = to - from;
          float[] weights = tiles.floats(0, Tiles.BLOCK);
          float[] gradient = tiles.floats(1, Tiles.BLOCK);
          float[] m = tiles.floats(2, Tiles.BLOCK);
          float[] v = tiles.floats(3, Tiles.BLOCK);
          p.get(from, weights, 0, count);
          g.get(from, gradient, 0, count);
          read(first, from, count, m);
          read(second, from, count, v);
          update.apply(weights, gradient, m, v, count);
          p.put(from, weights, 0, count);
          write(first, from, count, m);
          write(second, from, count, v);
        });
  }

  /** The arithmetic of a step, with what does not depend on the element worked out. */
  private static final class Update {
    private final AdamWStep step;
    private final float correction1;
    private final float correction2;

    Update(AdamWStep step) {
      this.step = step;
      this.correction1 = step.correction1();
      this.correction2 = step.correction2();
    }

    void apply(float[] p, float[] g, float[] m, float[] v, int count) {
      float factor = step.gradientFactor();
      float beta1 = step.rule().beta1();
      float beta2 = step.rule().beta2();
      for (int i = 0; i < count; i++) {
        float gradient = g[i] * factor;
        m[i] = beta1 * m[i] + (1 - beta1) * gradient;
        v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
      }
      float rate = step.learningRate();
      float decay = step.rule().weightDecay();
      float epsilon = step.rule().epsilon();
      for (int i = 0; i < count; i++) {
        float root = (float) Math.sqrt(v[i]);
        float denominator = (root / correction2 + epsilon) * correction1;
        p[i] -= rate * (m[i] / denominator + decay * p[i]);
      }
    }
  }

  private void read(Moment moment, int from, int count, float[] values) {
    if (moment instanceof Fp8Moment stored) {
      expanded.read(stored, from, count, values);
      return;
    }
    Tensor tensor = ((PlainMoment) moment).values();
    if (tensor.type() == DataType.F32) {
      HostBuffer.of(tensor).floats().get(from, values, 0, count);
      return;
    }
    short[] narrow = tiles.shorts(Tiles.BLOCK);
    HostBuffer.of(tensor).shorts().get(from, narrow, 0, count);
    for (int i = 0; i < count; i++) {
      values[i] = Bfloat16.decode(narrow[i]);
    }
  }

  private void write(Moment moment, int from, int count, float[] values) {
    if (moment instanceof Fp8Moment stored) {
      expanded.write(stored, from, count, values);
      return;
    }
    Tensor tensor = ((PlainMoment) moment).values();
    if (tensor.type() == DataType.F32) {
      HostBuffer.of(tensor).floats().put(from, values, 0, count);
      return;
    }
    short[] narrow = tiles.shorts(Tiles.BLOCK);
    for (int i = 0; i < count; i++) {
      narrow[i] = Bfloat16.encode(values[i]);
    }
    ShortBuffer target = HostBuffer.of(tensor).shorts();
    target.put(from, narrow, 0, count);
  }

  @Override
  public void reset(Moment moment) {
    if (moment instanceof PlainMoment plain) {
      HostBuffer.of(plain.values()).fillZero();
      return;
    }
    Fp8Moment stored = (Fp8Moment) moment;
    HostBuffer.of(stored.codes()).fillZero();
    HostBuffer.of(stored.scales()).fillZero();
    fillOne(stored.exponents());
    fillOne(stored.centres());
  }

  private static void fillOne(Tensor tensor) {
    FloatBuffer values = HostBuffer.of(tensor).floats();
    for (int i = 0; i < tensor.elements(); i++) {
      values.put(i, 1f);
    }
  }

  @Override
  public double sumOfSquares(Tensor values) {
    return sum(values, CpuOptimizerKernels::sumOfSquares);
  }

  private static double sumOfSquares(float[] tile, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += (double) tile[i] * tile[i];
    }
    return sum;
  }

  @Override
  protected double sum(Tensor values) {
    return sum(values, CpuOptimizerKernels::plainSum);
  }

  private static double plainSum(float[] tile, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += tile[i];
    }
    return sum;
  }

  /** The sum that one block adds. */
  private interface BlockSum {
    double of(float[] tile, int count);
  }

  private double sum(Tensor values, BlockSum blockSum) {
    int elements = Math.toIntExact(values.elements());
    double[] blocks = new double[(elements + Tiles.BLOCK - 1) / Tiles.BLOCK];
    FloatBuffer source = HostBuffer.of(values).floats();
    tiles.forRanges(
        elements,
        Tiles.BLOCK,
        (from, to) -> {
          float[] tile = tiles.floats(0, Tiles.BLOCK);
          source.get(from, tile, 0, to - from);
          blocks[from / Tiles.BLOCK] = blockSum.of(tile, to - from);
        });
    double sum = 0;
    for (double block : blocks) {
      sum += block;
    }
    return sum;
  }
}
