package io.octavo.spark.tokens;

import io.octavo.tokens.SequencePacker;
import java.nio.charset.StandardCharsets;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.BigIntVector;
import org.apache.arrow.vector.FieldVector;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.VarCharVector;
import org.apache.arrow.vector.complex.ListVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.util.ArrowUtils;
import org.apache.spark.sql.vectorized.ArrowColumnVector;
import org.apache.spark.sql.vectorized.ColumnVector;
import org.apache.spark.sql.vectorized.ColumnarBatch;

/** The Arrow vectors of the columns that are asked for, filled again for every batch. */
final class TokenBatch implements AutoCloseable {

  private final BufferAllocator allocator =
      ArrowUtils.rootAllocator().newChildAllocator("octavo-tokens", 0, Long.MAX_VALUE);
  private final FieldVector[] vectors;
  private final ColumnarBatch batch;
  private final int length;
  private final byte[] path;
  private int rows;
  private long tokens;

  TokenBatch(StructType columns, int length, int capacity, String path) {
    this.length = length;
    this.path = path.getBytes(StandardCharsets.UTF_8);
    vectors = new FieldVector[columns.size()];
    ColumnVector[] views = new ColumnVector[vectors.length];
    for (int i = 0; i < vectors.length; i++) {
      vectors[i] = vector(columns.fieldNames()[i], capacity);
      views[i] = new Reused(vectors[i]);
    }
    batch = new ColumnarBatch(views);
  }

  /** Spark closes vectors after each batch; these are filled again. */
  private static final class Reused extends ArrowColumnVector {
    Reused(FieldVector vector) {
      super(vector);
    }

    @Override
    public void closeIfFreeable() {
      // The reader closes them.
    }
  }

  private FieldVector vector(String name, int capacity) {
    FieldVector vector =
        switch (name) {
          case "id" -> new BigIntVector(name, allocator);
          case "tokens" -> tokenVector(name, capacity);
          case "documents" -> new IntVector(name, allocator);
          case "path" -> new VarCharVector(name, allocator);
          default -> throw new IllegalArgumentException("Cannot read column " + name);
        };
    if (!(vector instanceof ListVector)) {
      vector.setInitialCapacity(capacity);
      vector.allocateNew();
    }
    return vector;
  }

  private ListVector tokenVector(String name, int capacity) {
    ListVector list = ListVector.empty(name, allocator);
    list.addOrGetVector(FieldType.notNullable(new ArrowType.Int(32, true)));
    list.setInitialCapacity(capacity);
    list.allocateNew();
    ((IntVector) list.getDataVector()).allocateNew(capacity * length);
    return list;
  }

  void clear() {
    rows = 0;
  }

  int rows() {
    return rows;
  }

  /** Tokens of all batches so far. */
  long tokens() {
    return tokens;
  }

  void add(long id, int[] sequence, int endOfText) {
    for (FieldVector vector : vectors) {
      if (vector instanceof BigIntVector ids) {
        ids.setSafe(rows, id);
      } else if (vector instanceof IntVector documents) {
        documents.setSafe(rows, documents(sequence, endOfText));
      } else if (vector instanceof VarCharVector paths) {
        paths.setSafe(rows, path);
      } else if (vector instanceof ListVector list) {
        addTokens(list, sequence);
      }
    }
    rows++;
    tokens += sequence.length;
  }

  private void addTokens(ListVector list, int[] sequence) {
    IntVector data = (IntVector) list.getDataVector();
    int at = list.startNewValue(rows);
    for (int i = 0; i < sequence.length; i++) {
      data.setSafe(at + i, sequence[i]);
    }
    list.endValue(rows, sequence.length);
  }

  /** Documents of which the sequence has a token. */
  private static int documents(int[] sequence, int endOfText) {
    int count = 0;
    boolean inside = false;
    for (int id : sequence) {
      if (id == SequencePacker.PADDING) {
        break;
      }
      count += inside ? 0 : 1;
      inside = id != endOfText;
    }
    return count;
  }

  ColumnarBatch finish() {
    for (FieldVector vector : vectors) {
      vector.setValueCount(rows);
    }
    batch.setNumRows(rows);
    return batch;
  }

  @Override
  public void close() {
    for (FieldVector vector : vectors) {
      vector.close();
    }
    allocator.close();
  }
}
