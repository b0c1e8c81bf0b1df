package io.octavo.cuda;

import io.octavo.kernel.QuantizeKernels;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/**
 * AdamW and the casts of the new weights. The update itself writes BF16, and codes whose scale it
 * knows or can work out ({@link TileUpdates}); of a scale a tensor it leaves the amax, so that the
 * cast reads the weights once.
 */
final class WeightUpdates {

  private final AdamWLaunch adamW;
  private final TileUpdates tiles;
  private final QuantizeKernels quantize;

  WeightUpdates(AdamWLaunch adamW, TileUpdates tiles, QuantizeKernels quantize) {
    this.adamW = adamW;
    this.tiles = tiles;
    this.quantize = quantize;
  }

  void run(AdamWLaunch.Update update, CastTarget parameters, Optional<Tensor> history) {
    Optional<Tensor> copy = onlyCopy(parameters.casts());
    if (copy.isPresent()) {
      adamW.launchWithCopy(update, copy.get());
      return;
    }
    if (tiles.run(update, parameters, history)) {
      return;
    }
    if (CudaQuantizeKernels.isTensorWise(parameters)) {
      adamW.launchWithAmax(update);
    } else {
      adamW.launch(update);
    }
    history.ifPresentOrElse(
        amax -> quantize.castDelayed(parameters, amax, RandomStream.NONE),
        () -> quantize.cast(parameters, RandomStream.NONE));
  }

  /** The BF16 copy that is the only cast, where vectors may be written to it. */
  private static Optional<Tensor> onlyCopy(List<Operand> casts) {
    return casts.size() == 1
            && casts.get(0) instanceof Tensor copy
            && copy.type() == DataType.BF16
            && TileCasts.isAligned(copy)
        ? Optional.of(copy)
        : Optional.empty();
  }
}
