package io.octavo.tensor;

import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;

/**
 * Codes of a narrow format with their scales: {@code value = decode(code) * scale}.
 *
 * @param spec element format, scale format and granularity of the cast that made it
 * @param codes one code a byte ({@link DataType#U8}), in the shape of the numbers
 * @param scales {@link DataType#F32} multipliers, one per group of {@code spec.granularity()}, in
 *     {@link #scaleShape}
 */
public record QuantizedTensor(QuantSpec spec, Tensor codes, Tensor scales) implements Operand {

  public QuantizedTensor {
    if (codes.type() != DataType.U8 || scales.type() != DataType.F32) {
      throw new IllegalArgumentException(
          "Cannot build quantized tensor from codes %s and scales %s: expected U8 and F32"
              .formatted(codes.type(), scales.type()));
    }
    Shape expected = scaleShape(spec.granularity(), codes.shape());
    if (scales.elements() != expected.elements()) {
      throw new IllegalArgumentException(
          "Cannot build quantized tensor of %s: %d scales given, %s needs %s"
              .formatted(codes.shape(), scales.elements(), spec.granularity(), expected));
    }
  }

  /** Shape of the scales of a tensor of {@code shape}, read as a matrix. */
  public static Shape scaleShape(Granularity granularity, Shape shape) {
    return Shape.of(granularity.scaleRows(shape.rows()), granularity.scaleColumns(shape.columns()));
  }

  @Override
  public Shape shape() {
    return codes.shape();
  }
}
