package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.quant.Recipe;
import io.octavo.reference.ReferenceBackend;
import io.octavo.tensor.DataType;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestBackends {

  private record Fixed(String name, int preference, Support probe) implements Backend.Provider {
    @Override
    public Planning planning() {
      return Planning.of(new ReferenceBackend());
    }

    @Override
    public Backend open(Placement placement) {
      return new ReferenceBackend();
    }
  }

  private static final Backend.Provider ABSENT =
      new Fixed("cuda", 100, new Support.Unsupported("no driver"));
  private static final Backend.Provider PRESENT = new Fixed("cpu", 50, new Support.Native());
  private static final Backend.Provider LAST =
      new Fixed("slow", 1, new Support.Emulated("in software"));

  @Test
  void installedBackendsAreFoundByTheServiceFile() {
    Backends installed = Backends.installed();
    assertThat(installed.names()).containsExactly("cuda", "cpu", "reference");
    for (String name : List.of("cpu", "reference")) {
      try (Backend backend = installed.choose(name).open(Placement.ofThreads(2))) {
        assertThat(backend.name()).isEqualTo(name);
      }
    }
  }

  @Test
  void takesTheMostPreferredSupportedOneAndSaysWhyNotAnother() {
    BackendChoice choice = new Backends(List.of(LAST, PRESENT, ABSENT)).choose();
    assertThat(choice.provider()).isSameAs(PRESENT);
    assertThat(choice.explanation()).isEqualTo("backend cpu (refused: cuda: no driver)");
  }

  @Test
  void saysWhatIsEmulated() {
    assertThat(new Backends(List.of(LAST)).choose().explanation())
        .isEqualTo("backend slow, emulated: in software");
  }

  @Test
  void neverFallsBackFromABackendAskedForByName() {
    Backends backends = new Backends(List.of(PRESENT, ABSENT));
    assertThatThrownBy(() -> backends.choose("cuda"))
        .isInstanceOf(BackendUnavailableException.class)
        .hasMessage("Cannot use backend cuda: no driver");
    assertThatThrownBy(() -> backends.choose("tpu"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Invalid backend: tpu (expected cuda, cpu)");
  }

  @Test
  void choosesByNameOrTheBest() {
    Backends backends = new Backends(List.of(PRESENT, LAST));
    assertThat(backends.chooseOrBest("auto").provider()).isSameAs(PRESENT);
    assertThat(backends.chooseOrBest("slow").provider()).isSameAs(LAST);
  }

  @Test
  void plansForADeviceThatIsNotThere() {
    Planning planning = Backends.installed().planning("cuda");
    assertThat(planning.activationType(new Recipe.Fp32())).isEqualTo(DataType.F32);
    assertThat(planning.activationType(new Recipe.Coat())).isEqualTo(DataType.BF16);
    assertThat(planning.contractsLastAxisOnly()).isTrue();
  }

  @Test
  void failsWithEveryReasonWhereNoneIsSupported() {
    assertThatThrownBy(() -> new Backends(List.of(ABSENT)).choose())
        .isInstanceOf(BackendUnavailableException.class)
        .hasMessageContaining("cuda: no driver");
  }
}
