package io.octavo.cpu;

import static io.octavo.kernel.CacheKernels.PAGE;

import io.octavo.format.Half;

/** The loops as a compiler gets them where the Vector API is missing. */
final class ScalarCacheLoops implements CacheLoops {

  @Override
  public void widenE4m3(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = CodeTables.E4M3[codes[from + i] & 0xFF] * factor;
    }
  }

  @Override
  public void widenHalf(short[] codes, int from, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = Half.decode(codes[from + i]);
    }
  }

  @Override
  public void widenInt4(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i++) {
      out[to + i] = CodeTables.INT4[codes[from + i / 2] >> i % 2 * 4 & 15] * factor;
    }
  }

  @Override
  public void widenPairs(byte[] codes, float[] out, int count) {
    for (int i = 0; i < count; i++) {
      int d = i / PAGE;
      out[i] = CodeTables.INT4[codes[d / 2 * PAGE + i % PAGE] >> d % 2 * 4 & 15];
    }
  }

  @Override
  public void scaleColumns(float[] x, float[] factors, int count) {
    for (int i = 0; i < count; i++) {
      x[i] *= factors[i % PAGE];
    }
  }

  @Override
  public void scores(float[] q, int qAt, float[] keys, int size, float scale, float[] scores) {
    for (int j = 0; j < PAGE; j++) {
      float even = 0;
      float odd = 0;
      for (int d = 0; d < size; d += 2) {
        even += q[qAt + d] * keys[d * PAGE + j];
        odd += q[qAt + d + 1] * keys[(d + 1) * PAGE + j];
      }
      scores[j] = (even + odd) * scale;
    }
  }

  @Override
  public float largest(float[] scores) {
    float largest = scores[0];
    for (int j = 1; j < PAGE; j++) {
      largest = Math.max(largest, scores[j]);
    }
    return largest;
  }

  @Override
  public void exponentiate(float[] scores, float shift, float keep, float[] sums, int sumsAt) {
    for (int j = 0; j < PAGE; j++) {
      scores[j] = (float) Math.exp(scores[j] - shift);
      sums[sumsAt + j] = sums[sumsAt + j] * keep + scores[j];
    }
  }

  @Override
  public void mix(
      float[] weights,
      int begin,
      int end,
      float[] values,
      int size,
      float keep,
      float[] mean,
      int meanAt) {
    for (int d = 0; d < size; d++) {
      float sum = mean[meanAt + d] * keep;
      for (int j = begin; j < end; j++) {
        sum += weights[j] * values[j * size + d];
      }
      mean[meanAt + d] = sum;
    }
  }
}
