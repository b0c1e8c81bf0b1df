package io.octavo.checkpoint;

import io.octavo.kernel.Backend;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.Buffer;
import io.octavo.tensor.DataType;
import io.octavo.tensor.HostBuffer;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import io.octavo.train.StateShard;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;

/** One rank's part of a vector of floats and of a vector of codes. */
final class RankState implements AutoCloseable {

  static final int FLOATS = 1003;
  static final int CODES = 517;

  private final Backend backend = new ReferenceBackend();
  private final Buffer memory;
  private final StateShard floats;
  private final StateShard codes;

  RankState(int rank, int worldSize) {
    memory = backend.allocate(4L * FLOATS + CODES);
    floats = shard("a/master", DataType.F32, 0, FLOATS, rank, worldSize);
    codes = shard("a/first.codes", DataType.U8, 4L * FLOATS, CODES, rank, worldSize);
  }

  /** Ranks take unequal parts. */
  private StateShard shard(
      String name, DataType type, long at, int whole, int rank, int worldSize) {
    int from = whole * rank * rank / (worldSize * worldSize);
    int to = whole * (rank + 1) * (rank + 1) / (worldSize * worldSize);
    Tensor values = new Tensor(Shape.of(to - from), memory.window(type, at, to - from));
    return new StateShard(name, values, from, whole, StateShard.Need.REQUIRED);
  }

  Backend backend() {
    return backend;
  }

  List<StateShard> shards() {
    return List.of(floats, codes);
  }

  /** Element {@code i} of the whole vector of floats is {@code i + salt}. */
  void fill(int salt) {
    float[] values = new float[count(floats)];
    for (int i = 0; i < values.length; i++) {
      values[i] = floats.offset() + i + salt;
    }
    HostBuffer.of(floats.values()).put(values);
    ByteBuffer bytes = ByteBuffer.allocateDirect(count(codes)).order(ByteOrder.nativeOrder());
    for (int i = 0; i < count(codes); i++) {
      bytes.put((byte) (codes.offset() + i + salt));
    }
    backend.upload(bytes.flip(), codes.values());
  }

  /** Whether it holds what {@link #fill} puts. */
  boolean holds(int salt) {
    float[] values = HostBuffer.of(floats.values()).toFloats();
    boolean same = true;
    for (int i = 0; i < values.length; i++) {
      same &= values[i] == floats.offset() + i + salt;
    }
    ByteBuffer bytes = ByteBuffer.allocateDirect(count(codes)).order(ByteOrder.nativeOrder());
    backend.download(codes.values(), bytes);
    for (int i = 0; i < count(codes); i++) {
      same &= bytes.get(i) == (byte) (codes.offset() + i + salt);
    }
    return same;
  }

  private static int count(StateShard shard) {
    return Math.toIntExact(shard.values().elements());
  }

  @Override
  public void close() {
    memory.close();
    backend.close();
  }
}
