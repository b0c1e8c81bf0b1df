package io.octavo.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TestParameterLayout {

  private static final ModelConfig ODD = ModelConfig.llama(97, 36, 50, 2, 3, 1, 64);

  @Test
  void namesEveryParameterAsHuggingFaceDoes() {
    ParameterLayout layout = ParameterLayout.of(ODD);

    assertThat(layout.units().stream().map(ParameterUnit::name))
        .containsExactly("embed", "layers.0", "layers.1", "final");
    assertThat(layout.units().get(2).parameters().stream().map(Parameter::name))
        .containsExactly(
            "model.layers.1.input_layernorm.weight",
            "model.layers.1.self_attn.q_proj.weight",
            "model.layers.1.self_attn.k_proj.weight",
            "model.layers.1.self_attn.v_proj.weight",
            "model.layers.1.self_attn.o_proj.weight",
            "model.layers.1.post_attention_layernorm.weight",
            "model.layers.1.mlp.gate_proj.weight",
            "model.layers.1.mlp.up_proj.weight",
            "model.layers.1.mlp.down_proj.weight");
    assertThat(layout.parameterCount())
        .isEqualTo(2 * 97 * 36 + 36 + 2 * (2 * 36 + 2 * 36 * 36 + 2 * 12 * 36 + 3 * 36 * 50));
  }

  @Test
  void placesPartsOfAProjectionSideBySideAndTheRestAtMultiplesOfAGroup() {
    Pattern laterPart = Pattern.compile(".*(k_proj|v_proj|up_proj)\\.(weight|bias)");
    for (ParameterUnit unit : ParameterLayout.of(ODD).units()) {
      long end = 0;
      for (Parameter parameter : unit.parameters()) {
        if (laterPart.matcher(parameter.name()).matches()) {
          assertThat(parameter.offset()).isEqualTo(end);
        } else {
          assertThat(parameter.offset() % ParameterLayout.ALIGNMENT).isZero();
          assertThat(parameter.offset() - end).isBetween(0L, ParameterLayout.ALIGNMENT - 1L);
        }
        end = parameter.end();
      }
      assertThat(unit.elements() - end).isBetween(0L, ParameterLayout.ALIGNMENT - 1L);
      assertThat(unit.elements() % ParameterLayout.ALIGNMENT).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 1000})
  void cutsUnitsIntoEqualShardsOfWholeGroups(int worldSize) {
    for (ParameterUnit unit : ParameterLayout.of(ODD).units()) {
      long shard = unit.shardElements(worldSize);
      assertThat(shard % ParameterLayout.ALIGNMENT).isZero();
      assertThat(shard * worldSize).isGreaterThanOrEqualTo(unit.elements());
      assertThat((shard - ParameterLayout.ALIGNMENT) * worldSize).isLessThan(unit.elements());
    }
  }

  @Test
  void leavesTheHeadOutWhereItIsTied() {
    ModelConfig tied =
        new ModelConfig(
            97,
            36,
            50,
            1,
            3,
            1,
            12,
            64,
            1e-5f,
            10_000,
            new RopeScaling.Default(),
            true,
            true,
            true,
            0.02f);
    ParameterLayout layout = ParameterLayout.of(tied);

    assertThat(layout.units().get(2).has("lm_head.weight")).isFalse();
    List<Parameter> biases =
        layout.units().get(1).parameters().stream()
            .filter(parameter -> parameter.name().endsWith(".bias"))
            .toList();
    assertThat(biases).hasSize(7).noneMatch(Parameter::matrix);
  }

  @Test
  void listsPresetsSmallestFirst() {
    List<Long> sizes =
        ModelPresets.all().values().stream()
            .map(config -> ParameterLayout.of(config).parameterCount())
            .toList();
    assertThat(sizes).isSorted();
    assertThat(ParameterLayout.of(ModelPresets.of("b7")).parameterCount())
        .isEqualTo(6_738_415_616L);
  }
}
