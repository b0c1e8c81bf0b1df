package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * AdamW that goes through a matrix by tiles of 128 x 128, and casts the new weights while it has
 * them, or leaves the amax of their rows and columns; see optimizer_cast.cu.
 */
final class TileUpdates {

  private static final Granularity BLOCK = new Granularity.Block(128, 128);

  /** Rows and columns that a matrix must have a multiple of. */
  private static final int ROWS = 16;

  private static final int COLUMNS = 128;

  private static final int WARP = 32;

  private final CudaQuantizeKernels quantize;
  private final Map<MomentParts.Kind, Kernel> byBlocks;
  private final Map<MomentParts.Kind, Kernel> byLines;
  private final Map<MomentParts.Kind, Kernel> byTensor;
  private final Kernel advance;
  private final Kernel castUnknown;

  /** The amax that a tensor's scale is taken from. */
  private final Tensor known;

  TileUpdates(CudaContext context, CudaQuantizeKernels quantize) {
    this.quantize = quantize;
    KernelModule module = context.module("optimizer_cast");
    // Of FP8 moments the update alone, and then the cast, was faster but for delayed scales.
    Set<MomentParts.Kind> plain = EnumSet.complementOf(EnumSet.of(MomentParts.Kind.FP8));
    byBlocks = kernels(module, plain, "e4m3_block128x128");
    byLines = kernels(module, plain, "lines");
    byTensor = kernels(module, EnumSet.allOf(MomentParts.Kind.class), "e4m3_tensor");
    advance = module.kernel("advance_amax");
    castUnknown = module.kernel("cast_unknown_e4m3");
    known = context.reserve(DataType.F32, 1);
  }

  private static Map<MomentParts.Kind, Kernel> kernels(
      KernelModule module, Set<MomentParts.Kind> kinds, String what) {
    Map<MomentParts.Kind, Kernel> kernels = new EnumMap<>(MomentParts.Kind.class);
    for (MomentParts.Kind kind : kinds) {
      String moments = kind.name().toLowerCase(Locale.ROOT);
      kernels.put(kind, module.kernel("adamw_" + moments + "_" + what));
    }
    return kernels;
  }

  /** Updates and casts where these kernels do; returns whether they have. */
  boolean run(AdamWLaunch.Update update, CastTarget parameters, Optional<Tensor> history) {
    Optional<CastPair> pair = CastPair.of(parameters).filter(any -> fits(update));
    if (pair.isEmpty()) {
      return false;
    }
    CastPair casts = pair.get();
    Granularity granularity = casts.spec().granularity();
    boolean codes = casts.spec().element() == ElementFormat.E4M3;
    if (history.isPresent()) {
      return codes && runDelayed(update, casts, history.get());
    }
    if (granularity instanceof Granularity.PerRow) {
      return runRows(update, casts);
    }
    return codes && granularity.equals(BLOCK) && cast(byBlocks, update, casts, 0);
  }

  private static boolean fits(AdamWLaunch.Update update) {
    Tensor matrix = update.parameters();
    return MomentParts.of(update.first()).kind() == MomentParts.of(update.second()).kind()
        && matrix.rows() % ROWS == 0
        && matrix.columns() % COLUMNS == 0;
  }

  private boolean runDelayed(AdamWLaunch.Update update, CastPair casts, Tensor history) {
    advance.launch(Grid.of(1, WARP), history, Math.toIntExact(history.elements()), known);
    Tensor own = history.range(1, 2);
    cast(byTensor, update, casts, DeviceBuffer.address(own));
    Tensor matrix = update.parameters();
    TileCasts.launch(
        castUnknown, TileCasts.grid(matrix), matrix, casts, new TensorAmax(own, 1), matrix, known);
    return true;
  }

  private boolean runRows(AdamWLaunch.Update update, CastPair casts) {
    Tensor matrix = update.parameters();
    Optional<Kernel> kernel = kernel(byLines, update);
    Optional<LineAmax> amax = kernel.flatMap(any -> quantize.lines(matrix, casts));
    if (kernel.isEmpty() || amax.isEmpty()) {
      return false;
    }
    List<Object> arguments = arguments(update);
    arguments.add(amax.get().ofRows());
    arguments.add(amax.get().ofColumns());
    arguments.add(matrix.rows());
    arguments.add(matrix.columns());
    kernel.get().launch(TileCasts.grid(matrix), arguments.toArray());
    quantize.castRows(matrix, casts, amax.get());
    return true;
  }

  private boolean cast(
      Map<MomentParts.Kind, Kernel> kernels, AdamWLaunch.Update update, CastPair casts, long own) {
    Optional<Kernel> kernel = kernel(kernels, update);
    List<Object> operands = arguments(update);
    operands.add(own);
    Tensor matrix = update.parameters();
    kernel.ifPresent(
        one ->
            TileCasts.launch(
                one,
                TileCasts.grid(matrix),
                matrix,
                casts,
                new TensorAmax(known, 1),
                operands.toArray()));
    return kernel.isPresent();
  }

  private static Optional<Kernel> kernel(
      Map<MomentParts.Kind, Kernel> kernels, AdamWLaunch.Update update) {
    return Optional.ofNullable(kernels.get(MomentParts.of(update.first()).kind()));
  }

  private static List<Object> arguments(AdamWLaunch.Update update) {
    List<Object> arguments = new ArrayList<>(update.operands());
    arguments.addAll(update.numbers());
    return arguments;
  }
}
