package io.octavo.tensor;

import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.Optional;

/**
 * The weight of a linear layer as files have it, on its way to a device.
 *
 * @param shape {@code [N, K]}: outputs by inputs
 * @param scheme how it is stored and its input cast
 * @param type of {@code values}: F32 or BF16 numbers, or U8 for codes
 * @param values little-endian, row-major, position 0; codes one a byte
 * @param scales FP32 in the shape of {@link QuantizedTensor#scaleShape}; empty for numbers
 * @param bias {@code N} numbers; none where the layer has none
 */
public record HostWeight(
    Shape shape,
    WeightScheme scheme,
    DataType type,
    ByteBuffer values,
    FloatBuffer scales,
    Optional<float[]> bias) {

  public HostWeight {
    long elements = shape.elements();
    if (shape.rank() != 2 || values.remaining() != elements * type.bytes()) {
      throw new IllegalArgumentException(
          "Cannot build weight %s of %s: %d bytes given, expected %d"
              .formatted(shape, type, values.remaining(), elements * type.bytes()));
    }
    long groups = scheme.weight().map(spec -> groups(spec.granularity(), shape)).orElse(0L);
    if (scales.remaining() != groups || scheme.weight().isPresent() != (type == DataType.U8)) {
      throw new IllegalArgumentException(
          "Cannot build weight %s of %s as %s: %d scales given, expected %d"
              .formatted(shape, type, scheme, scales.remaining(), groups));
    }
    if (bias.isPresent() && bias.get().length != shape.extent(0)) {
      throw new IllegalArgumentException(
          "Cannot build weight %s: its bias has %d numbers".formatted(shape, bias.get().length));
    }
  }

  private static long groups(Granularity granularity, Shape shape) {
    return QuantizedTensor.scaleShape(granularity, shape).elements();
  }

  /** Outputs N. */
  public int rows() {
    return Math.toIntExact(shape.extent(0));
  }

  /** Inputs K. */
  public int columns() {
    return Math.toIntExact(shape.extent(1));
  }

  /** The scale of element {@code [row, column]}; 1 for a weight of numbers. */
  public float scale(int row, int column) {
    return scheme.weight().isPresent() ? scales.get(scaleIndex(row, column)) : 1f;
  }

  /** Which scale is that of element {@code [row, column]} of a weight of codes. */
  public int scaleIndex(int row, int column) {
    return index(scheme.weight().orElseThrow().granularity(), row, column);
  }

  private int index(Granularity granularity, int row, int column) {
    int width = Math.toIntExact(granularity.scaleColumns(columns()));
    if (granularity instanceof Granularity.PerTensor) {
      return 0;
    }
    if (granularity instanceof Granularity.PerRow) {
      return row;
    }
    if (granularity instanceof Granularity.Group group) {
      return row * width + column / group.columns();
    }
    Granularity.Block block = (Granularity.Block) granularity;
    return row / block.rows() * width + column / block.columns();
  }
}
