package io.octavo.spark.tokens;

import io.octavo.tokens.SequencePacker;
import io.octavo.tokens.Tokenizer;
import io.octavo.tokens.TokenizerSpec;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.sql.connector.metric.CustomTaskMetric;
import org.apache.spark.sql.connector.read.InputPartition;
import org.apache.spark.sql.connector.read.PartitionReader;
import org.apache.spark.sql.connector.read.PartitionReaderFactory;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.vectorized.ColumnarBatch;
import org.apache.spark.util.SerializableConfiguration;
import org.apache.spark.util.TaskCompletionListener;

/** Packed sequences of one split as Arrow batches. */
final class TokensReader implements PartitionReader<ColumnarBatch> {

  private static final int BATCH_ROWS = 256;
  private static final int SPLIT_SHIFT = 40;

  /** Makes readers on executors. */
  record Factory(
      TokensOptions options,
      TokenizerSpec tokenizer,
      StructType columns,
      int limit,
      SerializableConfiguration hadoop)
      implements PartitionReaderFactory {

    @Override
    public boolean supportColumnarReads(InputPartition partition) {
      return true;
    }

    @Override
    public PartitionReader<InternalRow> createReader(InputPartition partition) {
      throw new IllegalStateException("Cannot read rows: octavo-tokens gives columnar batches");
    }

    @Override
    public PartitionReader<ColumnarBatch> createColumnarReader(InputPartition partition) {
      return new TokensReader((TokensSplit) partition, this);
    }
  }

  private final TokensSplit split;
  private final Documents documents;
  private final Tokenizer tokenizer;
  private final SequencePacker packer;
  private final TokenBatch batch;
  private final int endOfText;
  private int left;
  private long rows;
  private boolean closed;

  private TokensReader(TokensSplit split, Factory factory) {
    this.split = split;
    this.left = factory.limit();
    this.tokenizer = factory.tokenizer().open();
    this.endOfText = tokenizer.endOfText();
    this.documents = Documents.open(split, factory.options(), factory.hadoop().value());
    int length = factory.options().sequenceLength() + 1;
    this.packer = new SequencePacker(encoded(), length, endOfText);
    this.batch = new TokenBatch(factory.columns(), length, BATCH_ROWS, split.path());
    TaskCompletionListener end = context -> close();
    TaskContext.get().addTaskCompletionListener(end);
  }

  private Iterator<int[]> encoded() {
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return documents.hasNext();
      }

      @Override
      public int[] next() {
        return tokenizer.encode(documents.next());
      }
    };
  }

  @Override
  public boolean next() {
    batch.clear();
    while (batch.rows() < BATCH_ROWS && left > 0 && packer.hasNext()) {
      batch.add(((long) split.index() << SPLIT_SHIFT) | rows++, packer.next(), endOfText);
      left--;
    }
    return batch.rows() > 0;
  }

  @Override
  public ColumnarBatch get() {
    return batch.finish();
  }

  @Override
  public CustomTaskMetric[] currentMetricsValues() {
    long tokens = batch.tokens();
    return new CustomTaskMetric[] {
      new CustomTaskMetric() {
        @Override
        public String name() {
          return TokensScan.TokensMetric.NAME;
        }

        @Override
        public long value() {
          return tokens;
        }
      }
    };
  }

  /** Spark closes a reader when it is exhausted and again when the task ends. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      batch.close();
      documents.close();
      tokenizer.close();
    }
  }
}
