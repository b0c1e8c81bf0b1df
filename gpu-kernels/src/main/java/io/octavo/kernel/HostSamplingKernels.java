package io.octavo.kernel;

import io.octavo.quant.RandomStream;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Tensor;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Arrays;

/** Sampling on the host: the work is small beside the products that gave the logits. */
public final class HostSamplingKernels implements SamplingKernels {

  @Override
  public void sample(
      Tensor logits, Tensor temperature, Tensor topP, Tensor seeds, Tensor positions, Tensor ids) {
    int words = logits.columns();
    float[] row = new float[words];
    FloatBuffer values = HostBuffer.of(logits).floats();
    IntBuffer seed = HostBuffer.of(seeds).ints();
    for (int r = 0; r < logits.rows(); r++) {
      values.get(r * words, row);
      float heat = HostBuffer.of(temperature).floats().get(r);
      int best = argMax(row);
      int id = best;
      if (heat > 0) {
        long key = Integer.toUnsignedLong(seed.get(2 * r)) | (long) seed.get(2 * r + 1) << 32;
        double uniform = new RandomStream(key, 0).uniform(HostBuffer.of(positions).ints().get(r));
        id = draw(row, row[best], heat, HostBuffer.of(topP).floats().get(r), uniform);
      }
      HostBuffer.of(ids).ints().put(r, id);
    }
  }

  private static int argMax(float[] logits) {
    int best = 0;
    for (int id = 1; id < logits.length; id++) {
      if (logits[id] > logits[best]) {
        best = id;
      }
    }
    return best;
  }

  /** Of the most probable ids one by its probability. */
  private static int draw(
      float[] logits, float largest, float temperature, float topP, double uniform) {
    double[] mass = new double[logits.length];
    double sum = 0;
    for (int id = 0; id < mass.length; id++) {
      mass[id] = Math.exp(((double) logits[id] - largest) / temperature);
      sum += mass[id];
    }
    int[] order = byFallingMass(mass);
    int count = 0;
    double kept = 0;
    while (count < order.length && (count == 0 || kept < topP * sum)) {
      kept += mass[order[count++]];
    }
    double left = uniform * kept;
    for (int i = 0; i < count; i++) {
      left -= mass[order[i]];
      if (left <= 0) {
        return order[i];
      }
    }
    return order[count - 1];
  }

  /** Ids by falling mass, equal ones by rising id: the mass's bits sort as it does. */
  private static int[] byFallingMass(double[] mass) {
    long[] keys = new long[mass.length];
    for (int id = 0; id < keys.length; id++) {
      int bits = Float.floatToRawIntBits((float) mass[id]);
      keys[id] = (long) (Integer.MAX_VALUE - bits) << 32 | id;
    }
    Arrays.sort(keys);
    return Arrays.stream(keys).mapToInt(key -> (int) key).toArray();
  }
}
