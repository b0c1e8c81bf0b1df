package io.octavo.kernel;

import io.octavo.quant.RandomStream;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.Optional;

/**
 * Layer or update first, casts second: what any backend can do, and what the others must agree
 * with.
 */
public final class ComposedCasting implements CastingKernels {

  private final QuantizeKernels quantize;
  private final NormKernels norm;
  private final ActivationKernels activation;
  private final OptimizerKernels optimizer;

  public ComposedCasting(
      QuantizeKernels quantize,
      NormKernels norm,
      ActivationKernels activation,
      OptimizerKernels optimizer) {
    this.quantize = quantize;
    this.norm = norm;
    this.activation = activation;
    this.optimizer = optimizer;
  }

  @Override
  public void rmsNorm(Tensor x, Operand kept, Tensor weight, float eps, Tensor rstd, CastTarget y) {
    keep(x, kept);
    norm.rmsNorm(kept, weight, eps, y.values(), rstd);
    quantize.cast(y, RandomStream.NONE);
  }

  @Override
  public void swiGlu(Tensor gateUp, Operand kept, CastTarget out) {
    keep(gateUp, kept);
    activation.swiGlu(kept, out.values());
    quantize.cast(out, RandomStream.NONE);
  }

  @Override
  public void swiGluBackward(Tensor dout, Operand gateUp, CastTarget dGateUp) {
    activation.swiGluBackward(dout, gateUp, dGateUp.values());
    quantize.cast(dGateUp, RandomStream.NONE);
  }

  @Override
  public void adamW(
      CastTarget parameters,
      Optional<Tensor> history,
      Tensor gradients,
      OptimizerKernels.Moment first,
      OptimizerKernels.Moment second,
      OptimizerKernels.AdamWRule rule,
      Tensor control) {
    optimizer.adamW(parameters.values(), gradients, first, second, rule, control);
    history.ifPresentOrElse(
        amax -> quantize.castDelayed(parameters, amax, RandomStream.NONE),
        () -> quantize.cast(parameters, RandomStream.NONE));
  }

  private void keep(Tensor values, Operand kept) {
    if (kept instanceof QuantizedTensor codes) {
      quantize.quantize(values, codes, RandomStream.NONE);
    }
  }
}
