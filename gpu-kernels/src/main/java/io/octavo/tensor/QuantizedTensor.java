package io.octavo.tensor;

import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;

/**
 * Codes of a narrow format with their scales: {@code value = decode(code) * scale}.
 *
 * @param spec element format, scale format and granularity of the cast that made it
 * @param codes one code a byte ({@link DataType#U8}), in the shape of the numbers
 * @param scales multipliers, one per group of {@code spec.granularity()}, in {@link #scaleShape} on
 *     the host, in the order of its matrix products on another device; of the {@link #scaleType} of
 *     the spec, at least as many as there are groups
 */
public record QuantizedTensor(QuantSpec spec, Tensor codes, Tensor scales) implements Operand {

  public QuantizedTensor {
    if (codes.type() != DataType.U8 || scales.type() != scaleType(spec)) {
      throw new IllegalArgumentException(
          "Cannot build quantized tensor from codes %s and scales %s: expected U8 and %s"
              .formatted(codes.type(), scales.type(), scaleType(spec)));
    }
    Shape expected = scaleShape(spec.granularity(), codes.shape());
    if (scales.elements() < expected.elements()) {
      throw new IllegalArgumentException(
          "Cannot build quantized tensor of %s: %d scales given, %s needs %s"
              .formatted(codes.shape(), scales.elements(), spec.granularity(), expected));
    }
  }

  /** Shape of the scales of a tensor of {@code shape}, read as a matrix. */
  public static Shape scaleShape(Granularity granularity, Shape shape) {
    return Shape.of(granularity.scaleRows(shape.rows()), granularity.scaleColumns(shape.columns()));
  }

  /**
   * Elements to reserve for the scales: as many as {@link #scaleShape} has, and for blocks as many
   * as a device needs that pads each row of scales to a multiple of 4.
   */
  public static long scaleCapacity(Granularity granularity, Shape shape) {
    Shape scales = scaleShape(granularity, shape);
    return granularity instanceof Granularity.Block
        ? scales.rows() * ((scales.columns() + 3) / 4 * 4)
        : scales.elements();
  }

  /** How scales are stored: in BF16 where they are BF16 numbers, else in F32. */
  public static DataType scaleType(QuantSpec spec) {
    return spec.scale() == ScaleFormat.BF16 ? DataType.BF16 : DataType.F32;
  }

  @Override
  public Shape shape() {
    return codes.shape();
  }
}
