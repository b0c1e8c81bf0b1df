package io.octavo.cpu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.function.IntConsumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class TestWorkers {

  @Test
  void runsEveryBlockOfEveryJobOnce() {
    try (Workers workers = new Workers(3)) {
      for (int job = 0; job < 2000; job++) {
        int blocks = job % 17;
        AtomicIntegerArray runs = new AtomicIntegerArray(17);
        workers.forEach(blocks, runs::incrementAndGet);
        for (int block = 0; block < 17; block++) {
          assertThat(runs.get(block)).isEqualTo(block < blocks ? 1 : 0);
        }
      }
    }
  }

  @Test
  void throwsWhatABlockThrewAndGoesOn() {
    try (Workers workers = new Workers(2)) {
      for (int failing = 0; failing < 8; failing++) {
        int wanted = failing;
        assertThatThrownBy(() -> workers.forEach(8, failingAt(wanted)))
            .isInstanceOf(UnsupportedOperationException.class)
            .hasMessage("block " + wanted);
      }
      AtomicIntegerArray runs = new AtomicIntegerArray(8);
      workers.forEach(8, runs::incrementAndGet);
      assertThat(runs.toString()).isEqualTo("[1, 1, 1, 1, 1, 1, 1, 1]");
    }
  }

  private static IntConsumer failingAt(int wanted) {
    return block -> {
      if (block == wanted) {
        throw new UnsupportedOperationException("block " + block);
      }
    };
  }

  /**
   * The caller holds its first block until the helper has one: alone it would often do them all.
   */
  @Test
  void aHelperThatDiesOfAnErrorFailsTheJob() {
    Thread caller = Thread.currentThread();
    CountDownLatch helperHasABlock = new CountDownLatch(1);
    try (Workers workers = new Workers(2)) {
      assertThatThrownBy(
              () ->
                  workers.forEach(
                      64,
                      block -> {
                        if (Thread.currentThread() != caller) {
                          helperHasABlock.countDown();
                          throw new StackOverflowError("expected by this test");
                        }
                        await(helperHasABlock);
                      }))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("a thread ended with an error");
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, TimeUnit.SECONDS)).isTrue();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }
}
