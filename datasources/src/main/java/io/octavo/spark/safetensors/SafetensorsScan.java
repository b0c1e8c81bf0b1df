package io.octavo.spark.safetensors;

import io.octavo.safetensors.SafetensorsFile;
import io.octavo.safetensors.TensorEntry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownLimit;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/** Plans one partition for about {@value #PARTITION_BYTES} bytes of tensors. */
final class SafetensorsScan
    implements ScanBuilder, SupportsPushDownRequiredColumns, SupportsPushDownLimit, Scan, Batch {

  private static final long PARTITION_BYTES = 64L << 20;

  private final String path;
  private StructType columns;
  private int limit;

  SafetensorsScan(String path, StructType columns, int limit) {
    this.path = path;
    this.columns = columns;
    this.limit = limit;
  }

  /** Tensors of one file that one task reads. */
  record Tensors(String file, List<String> names) implements InputPartition {}

  @Override
  public void pruneColumns(StructType required) {
    columns = required;
  }

  @Override
  public boolean pushLimit(int rows) {
    limit = rows;
    return true;
  }

  @Override
  public boolean isPartiallyPushed() {
    return false;
  }

  @Override
  public Scan build() {
    return this;
  }

  @Override
  public StructType readSchema() {
    return columns;
  }

  @Override
  public String description() {
    return "safetensors %s columns %s limit %s"
        .formatted(
            path,
            Arrays.toString(columns.fieldNames()),
            limit == Integer.MAX_VALUE ? "none" : limit);
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  private static Configuration hadoop() {
    return SparkSession.active().sparkContext().hadoopConfiguration();
  }

  @Override
  public InputPartition[] planInputPartitions() {
    List<InputPartition> partitions = new ArrayList<>();
    int left = limit;
    for (Path file : files()) {
      try (SafetensorsFile open = SafetensorsFile.open(file, hadoop())) {
        List<String> names = new ArrayList<>();
        long bytes = 0;
        for (TensorEntry entry : open.entries()) {
          if (left == 0) {
            break;
          }
          left--;
          names.add(entry.name());
          bytes += entry.bytes();
          if (bytes >= PARTITION_BYTES) {
            partitions.add(new Tensors(file.toString(), List.copyOf(names)));
            names.clear();
            bytes = 0;
          }
        }
        if (!names.isEmpty()) {
          partitions.add(new Tensors(file.toString(), List.copyOf(names)));
        }
      }
    }
    return partitions.toArray(InputPartition[]::new);
  }

  private List<Path> files() {
    Path root = new Path(path);
    try {
      FileSystem system = root.getFileSystem(hadoop());
      if (system.getFileStatus(root).isFile()) {
        return List.of(root);
      }
      List<Path> files = new ArrayList<>();
      for (FileStatus status : system.listStatus(root)) {
        if (status.getPath().getName().endsWith(".safetensors")) {
          files.add(status.getPath());
        }
      }
      files.sort(Path::compareTo);
      if (files.isEmpty()) {
        throw new IllegalArgumentException(
            "Cannot read safetensors: %s holds no file ending in .safetensors".formatted(path));
      }
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new TensorRowReader.Factory(columns, new SerializableConfiguration(hadoop()));
  }
}
