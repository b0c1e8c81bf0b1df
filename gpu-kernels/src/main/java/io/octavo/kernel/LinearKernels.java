package io.octavo.kernel;

import io.octavo.quant.WeightScheme;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/**
 * Linear layers of a served model, {@code Y = X W^T + b}, with weights that never change: they are
 * packed once. Inputs are cast token by token as the weight's scheme says.
 *
 * <p>A row of the result has the same bits whatever other rows there are, and however many: its
 * products are summed in an order that depends on {@code K} alone.
 */
public interface LinearKernels {

  /** Takes a weight to the device; the caller closes it. */
  PackedWeight pack(HostWeight weight);

  /**
   * The same for gates above as many ups, which {@link ServedLayers#normSwiGlu} takes; nothing else
   * does.
   */
  default PackedWeight packGated(HostWeight weight) {
    return pack(weight);
  }

  /** F32 scratch elements that {@link #apply} needs for {@code rows} rows of input. */
  long workspaceElements(Shape weight, WeightScheme scheme, int rows);

  /**
   * {@code y = x w^T + b}.
   *
   * @param x {@code [M, K]} of the backend's activation type
   * @param y {@code [M, N]}, likewise; overlaps nothing
   * @param workspace F32, at least {@link #workspaceElements}
   */
  void apply(PackedWeight weight, Tensor x, Tensor y, Tensor workspace);
}
