package io.octavo.spark.ml;

import io.octavo.kernel.Backend;
import io.octavo.train.MemoryPlan;
import java.lang.management.ManagementFactory;
import java.util.Optional;
import org.apache.spark.SparkConf;
import org.apache.spark.network.util.ByteUnit;
import org.apache.spark.network.util.JavaUtils;

/**
 * How much a rank may take outside the Java heap.
 *
 * @param bytes the limit
 * @param what the setting or thing that limits, as a user names it
 * @param remedy what to change
 */
record MemoryLimit(long bytes, String what, String remedy) {

  private static final String OVERHEAD = "spark.executor.memoryOverhead";

  /**
   * The parameter where it is set; else what the cluster manager grants, where it enforces that;
   * else the memory of the driver's machine where ranks are on it.
   *
   * @param gib the parameter {@code memoryLimit}, 0 where it is not set
   * @param backend what ranks will compute on; limits of the host say nothing of a GPU
   */
  static Optional<MemoryLimit> of(double gib, SparkConf conf, String backend) {
    if (gib > 0) {
      return Optional.of(new MemoryLimit((long) (gib * 0x1p30), "memoryLimit", "memoryLimit"));
    }
    if (backend.equals("cuda")) {
      return Optional.empty();
    }
    String master = conf.get("spark.master", "");
    boolean enforced = master.startsWith("yarn") || master.startsWith("k8s");
    if (enforced && conf.contains(OVERHEAD)) {
      long granted = JavaUtils.byteStringAs(conf.get(OVERHEAD), ByteUnit.MiB) << 20;
      return Optional.of(new MemoryLimit(granted, OVERHEAD, OVERHEAD));
    }
    return master.startsWith("local") ? Optional.of(ofThisMachine()) : Optional.empty();
  }

  /** What a rank's device has free; this machine's memory where it computes on the host. */
  static MemoryLimit of(Backend backend) {
    long free = backend.freeBytes();
    return free == Long.MAX_VALUE
        ? ofThisMachine()
        : new MemoryLimit(free, "what " + backend.name() + " has free", "numWorkers");
  }

  /** Memory of this machine, or of the container this process is in. */
  static MemoryLimit ofThisMachine() {
    long bytes =
        ManagementFactory.getPlatformMXBean(com.sun.management.OperatingSystemMXBean.class)
            .getTotalMemorySize();
    return new MemoryLimit(bytes, "the machine's memory", "numWorkers");
  }

  /** Why a plan does not fit, in one sentence with the settings to change; empty where it fits. */
  Optional<String> problem(MemoryPlan plan, int microBatch, int sequenceLength) {
    return plan.totalBytes() <= bytes
        ? Optional.empty()
        : Optional.of(
            "a rank would take %.2f GiB and %s is %.2f GiB, so raise %s or lower microBatchSize (%d) or sequenceLength (%d)%n%s"
                .formatted(
                    plan.totalBytes() / 0x1p30,
                    what,
                    bytes / 0x1p30,
                    remedy,
                    microBatch,
                    sequenceLength,
                    plan.table()));
  }
}
