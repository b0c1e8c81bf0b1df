package io.octavo.spark.tokens;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.connector.metric.CustomMetric;
import org.apache.spark.sql.connector.metric.CustomSumMetric;
import org.apache.spark.sql.connector.read.Batch;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.connector.read.Scan;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.connector.read.SupportsPushDownLimit;
import org.apache.spark.sql.connector.read.SupportsPushDownRequiredColumns;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.util.SerializableConfiguration;

/** Plans splits of the files, and what is read of them. */
final class TokensScan
    implements ScanBuilder, SupportsPushDownRequiredColumns, SupportsPushDownLimit, Scan, Batch {

  private final TokensOptions options;
  private StructType columns = TokensSource.SCHEMA;
  private int limit = Integer.MAX_VALUE;

  TokensScan(TokensOptions options) {
    this.options = options;
  }

  /** Tokens read, in the SQL tab. */
  public static final class TokensMetric extends CustomSumMetric {
    static final String NAME = "octavoTokens";

    @Override
    public String name() {
      return NAME;
    }

    @Override
    public String description() {
      return "tokens";
    }
  }

  @Override
  public void pruneColumns(StructType required) {
    columns = required;
  }

  @Override
  public boolean pushLimit(int rows) {
    limit = rows;
    return true;
  }

  /** Every split gives at most the limit; Spark takes the rest away. */
  @Override
  public boolean isPartiallyPushed() {
    return true;
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
    return "octavo-tokens %s columns %s limit %s"
        .formatted(
            options.paths(),
            Arrays.toString(columns.fieldNames()),
            limit == Integer.MAX_VALUE ? "none" : limit);
  }

  @Override
  public Batch toBatch() {
    return this;
  }

  @Override
  public CustomMetric[] supportedCustomMetrics() {
    return new CustomMetric[] {new TokensMetric()};
  }

  @Override
  public ColumnarSupportMode columnarSupportMode() {
    return ColumnarSupportMode.SUPPORTED;
  }

  private static Configuration hadoop() {
    return SparkSession.active().sparkContext().hadoopConfiguration();
  }

  @Override
  public InputPartition[] planInputPartitions() {
    List<TokensSplit> splits = new ArrayList<>();
    for (FileStatus file : files()) {
      String path = file.getPath().toString();
      String format = options.formatOf(path);
      boolean whole = format.equals("text") && options.document().equals("file");
      long size = whole ? Math.max(1, file.getLen()) : options.splitBytes();
      for (long from = 0; from < file.getLen(); from += size) {
        long to = Math.min(file.getLen(), from + size);
        splits.add(new TokensSplit(splits.size(), path, format, whole, from, to));
      }
    }
    return splits.toArray(InputPartition[]::new);
  }

  private List<FileStatus> files() {
    List<FileStatus> files = new ArrayList<>();
    for (String path : options.paths()) {
      try {
        FileSystem system = new Path(path).getFileSystem(hadoop());
        addFiles(system, system.getFileStatus(new Path(path)), files);
      } catch (IOException e) {
        throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
      }
    }
    files.sort(Comparator.comparing(FileStatus::getPath));
    return files;
  }

  private static void addFiles(FileSystem system, FileStatus status, List<FileStatus> files)
      throws IOException {
    if (status.isFile()) {
      files.add(status);
      return;
    }
    for (FileStatus child : system.listStatus(status.getPath())) {
      String name = child.getPath().getName();
      if (!name.startsWith("_") && !name.startsWith(".")) {
        addFiles(system, child, files);
      }
    }
  }

  @Override
  public PartitionReaderFactory createReaderFactory() {
    return new TokensReader.Factory(
        options,
        TokenizerOption.resolve(options, hadoop()),
        columns,
        limit,
        new SerializableConfiguration(hadoop()));
  }
}
