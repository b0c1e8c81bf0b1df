package io.octavo.spark.sql;

import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.execution.vectorized.WritableColumnVector;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StringType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.jspecify.annotations.Nullable;

/** Appends values in Catalyst's form to a column of one of the types that answers have. */
record AnswerWriter(DataType type) {

  void append(WritableColumnVector vector, @Nullable Object value) {
    append(vector, type, value);
  }

  private static void append(WritableColumnVector vector, DataType type, @Nullable Object value) {
    if (type instanceof StructType struct) {
      appendStruct(vector, struct, (InternalRow) value);
    } else if (value == null) {
      vector.appendNull();
    } else if (type instanceof StringType) {
      byte[] bytes = ((UTF8String) value).getBytes();
      vector.appendByteArray(bytes, 0, bytes.length);
    } else if (type.equals(DataTypes.DoubleType)) {
      vector.appendDouble((Double) value);
    } else if (type.equals(DataTypes.LongType)) {
      vector.appendLong((Long) value);
    } else if (type instanceof ArrayType array) {
      appendArray(vector, array, (ArrayData) value);
    } else {
      throw new IllegalStateException("Cannot write an answer of type " + type);
    }
  }

  private static void appendStruct(
      WritableColumnVector vector, StructType struct, @Nullable InternalRow row) {
    // Null or not, the children have an element for it.
    vector.appendStruct(row == null);
    if (row == null) {
      return;
    }
    for (int i = 0; i < struct.length(); i++) {
      DataType type = struct.fields()[i].dataType();
      Object value = row.isNullAt(i) ? null : row.get(i, type);
      append((WritableColumnVector) vector.getChild(i), type, value);
    }
  }

  private static void appendArray(WritableColumnVector vector, ArrayType array, ArrayData values) {
    vector.appendArray(values.numElements());
    WritableColumnVector elements = (WritableColumnVector) vector.getChild(0);
    for (int i = 0; i < values.numElements(); i++) {
      if (array.elementType().equals(DataTypes.FloatType)) {
        elements.appendFloat(values.getFloat(i));
      } else {
        elements.appendInt(values.getInt(i));
      }
    }
  }
}
