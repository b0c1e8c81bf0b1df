package io.octavo.spark.feed;

import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.size;
import static org.apache.spark.sql.functions.xxhash64;

import io.octavo.tokens.SequencePacker;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerSpec;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.util.TaskCompletionListener;
import org.jspecify.annotations.Nullable;

/**
 * Packs the documents of a column into numbered samples. Documents are first put into {@value
 * #PARTITIONS} partitions by a hash of their content and sorted, so that neither the partitions of
 * the input nor the size of the cluster shows in the samples. Left out are null documents and rows
 * of token ids with fewer than two, in which nothing follows from anything.
 *
 * @param column a string column (text) or an array of whole numbers (token ids)
 * @param length tokens of a sample: one more than are trained on
 * @param vocabulary ids must be less
 */
public record SampleBuilder(String column, TokenizerSpec tokenizer, int length, int vocabulary)
    implements Serializable {

  /** Fixed, so that samples are the same on every cluster. */
  public static final int PARTITIONS = 32;

  private static final int PARTITION_SHIFT = 40;

  /** A token and the one that follows it. */
  private static final int SHORTEST = 2;

  /** The samples of a DataFrame. */
  public JavaRDD<Sample> build(Dataset<Row> data) {
    boolean tokens = data.schema().apply(column).dataType() instanceof ArrayType;
    SampleBuilder self = this;
    Column present = tokens ? size(col("document")).geq(SHORTEST) : col("document").isNotNull();
    return data.select(col(column).as("document"))
        .where(present)
        .withColumn("key", xxhash64(col("document")))
        .repartition(PARTITIONS, col("key"))
        .sortWithinPartitions("key", "document")
        .toJavaRDD()
        .mapPartitionsWithIndex((partition, rows) -> self.samples(partition, rows, tokens), true);
  }

  private Iterator<Sample> samples(int partition, Iterator<Row> rows, boolean tokens) {
    Iterator<int[]> sequences = tokens ? ready(rows) : packed(encoded(rows));
    return new Iterator<>() {
      private long index;

      @Override
      public boolean hasNext() {
        return sequences.hasNext();
      }

      @Override
      public Sample next() {
        return new Sample(((long) partition << PARTITION_SHIFT) | index++, sequences.next());
      }
    };
  }

  private Iterator<int[]> packed(Iterator<int[]> documents) {
    return new SequencePacker(documents, length, tokenizer.endOfText());
  }

  private Iterator<int[]> encoded(Iterator<Row> rows) {
    Tokenizer open = tokenizer.open();
    TaskCompletionListener close = context -> open.close();
    TaskContext.get().addTaskCompletionListener(close);
    return map(rows, row -> open.encode(row.getString(0)));
  }

  /** Rows of token ids are samples already: shorter ones are padded, longer ones refused. */
  private Iterator<int[]> ready(Iterator<Row> rows) {
    return map(rows, row -> ready(row.<Number>getList(0)));
  }

  private int[] ready(List<? extends Number> ids) {
    if (ids.size() > length) {
      throw new IllegalArgumentException(
          "Cannot train on a row of %d tokens in column %s: sequenceLength allows %d; raise sequenceLength or cut the rows"
              .formatted(ids.size(), column, length));
    }
    int[] sample = new int[length];
    Arrays.fill(sample, SequencePacker.PADDING);
    int at = 0;
    for (Number id : ids) {
      sample[at++] = checked(id);
    }
    return sample;
  }

  /** Nothing behind this looks at ids again. */
  private int checked(@Nullable Number id) {
    if (id == null || id.longValue() < SequencePacker.PADDING || id.longValue() >= vocabulary) {
      throw new IllegalArgumentException(
          "Cannot train on token id %s in column %s: the model has ids 0 to %d (%d is padding); set model or tokensCol to match"
              .formatted(id, column, vocabulary - 1, SequencePacker.PADDING));
    }
    return id.intValue();
  }

  private interface Encoding {
    int[] of(Row row);
  }

  private static Iterator<int[]> map(Iterator<Row> rows, Encoding encoding) {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return rows.hasNext();
      }

      @Override
      public int[] next() {
        return encoding.of(rows.next());
      }
    };
  }

  /** Whether a sample is kept for evaluation, by its hash. */
  public static boolean isHeldOut(Sample sample, double fraction) {
    long place = Hashing.mix(sample.id() ^ 0x5EEDL) >>> 11;
    return place * 0x1p-53 < fraction;
  }

  /** Copies samples into one array, one after the other. */
  public static int[] flatten(List<Sample> samples, int length) {
    int[] flat = new int[samples.size() * length];
    int at = 0;
    for (Sample sample : samples) {
      System.arraycopy(sample.tokens(), 0, flat, at, length);
      at += length;
    }
    return flat;
  }
}
