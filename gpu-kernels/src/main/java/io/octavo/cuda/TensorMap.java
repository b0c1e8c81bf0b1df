package io.octavo.cuda;

import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.Arrays;
import jcuda.driver.CUresult;
import org.bytedeco.cuda.cudart.CUtensorMap;
import org.bytedeco.cuda.global.cudart;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.IntPointer;
import org.bytedeco.javacpp.LongPointer;

/**
 * What the bulk copy engine of Hopper needs to know of a matrix: an argument for a {@code const
 * __grid_constant__ CUtensorMap}. It holds the matrix's address, so it is made once for memory that
 * stays.
 */
final class TensorMap {

  private static final int BYTES = 128;
  private static final int ALIGNMENT = 64;

  /** How boxes are laid out in shared memory so that accesses miss each other's banks. */
  enum Swizzle {
    NONE(0, Integer.MAX_VALUE),
    B32(1, 32),
    B64(2, 64),
    B128(3, 128);

    private final int code;
    private final int mostRowBytes;

    Swizzle(int code, int mostRowBytes) {
      this.code = code;
      this.mostRowBytes = mostRowBytes;
    }
  }

  private TensorMap() {}

  /**
   * A map of {@code tensor} read as a matrix, copied in boxes; what lies outside is read as zero.
   *
   * @param boxRows rows of a box, at most 256
   * @param boxColumns columns of a box, whose bytes the swizzle bounds
   * @return the 128 bytes to pass to {@link Kernel#launch}
   */
  static byte[] of(Tensor tensor, int boxRows, int boxColumns, Swizzle swizzle) {
    long[] extents = {tensor.shape().columns(), tensor.shape().rows()};
    long[] strides = {extents[0] * tensor.type().bytes()};
    return of(
        DeviceBuffer.address(tensor),
        tensor.type(),
        extents,
        strides,
        new int[] {boxColumns, boxRows},
        swizzle);
  }

  /**
   * A map of up to five dimensions, innermost first.
   *
   * @param strides bytes from one index to the next, of each dimension but the innermost; multiples
   *     of 16
   */
  static byte[] of(
      long address, DataType type, long[] extents, long[] strides, int[] box, Swizzle swizzle) {
    if (box[0] * type.bytes() > swizzle.mostRowBytes) {
      throw new IllegalArgumentException(
          "Cannot describe boxes of %d %s a row with swizzle %s: at most %d bytes"
              .formatted(box[0], type, swizzle, swizzle.mostRowBytes));
    }
    int[] steps = new int[box.length];
    Arrays.fill(steps, 1);
    try (BytePointer memory = new BytePointer(BYTES + ALIGNMENT);
        LongPointer globalExtents = new LongPointer(extents);
        LongPointer globalStrides = new LongPointer(strides);
        IntPointer boxExtents = new IntPointer(box);
        IntPointer elementSteps = new IntPointer(steps)) {
      long past = memory.address() % ALIGNMENT;
      BytePointer aligned = memory.getPointer(past == 0 ? 0 : ALIGNMENT - past);
      int code =
          cudart.cuTensorMapEncodeTiled(
              new CUtensorMap(aligned),
              element(type),
              extents.length,
              new NativeAddress(address),
              globalExtents,
              globalStrides,
              boxExtents,
              elementSteps,
              cudart.CU_TENSOR_MAP_INTERLEAVE_NONE,
              swizzle.code,
              cudart.CU_TENSOR_MAP_L2_PROMOTION_L2_128B,
              cudart.CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
      if (code != CUresult.CUDA_SUCCESS) {
        Status.check(code, "describe a matrix to the copy engine");
      }
      byte[] map = new byte[BYTES];
      aligned.capacity(BYTES).get(map);
      return map;
    }
  }

  private static int element(DataType type) {
    return switch (type) {
      case F32 -> cudart.CU_TENSOR_MAP_DATA_TYPE_FLOAT32;
      case BF16 -> cudart.CU_TENSOR_MAP_DATA_TYPE_BFLOAT16;
      case U8 -> cudart.CU_TENSOR_MAP_DATA_TYPE_UINT8;
      case I32 -> cudart.CU_TENSOR_MAP_DATA_TYPE_INT32;
    };
  }
}
