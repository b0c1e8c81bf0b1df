package io.octavo.cuda;

import io.octavo.kernel.CacheKernels;
import io.octavo.kernel.PackedWeight;
import io.octavo.kernel.ServedLayers;
import io.octavo.tensor.Tensor;

/** The runs of a served decoder layer, each two kernels, or one where there are few rows. */
final class CudaServedLayers implements ServedLayers {

  private final CudaLinearKernels linear;
  private final CudaCacheKernels cache;

  CudaServedLayers(CudaLinearKernels linear, CudaCacheKernels cache) {
    this.linear = linear;
    this.cache = cache;
  }

  @Override
  public void normLinear(
      Tensor x, Tensor gain, float epsilon, PackedWeight weight, Tensor y, Scratch scratch) {
    linear.multiply((SlabWeight) weight, RowSource.norm(x, gain, epsilon), y, scratch.workspace());
  }

  @Override
  public void linearAdd(Tensor in, PackedWeight weight, Tensor x, Scratch scratch) {
    linear.add((SlabWeight) weight, RowSource.plain(in), x, scratch.workspace());
  }

  @Override
  public void normSwiGlu(
      Tensor x, Tensor gain, float epsilon, PackedWeight weight, Tensor y, Scratch scratch) {
    normLinear(x, gain, epsilon, weight, y, scratch);
  }

  @Override
  public void rotateAppend(CacheKernels.Geometry geometry, Tensor qkv, Places places, Tensor pool) {
    cache.rotateAppend(geometry, qkv, places, pool);
  }

  @Override
  public void attendNext(
      CacheKernels.Geometry geometry,
      Tensor qkv,
      Places places,
      Tensor pool,
      Sight sight,
      Tensor out) {
    cache.attendNext(geometry, qkv, places, pool, sight, out);
  }
}
