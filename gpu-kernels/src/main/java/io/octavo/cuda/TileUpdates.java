package io.octavo.cuda;

import io.octavo.format.ElementFormat;
import io.octavo.quant.Granularity;
import io.octavo.quant.QuantSpec;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * AdamW that casts the new weights by tiles of 128 x 128 while it has them; see optimizer_cast.cu.
 * It serves scales of such tiles, and scales of tensors that are known beforehand.
 */
final class TileUpdates {

  private static final Granularity BLOCK = new Granularity.Block(128, 128);

  /** Rows and columns that a matrix must have a multiple of. */
  private static final int ROWS = 16;

  private static final int COLUMNS = 128;

  private static final int WARP = 32;

  private final Map<MomentParts.Kind, Kernel> byBlocks = new EnumMap<>(MomentParts.Kind.class);
  private final Map<MomentParts.Kind, Kernel> byTensor = new EnumMap<>(MomentParts.Kind.class);
  private final Kernel advance;
  private final Kernel castUnknown;

  /** The amax that a tensor's scale is taken from. */
  private final Tensor known;

  TileUpdates(CudaContext context) {
    KernelModule module = context.module("optimizer_cast");
    for (MomentParts.Kind kind : MomentParts.Kind.values()) {
      String name = "adamw_" + kind.name().toLowerCase(Locale.ROOT) + "_e4m3_";
      byTensor.put(kind, module.kernel(name + "tensor"));
      // Of FP8 moments the update alone, and then the cast, was faster.
      if (kind != MomentParts.Kind.FP8) {
        byBlocks.put(kind, module.kernel(name + "block128x128"));
      }
    }
    advance = module.kernel("advance_amax");
    castUnknown = module.kernel("cast_unknown_e4m3");
    known = context.reserve(DataType.F32, 1);
  }

  /** Updates and casts where these kernels do; returns whether they have. */
  boolean run(AdamWLaunch.Update update, CastTarget parameters, Optional<Tensor> history) {
    Optional<CastPair> casts =
        CastPair.of(parameters).filter(pair -> fits(update, pair.spec(), history));
    casts.ifPresent(
        pair ->
            history.ifPresentOrElse(
                amax -> runDelayed(update, pair, amax), () -> launch(byBlocks, update, pair, 0)));
    return casts.isPresent();
  }

  private boolean fits(AdamWLaunch.Update update, QuantSpec spec, Optional<Tensor> history) {
    boolean delayed = history.isPresent();
    MomentParts.Kind kind = MomentParts.of(update.first()).kind();
    Tensor matrix = update.parameters();
    return spec.element() == ElementFormat.E4M3
        && spec.granularity().equals(delayed ? new Granularity.PerTensor() : BLOCK)
        && (delayed ? byTensor : byBlocks).containsKey(kind)
        && MomentParts.of(update.second()).kind() == kind
        && matrix.rows() % ROWS == 0
        && matrix.columns() % COLUMNS == 0;
  }

  private void runDelayed(AdamWLaunch.Update update, CastPair casts, Tensor history) {
    advance.launch(Grid.of(1, WARP), history, Math.toIntExact(history.elements()), known);
    Tensor own = history.range(1, 2);
    launch(byTensor, update, casts, DeviceBuffer.address(own));
    Tensor matrix = update.parameters();
    TileCasts.launch(
        castUnknown, TileCasts.grid(matrix), matrix, casts, new TensorAmax(own, 1), matrix, known);
  }

  private void launch(
      Map<MomentParts.Kind, Kernel> kernels, AdamWLaunch.Update update, CastPair casts, long own) {
    Kernel kernel = Objects.requireNonNull(kernels.get(MomentParts.of(update.first()).kind()));
    List<Object> operands = new ArrayList<>(update.operands());
    operands.addAll(update.numbers());
    operands.add(own);
    Tensor matrix = update.parameters();
    TileCasts.launch(
        kernel,
        TileCasts.grid(matrix),
        matrix,
        casts,
        new TensorAmax(known, 1),
        operands.toArray());
  }
}
