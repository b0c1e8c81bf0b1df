package io.octavo.cuda;

import java.nio.ByteBuffer;
import jcuda.driver.JCudaDriver;

/**
 * Copies between ordinary host memory and the device through two pinned chunks: while one is on its
 * way the other is filled or emptied. Pins its memory at the first copy.
 */
final class Staging implements AutoCloseable {

  private static final int CHUNK_BYTES = 8 << 20;

  /** A pinned chunk, and when the device is done with it. */
  private record Chunk(PinnedBuffer memory, Event done) implements AutoCloseable {
    @Override
    public void close() {
      done.close();
      memory.close();
    }
  }

  private final Stream stream;
  private Chunk[] chunks = {};

  Staging(Stream stream) {
    this.stream = stream;
  }

  private Chunk chunk(long turn) {
    if (chunks.length == 0) {
      chunks = new Chunk[] {pin(), pin()};
    }
    return chunks[(int) (turn % 2)];
  }

  private Chunk pin() {
    return new Chunk(new PinnedBuffer(stream.device(), CHUNK_BYTES), new Event(stream.device()));
  }

  /** Copies to the device; {@code source} is free again on return, the copy may still be going. */
  void upload(ByteBuffer source, DeviceBuffer target) {
    ByteBuffer rest = source.duplicate();
    long at = 0;
    for (long turn = 0; rest.hasRemaining(); turn++) {
      Chunk chunk = chunk(turn);
      chunk.done().synchronize();
      int bytes = Math.min(CHUNK_BYTES, rest.remaining());
      chunk.memory().bytes().put(rest.slice(rest.position(), bytes));
      rest.position(rest.position() + bytes);
      Status.check(
          JCudaDriver.cuMemcpyHtoDAsync(
              new DeviceAddress(target.address() + at),
              chunk.memory().pointer(),
              bytes,
              stream.handle()),
          "upload %,d bytes".formatted(bytes));
      chunk.done().record(stream);
      at += bytes;
    }
  }

  /** Copies to the host, all of it there on return. */
  void download(DeviceBuffer source, ByteBuffer target) {
    ByteBuffer rest = target.duplicate();
    int total = rest.remaining();
    int asked = fetch(source, 0, 0, total);
    for (long turn = 0; rest.hasRemaining(); turn++) {
      asked += fetch(source, turn + 1, asked, total);
      Chunk chunk = chunk(turn);
      chunk.done().synchronize();
      int bytes = Math.min(CHUNK_BYTES, rest.remaining());
      rest.put(chunk.memory().bytes().limit(bytes));
    }
  }

  private int fetch(DeviceBuffer source, long turn, int from, int total) {
    int bytes = Math.min(CHUNK_BYTES, total - from);
    if (bytes > 0) {
      Chunk chunk = chunk(turn);
      Status.check(
          JCudaDriver.cuMemcpyDtoHAsync(
              chunk.memory().pointer(),
              new DeviceAddress(source.address() + from),
              bytes,
              stream.handle()),
          "download %,d bytes".formatted(bytes));
      chunk.done().record(stream);
    }
    return bytes;
  }

  @Override
  public void close() {
    for (Chunk chunk : chunks) {
      chunk.close();
    }
  }
}
