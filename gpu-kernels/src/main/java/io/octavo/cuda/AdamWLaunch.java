package io.octavo.cuda;

import io.octavo.kernel.OptimizerKernels.AdamWRule;
import io.octavo.kernel.OptimizerKernels.Moment;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;

/** Which kernel of AdamW serves two kinds of moments, and on how many blocks. */
final class AdamWLaunch {

  private static final int WARP = 32;

  /** Threads of a block, numbers a warp takes at once, blocks a multiprocessor. */
  private record Geometry(int threads, int ofWarp, int blocks) {}

  private static final Geometry PLAIN = new Geometry(256, 256, 8);

  /** Eight times as many blocks as run at once: the last ones even out. */
  private static final Geometry EXPANDED = new Geometry(128, 512, 40);

  private final CudaContext context;
  private final Map<MomentParts.Kind, Map<MomentParts.Kind, Kernel>> kernels =
      new EnumMap<>(MomentParts.Kind.class);

  AdamWLaunch(CudaContext context, KernelModule module) {
    this.context = context;
    for (MomentParts.Kind first : MomentParts.Kind.values()) {
      Map<MomentParts.Kind, Kernel> bySecond = new EnumMap<>(MomentParts.Kind.class);
      for (MomentParts.Kind second : MomentParts.Kind.values()) {
        String name = "adamw_" + first + "_" + second;
        bySecond.put(second, module.kernel(name.toLowerCase(Locale.ROOT)));
      }
      kernels.put(first, bySecond);
    }
  }

  /** What is updated, and by what. */
  record Update(
      Tensor parameters,
      Tensor gradients,
      Moment first,
      Moment second,
      AdamWRule rule,
      Tensor control) {

    /** The first parameters of the kernels: what is read and written. */
    List<Object> operands() {
      List<Object> operands = new ArrayList<>(List.of(parameters, gradients));
      operands.addAll(MomentParts.of(first).arguments());
      operands.addAll(MomentParts.of(second).arguments());
      return operands;
    }

    /** Those that say how. */
    List<Object> numbers() {
      return List.of(rule.beta1(), rule.beta2(), rule.epsilon(), rule.weightDecay(), control);
    }
  }

  void launch(Update update) {
    launch(update, 0, 0);
  }

  /** Also writes the new parameters in BF16. */
  void launchWithCopy(Update update, Tensor copy) {
    launch(update, DeviceBuffer.address(copy), 0);
  }

  /** Also leaves the amax of the new parameters for the cast that follows. */
  void launchWithAmax(Update update) {
    int blocks = launch(update, 0, DeviceBuffer.address(context.blockAmax()));
    context.amaxNote().leave(update.parameters(), blocks);
  }

  private int launch(Update update, long copy, long blockAmax) {
    MomentParts first = MomentParts.of(update.first());
    MomentParts second = MomentParts.of(update.second());
    Kernel kernel =
        Objects.requireNonNull(
            Objects.requireNonNull(kernels.get(first.kind())).get(second.kind()));
    boolean expands = first.kind() == MomentParts.Kind.FP8 || second.kind() == MomentParts.Kind.FP8;
    Geometry geometry = expands ? EXPANDED : PLAIN;
    long elements = update.parameters().elements();
    int blocks = blocks(geometry, elements);
    List<Object> arguments = new ArrayList<>(update.operands());
    arguments.add(copy);
    arguments.add(blockAmax);
    arguments.add(elements);
    arguments.addAll(update.numbers());
    kernel.launch(Grid.of(blocks, geometry.threads()), arguments.toArray());
    return blocks;
  }

  private int blocks(Geometry geometry, long elements) {
    long ofBlock = (long) geometry.threads() / WARP * geometry.ofWarp();
    long most =
        Math.min(
            CudaContext.MOST_AMAX, (long) geometry.blocks() * context.device().multiprocessors());
    return (int) Math.max(1, Math.min(most, (elements + ofBlock - 1) / ofBlock));
  }
}
