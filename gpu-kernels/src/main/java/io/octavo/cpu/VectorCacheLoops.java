package io.octavo.cpu;

import static io.octavo.cpu.VectorCodes.LANES;
import static io.octavo.cpu.VectorCodes.broadcast;
import static io.octavo.cpu.VectorCodes.floats;
import static io.octavo.kernel.CacheKernels.PAGE;

import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/** The loops by the Vector API over heap arrays. */
final class VectorCacheLoops implements CacheLoops {

  /**
   * What is done with a page, called from one place on purpose. A compiler puts methods that it
   * knows into their callers until these are too large; vectors of the last ones then go through
   * memory, ten times slower. Three that come by turns it compiles by themselves.
   */
  private static final Step[] STEPS = {
    VectorCacheLoops::score, VectorCacheLoops::weigh, VectorCacheLoops::mix
  };

  private interface Step {
    void run(PageVisit page);
  }

  @Override
  public void widenE4m3(byte[] codes, int from, float factor, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      VectorCodes.e4m3(codes, from + i).mul(factor).intoArray(out, to + i);
    }
  }

  @Override
  public void widenHalf(short[] codes, int from, float[] out, int to, int count) {
    for (int i = 0; i < count; i += LANES) {
      VectorCodes.half(codes, from + i).intoArray(out, to + i);
    }
  }

  @Override
  public void widenPairs(byte[] codes, float[] out, int count) {
    for (int i = 0; i < count / 2; i += PAGE) {
      for (int j = 0; j < PAGE; j += LANES) {
        IntVector pairs = VectorCodes.bytes(codes, i + j);
        VectorCodes.int4Below(pairs).intoArray(out, 2 * i + j);
        VectorCodes.int4Above(pairs).intoArray(out, 2 * i + PAGE + j);
      }
    }
  }

  @Override
  public void scaleColumns(float[] x, float[] factors, int count) {
    for (int j = 0; j < PAGE; j += LANES) {
      FloatVector factor = floats(factors, j);
      for (int i = j; i < count; i += PAGE) {
        floats(x, i).mul(factor).intoArray(x, i);
      }
    }
  }

  @Override
  public void visit(PageVisit page) {
    for (Step step : STEPS) {
      step.run(page);
    }
  }

  private static void score(PageVisit page) {
    float[] q = page.queries;
    float[] keys = page.keys;
    int from = page.query;
    int size = page.size;
    for (int j = 0; j < PAGE; j += LANES) {
      FloatVector even = broadcast(0);
      FloatVector odd = broadcast(0);
      for (int d = 0; d < size; d += 2) {
        even = floats(keys, d * PAGE + j).fma(broadcast(q[from + d]), even);
        odd = floats(keys, (d + 1) * PAGE + j).fma(broadcast(q[from + d + 1]), odd);
      }
      even.add(odd).mul(page.scale).intoArray(page.scores, j);
    }
    Arrays.fill(page.scores, 0, page.begin, Float.NEGATIVE_INFINITY);
    Arrays.fill(page.scores, page.end, PAGE, Float.NEGATIVE_INFINITY);
  }

  private static void weigh(PageVisit page) {
    float[] scores = page.scores;
    float[] state = page.state;
    int at = page.stateAt;
    FloatVector most = floats(scores, 0);
    for (int j = LANES; j < PAGE; j += LANES) {
      most = most.max(floats(scores, j));
    }
    float before = state[at + PAGE];
    float largest = Math.max(before, most.reduceLanes(VectorOperators.MAX));
    float keep = before == largest ? 1 : (float) Math.exp(before - largest);
    for (int j = 0; j < PAGE; j += LANES) {
      FloatVector weights = VectorLoops.exp(floats(scores, j).sub(largest));
      weights.intoArray(scores, j);
      floats(state, at + j).mul(keep).add(weights).intoArray(state, at + j);
    }
    state[at + PAGE] = largest;
    page.keep = keep;
  }

  private static void mix(PageVisit page) {
    float[] means = page.queries;
    float[] values = page.values;
    float[] weights = page.scores;
    int stride = page.stride;
    int end = page.end;
    for (int d = 0; d < stride; d += 2 * LANES) {
      int at = page.mean + d;
      FloatVector a = floats(means, at).mul(page.keep);
      FloatVector b = floats(means, at + LANES).mul(page.keep);
      for (int j = page.begin; j < end; j++) {
        FloatVector weight = broadcast(weights[j]);
        a = floats(values, j * stride + d).fma(weight, a);
        b = floats(values, j * stride + d + LANES).fma(weight, b);
      }
      a.intoArray(means, at);
      b.intoArray(means, at + LANES);
    }
  }
}
