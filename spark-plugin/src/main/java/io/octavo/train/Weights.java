package io.octavo.train;

import io.octavo.collective.Collective;
import io.octavo.kernel.Backend;
import io.octavo.model.Parameter;
import io.octavo.model.WeightSink;
import io.octavo.model.WeightSource;
import io.octavo.quant.RandomStream;
import io.octavo.tensor.Tensor;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.List;

/** Masters in and out: fresh, from a source, to a sink. */
final class Weights {

  private final Backend backend;
  private final Collective collective;
  private final List<UnitState> states;
  private final ShardedUnits units;

  Weights(Backend backend, Collective collective, List<UnitState> states, ShardedUnits units) {
    this.backend = backend;
    this.collective = collective;
    this.states = states;
    this.units = units;
  }

  /** Matrices normal with the given deviation, norms 1, biases 0. */
  void initialize(long seed, float deviation) {
    fill(
        (parameter, from, target) -> {
          RandomStream random = new RandomStream(seed, parameter.name().hashCode());
          for (int i = 0; target.hasRemaining(); i++) {
            target.put(fresh(parameter, from + i, random, deviation));
          }
        });
  }

  private static float fresh(
      Parameter parameter, long index, RandomStream random, float deviation) {
    if (parameter.matrix()) {
      return (float) (deviation * random.normal(index));
    }
    return parameter.name().endsWith("bias") ? 0 : 1;
  }

  void load(WeightSource source) {
    fill(source::read);
  }

  /** Writes elements {@code [from, from + target.remaining())} of a parameter. */
  private interface Filler {
    void fill(Parameter parameter, long from, FloatBuffer target);
  }

  private void fill(Filler filler) {
    for (UnitState state : states) {
      for (Parameter parameter : state.unit().parameters()) {
        long from = Math.max(parameter.offset(), state.start());
        long to = Math.min(parameter.offset() + parameter.shape().elements(), state.end());
        if (from < to) {
          ByteBuffer host = bytes(to - from);
          filler.fill(parameter, from - parameter.offset(), host.asFloatBuffer());
          Tensor target = state.master().range(from - state.start(), to - state.start());
          backend.upload(host, target);
        }
      }
    }
    units.advance();
  }

  void export(WeightSink sink) {
    for (int unit = 0; unit < states.size(); unit++) {
      units.acquire(unit);
      if (collective.rank() == 0) {
        for (Parameter parameter : states.get(unit).unit().parameters()) {
          long from = parameter.offset();
          Tensor values = units.weights(unit).range(from, from + parameter.shape().elements());
          ByteBuffer host = bytes(values.elements());
          backend.download(values, host);
          sink.accept(parameter, host.asFloatBuffer());
        }
      }
      units.release(unit);
    }
  }

  /** Gives the gradients of parameters that lie whole in this rank's shards. */
  void gradients(WeightSink sink) {
    for (UnitState state : states) {
      for (Parameter parameter : state.unit().parameters()) {
        long from = parameter.offset() - state.start();
        long to = from + parameter.shape().elements();
        if (from >= 0 && to <= state.end() - state.start()) {
          ByteBuffer host = bytes(to - from);
          backend.download(state.gradient().range(from, to), host);
          sink.accept(parameter, host.asFloatBuffer());
        }
      }
    }
  }

  private static ByteBuffer bytes(long floats) {
    return ByteBuffer.allocateDirect(Math.toIntExact(floats * 4)).order(ByteOrder.nativeOrder());
  }
}
