package io.octavo.spark.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.train.StepBatch;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.spark.sql.util.ArrowUtils;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TestArrowFeed {

  private static final int LENGTH = 13;

  private static Stream<Sample> samples(int count) {
    return IntStream.range(0, count).mapToObj(i -> new Sample(i, tokens(i)));
  }

  private static int[] tokens(int sample) {
    return IntStream.range(0, LENGTH).map(i -> 1000 * sample + i).toArray();
  }

  @AfterEach
  void allMemoryIsBack() {
    assertThat(ArrowUtils.rootAllocator().getAllocatedMemory()).isZero();
  }

  @Test
  void handsStepsInOrderFromWhereTheRunStopped() throws Exception {
    try (ArrowFeed feed = new ArrowFeed(samples(21).iterator(), 4, 3, LENGTH)) {
      for (int step = 0; step < 7; step++) {
        StepBatch batch = feed.next();
        assertThat(batch.step()).isEqualTo(5 + step);
        assertThat(batch.samples()).isEqualTo(3);
        for (int row = 0; row < 3; row++) {
          int[] read = new int[LENGTH];
          batch.tokens().get(row * LENGTH, read);
          assertThat(read).isEqualTo(tokens(step * 3 + row));
        }
      }
      assertThat(feed.waitSeconds()).isNotNegative();
    }
  }

  @Test
  void aStepThatIsNotWholeIsTheEnd() throws Exception {
    try (ArrowFeed feed = new ArrowFeed(samples(5).iterator(), 0, 3, LENGTH)) {
      feed.next();
      assertThatThrownBy(feed::next)
          .isInstanceOf(NoSuchElementException.class)
          .hasMessage("Cannot feed step 2: samples have ended");
    }
  }

  @Test
  void whatBreaksTheSourceReachesTheStep() throws Exception {
    Iterator<Sample> broken =
        samples(5)
            .peek(
                sample -> {
                  if (sample.id() == 4) {
                    throw new IllegalStateException("block is gone");
                  }
                })
            .iterator();
    try (ArrowFeed feed = new ArrowFeed(broken, 0, 2, LENGTH)) {
      feed.next();
      feed.next();
      assertThatThrownBy(feed::next)
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("Cannot feed step 3: block is gone");
    }
  }

  @Test
  void closesWhileSamplesAreLeft() throws Exception {
    ArrowFeed feed = new ArrowFeed(samples(1000).iterator(), 0, 2, LENGTH);
    feed.next();
    feed.close();
    assertThat(ArrowUtils.rootAllocator().getAllocatedMemory()).isZero();
  }
}
