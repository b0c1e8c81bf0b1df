package io.octavo.cuda;

import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUmodule;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;
import org.bytedeco.cuda.cudart.CUfunc_st;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.SizeTPointer;

/**
 * One {@code __global__} function.
 *
 * <p>Arguments are written into native memory that was laid out once from the function's own
 * parameter sizes, so a launch allocates little and an argument of the wrong width is an error, not
 * a corrupted kernel. The driver copies arguments before a launch returns.
 */
final class Kernel {

  /** Shared memory that needs no permission. */
  private static final int SHARED_BYTES_WITHOUT_ASKING = 48 << 10;

  private static final int PARAMETER_BYTES = 4096;

  /** JCuda's function with its number in sight. */
  private static final class Handle extends CUfunction {
    long value() {
      return getNativePointer();
    }
  }

  private final String name;
  private final Stream stream;
  private final Handle function = new Handle();
  private final int[] sizes;
  private final int[] offsets;

  /** Kept: its collection would free the memory under {@link #arguments}, which is only a view. */
  private final BytePointer memory = new BytePointer(PARAMETER_BYTES);

  /** Where each argument lies, for the driver. */
  private final BytePointer addresses;

  private final ByteBuffer arguments;
  private final Pointer parameters;
  private final ChainedLaunch chained;
  private final String launching;
  private int sharedBytesAllowed;

  Kernel(String name, CUmodule module, String symbol, Stream stream) {
    this.name = name;
    this.stream = stream;
    this.launching = "launch kernel " + name;
    Status.check(JCudaDriver.cuModuleGetFunction(function, module, symbol), "find kernel " + name);
    sharedBytesAllowed = SHARED_BYTES_WITHOUT_ASKING - staticSharedBytes();
    int[][] layout = layout(function.value());
    offsets = layout[0];
    sizes = layout[1];
    arguments = memory.asByteBuffer().order(ByteOrder.nativeOrder());
    addresses = new BytePointer(Math.max(1, sizes.length) * (long) Long.BYTES);
    ByteBuffer table = addresses.asByteBuffer().order(ByteOrder.nativeOrder());
    for (int i = 0; i < sizes.length; i++) {
      table.putLong(i * Long.BYTES, memory.address() + offsets[i]);
    }
    parameters = Pointer.to(table);
    chained = new ChainedLaunch(stream, function.value(), addresses.address());
  }

  private int staticSharedBytes() {
    int[] bytes = new int[1];
    Status.check(
        JCudaDriver.cuFuncGetAttribute(
            bytes, CUfunction_attribute.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES, function),
        "ask how much shared memory kernel " + name + " has");
    return bytes[0];
  }

  /** Offset and size of each parameter. */
  private static int[][] layout(long function) {
    CUfunc_st handle = new CUfunc_st(new NativeAddress(function));
    int[] offsets = new int[256];
    int[] sizes = new int[256];
    int count = 0;
    try (SizeTPointer offset = new SizeTPointer(1);
        SizeTPointer size = new SizeTPointer(1)) {
      while (cudart.cuFuncGetParamInfo(handle, count, offset, size) == CUresult.CUDA_SUCCESS) {
        offsets[count] = (int) offset.get();
        sizes[count] = (int) size.get();
        count++;
      }
    }
    return new int[][] {Arrays.copyOf(offsets, count), Arrays.copyOf(sizes, count)};
  }

  /** Family and symbol, as error messages have it. */
  String name() {
    return name;
  }

  /**
   * Appends one launch to the stream.
   *
   * @param values one a parameter: a {@link Tensor} (its address), {@code Integer}, {@code Long},
   *     {@code Float}, {@code Double}, or {@code byte[]} for a struct by value
   * @throws IllegalArgumentException where they do not fit the parameters
   */
  void launch(Grid grid, Object... values) {
    write(values);
    stream.device().makeCurrent();
    if (grid.sharedBytes() > sharedBytesAllowed) {
      allowShared(grid.sharedBytes());
    }
    int code =
        JCudaDriver.cuLaunchKernel(
            function,
            grid.x(),
            grid.y(),
            grid.z(),
            grid.threads(),
            1,
            1,
            grid.sharedBytes(),
            stream.handle(),
            parameters,
            null);
    if (code != CUresult.CUDA_SUCCESS) {
      Status.check(code, launching + " with " + grid);
    }
    stream.remember(name);
  }

  /**
   * Appends one launch that may start before the work ahead of it has ended: for kernels that wait
   * for it themselves.
   */
  void launchChained(Grid grid, Cluster cluster, Object... values) {
    write(values);
    stream.device().makeCurrent();
    if (grid.sharedBytes() > sharedBytesAllowed) {
      allowShared(grid.sharedBytes());
    }
    int code = chained.run(grid, cluster);
    if (code != CUresult.CUDA_SUCCESS) {
      Status.check(code, launching + " with " + grid + " in " + cluster);
    }
    stream.remember(name);
  }

  private void write(Object[] values) {
    if (values.length != sizes.length) {
      throw new IllegalArgumentException(
          "Cannot %s: %d arguments given, it has %d parameters"
              .formatted(launching, values.length, sizes.length));
    }
    for (int i = 0; i < values.length; i++) {
      write(i, values[i]);
    }
  }

  private void write(int index, Object value) {
    int at = offsets[index];
    if (value instanceof Tensor tensor) {
      expect(index, Long.BYTES, value);
      arguments.putLong(at, DeviceBuffer.address(tensor));
    } else if (value instanceof Integer number) {
      expect(index, Integer.BYTES, value);
      arguments.putInt(at, number);
    } else if (value instanceof Float number) {
      expect(index, Float.BYTES, value);
      arguments.putFloat(at, number);
    } else if (value instanceof Long number) {
      expect(index, Long.BYTES, value);
      arguments.putLong(at, number);
    } else if (value instanceof Double number) {
      expect(index, Double.BYTES, value);
      arguments.putDouble(at, number);
    } else if (value instanceof byte[] struct) {
      expect(index, struct.length, value);
      arguments.put(at, struct);
    } else {
      throw new IllegalArgumentException(
          "Cannot %s: argument %d is a %s (expected Tensor, Integer, Long, Float, Double, byte[])"
              .formatted(launching, index, value.getClass().getSimpleName()));
    }
  }

  private void expect(int index, int bytes, Object value) {
    if (sizes[index] != bytes) {
      throw new IllegalArgumentException(
          "Cannot %s: argument %d (%s) has %d bytes, the parameter has %d"
              .formatted(launching, index, value.getClass().getSimpleName(), bytes, sizes[index]));
    }
  }

  private void allowShared(int bytes) {
    Status.check(
        JCudaDriver.cuFuncSetAttribute(
            function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes),
        "give kernel %s %,d bytes of shared memory".formatted(name, bytes));
    sharedBytesAllowed = bytes;
  }

  /** Blocks of this kernel that run at once on one multiprocessor, for persistent grids. */
  int blocksPerMultiprocessor(int threads, int sharedBytes) {
    stream.device().makeCurrent();
    if (sharedBytes > sharedBytesAllowed) {
      allowShared(sharedBytes);
    }
    int[] blocks = new int[1];
    Status.check(
        JCudaDriver.cuOccupancyMaxActiveBlocksPerMultiprocessor(
            blocks, function, threads, sharedBytes),
        "ask for the occupancy of kernel " + name);
    return blocks[0];
  }
}
