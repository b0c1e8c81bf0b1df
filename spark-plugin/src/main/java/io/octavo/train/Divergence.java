package io.octavo.train;

import io.octavo.kernel.Backend;
import io.octavo.model.Parameter;
import io.octavo.model.Transformer;
import io.octavo.tensor.Operand;
import io.octavo.tensor.Tensor;
import java.util.ArrayList;
import java.util.Collections;
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
    return first("weight", forward(), UnitState::master);
  }

  /** The backward pass begins at the head, and what breaks there breaks all gradients before. */
  private Optional<String> firstGradient() {
    return first("gradient of", backward(), UnitState::gradient);
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

  private record Place(UnitState state, Parameter parameter) {}

  /** Parameters in the order of the forward pass. */
  private List<Place> forward() {
    List<Place> places = new ArrayList<>();
    for (UnitState state : states) {
      state.unit().parameters().forEach(parameter -> places.add(new Place(state, parameter)));
    }
    return places;
  }

  private List<Place> backward() {
    List<Place> places = forward();
    Collections.reverse(places);
    return places;
  }

  private Optional<String> first(String what, List<Place> places, Part part) {
    return places.stream()
        .filter(place -> !isFinite(place, part))
        .findFirst()
        .map(place -> what + " " + place.parameter().name());
  }

  /** Of this rank's part of the parameter; an absent part is finite. */
  private boolean isFinite(Place place, Part part) {
    UnitState state = place.state();
    Parameter parameter = place.parameter();
    long from = Math.max(parameter.offset(), state.start());
    long to = Math.min(parameter.offset() + parameter.shape().elements(), state.end());
    return from >= to
        || FiniteNumbers.in(
            part.of(state).range(from - state.start(), to - state.start()), backend);
  }
}
