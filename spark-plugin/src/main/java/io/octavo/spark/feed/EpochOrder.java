package io.octavo.spark.feed;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import scala.Tuple2;

/**
 * Where every sample goes. Position {@code p} counts samples over all epochs: epoch {@code p / N},
 * and within it the samples in the order of a hash of seed, epoch and id. Step {@code p /
 * globalBatch}, counted from 0, takes position {@code p}; of its positions each rank takes an equal
 * run.
 *
 * @param seed of the order
 * @param globalBatch samples a step
 */
public record EpochOrder(long seed, int globalBatch) implements Serializable {

  /** The place of a sample in the order of an epoch; ties of the hash go by id. */
  record Key(long epoch, long hash, long id) implements Serializable {
    static final Comparator<Key> ORDER = new KeyOrder();
  }

  private static final class KeyOrder implements Comparator<Key>, Serializable {
    private static final long serialVersionUID = 1L;

    @Override
    public int compare(Key a, Key b) {
      int byEpoch = Long.compare(a.epoch(), b.epoch());
      int byHash = byEpoch != 0 ? byEpoch : Long.compare(a.hash(), b.hash());
      return byHash != 0 ? byHash : Long.compare(a.id(), b.id());
    }
  }

  private static final class ByRank extends Partitioner {
    private static final long serialVersionUID = 1L;
    private final int globalBatch;
    private final int worldSize;

    ByRank(int globalBatch, int worldSize) {
      this.globalBatch = globalBatch;
      this.worldSize = worldSize;
    }

    @Override
    public int numPartitions() {
      return worldSize;
    }

    @Override
    public int getPartition(Object position) {
      return (int) ((Long) position % globalBatch / (globalBatch / worldSize));
    }
  }

  /**
   * What each rank is fed from step {@code startStep} (steps done before) to step {@code endStep}:
   * one partition a rank, in the order in which the rank takes the samples.
   *
   * @param samples all samples, {@code count} of them
   * @throws IllegalArgumentException where the ranks do not divide the global batch
   */
  public JavaRDD<Sample> feed(
      JavaRDD<Sample> samples, long count, long startStep, long endStep, int worldSize) {
    if (globalBatch % worldSize != 0) {
      throw new IllegalArgumentException(
          "Invalid numWorkers: %d (expected a divisor of batchSize %d)"
              .formatted(worldSize, globalBatch));
    }
    long from = startStep * globalBatch;
    long to = endStep * globalBatch;
    long firstEpoch = from / count;
    long lastEpoch = (to - 1) / count;
    EpochOrder order = this;
    JavaPairRDD<Long, Sample> positioned =
        samples
            .flatMapToPair(sample -> order.keys(sample, firstEpoch, lastEpoch).iterator())
            .sortByKey(Key.ORDER, true, samples.getNumPartitions())
            .values()
            .zipWithIndex()
            .mapToPair(pair -> new Tuple2<>(firstEpoch * count + pair._2(), pair._1()))
            .filter(pair -> pair._1() >= from && pair._1() < to);
    return positioned
        .repartitionAndSortWithinPartitions(new ByRank(globalBatch, worldSize))
        .values();
  }

  private List<Tuple2<Key, Sample>> keys(Sample sample, long firstEpoch, long lastEpoch) {
    List<Tuple2<Key, Sample>> keys = new ArrayList<>();
    for (long epoch = firstEpoch; epoch <= lastEpoch; epoch++) {
      Key key = new Key(epoch, Hashing.key(seed, epoch, sample.id()), sample.id());
      keys.add(new Tuple2<>(key, sample));
    }
    return keys;
  }
}
