package io.octavo.kernel;

import io.octavo.tensor.Tensor;

/** The runs of a served decoder layer, operation by operation. */
final class ComposedLayers implements ServedLayers {

  private final Backend backend;

  ComposedLayers(Backend backend) {
    this.backend = backend;
  }

  @Override
  public void normLinear(
      Tensor x, Tensor gain, float epsilon, PackedWeight weight, Tensor y, Scratch scratch) {
    int rows = x.rows();
    Tensor normed = scratch.normed().rowRange(0, rows);
    backend.norm().rmsNorm(x, gain, epsilon, normed, scratch.rstd().rowRange(0, rows));
    backend.linear().apply(weight, normed, y, scratch.workspace());
  }

  @Override
  public void linearAdd(Tensor in, PackedWeight weight, Tensor x, Scratch scratch) {
    Tensor branch = scratch.branch().rowRange(0, x.rows());
    backend.linear().apply(weight, in, branch, scratch.workspace());
    backend.activation().add(branch, x);
  }

  @Override
  public void normSwiGlu(
      Tensor x, Tensor gain, float epsilon, PackedWeight weight, Tensor y, Scratch scratch) {
    Tensor gateUp = scratch.gateUp().rowRange(0, x.rows());
    normLinear(x, gain, epsilon, weight, gateUp, scratch);
    backend.activation().swiGlu(gateUp, y);
  }

  @Override
  public void rotateAppend(CacheKernels.Geometry geometry, Tensor qkv, Places places, Tensor pool) {
    int turned = geometry.queryHeads() + geometry.keyValueHeads();
    backend
        .rotary()
        .rotate(
            qkv,
            turned,
            places.positions(),
            places.cosine(),
            places.sine(),
            RotaryKernels.Direction.FORWARD);
    backend.cache().append(geometry, qkv, places.slots(), pool);
  }

  @Override
  public void attendNext(
      CacheKernels.Geometry geometry,
      Tensor qkv,
      Places places,
      Tensor pool,
      Sight sight,
      Tensor out) {
    rotateAppend(geometry, qkv, places, pool);
    backend
        .cache()
        .attend(geometry, qkv, pool, sight.blockTable(), sight.sequence(), sight.lengths(), out);
  }
}
