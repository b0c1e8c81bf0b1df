package io.octavo.spark.safetensors;

import io.octavo.safetensors.SafetensorsFile;
import io.octavo.safetensors.TensorEntry;
import io.octavo.safetensors.TensorStatistics;
import java.util.Arrays;
import java.util.Iterator;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.catalyst.expressions.GenericInternalRow;
import org.apache.spark.sql.catalyst.util.ArrayData;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.unsafe.types.UTF8String;
import org.apache.spark.util.SerializableConfiguration;
import org.jspecify.annotations.Nullable;

/** Rows of the tensors of one partition. */
final class TensorRowReader implements PartitionReader<InternalRow> {

  private static final Set<String> STATISTICS = Set.of("min", "max", "amax", "zeros", "nans");

  /** Makes readers on executors. */
  record Factory(StructType columns, SerializableConfiguration hadoop)
      implements PartitionReaderFactory {
    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      return new TensorRowReader((SafetensorsScan.Tensors) partition, columns, hadoop);
    }
  }

  private final String[] columns;
  private final boolean measures;
  private final SafetensorsFile file;
  private final String path;
  private final Iterator<String> names;
  private InternalRow row = new GenericInternalRow(0);

  private TensorRowReader(
      SafetensorsScan.Tensors tensors, StructType columns, SerializableConfiguration hadoop) {
    this.columns = columns.fieldNames();
    this.measures = Arrays.stream(this.columns).anyMatch(STATISTICS::contains);
    this.path = tensors.file();
    this.file = SafetensorsFile.open(new Path(path), hadoop.value());
    this.names = tensors.names().iterator();
  }

  @Override
  public boolean next() {
    if (!names.hasNext()) {
      return false;
    }
    TensorEntry entry = file.entry(names.next());
    TensorStatistics statistics =
        measures ? TensorStatistics.of(file, entry) : TensorStatistics.NONE;
    Object[] values = new Object[columns.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = value(columns[i], entry, statistics);
    }
    row = new GenericInternalRow(values);
    return true;
  }

  private @Nullable Object value(String column, TensorEntry entry, TensorStatistics statistics) {
    boolean numbers = statistics.count() > 0;
    return switch (column) {
      case "file" -> UTF8String.fromString(path);
      case "name" -> UTF8String.fromString(entry.name());
      case "dtype" -> UTF8String.fromString(entry.type().name());
      case "shape" -> ArrayData.toArrayData(entry.shape().extents());
      case "bytes" -> entry.bytes();
      case "min" -> numbers ? statistics.min() : null;
      case "max" -> numbers ? statistics.max() : null;
      case "amax" -> numbers ? statistics.amax() : null;
      case "zeros" -> entry.elements() > 0 && entry.type().isReal() ? statistics.zeroShare() : null;
      case "nans" -> statistics.nans();
      default -> throw new IllegalArgumentException("Cannot read column " + column);
    };
  }

  @Override
  public InternalRow get() {
    return row;
  }

  @Override
  public void close() {
    file.close();
  }
}
