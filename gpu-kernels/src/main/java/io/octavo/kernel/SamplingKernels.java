package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** Next tokens from logits. */
public interface SamplingKernels {

  /**
   * Writes {@code ids[r]} from {@code logits[R, V]}. At temperature 0 it is the first of the
   * largest logits. Else ids are taken in falling order of probability (of equal ones the smaller
   * first) until their mass reaches {@code topP}, and one of them is drawn by its probability, with
   * the uniform number that {@link io.octavo.quant.RandomStream} of the row's seed gives for the
   * row's position.
   *
   * @param temperature F32 {@code [R]}, 0 or more
   * @param topP F32 {@code [R]}, in (0, 1]
   * @param seeds I32 {@code [R, 2]}: low and high half of a 64-bit seed
   * @param positions I32 {@code [R]}
   * @param ids I32 {@code [R]}
   */
  void sample(
      Tensor logits, Tensor temperature, Tensor topP, Tensor seeds, Tensor positions, Tensor ids);
}
