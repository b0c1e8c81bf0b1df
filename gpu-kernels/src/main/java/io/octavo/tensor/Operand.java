package io.octavo.tensor;

/** What a matrix product multiplies: plain numbers, or codes with scales. */
public sealed interface Operand permits Tensor, QuantizedTensor, Transposed {

  /** Shape of the numbers, whatever their storage. */
  Shape shape();
}
