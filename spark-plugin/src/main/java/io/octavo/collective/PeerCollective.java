package io.octavo.collective;

import io.octavo.kernel.Backend;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.DoubleBuffer;
import java.nio.FloatBuffer;
import java.time.Duration;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Collectives by direct exchange: every rank sends each peer what that peer needs, in chunks. A
 * rank sends at most {@link #WINDOW} chunks ahead of what it has received, which bounds the memory
 * of messages in flight. Sums are taken in rank order, so they do not depend on timing.
 *
 * <p>A failure on one rank aborts all ranks, so that none waits for a deadline it need not.
 */
public final class PeerCollective implements Collective {

  /** Chunks that may be sent before the first is received. */
  static final int WINDOW = 4;

  /** Memory that messages of one operation may take on a rank, both ways together. */
  private static final int IN_FLIGHT_BYTES = 64 << 20;

  private static final int LARGEST_CHUNK_BYTES = 1 << 20;

  private final Transport transport;
  private final Backend backend;
  private final Duration deadline;
  private final int chunkElements;
  private final float[] sum;
  private final float[] addend;
  private final ByteBuffer[] staging;
  private final AtomicReference<@Nullable String> abortReason = new AtomicReference<>();
  private String operation = "nothing";
  private volatile long sequence = -1;
  private volatile int waitingFor = -1;
  private final AtomicLong bytesSent = new AtomicLong();

  /**
   * @param deadline the longest wait for one message of a peer
   */
  public PeerCollective(Transport transport, Backend backend, Duration deadline) {
    this(transport, backend, deadline, chunkElements(transport.worldSize()));
  }

  PeerCollective(Transport transport, Backend backend, Duration deadline, int chunkElements) {
    this.transport = transport;
    this.backend = backend;
    this.deadline = deadline;
    this.chunkElements = chunkElements;
    this.sum = new float[chunkElements];
    this.addend = new float[chunkElements];
    this.staging = new ByteBuffer[WINDOW * transport.worldSize()];
    for (int i = 0; i < staging.length; i++) {
      staging[i] = hostMemory(chunkElements * DataType.F32.bytes());
    }
  }

  private static int chunkElements(int worldSize) {
    int bytes = IN_FLIGHT_BYTES / (3 * WINDOW * worldSize);
    return Math.min(bytes, LARGEST_CHUNK_BYTES) / DataType.F32.bytes() / 128 * 128;
  }

  private static ByteBuffer hostMemory(int bytes) {
    return ByteBuffer.allocateDirect(bytes).order(ByteOrder.nativeOrder());
  }

  @Override
  public int rank() {
    return transport.rank();
  }

  @Override
  public int worldSize() {
    return transport.worldSize();
  }

  @Override
  public void allGather(Tensor shard, Tensor full) {
    begin("allGather");
    Shards shards = Shards.of(operation, shard, full, worldSize(), chunkElements);
    backend.copy(shard, full.range(rank() * shards.elements(), (rank() + 1) * shards.elements()));
    exchange(
        shards.chunks(),
        chunk -> {
          ByteBuffer message = download(shards.ofShard(shard, chunk), chunk % WINDOW);
          for (int i = 1; i < worldSize(); i++) {
            send((rank() + i) % worldSize(), chunk, message.duplicate());
          }
        },
        chunk -> {
          for (int i = 1; i < worldSize(); i++) {
            int peer = (rank() - i + worldSize()) % worldSize();
            Tensor target = shards.ofFull(full, peer, chunk);
            receive(peer, chunk, bytes(target), message -> backend.upload(message, target));
          }
        });
  }

  @Override
  public void reduceScatterAdd(Tensor full, Tensor shard) {
    begin("reduceScatterAdd");
    Shards shards = Shards.of(operation, shard, full, worldSize(), chunkElements);
    exchange(
        shards.chunks(),
        chunk -> {
          for (int i = 1; i < worldSize(); i++) {
            int peer = (rank() + i) % worldSize();
            int slot = chunk % WINDOW * worldSize() + peer;
            send(peer, chunk, download(shards.ofFull(full, peer, chunk), slot));
          }
        },
        chunk -> addSum(shards.ofFull(full, rank(), chunk), shards.ofShard(shard, chunk), chunk));
  }

  @Override
  public void allReduceSum(double[] values) {
    begin("allReduceSum");
    allReduce(values);
  }

  @Override
  public void barrier() {
    begin("barrier");
    allReduce(new double[1]);
  }

  @Override
  public long bytesSent() {
    return bytesSent.get();
  }

  /** Operations begun so far; from any thread. */
  public long operations() {
    return sequence + 1;
  }

  /** The rank whose message this rank waits for, or -1; from any thread. */
  public int waitingFor() {
    return waitingFor;
  }

  @Override
  public void abort(String reason) {
    if (abortReason.compareAndSet(null, reason)) {
      transport.abort(reason);
    }
  }

  @Override
  public void close() {
    transport.close();
  }

  /** What one step of an exchange does with a chunk. */
  private interface ChunkStep {
    void run(int chunk);
  }

  private void begin(String name) {
    String reason = abortReason.get();
    if (reason != null) {
      throw new CollectiveException(reason);
    }
    operation = name;
    sequence = sequence + 1;
  }

  private void exchange(int chunks, ChunkStep sending, ChunkStep receiving) {
    for (int chunk = 0; chunk < Math.min(WINDOW, chunks); chunk++) {
      sending.run(chunk);
    }
    for (int chunk = 0; chunk < chunks; chunk++) {
      receiving.run(chunk);
      if (chunk + WINDOW < chunks) {
        if (chunk % WINDOW == 0) {
          flush();
        }
        sending.run(chunk + WINDOW);
      }
    }
    flush();
  }

  /**
   * Adds the sum of all ranks' chunk to {@code shard}; {@code own} is this rank's addend. The
   * staging slot of this rank is free: no message to oneself is in flight.
   */
  private void addSum(Tensor own, Tensor shard, int chunk) {
    int elements = Math.toIntExact(shard.elements());
    for (int peer = 0; peer < worldSize(); peer++) {
      float[] target = peer == 0 ? sum : addend;
      if (peer == rank()) {
        download(own, rank()).asFloatBuffer().get(target, 0, elements);
      } else {
        receive(peer, chunk, bytes(own), message -> floats(message).get(target, 0, elements));
      }
      if (peer > 0) {
        addTo(sum, addend, elements);
      }
    }
    ByteBuffer memory = download(shard, rank());
    memory.asFloatBuffer().get(addend, 0, elements);
    addTo(sum, addend, elements);
    memory.asFloatBuffer().put(sum, 0, elements);
    backend.upload(memory, shard);
  }

  private static void addTo(float[] target, float[] source, int elements) {
    for (int i = 0; i < elements; i++) {
      target[i] += source[i];
    }
  }

  private void allReduce(double[] values) {
    int bytes = values.length * Double.BYTES;
    ByteBuffer message = hostMemory(bytes);
    message.asDoubleBuffer().put(values);
    double[] sums = new double[values.length];
    exchange(
        1,
        chunk -> {
          for (int i = 1; i < worldSize(); i++) {
            send((rank() + i) % worldSize(), chunk, message.duplicate());
          }
        },
        chunk -> {
          for (int peer = 0; peer < worldSize(); peer++) {
            if (peer == rank()) {
              addTo(sums, message.asDoubleBuffer());
            } else {
              receive(peer, chunk, bytes, theirs -> addTo(sums, doubles(theirs)));
            }
          }
        });
    System.arraycopy(sums, 0, values, 0, values.length);
  }

  private static void addTo(double[] target, DoubleBuffer source) {
    for (int i = 0; i < target.length; i++) {
      target[i] += source.get(i);
    }
  }

  private static FloatBuffer floats(ByteBuffer message) {
    return message.order(ByteOrder.nativeOrder()).asFloatBuffer();
  }

  private static DoubleBuffer doubles(ByteBuffer message) {
    return message.order(ByteOrder.nativeOrder()).asDoubleBuffer();
  }

  private static int bytes(Tensor tensor) {
    return Math.toIntExact(tensor.buffer().bytes());
  }

  private ByteBuffer download(Tensor source, int slot) {
    ByteBuffer memory = staging[slot].clear().limit(bytes(source));
    backend.download(source, memory.duplicate().order(ByteOrder.nativeOrder()));
    return memory;
  }

  private void send(int peer, int chunk, ByteBuffer message) {
    bytesSent.addAndGet(message.remaining());
    try {
      transport.send(peer, new MessageTag(sequence, chunk), message);
    } catch (CollectiveException e) {
      throw failed(e.getMessage(), e);
    }
  }

  private void receive(int peer, int chunk, int bytes, Consumer<ByteBuffer> reader) {
    waitingFor = peer;
    try {
      transport.receive(
          peer,
          new MessageTag(sequence, chunk),
          deadline,
          message -> reader.accept(checked(peer, bytes, message)));
    } catch (TimeoutException e) {
      throw failed("rank %d is late, it sent nothing for %s".formatted(peer, text(deadline)), e);
    } catch (CollectiveException e) {
      throw failed(e.getMessage(), e);
    } finally {
      waitingFor = -1;
    }
  }

  private static ByteBuffer checked(int peer, int bytes, ByteBuffer message) {
    if (message.remaining() != bytes) {
      throw new CollectiveException(
          "rank %d sent %d bytes (expected %d); ranks must call the same operations in one order"
              .formatted(peer, message.remaining(), bytes));
    }
    return message.order(ByteOrder.nativeOrder());
  }

  private void flush() {
    try {
      transport.flush(deadline);
    } catch (TimeoutException e) {
      throw failed("%s within %s".formatted(e.getMessage(), text(deadline)), e);
    } catch (CollectiveException e) {
      throw failed(e.getMessage(), e);
    }
  }

  private CollectiveException failed(@Nullable String why, Exception cause) {
    String message = "Cannot finish %s (operation %d): %s".formatted(operation, sequence, why);
    abort(message);
    return new CollectiveException(message, cause);
  }

  private static String text(Duration duration) {
    return duration.toMillis() % 1000 == 0
        ? duration.toSeconds() + " s"
        : duration.toMillis() + " ms";
  }
}
