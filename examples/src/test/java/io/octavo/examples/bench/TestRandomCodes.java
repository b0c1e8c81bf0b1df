package io.octavo.examples.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.cpu.CpuBackend;
import io.octavo.format.ElementFormat;
import io.octavo.format.IntegerFormat;
import io.octavo.kernel.CacheFormat;
import io.octavo.kernel.HostWeights;
import io.octavo.model.ModelConfig;
import io.octavo.model.RopeScaling;
import io.octavo.quant.Granularity;
import io.octavo.quant.WeightScheme;
import io.octavo.serve.EngineConfig;
import io.octavo.serve.GenerationRequest;
import io.octavo.serve.ServedModel;
import io.octavo.tensor.HostWeight;
import io.octavo.tensor.Shape;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TestRandomCodes {

  static Stream<WeightScheme> schemes() {
    return Stream.of(
        WeightScheme.fp8(new Granularity.PerRow()),
        WeightScheme.w4a8(new IntegerFormat(4), 32),
        WeightScheme.w4a8(ElementFormat.E2M1, 32));
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void areFiniteAndNotAlike(WeightScheme scheme) {
    HostWeight weight = RandomCodes.weight(Shape.of(13, 96), scheme, 5);
    float[] row = new float[96];
    float[] other = new float[96];
    HostWeights.row(weight, 3, other);
    for (int n = 0; n < 13; n++) {
      HostWeights.row(weight, n, row);
      assertThat(row).doesNotContain(Float.NaN).hasSize(96);
      assertThat(row[n]).isFinite();
    }
    assertThat(row).isNotEqualTo(other);
  }

  @ParameterizedTest
  @MethodSource("schemes")
  void areServed(WeightScheme scheme) {
    ModelConfig config =
        new ModelConfig(
            300,
            64,
            96,
            2,
            4,
            2,
            16,
            64,
            1e-5f,
            10_000,
            new RopeScaling.Default(),
            false,
            false,
            false,
            0.02f);
    EngineConfig engine = new EngineConfig(1L << 20, CacheFormat.FP8, 4, 16, 8);
    try (ServedModel model =
        ServedModel.load(new RandomCodes(config, scheme), engine, new CpuBackend(1))) {
      GenerationRequest request = GenerationRequest.greedy(new int[] {1, 299, 7}, 5);
      assertThat(model.generate(request).join().tokens()).hasSize(5);
    }
  }
}
