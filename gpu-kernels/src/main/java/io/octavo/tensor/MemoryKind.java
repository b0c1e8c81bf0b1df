package io.octavo.tensor;

/** What a part of the arena is for: the rows of the memory table. */
public enum MemoryKind {
  /** FP32 master weights of this rank, and the gathered weights of layers in use. */
  PARAMETERS,
  /** Derived low-precision copies of the weights. */
  QUANTIZED_WEIGHTS,
  GRADIENTS,
  /** Optimizer moments with their scales. */
  MOMENTS,
  /** What the forward pass keeps for the backward pass. */
  ACTIVATIONS,
  /** Scratch reused within a step. */
  WORKSPACE
}
