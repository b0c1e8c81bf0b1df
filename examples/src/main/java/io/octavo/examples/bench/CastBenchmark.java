package io.octavo.examples.bench;

import io.octavo.format.ElementFormat;
import io.octavo.kernel.Backend;
import io.octavo.quant.Granularity;
import io.octavo.quant.LinearOperand;
import io.octavo.quant.QuantSpec;
import io.octavo.quant.RandomStream;
import io.octavo.quant.Recipe;
import io.octavo.tensor.CastTarget;
import io.octavo.tensor.DataType;
import io.octavo.tensor.Operand;
import io.octavo.tensor.QuantizedTensor;
import io.octavo.tensor.Tensor;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Casts of activations and of F32 masters, by themselves. */
final class CastBenchmark {

  private static final String FAMILY = "cast";

  private CastBenchmark() {}

  static void measure(Setting setting) {
    DataType activation = setting.backend().activationType(new Recipe.Bf16());
    Set<DataType> sources = EnumSet.of(activation, DataType.F32);
    for (DataType type : sources) {
      try (DeviceTensors memory = setting.memory()) {
        measure(setting, memory.random(type, setting.sizes().rows(), setting.sizes().hidden()));
      }
    }
  }

  private static void measure(Setting setting, Tensor source) {
    QuantSpec tensorwise = spec(new Recipe.Tensorwise(), LinearOperand.INPUT);
    plain(setting, source, "tensor", tensorwise);
    both(setting, source, "tensor", tensorwise);
    both(setting, source, "tensor", QuantSpec.perTensor(ElementFormat.E5M2));
    QuantSpec rowwise = spec(new Recipe.Rowwise(), LinearOperand.INPUT);
    plain(setting, source, "row", rowwise);
    both(setting, source, "row", rowwise);
    Recipe.Cast kept = new Recipe.Coat().activationCast();
    plain(setting, source, "group 1x16", ((Recipe.Cast.Quantize) kept).spec());
    QuantSpec group = spec(new Recipe.Deepseek(), LinearOperand.INPUT);
    plain(setting, source, "group 1x128", group);
    both(setting, source, "group 1x128", group);
    QuantSpec block = spec(new Recipe.Deepseek(), LinearOperand.WEIGHT);
    plain(setting, source, "block 128x128", block);
    both(setting, source, "block 128x128", block);
    if (source.type() == DataType.F32) {
      convert(setting, source);
    }
  }

  private static QuantSpec spec(Recipe recipe, LinearOperand operand) {
    return ((Recipe.Cast.Quantize) recipe.castFor(operand)).spec();
  }

  private static void plain(Setting setting, Tensor source, String scaling, QuantSpec spec) {
    try (DeviceTensors memory = setting.memory()) {
      cast(setting, source, scaling, List.of(codes(memory, source, spec)), spec);
    }
  }

  private static void both(Setting setting, Tensor source, String scaling, QuantSpec spec) {
    try (DeviceTensors memory = setting.memory()) {
      List<Operand> casts =
          List.of(codes(memory, source, spec), LinearCasts.transposed(memory, spec, source));
      cast(setting, source, scaling + ", both ways", casts, spec);
    }
  }

  private static QuantizedTensor codes(DeviceTensors memory, Tensor source, QuantSpec spec) {
    return LinearCasts.codes(memory, spec, source.rows(), source.columns());
  }

  private static void cast(
      Setting setting, Tensor source, String scaling, List<Operand> casts, QuantSpec spec) {
    Backend backend = setting.backend();
    // No scale is known before all of a tensor, or of a column, is.
    boolean ofColumns = spec.granularity() instanceof Granularity.PerRow && casts.size() > 1;
    int reads = spec.granularity() instanceof Granularity.PerTensor || ofColumns ? 2 : 1;
    long bytes = reads * Traffic.bytes(source) + Traffic.bytes(casts);
    String subject = "%s to %s, scale a %s".formatted(source.type(), spec.element(), scaling);
    CastTarget target = new CastTarget(source, casts);
    setting.bandwidth(
        FAMILY,
        subject.toLowerCase(Locale.ROOT),
        source.rows() + "x" + source.columns(),
        bytes,
        () -> backend.quantize().cast(target, RandomStream.NONE));
  }

  private static void convert(Setting setting, Tensor source) {
    try (DeviceTensors memory = setting.memory()) {
      Tensor target = memory.empty(DataType.BF16, source.rows(), source.columns());
      setting.bandwidth(
          FAMILY,
          "f32 to bf16",
          source.rows() + "x" + source.columns(),
          Traffic.bytes(source, target),
          () -> setting.backend().quantize().convert(source, target));
    }
  }
}
