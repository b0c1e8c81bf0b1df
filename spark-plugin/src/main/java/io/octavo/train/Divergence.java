package io.octavo.train;

import io.octavo.kernel.Backend;
import io.octavo.model.Parameter;
import io.octavo.model.Transformer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.List;
import java.util.Optional;

/** Finds the first tensor that is not finite, in the order of the computation. */
record Divergence(Backend backend, Transformer transformer, List<UnitState> states) {

  TrainingDivergedException describe(long step, double loss, double norm, int rank) {
    String culprit =
        firstWeight()
            .or(this::firstActivation)
            .or(this::firstGradient)
            .orElse("none on rank " + rank + ": another rank's");
    return new TrainingDivergedException(
        "Cannot go on after step %d: loss %s, gradient norm %s; first tensor that is not finite: %s. Weights are unchanged since step %d; lower the learning rate, raise the warm-up, or train in bf16 from the last checkpoint"
            .formatted(step, loss, norm, culprit, step - 1));
  }

  private Optional<String> firstWeight() {
    return firstParameter("weight", UnitState::master);
  }

  private Optional<String> firstGradient() {
    return firstParameter("gradient of", UnitState::gradient);
  }

  private Optional<String> firstActivation() {
    List<Operand> inputs = transformer.layerInputs();
    for (int layer = 0; layer < inputs.size(); layer++) {
      if (!FiniteNumbers.in(inputs.get(layer), backend)) {
        return Optional.of("input of layer " + layer);
      }
    }
    return Optional.empty();
  }

  private interface Part {
    Tensor of(UnitState state);
  }

  private Optional<String> firstParameter(String what, Part part) {
    for (UnitState state : states) {
      for (Parameter parameter : state.unit().parameters()) {
        long from = Math.max(parameter.offset(), state.start()) - state.start();
        long to = Math.min(parameter.offset() + parameter.shape().elements(), state.end());
        if (from < to - state.start()
            && !FiniteNumbers.in(part.of(state).range(from, to - state.start()), backend)) {
          return Optional.of(what + " " + parameter.name());
        }
      }
    }
    return Optional.empty();
  }
}
