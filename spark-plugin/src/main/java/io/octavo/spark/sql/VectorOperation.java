package io.octavo.spark.sql;

import java.io.Serializable;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.jspecify.annotations.Nullable;

/** What generated code calls for a row; public for it alone. No argument is null. */
public final class VectorOperation implements Serializable {

  private static final long serialVersionUID = 1;

  private final VectorFormat format;
  private final int group;

  /**
   * An operation.
   *
   * @param group elements that share a scale
   */
  VectorOperation(VectorFormat format, int group) {
    this.format = format;
    this.group = group;
  }

  /** Codes and scales; null where an element is null. */
  public @Nullable InternalRow quantize(ArrayData vector) {
    for (int i = 0; i < vector.numElements(); i++) {
      if (vector.isNullAt(i)) {
        return null;
      }
    }
    return QuantizedVector.of(vector.toFloatArray(), format, group).row();
  }

  /** The numbers of a vector. */
  public static ArrayData dequantize(InternalRow vector) {
    return UnsafeArrayData.fromPrimitiveArray(QuantizedVector.of(vector).values());
  }

  /** Cosine of the angle between two vectors; null where one is zero. */
  public static @Nullable Double similarity(InternalRow left, InternalRow right) {
    double cosine = QuantizedVector.of(left).cosine(QuantizedVector.of(right));
    return Double.isNaN(cosine) ? null : cosine;
  }
}
