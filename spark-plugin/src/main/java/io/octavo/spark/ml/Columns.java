package io.octavo.spark.ml;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Checks of a DataFrame's columns. */
final class Columns {

  private static final Set<DataType> TOKENS =
      Set.of(DataTypes.ShortType, DataTypes.IntegerType, DataTypes.LongType);

  private Columns() {}

  /** A column of strings. */
  static void requireText(StructType schema, String column, String param) {
    DataType type = type(schema, column, param);
    if (!type.equals(DataTypes.StringType)) {
      throw new IllegalArgumentException(
          "Cannot use column %s: it is %s (expected string), so set %s to a text column"
              .formatted(column, type.simpleString(), param));
    }
  }

  /** A column of arrays of whole numbers. */
  static void requireTokens(StructType schema, String column, String param) {
    DataType type = type(schema, column, param);
    if (!(type instanceof ArrayType array) || !TOKENS.contains(array.elementType())) {
      throw new IllegalArgumentException(
          "Cannot use column %s: it is %s (expected array<int> or array<bigint>), so set %s to a column of token ids"
              .formatted(column, type.simpleString(), param));
    }
  }

  private static DataType type(StructType schema, String column, String param) {
    List<String> names = Arrays.asList(schema.fieldNames());
    if (!names.contains(column)) {
      throw new IllegalArgumentException(
          "Cannot find column %s: the data has %s, so set %s to one of them"
              .formatted(column, names, param));
    }
    return schema.apply(column).dataType();
  }
}
