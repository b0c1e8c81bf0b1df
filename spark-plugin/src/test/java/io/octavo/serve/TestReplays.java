package io.octavo.serve;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.kernel.Backend;
import io.octavo.reference.ReferenceBackend;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class TestReplays {

  @Test
  void givesTheWorkOnceWhetherItIsCapturedOrNot() {
    StepExtent small = new StepExtent(1, 1, 8);
    StepExtent large = new StepExtent(2, 2, 8);
    AtomicInteger done = new AtomicInteger();
    try (Backend backend = new ReferenceBackend();
        Replays replays = new Replays(backend)) {
      for (int i = 1; i <= 5; i++) {
        replays.run(small, done::incrementAndGet);
        assertThat(done).hasValue(2 * i - 1);
        replays.run(large, done::incrementAndGet);
        assertThat(done).hasValue(2 * i);
      }
    }
  }

  @Test
  void roundsRowsUpToFewExtents() {
    assertThat(new int[] {1, 2, 3, 5, 8, 9, 17, 64, 65, 256})
        .satisfies(
            counts -> {
              for (int count : counts) {
                assertThat(StepExtent.rounded(count)).isBetween(count, count + 31);
              }
            });
    assertThat(StepExtent.rounded(3)).isEqualTo(4);
    assertThat(StepExtent.rounded(9)).isEqualTo(16);
    assertThat(StepExtent.rounded(65)).isEqualTo(96);
  }
}
