package io.octavo.cpu;

import io.octavo.format.Minifloat;

/** Inner loops over heap arrays that a compiler does not vectorise by itself. */
interface FloatLoops {

  /** Loops of the Vector API where its module is present, else scalar ones. */
  static FloatLoops best() {
    return VectorModule.present() ? new VectorLoops() : new ScalarLoops();
  }

  /** One word for the log. */
  String name();

  /** {@code sum a[i] b[i]}. */
  float dot(float[] a, int aFrom, float[] b, int bFrom, int count);

  /** {@code sum a[i]}. */
  float sum(float[] a, int from, int count);

  /** Largest of {@code a}; negative infinity for none. */
  float max(float[] a, int from, int count);

  /** Largest finite magnitude; 0 for none. */
  float amax(float[] a, int from, int count);

  /** Least magnitude that is not zero; infinity for none. */
  float leastNonZero(float[] a, int from, int count);

  /** Replaces {@code a[i]} by {@code exp(a[i] - shift)} and returns their sum. */
  float expAndSum(float[] a, int from, int count, float shift);

  /** {@code out = gate sigmoid(gate) up}. */
  void swiGlu(float[] gate, float[] up, float[] out, int count);

  /** Replaces gate and up by their gradients. */
  void swiGluBackward(float[] dout, float[] gate, float[] up, int count);

  /** Nearest-even codes of {@code a[i] / scale}, saturating. */
  void encode(Minifloat format, float[] a, float scale, int[] codes, int count);

  /** {@code a[i] = |a[i]|^exponent}. */
  void powMagnitude(float[] a, int count, float exponent);
}
