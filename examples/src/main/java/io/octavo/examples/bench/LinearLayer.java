package io.octavo.examples.bench;

import io.octavo.kernel.Backend;
import io.octavo.kernel.GemmKernels.Accumulation;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.Recipe;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;

/**
 * One linear layer {@code Y = X W^T} with its casts and three products. Activations are of the
 * backend's type, the weight's master is F32.
 */
final class LinearLayer {

  private final Backend backend;
  private final LinearCasts x;
  private final LinearCasts w;
  private final LinearCasts dy;
  private final Tensor y;
  private final Tensor dx;
  private final Tensor dw;
  private final Tensor workspace;

  LinearLayer(DeviceTensors memory, Backend backend, Recipe recipe, Sizes.ProductShape shape) {
    this.backend = backend;
    DataType type = backend.activationType(recipe);
    x = casts(memory, recipe, LinearOperand.INPUT, memory.random(type, shape.m(), shape.k()));
    w =
        casts(
            memory,
            recipe,
            LinearOperand.WEIGHT,
            memory.random(DataType.F32, shape.n(), shape.k()));
    dy =
        casts(memory, recipe, LinearOperand.GRAD_OUTPUT, memory.random(type, shape.m(), shape.n()));
    y = memory.empty(type, shape.m(), shape.n());
    dx = memory.empty(type, shape.m(), shape.k());
    dw = memory.empty(DataType.F32, shape.n(), shape.k());
    long scratch = backend.gemm().workspaceElements(x.values().shape(), w.values().shape());
    workspace = memory.empty(DataType.F32, Math.max(1, scratch));
    castAll();
  }

  private LinearCasts casts(
      DeviceTensors memory, Recipe recipe, LinearOperand operand, Tensor values) {
    return LinearCasts.of(memory, backend, recipe.castFor(operand), values);
  }

  void castAll() {
    x.fill(backend);
    w.fill(backend);
    dy.fill(backend);
  }

  /** Only the cast that {@link #fprop} takes. */
  void castInputRowwise() {
    x.fillRowwise(backend);
  }

  void castGradient() {
    dy.fill(backend);
  }

  void fprop() {
    backend.gemm().fprop(x.rowwise(), w.rowwise(), y, Accumulation.OVERWRITE, workspace);
  }

  void dgrad() {
    backend.gemm().dgrad(dy.rowwise(), w.columnwise(), dx, Accumulation.OVERWRITE, workspace);
  }

  void wgrad() {
    backend.gemm().wgrad(dy.columnwise(), x.columnwise(), dw, Accumulation.OVERWRITE, workspace);
  }
}
