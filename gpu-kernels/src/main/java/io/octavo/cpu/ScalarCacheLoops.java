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
  public void visit(PageVisit page) {
    float[] scores = page.scores;
    float[] state = page.state;
    float before = state[page.stateAt + PAGE];
    float largest = before;
    for (int j = page.begin; j < page.end; j++) {
      float sum = 0;
      for (int d = 0; d < page.size; d++) {
        sum += page.queries[page.query + d] * page.keys[d * PAGE + j];
      }
      scores[j] = sum * page.scale;
      largest = Math.max(largest, scores[j]);
    }
    float keep = before == largest ? 1 : (float) Math.exp(before - largest);
    for (int j = 0; j < PAGE; j++) {
      boolean seen = j >= page.begin && j < page.end;
      scores[j] = seen ? (float) Math.exp(scores[j] - largest) : 0;
      state[page.stateAt + j] = state[page.stateAt + j] * keep + scores[j];
    }
    for (int d = 0; d < page.size; d++) {
      float sum = page.queries[page.mean + d] * keep;
      for (int j = page.begin; j < page.end; j++) {
        sum += scores[j] * page.values[j * page.stride + d];
      }
      page.queries[page.mean + d] = sum;
    }
    state[page.stateAt + PAGE] = largest;
  }
}
