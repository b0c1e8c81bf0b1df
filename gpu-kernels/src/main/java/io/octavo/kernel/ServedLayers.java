package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/**
 * Runs of operations in a served decoder layer that a device may do in one go, without storing what
 * lies between. What lies between is rounded as it would be stored.
 */
public interface ServedLayers {

  /**
   * Room for what lies between, where it is stored; each for at least as many rows as an operation
   * has.
   *
   * @param normed activations {@code [M, C]}, for the norm's result
   * @param rstd F32 {@code [M, 1]}
   * @param branch activations {@code [M, C]}, for what is added
   * @param gateUp activations {@code [M, 2 F]}, for gates and ups
   * @param workspace as {@link LinearKernels#apply} needs it
   */
  record Scratch(Tensor normed, Tensor rstd, Tensor branch, Tensor gateUp, Tensor workspace) {}

  /** {@code y = rmsNorm(x) w^T + b}. */
  void normLinear(
      Tensor x, Tensor gain, float epsilon, PackedWeight weight, Tensor y, Scratch scratch);

  /** {@code x += in w^T + b}. */
  void linearAdd(Tensor in, PackedWeight weight, Tensor x, Scratch scratch);

  /**
   * {@code y = swiGlu(rmsNorm(x) w^T + b)}.
   *
   * @param weight of gates and ups, by {@link LinearKernels#packGated}
   */
  void normSwiGlu(
      Tensor x, Tensor gain, float epsilon, PackedWeight weight, Tensor y, Scratch scratch);

  /**
   * What the rows of a step are turned by, and where they are kept.
   *
   * @param positions {@code I32 [M]}
   * @param cosine FP32 {@code [positions, D / 2]}
   * @param sine FP32 {@code [positions, D / 2]}
   * @param slots as {@link CacheKernels#append} takes them
   */
  record Places(Tensor positions, Tensor cosine, Tensor sine, Tensor slots) {}

  /** What the rows of a step see, as {@link CacheKernels#attend} takes it. */
  record Sight(Tensor blockTable, Tensor sequence, Tensor lengths) {}

  /**
   * Turns the queries of {@code qkv} by their positions, in place, and appends its turned keys and
   * its values to the pool. The keys in {@code qkv} are undefined afterwards.
   */
  void rotateAppend(CacheKernels.Geometry geometry, Tensor qkv, Places places, Tensor pool);

  /**
   * {@link #rotateAppend}, then {@link CacheKernels#attend}, of rows each of which is the only one
   * of its sequence, and of which those that are used are kept. Queries and keys in {@code qkv} are
   * undefined afterwards.
   */
  void attendNext(
      CacheKernels.Geometry geometry,
      Tensor qkv,
      Places places,
      Tensor pool,
      Sight sight,
      Tensor out);
}
