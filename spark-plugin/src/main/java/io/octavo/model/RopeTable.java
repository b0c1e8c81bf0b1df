package io.octavo.model;

/** Cosines and sines of every position and frequency. */
public record RopeTable(float[] cosine, float[] sine) {

  /** Row-major {@code [positions, D/2]}; angles in double. */
  public static RopeTable of(ModelConfig config, int positions) {
    int half = config.headSize() / 2;
    double factor = config.ropeScaling().attentionFactor();
    float[] cosine = new float[positions * half];
    float[] sine = new float[positions * half];
    for (int j = 0; j < half; j++) {
      double base = Math.pow(config.ropeTheta(), -2.0 * j / config.headSize());
      double frequency = config.ropeScaling().scale(base);
      for (int position = 0; position < positions; position++) {
        cosine[position * half + j] = (float) (factor * Math.cos(position * frequency));
        sine[position * half + j] = (float) (factor * Math.sin(position * frequency));
      }
    }
    return new RopeTable(cosine, sine);
  }
}
