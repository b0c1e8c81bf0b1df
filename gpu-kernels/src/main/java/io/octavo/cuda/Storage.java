package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.format.ScaleFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;

/** How layers' kernels find numbers in memory; a part of the kernels' names. */
enum Storage {
  F32("f32"),
  BF16("bf16"),
  /** E4M3 codes with a BF16 scale for each 16 along a row, as COAT keeps activations. */
  GROUP_16("g16");

  private static final Granularity GROUP = new Granularity.Group(16);

  private final String label;

  Storage(String label) {
    this.label = label;
  }

  String label() {
    return label;
  }

  static Storage of(Operand operand) {
    if (operand instanceof Tensor tensor && tensor.type() == DataType.F32) {
      return F32;
    }
    if (operand instanceof Tensor tensor && tensor.type() == DataType.BF16) {
      return BF16;
    }
    if (operand instanceof QuantizedTensor codes && isGroup16(codes.spec())) {
      return GROUP_16;
    }
    throw new IllegalArgumentException(
        "Cannot read %s on cuda: stored as %s (expected F32, BF16, or E4M3 with BF16 scales of 16)"
            .formatted(operand.shape(), description(operand)));
  }

  private static boolean isGroup16(QuantSpec spec) {
    return spec.element() == ElementFormat.E4M3
        && spec.scale() == ScaleFormat.BF16
        && spec.granularity().equals(GROUP);
  }

  private static String description(Operand operand) {
    if (operand instanceof Tensor tensor) {
      return tensor.type().toString();
    }
    return operand instanceof QuantizedTensor codes ? codes.spec().toString() : "a transpose";
  }

  /** The numbers, or their codes. */
  static Tensor data(Operand operand) {
    return operand instanceof QuantizedTensor codes ? codes.codes() : (Tensor) operand;
  }

  /** The scales of codes; numbers have none, and kernels do not look at what is given instead. */
  static Tensor scales(Operand operand) {
    return operand instanceof QuantizedTensor codes ? codes.scales() : (Tensor) operand;
  }
}
