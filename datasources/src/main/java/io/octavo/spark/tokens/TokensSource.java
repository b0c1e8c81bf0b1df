package io.octavo.spark.tokens;

import io.octavo.spark.source.ReadOnlyTable;
import java.util.Map;
import org.apache.spark.sql.connector.catalog.Table;
import org.apache.spark.sql.connector.catalog.TableProvider;
import org.apache.spark.sql.connector.expressions.Transform;
import org.apache.spark.sql.sources.DataSourceRegister;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/** The source {@code octavo-tokens}. */
public final class TokensSource implements TableProvider, DataSourceRegister {

  static final StructType SCHEMA =
      new StructType()
          .add("id", DataTypes.LongType, false)
          .add("tokens", DataTypes.createArrayType(DataTypes.IntegerType, false), false)
          .add("documents", DataTypes.IntegerType, false)
          .add("path", DataTypes.StringType, false);

  @Override
  public String shortName() {
    return "octavo-tokens";
  }

  @Override
  public StructType inferSchema(CaseInsensitiveStringMap options) {
    return SCHEMA;
  }

  @Override
  public Table getTable(
      StructType schema, Transform[] partitioning, Map<String, String> properties) {
    return new ReadOnlyTable(
        shortName(), SCHEMA, options -> new TokensScan(TokensOptions.of(options)));
  }
}
