/**
 * {@code spark.read().format("octavo-tokens").load(paths)}: text, JSON lines or Parquet as packed
 * token sequences, in Arrow columnar batches.
 *
 * <p>Files are split by byte range; a document belongs to the split in which it starts. What a
 * split holds depends on the files and the options alone, so ids and packing are the same on every
 * cluster.
 */
@NullMarked
package io.octavo.spark.tokens;

import org.jspecify.annotations.NullMarked;
