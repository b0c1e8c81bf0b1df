package io.octavo.spark.source;

import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;
import org.apache.spark.sql.connector.catalog.SupportsRead;
import org.apache.spark.sql.connector.catalog.TableCapability;
import org.apache.spark.sql.connector.read.ScanBuilder;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.CaseInsensitiveStringMap;

/**
 * A table of one schema that is read in batches.
 *
 * @param scan makes a scan from the reader's options
 */
public record ReadOnlyTable(
    String name, StructType schema, Function<CaseInsensitiveStringMap, ScanBuilder> scan)
    implements SupportsRead {

  @Override
  public Set<TableCapability> capabilities() {
    return EnumSet.of(TableCapability.BATCH_READ);
  }

  @Override
  public ScanBuilder newScanBuilder(CaseInsensitiveStringMap options) {
    return scan.apply(options);
  }
}
