package io.octavo.spark.sql;

import java.util.List;
import org.apache.spark.sql.types.AbstractDataType;
import org.apache.spark.sql.types.AnyDataType$;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;

/** Functions of quantized vectors. */
enum VectorFunction {
  QUANTIZE(
      "octavo_quantize",
      List.of("vector", "format", "group"),
      List.of(Types.VECTOR, DataTypes.StringType, DataTypes.IntegerType),
      QuantizedVector.TYPE),
  DEQUANTIZE(
      "octavo_dequantize", List.of("quantized"), List.of(AnyDataType$.MODULE$), Types.VECTOR),
  SIMILARITY(
      "octavo_similarity",
      List.of("a", "b"),
      List.of(AnyDataType$.MODULE$, AnyDataType$.MODULE$),
      DataTypes.DoubleType);

  private final String sqlName;
  private final List<String> arguments;
  private final List<AbstractDataType> inputs;
  private final DataType result;

  /** Constants of an enum cannot refer to fields of it. */
  private static final class Types {
    static final DataType VECTOR = DataTypes.createArrayType(DataTypes.FloatType, false);
  }

  VectorFunction(
      String sqlName, List<String> arguments, List<AbstractDataType> inputs, DataType result) {
    this.sqlName = sqlName;
    this.arguments = arguments;
    this.inputs = inputs;
    this.result = result;
  }

  String sqlName() {
    return sqlName;
  }

  List<String> arguments() {
    return arguments;
  }

  List<AbstractDataType> inputs() {
    return inputs;
  }

  DataType result() {
    return result;
  }
}
