package io.octavo.kernel;

import io.octavo.tensor.Operand;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;

/**
 * The three matrix products of a linear layer {@code Y = X W^T}, written for {@code X[M,K]}, {@code
 * W[N,K]}, {@code Y[M,N]}.
 *
 * <p>Operands may be F32, BF16 or quantized; products are accumulated in FP32, which is what tensor
 * cores compute. Scales per tensor are applied once after the accumulation, finer ones to the
 * operand. Results of {@code fprop} and {@code dgrad} are of the backend's activation type, those
 * of {@code wgrad} F32. {@code workspace} is F32 scratch of at least {@link #workspaceElements}
 * elements that no operand overlaps.
 */
public interface GemmKernels {

  /** Whether a result replaces what the target holds or is added to it. */
  enum Accumulation {
    OVERWRITE,
    ADD
  }

  /**
   * Whether quantized operands must be stored so that a product contracts over their last axis:
   * weights and output gradients then enter {@code dgrad} and {@code wgrad}, and inputs {@code
   * wgrad}, as {@link io.octavo.tensor.Transposed}. Otherwise one cast serves both products.
   */
  boolean contractsLastAxisOnly();

  /** Scratch elements (F32) that any of the three products of these shapes needs. */
  long workspaceElements(Shape x, Shape w);

  /** {@code y = x w^T}. */
  void fprop(Operand x, Operand w, Tensor y, Accumulation accumulation, Tensor workspace);

  /** {@code y = x w^T + addend}; {@code addend} is of y's shape and type and may be y. */
  void fpropAdd(Operand x, Operand w, Tensor addend, Tensor y, Tensor workspace);

  /** {@code dx = dy w}. */
  void dgrad(Operand dy, Operand w, Tensor dx, Accumulation accumulation, Tensor workspace);

  /** {@code dw = dy^T x}. */
  void wgrad(Operand dy, Operand x, Tensor dw, Accumulation accumulation, Tensor workspace);
}
