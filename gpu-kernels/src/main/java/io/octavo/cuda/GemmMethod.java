package io.octavo.cuda;

/** One way to compute products of a kind: an algorithm of cuBLASLt's or kernels of our own. */
interface GemmMethod {

  /** What reports call it. */
  String name();

  /**
   * Appends {@code D = A B^T + C} to the stream.
   *
   * @return a status of cuBLASLt: 0 unless this product cannot be computed in this way
   */
  int run(GemmOperand a, GemmOperand b, GemmAddresses at);
}
