package io.octavo.spark.feed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.octavo.spark.LocalCluster;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TestEpochOrder {

  private static final long SEED = 13;
  private static final int BATCH = 12;

  /** Neither whole batches nor whole partitions. */
  private static final int SAMPLES = 101;

  private static final long STEPS = 20;

  private static JavaSparkContext spark;

  @BeforeAll
  static void start() {
    spark = new JavaSparkContext(LocalCluster.threads(2));
    spark.setLogLevel("ERROR");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  /** The definition, sorted in memory: ids of the positions of all epochs, one after the other. */
  private static List<Long> positions(int epochs) {
    List<Long> positions = new ArrayList<>();
    for (long epoch = 0; epoch < epochs; epoch++) {
      long e = epoch;
      LongStream.range(0, SAMPLES)
          .map(i -> i * 7)
          .boxed()
          .sorted(Comparator.comparing((Long id) -> Hashing.key(SEED, e, id)))
          .forEach(positions::add);
    }
    return positions;
  }

  /** Ids by rank, in the order in which each rank takes them. */
  private static List<List<Long>> feed(long from, long to, int worldSize, int partitions) {
    List<Sample> samples =
        IntStream.range(0, SAMPLES)
            .mapToObj(i -> new Sample((SAMPLES - 1 - i) * 7L, new int[] {i}))
            .toList();
    return new EpochOrder(SEED, BATCH)
            .feed(spark.parallelize(samples, partitions), SAMPLES, from, to, worldSize)
            .map(Sample::id)
            .glom()
            .collect()
            .stream()
            .map(List::copyOf)
            .toList();
  }

  /** Ids of a step, rank by rank. */
  private static List<Long> step(List<List<Long>> ranks, int step) {
    int share = BATCH / ranks.size();
    return ranks.stream()
        .flatMap(ids -> ids.subList(step * share, (step + 1) * share).stream())
        .toList();
  }

  @ParameterizedTest
  @CsvSource({"1,1", "1,7", "2,3", "3,5", "4,2", "12,4"})
  void everyStepGetsTheSameSamplesWhateverTheRanksAndPartitions(int worldSize, int partitions) {
    List<List<Long>> ranks = feed(0, STEPS, worldSize, partitions);
    List<Long> positions = positions(3);

    assertThat(ranks).hasSize(worldSize);
    for (int i = 0; i < STEPS; i++) {
      assertThat(step(ranks, i))
          .as("step %d", i)
          .isEqualTo(positions.subList(i * BATCH, (i + 1) * BATCH));
    }
  }

  @ParameterizedTest
  @CsvSource({"1,2", "8,1", "9,3", "17,4", "19,2"})
  void aResumedRunGoesOnAtItsPlaceInTheEpoch(long start, int worldSize) {
    List<List<Long>> ranks = feed(start, STEPS, worldSize, 3);
    List<Long> positions = positions(3);

    for (int i = 0; i < STEPS - start; i++) {
      int at = (int) (start + i) * BATCH;
      assertThat(step(ranks, i)).isEqualTo(positions.subList(at, at + BATCH));
    }
  }

  @Test
  void everySampleComesOnceAnEpochAndInAnotherOrderInTheNext() {
    List<Long> all = feed(0, 2 * SAMPLES / BATCH + 1, 1, 4).get(0);
    List<Long> first = all.subList(0, SAMPLES);
    List<Long> second = all.subList(SAMPLES, 2 * SAMPLES);

    assertThat(first).doesNotHaveDuplicates();
    assertThat(second).containsExactlyInAnyOrderElementsOf(first).isNotEqualTo(first);
  }

  @Test
  void refusesRanksThatDoNotDivideTheBatch() {
    assertThatThrownBy(() -> feed(0, 1, 5, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("Invalid numWorkers: 5 (expected a divisor of batchSize 12)");
  }
}
