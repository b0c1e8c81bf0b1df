package io.octavo.examples.bench;

import io.octavo.model.Parameter;
import io.octavo.model.WeightSource;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.util.Random;

/**
 * Random tokens and weights. Weights are normal, norms 1, as fresh ones are; they are drawn once
 * and repeat after some millions, since drawing billions takes longer than training on them.
 */
final class TrainingData implements WeightSource {

  private static final int DRAWN = (1 << 22) + 64;

  private final float[] normal = new float[DRAWN];
  private final Random random;

  TrainingData(long seed, float deviation) {
    random = new Random(seed);
    for (int i = 0; i < DRAWN; i++) {
      normal[i] = (float) (deviation * random.nextGaussian());
    }
  }

  @Override
  public void read(Parameter parameter, long from, FloatBuffer target) {
    int at = (int) Math.floorMod(parameter.name().hashCode() + from, (long) DRAWN);
    while (target.hasRemaining()) {
      if (!parameter.matrix()) {
        target.put(parameter.name().endsWith("bias") ? 0 : 1);
        continue;
      }
      int run = Math.min(target.remaining(), DRAWN - at);
      target.put(normal, at, run);
      at = 0;
    }
  }

  /** Samples of one token more than they are trained on. */
  IntBuffer tokens(TrainCase training) {
    int count = Math.multiplyExact(training.batch(), training.time() + 1);
    return IntBuffer.wrap(random.ints(count, 0, training.model().vocabulary()).toArray());
  }
}
