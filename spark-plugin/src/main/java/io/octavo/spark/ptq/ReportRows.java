package io.octavo.spark.ptq;

import io.octavo.ptq.LayerReport;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/** Reports as a DataFrame. */
final class ReportRows {

  static final StructType SCHEMA =
      new StructType()
          .add("layer", DataTypes.StringType, false)
          .add("rows", DataTypes.LongType, false)
          .add("columns", DataTypes.LongType, false)
          .add("scheme", DataTypes.StringType, false)
          .add("relative_error", DataTypes.DoubleType, false)
          .add("sqnr", DataTypes.DoubleType, true)
          .add("clipped", DataTypes.DoubleType, false)
          .add("underflowed", DataTypes.DoubleType, false)
          .add("clamped_scales", DataTypes.IntegerType, false)
          .add("bytes_before", DataTypes.LongType, false)
          .add("bytes_after", DataTypes.LongType, false);

  private ReportRows() {}

  static Dataset<Row> of(SparkSession spark, List<LayerReport> reports) {
    return spark.createDataFrame(reports.stream().map(ReportRows::row).toList(), SCHEMA);
  }

  private static Row row(LayerReport report) {
    return RowFactory.create(
        report.layer(),
        report.rows(),
        report.columns(),
        report.scheme(),
        report.relativeError(),
        Double.isInfinite(report.sqnr()) ? null : report.sqnr(),
        report.clipped(),
        report.underflowed(),
        report.clampedScales(),
        report.bytesBefore(),
        report.bytesAfter());
  }
}
