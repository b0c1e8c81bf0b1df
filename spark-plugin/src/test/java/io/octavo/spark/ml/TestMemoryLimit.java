package io.octavo.spark.ml;

import static org.assertj.core.api.Assertions.assertThat;

import io.octavo.tensor.MemoryKind;
import io.octavo.train.MemoryPlan;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;

class TestMemoryLimit {

  private static final MemoryPlan SIX_GIB =
      new MemoryPlan(Map.of(MemoryKind.ACTIVATIONS, 6L << 30), 1000, 2);

  private static SparkConf master(String master) {
    return new SparkConf(false).set("spark.master", master);
  }

  private static Optional<String> problem(double gib, SparkConf conf) {
    return MemoryLimit.of(gib, conf, "cpu").flatMap(limit -> limit.problem(SIX_GIB, 4, 512));
  }

  @Test
  void theParameterComesFirst() {
    SparkConf conf = master("yarn").set("spark.executor.memoryOverhead", "1g");
    assertThat(problem(6, conf)).isEmpty();
    assertThat(problem(5.5, conf).orElseThrow())
        .startsWith(
            "a rank would take 6.00 GiB and memoryLimit is 5.50 GiB, so raise memoryLimit or lower"
                + " microBatchSize (4) or sequenceLength (512)")
        .contains("activations");
  }

  @Test
  void whatAManagerGrantsIsALimitWhereItIsEnforced() {
    SparkConf yarn = master("yarn").set("spark.executor.memoryOverhead", "4096");
    assertThat(problem(0, yarn).orElseThrow())
        .contains(
            "spark.executor.memoryOverhead is 4.00 GiB, so raise spark.executor.memoryOverhead");
    SparkConf kubernetes = master("k8s://host").set("spark.executor.memoryOverhead", "7g");
    assertThat(problem(0, kubernetes)).isEmpty();
    SparkConf standalone = master("spark://host:7077").set("spark.executor.memoryOverhead", "1g");
    assertThat(MemoryLimit.of(0, standalone, "cpu")).isEmpty();
  }

  @Test
  void ranksOnThisMachineHaveItsMemory() {
    MemoryLimit limit = MemoryLimit.of(0, master("local[2]"), "cpu").orElseThrow();
    assertThat(limit).isEqualTo(MemoryLimit.ofThisMachine());
    MemoryPlan whole = new MemoryPlan(Map.of(MemoryKind.GRADIENTS, limit.bytes()), 1000, 2);
    MemoryPlan more = new MemoryPlan(Map.of(MemoryKind.GRADIENTS, limit.bytes() + 1), 1000, 2);
    assertThat(limit.problem(whole, 1, 1)).isEmpty();
    assertThat(limit.problem(more, 1, 1).orElseThrow()).contains("so raise numWorkers");
  }
}
