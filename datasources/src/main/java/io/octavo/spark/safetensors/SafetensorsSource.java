package io.octavo.spark.safetensors;

import io.octavo.spark.source.ReadOnlyTable;
import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * The source {@code safetensors}. Option {@code path}: a file, or a directory with safetensors
 * files.
 */
public final class SafetensorsSource implements TableProvider, DataSourceRegister {

  static final StructType SCHEMA =
      new StructType()
          .add("file", DataTypes.StringType, false)
          .add("name", DataTypes.StringType, false)
          .add("dtype", DataTypes.StringType, false)
          .add("shape", DataTypes.createArrayType(DataTypes.LongType, false), false)
          .add("bytes", DataTypes.LongType, false)
          .add("min", DataTypes.DoubleType, true)
          .add("max", DataTypes.DoubleType, true)
          .add("amax", DataTypes.DoubleType, true)
          .add("zeros", DataTypes.DoubleType, true)
          .add("nans", DataTypes.LongType, false);

  @Override
  public String shortName() {
    return "safetensors";
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return SCHEMA;
  }

  @Override
  public Table getTable(
      StructType schema, Transform[] partitioning, Map<String, String> properties) {
    return new ReadOnlyTable(shortName(), SCHEMA, SafetensorsSource::scan);
  }

  private static ScanBuilder scan(CaseInsensitiveStringMap options) {
    String path = options.get("path");
    if (path == null) {
      throw new IllegalArgumentException(
          "Cannot read safetensors: no path (expected load(path) or option path)");
    }
    return new SafetensorsScan(path, SCHEMA, Integer.MAX_VALUE);
  }
}
