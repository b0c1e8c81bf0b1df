package io.octavo.quant;

/** The three tensors of a linear layer that a recipe may cast. */
public enum LinearOperand {
  INPUT,
  WEIGHT,
  GRAD_OUTPUT
}
