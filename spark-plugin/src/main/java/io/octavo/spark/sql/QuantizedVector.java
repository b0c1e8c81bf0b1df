package io.octavo.spark.sql;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.expressions.UnsafeArrayData;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;

/**
 * A vector as codes with a scale for each group of elements.
 *
 * @param group elements that share a scale; the last group may be short
 */
record QuantizedVector(VectorFormat format, int group, int length, byte[] codes, float[] scales) {

  /** As SQL sees it. */
  static final StructType TYPE =
      new StructType()
          .add("format", DataTypes.StringType, false)
          .add("group", DataTypes.IntegerType, false)
          .add("length", DataTypes.IntegerType, false)
          .add("codes", DataTypes.BinaryType, false)
          .add("scales", DataTypes.createArrayType(DataTypes.FloatType, false), false);

  static QuantizedVector of(float[] values, VectorFormat format, int group) {
    byte[] codes = new byte[format.bytes(values.length)];
    float[] scales = new float[(values.length + group - 1) / group];
    for (int g = 0; g < scales.length; g++) {
      int from = g * group;
      scales[g] = format.cast(values, from, Math.min(values.length, from + group), codes);
    }
    return new QuantizedVector(format, group, values.length, codes, scales);
  }

  /**
   * A vector that SQL gave, which may have come from anywhere.
   *
   * @throws IllegalArgumentException where its parts do not fit together
   */
  static QuantizedVector of(InternalRow row) {
    for (int i = 0; i < TYPE.size(); i++) {
      if (row.isNullAt(i)) {
        throw new IllegalArgumentException(
            "Cannot read quantized vector: %s is null".formatted(TYPE.apply(i).name()));
      }
    }
    QuantizedVector vector =
        new QuantizedVector(
            VectorFormat.of(row.getUTF8String(0).toString()),
            row.getInt(1),
            row.getInt(2),
            row.getBinary(3),
            row.getArray(4).toFloatArray());
    boolean sound =
        vector.group > 0
            && vector.length >= 0
            && vector.codes.length == vector.format.bytes(vector.length)
            && vector.scales.length == (vector.length + (long) vector.group - 1) / vector.group;
    if (!sound) {
      throw new IllegalArgumentException(
          "Cannot read quantized vector: %d elements in groups of %d have %d bytes of codes and %d scales"
              .formatted(vector.length, vector.group, vector.codes.length, vector.scales.length));
    }
    return vector;
  }

  InternalRow row() {
    return new GenericInternalRow(
        new Object[] {
          UTF8String.fromString(format.sqlName()),
          group,
          length,
          codes,
          UnsafeArrayData.fromPrimitiveArray(scales)
        });
  }

  float[] values() {
    float[] values = new float[length];
    for (int i = 0; i < length; i++) {
      values[i] = format.value(codes, i) * scales[i / group];
    }
    return values;
  }

  /**
   * Cosine of the angle to another vector. Products are summed within runs that have one scale of
   * each, and only the sums are scaled.
   *
   * @return NaN where one is zero
   */
  double cosine(QuantizedVector other) {
    if (length != other.length) {
      throw new IllegalArgumentException(
          "Cannot compare vectors of %d and %d elements".formatted(length, other.length));
    }
    return dot(other) / Math.sqrt(dot(this) * other.dot(other));
  }

  private double dot(QuantizedVector other) {
    double total = 0;
    int from = 0;
    while (from < length) {
      int mine = from / group;
      int theirs = from / other.group;
      int to = (int) Math.min(length, Math.min((mine + 1L) * group, (theirs + 1L) * other.group));
      double sum = 0;
      for (int i = from; i < to; i++) {
        sum += (double) format.value(codes, i) * other.format.value(other.codes, i);
      }
      total += sum * scales[mine] * other.scales[theirs];
      from = to;
    }
    return total;
  }
}
