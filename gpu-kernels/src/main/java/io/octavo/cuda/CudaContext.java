package io.octavo.cuda;

import io.octavo.tensor.DataType;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import jcuda.driver.JCudaDriver;

/**
 * What the op families of one backend share: device, stream, their modules, and scratch that lives
 * as long as the backend. Families ask for all of it when they are made, so that nothing is
 * allocated inside a step.
 */
final class CudaContext implements AutoCloseable {

  /** Blocks of the largest persistent grid: eight on each of 132 multiprocessors. */
  static final int MOST_BLOCKS = 1056;

  /** Entries of {@link #blockAmax}: forty blocks on each of 132 multiprocessors leave one each. */
  static final int MOST_AMAX = 5280;

  private final Device device;
  private final Stream stream;
  private final List<AutoCloseable> owned = new ArrayList<>();
  private final Tensor blockAmax;
  private final AmaxNote amaxNote;

  CudaContext(Device device) {
    this.device = device;
    this.stream = new Stream(device);
    this.blockAmax = reserve(DataType.F32, MOST_AMAX);
    this.amaxNote = new AmaxNote(stream);
  }

  Device device() {
    return device;
  }

  Stream stream() {
    return stream;
  }

  /** The kernels of one family; unloaded with the backend. */
  KernelModule module(String family) {
    KernelModule module = KernelModule.load(family, stream);
    owned.add(module);
    return module;
  }

  /** Zeroed scratch of a family; freed with the backend. */
  Tensor reserve(DataType type, long... extents) {
    Shape shape = Shape.of(extents);
    DeviceBuffer memory =
        DeviceBuffer.allocate(device, shape.elements() * type.bytes(), CudaContext::keep);
    owned.add(memory);
    zero(memory);
    return new Tensor(shape, memory.window(type, 0, shape.elements()));
  }

  private static void keep() {
    // Scratch is not counted among the buffers that callers must close.
  }

  /**
   * One amax a block of the kernel that wrote the values last, as many entries as it has blocks; it
   * says so in {@link #amaxNote}, and the cast that follows reduces them.
   */
  Tensor blockAmax() {
    return blockAmax;
  }

  /** Of which tensor {@link #blockAmax} holds the amax. */
  AmaxNote amaxNote() {
    return amaxNote;
  }

  /** Blocks of a persistent grid: at most {@code perMultiprocessor} on each, no more than work. */
  int persistentBlocks(int perMultiprocessor, long work) {
    long most = Math.min(MOST_BLOCKS, (long) perMultiprocessor * device.multiprocessors());
    return (int) Math.max(1, Math.min(most, work));
  }

  /** Appends a fill with zero bytes to the stream. */
  void zero(DeviceBuffer target) {
    device.makeCurrent();
    stream.remember("(a fill)");
    if (target.bytes() > 0) {
      Status.check(
          JCudaDriver.cuMemsetD8Async(target.pointer(), (byte) 0, target.bytes(), stream.handle()),
          "zero %,d bytes".formatted(target.bytes()));
    }
  }

  @Override
  public void close() {
    stream.synchronize();
    for (int i = owned.size() - 1; i >= 0; i--) {
      closeOne(owned.get(i));
    }
    stream.close();
  }

  private static void closeOne(AutoCloseable resource) {
    try {
      resource.close();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException("Cannot close " + resource, e);
    }
  }
}
