package io.octavo.spark.feed;

import io.octavo.train.StepBatch;
import java.nio.ByteOrder;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.vector.IntVector;
import org.apache.arrow.vector.complex.FixedSizeListVector;
import org.apache.arrow.vector.types.pojo.ArrowType;
import org.apache.arrow.vector.types.pojo.FieldType;
import org.apache.spark.sql.util.ArrowUtils;
import org.jspecify.annotations.Nullable;

/**
 * One rank's samples as the batches of its steps: Arrow {@code FixedSizeList<int32>} vectors, two
 * of them in turn, filled ahead by a thread. The trainer reads the ids where they are.
 */
public final class ArrowFeed implements AutoCloseable {

  private static final int BUFFERS = 2;
  private static final long POLL_MILLIS = 50;

  private final Iterator<Sample> samples;
  private final int perStep;
  private final int length;
  private final BufferAllocator allocator;
  private final BlockingQueue<FixedSizeListVector> free = new LinkedBlockingQueue<>();
  private final BlockingQueue<FixedSizeListVector> full = new LinkedBlockingQueue<>();
  private final Thread thread;
  private volatile boolean ended;
  private volatile boolean closed;
  private volatile @Nullable RuntimeException failure;
  private @Nullable FixedSizeListVector lent;
  private long step;
  private long waitNanos;

  /**
   * A feed that starts at once.
   *
   * @param startStep steps done before
   * @param perStep samples of this rank in a step
   * @param length tokens of a sample
   */
  public ArrowFeed(Iterator<Sample> samples, long startStep, int perStep, int length) {
    this.samples = samples;
    this.step = startStep;
    this.perStep = perStep;
    this.length = length;
    this.allocator = ArrowUtils.rootAllocator().newChildAllocator("octavo-feed", 0, Long.MAX_VALUE);
    for (int i = 0; i < BUFFERS; i++) {
      free.add(vector());
    }
    thread = new Thread(this::fill, "octavo-feed");
    thread.setDaemon(true);
    thread.start();
  }

  private FixedSizeListVector vector() {
    FixedSizeListVector vector = FixedSizeListVector.empty("tokens", length, allocator);
    vector.addOrGetVector(FieldType.notNullable(new ArrowType.Int(32, true)));
    vector.setInitialCapacity(perStep);
    vector.allocateNew();
    ((IntVector) vector.getDataVector()).allocateNew(perStep * length);
    return vector;
  }

  private void fill() {
    try {
      while (!closed && samples.hasNext()) {
        FixedSizeListVector vector = free.poll(POLL_MILLIS, TimeUnit.MILLISECONDS);
        if (vector != null) {
          fill(vector);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      failure = e;
    } finally {
      ended = true;
    }
  }

  /** Fills a vector with one step's samples; a step that is not whole is dropped. */
  private void fill(FixedSizeListVector vector) {
    ArrowBuf data = vector.getDataVector().getDataBuffer();
    for (int row = 0; row < perStep; row++) {
      if (!samples.hasNext()) {
        free.add(vector);
        return;
      }
      int[] tokens = samples.next().tokens();
      long at = (long) row * length * Integer.BYTES;
      for (int i = 0; i < length; i++) {
        data.setInt(at + (long) i * Integer.BYTES, tokens[i]);
      }
      vector.setNotNull(row);
    }
    vector.getDataVector().setValueCount(perStep * length);
    vector.setValueCount(perStep);
    full.add(vector);
  }

  /**
   * The next step's batch; valid until the next call.
   *
   * @throws NoSuchElementException where the samples have ended
   */
  public StepBatch next() throws InterruptedException {
    if (lent != null) {
      free.add(lent);
      lent = null;
    }
    long begin = System.nanoTime();
    FixedSizeListVector vector = full.poll();
    while (vector == null) {
      boolean last = ended;
      vector = full.poll(last ? 0 : POLL_MILLIS, TimeUnit.MILLISECONDS);
      if (vector == null && last) {
        throw ending();
      }
    }
    waitNanos += System.nanoTime() - begin;
    lent = vector;
    step++;
    int bytes = perStep * length * Integer.BYTES;
    return new StepBatch(
        step,
        vector
            .getDataVector()
            .getDataBuffer()
            .nioBuffer(0, bytes)
            .order(ByteOrder.LITTLE_ENDIAN)
            .asIntBuffer(),
        perStep);
  }

  private RuntimeException ending() {
    RuntimeException cause = failure;
    return cause != null
        ? new IllegalStateException(
            "Cannot feed step " + (step + 1) + ": " + cause.getMessage(), cause)
        : new NoSuchElementException("Cannot feed step " + (step + 1) + ": samples have ended");
  }

  /** Time that {@link #next} has waited for data, in seconds. */
  public double waitSeconds() {
    return waitNanos / 1e9;
  }

  @Override
  public void close() {
    closed = true;
    boolean interrupted = false;
    try {
      thread.join(TimeUnit.SECONDS.toMillis(10));
    } catch (InterruptedException e) {
      interrupted = true;
    }
    if (lent != null) {
      lent.close();
    }
    free.forEach(FixedSizeListVector::close);
    full.forEach(FixedSizeListVector::close);
    allocator.close();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
