package io.octavo.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.tensor.ArenaPlan;
import io.octavo.tensor.DataType;
import io.octavo.tensor.MemoryKind;
import io.octavo.tensor.Shape;
import java.lang.reflect.Proxy;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.Test;

class TestArena {

  private static final IllegalStateException NO_BLOCK = new IllegalStateException("no such block");

  /** A device that says how much is free, again and again, and gives nothing. */
  private static Backend device(Long... free) {
    Deque<Long> answers = new ArrayDeque<>(List.of(free));
    return (Backend)
        Proxy.newProxyInstance(
            Backend.class.getClassLoader(),
            new Class<?>[] {Backend.class},
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "freeBytes" -> answers.remove();
                  case "name" -> "device";
                  default -> throw NO_BLOCK;
                });
  }

  private static ArenaPlan plan() {
    ArenaPlan plan = new ArenaPlan();
    plan.reserve(MemoryKind.PARAMETERS, "weights", DataType.F32, Shape.of(1 << 20));
    return plan;
  }

  @Test
  void refusesWhatIsNotFree() {
    assertThatThrownBy(() -> Arena.allocate(plan(), device(4L << 19)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("Cannot allocate the planned")
        .hasMessageContaining("parameters");
  }

  /** Two ranks of one device both find it free; the second one to allocate is told what is left. */
  @Test
  void refusesWhatAnotherRankTookMeanwhile() {
    assertThatThrownBy(() -> Arena.allocate(plan(), device(8L << 20, 1L << 20)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("fewer ranks share a device")
        .hasCause(NO_BLOCK);
  }

  @Test
  void otherFailuresStayWhatTheyAre() {
    assertThatThrownBy(() -> Arena.allocate(plan(), device(8L << 20, 8L << 20))).isSameAs(NO_BLOCK);
    assertThat(plan().bytes()).isEqualTo(4L << 20);
  }
}
