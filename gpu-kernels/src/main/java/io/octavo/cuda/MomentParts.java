package io.octavo.cuda;

import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.kernel.OptimizerKernels.PlainMoment;
import io.octavo.tensor.DataType;
import java.util.List;

/**
 * How a moment is stored, and the addresses of its parts, 0 where it has none: the parameters by
 * which kernels of AdamW take it.
 */
record MomentParts(Kind kind, long values, long scales, long exponents, long centres) {

  /** What kernels are named by, in lower case. */
  enum Kind {
    F32,
    BF16,
    FP8
  }

  static MomentParts of(Moment moment) {
    if (moment instanceof PlainMoment plain) {
      Kind kind = plain.values().type() == DataType.BF16 ? Kind.BF16 : Kind.F32;
      return new MomentParts(kind, DeviceBuffer.address(plain.values()), 0, 0, 0);
    }
    Fp8Moment stored = (Fp8Moment) moment;
    return new MomentParts(
        Kind.FP8,
        DeviceBuffer.address(stored.codes()),
        DeviceBuffer.address(stored.scales()),
        DeviceBuffer.address(stored.exponents()),
        DeviceBuffer.address(stored.centres()));
  }

  List<Long> arguments() {
    return List.of(values, scales, exponents, centres);
  }
}
