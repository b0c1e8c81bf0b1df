package io.octavo.cuda;

import io.octavo.kernel.OptimizerKernels.AdamWRule;
import io.octavo.kernel.OptimizerKernels.Fp8Moment;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.kernel.OptimizerKernels.PlainMoment;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/** Which kernel of AdamW serves two kinds of moments, and on how many blocks. */
final class AdamWLaunch {

  private static final int WARP = 32;

  /** Threads of a block, numbers a warp takes at once, blocks a multiprocessor. */
  private record Geometry(int threads, int ofWarp, int blocks) {}

  private static final Geometry PLAIN = new Geometry(256, 256, 8);

  /** Eight times as many blocks as run at once: the last ones even out. */
  private static final Geometry EXPANDED = new Geometry(128, 512, 40);

  /** How a moment is stored. */
  private enum Kind {
    F32,
    BF16,
    FP8;

    static Kind of(Moment moment) {
      if (moment instanceof PlainMoment plain) {
        return plain.values().type() == DataType.BF16 ? BF16 : F32;
      }
      return FP8;
    }
  }

  /** Addresses of a moment's parts; 0 where it has none. */
  private record Parts(long values, long scales, long exponents, long centres) {
    static Parts of(Moment moment) {
      if (moment instanceof PlainMoment plain) {
        return new Parts(DeviceBuffer.address(plain.values()), 0, 0, 0);
      }
      Fp8Moment stored = (Fp8Moment) moment;
      return new Parts(
          DeviceBuffer.address(stored.codes()),
          DeviceBuffer.address(stored.scales()),
          DeviceBuffer.address(stored.exponents()),
          DeviceBuffer.address(stored.centres()));
    }
  }

  private final CudaContext context;
  private final Map<Kind, Map<Kind, Kernel>> kernels = new EnumMap<>(Kind.class);

  AdamWLaunch(CudaContext context, KernelModule module) {
    this.context = context;
    for (Kind first : Kind.values()) {
      Map<Kind, Kernel> bySecond = new EnumMap<>(Kind.class);
      for (Kind second : Kind.values()) {
        String name = "adamw_" + first + "_" + second;
        bySecond.put(second, module.kernel(name.toLowerCase(Locale.ROOT)));
      }
      kernels.put(first, bySecond);
    }
  }

  void launch(
      Tensor parameters,
      Tensor gradients,
      Moment first,
      Moment second,
      AdamWRule rule,
      Tensor control,
      Optional<Tensor> copy) {
    Kind kindOfFirst = Kind.of(first);
    Kind kindOfSecond = Kind.of(second);
    Kernel kernel =
        Objects.requireNonNull(Objects.requireNonNull(kernels.get(kindOfFirst)).get(kindOfSecond));
    boolean expands = kindOfFirst == Kind.FP8 || kindOfSecond == Kind.FP8;
    Geometry geometry = expands ? EXPANDED : PLAIN;
    long elements = parameters.elements();
    long ofBlock = (long) geometry.threads() / WARP * geometry.ofWarp();
    long most = (long) geometry.blocks() * context.device().multiprocessors();
    long blocks = Math.max(1, Math.min(most, (elements + ofBlock - 1) / ofBlock));
    Parts m = Parts.of(first);
    Parts v = Parts.of(second);
    kernel.launch(
        Grid.of(blocks, geometry.threads()),
        parameters,
        gradients,
        m.values(),
        m.scales(),
        m.exponents(),
        m.centres(),
        v.values(),
        v.scales(),
        v.exponents(),
        v.centres(),
        copy.map(DeviceBuffer::address).orElse(0L),
        elements,
        rule.beta1(),
        rule.beta2(),
        rule.epsilon(),
        rule.weightDecay(),
        control);
  }
}
