package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.format.Minifloat;
import io.octavo.format.Rounding;
import io.octavo.format.ScaleFormat;
import io.octavo.kernel.GemmKernels;
import io.octavo.kernel.Tensors;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Shape;
import io.octavo.tensor.Tensor;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Random products on a GPU with their sums in double. A side is written {@code E4M3 GROUP_128}: its
 * element type and, for codes, which elements share a scale.
 */
final class GemmCase {

  /** Sampled results of a product beside those of double. */
  record Result(float[] actual, float[] expected) {
    double relativeError() {
      return Tensors.relativeError(actual, expected);
    }
  }

  /** An operand on the device and its numbers. */
  record Side(Operand operand, float[] numbers) {}

  private static final int MOST_ROWS_CHECKED = 64;

  private final CudaBackend backend;
  private final DeviceTensors tensors;
  private final Tensor workspace;

  GemmCase(CudaBackend backend, DeviceTensors tensors) {
    this.backend = backend;
    this.tensors = tensors;
    this.workspace =
        tensors.empty(
            DataType.F32, backend.gemm().workspaceElements(Shape.of(1, 1), Shape.of(1, 1)));
  }

  Tensor workspace() {
    return workspace;
  }

  float[] normal(long seed, int count) {
    Random random = new Random(seed);
    float[] values = new float[count];
    for (int i = 0; i < count; i++) {
      values[i] = (float) random.nextGaussian();
    }
    return values;
  }

  Side side(String text, long seed, int rows, int columns) {
    String[] words = text.trim().split(" ");
    float[] values = normal(seed, rows * columns);
    if (words[0].equals("F32")) {
      return new Side(tensors.of(values, rows, columns), values);
    }
    if (words[0].equals("BF16")) {
      short[] halves = new short[values.length];
      for (int i = 0; i < values.length; i++) {
        int bits = Float.floatToRawIntBits(values[i]) & 0xFFFF0000;
        halves[i] = (short) (bits >> 16);
        values[i] = Float.intBitsToFloat(bits);
      }
      return new Side(tensors.ofBf16(halves, rows, columns), values);
    }
    Minifloat format = words[0].equals("E4M3") ? ElementFormat.E4M3 : ElementFormat.E5M2;
    return codes(
        format, GemmScaling.valueOf(words.length > 1 ? words[1] : "TENSOR"), values, seed, columns);
  }

  /** Codes of {@code values} with random scales, in the order that cuBLASLt reads them. */
  private Side codes(
      Minifloat format, GemmScaling scaling, float[] values, long seed, int columns) {
    int rows = values.length / columns;
    byte[] codes = new byte[values.length];
    int groups = (columns + 127) / 128;
    int padded = (groups + 3) / 4 * 4;
    int count =
        switch (scaling) {
          case NONE, TENSOR -> 1;
          case ROW -> rows;
          case GROUP_128 -> groups * rows;
          case BLOCK_128 -> (rows + 127) / 128 * padded;
        };
    float[] scales = new float[count];
    Random random = new Random(~seed);
    for (int i = 0; i < count; i++) {
      scales[i] = 0.01f + random.nextFloat();
    }
    float[] numbers = new float[values.length];
    IntStream.range(0, rows)
        .parallel()
        .forEach(
            row -> {
              for (int column = 0; column < columns; column++) {
                int at = row * columns + column;
                codes[at] = (byte) format.encode(16 * values[at], Rounding.NEAREST_EVEN, 0);
                int scale =
                    switch (scaling) {
                      case NONE, TENSOR -> 0;
                      case ROW -> row;
                      case GROUP_128 -> column / 128 * rows + row;
                      case BLOCK_128 -> row / 128 * padded + column / 128;
                    };
                numbers[at] = format.decode(codes[at] & 0xFF) * scales[scale];
              }
            });
    Granularity granularity =
        switch (scaling) {
          case NONE, TENSOR -> new Granularity.PerTensor();
          case ROW -> new Granularity.PerRow();
          case GROUP_128 -> new Granularity.Group(128);
          case BLOCK_128 -> new Granularity.Block(128, 128);
        };
    // The tensor of scales that the type allows; the padding of blocks lies behind it.
    Tensor stored = tensors.of(scales, count);
    long declared = QuantizedTensor.scaleShape(granularity, Shape.of(rows, columns)).elements();
    return new Side(
        new QuantizedTensor(
            new QuantSpec(format, ScaleFormat.FP32, granularity, Rounding.NEAREST_EVEN),
            tensors.ofCodes(codes, rows, columns),
            stored.range(0, declared)),
        numbers);
  }

  Result product(
      String a, String b, DataType result, int m, int n, int k, ProductSummation summation) {
    Side left = side(a, 1, m, k);
    Side right = side(b, 2, n, k);
    Tensor y = tensors.empty(result, m, n);
    backend
        .gemm(summation, summation)
        .fprop(left.operand(), right.operand(), y, GemmKernels.Accumulation.OVERWRITE, workspace);
    return compare(left, right, new float[m * n], y, k);
  }

  Result productPlusResidual(String a, String b, int m, int n, int k) {
    Side left = side(a, 1, m, k);
    Side right = side(b, 2, n, k);
    Side residual = side("BF16", 3, m, n);
    Tensor y = tensors.empty(DataType.BF16, m, n);
    backend
        .gemm()
        .fpropAdd(left.operand(), right.operand(), (Tensor) residual.operand(), y, workspace);
    return compare(left, right, residual.numbers(), y, k);
  }

  /** The first product of its shape, so that its algorithm is searched for. */
  Result productAddedInPlace(String a, String b, int m, int n, int k) {
    Side left = side(a, 1, m, k);
    Side right = side(b, 2, n, k);
    Side residual = side("BF16", 3, m, n);
    Tensor y = (Tensor) residual.operand();
    backend.gemm().fpropAdd(left.operand(), right.operand(), y, y, workspace);
    return compare(left, right, residual.numbers(), y, k);
  }

  /** Sampled rows of {@code y} beside {@code left right^T + addend}. */
  Result compare(Side left, Side right, float[] addend, Tensor y, int k) {
    float[] all = tensors.floats(y);
    int m = y.rows();
    int n = y.columns();
    int checkedRows = Math.min(m, MOST_ROWS_CHECKED);
    float[] actual = new float[checkedRows * n];
    float[] expected = new float[checkedRows * n];
    IntStream.range(0, checkedRows)
        .parallel()
        .forEach(
            i -> {
              int row = (int) ((long) i * m / checkedRows);
              for (int j = 0; j < n; j++) {
                double sum = addend[row * n + j];
                for (int l = 0; l < k; l++) {
                  sum += (double) left.numbers()[row * k + l] * right.numbers()[j * k + l];
                }
                actual[i * n + j] = all[row * n + j];
                expected[i * n + j] = (float) sum;
              }
            });
    return new Result(actual, expected);
  }
}
