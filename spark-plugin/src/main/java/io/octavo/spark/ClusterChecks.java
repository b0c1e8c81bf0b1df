package io.octavo.spark;

import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;

/** What a cluster must offer for ranks to run. */
public final class ClusterChecks {

  private static final Duration POLL = Duration.ofMillis(100);

  private ClusterChecks() {}

  /** The plugin is loaded. */
  public static Preflight.Check plugin(SparkContext context) {
    return () ->
        lists(context.conf(), "spark.plugins", OctavoPlugin.class.getName())
                && RankMessages.current().isPresent()
            ? Optional.empty()
            : Optional.of(
                "spark.plugins does not list the plugin, so set spark.plugins="
                    + OctavoPlugin.class.getName());
  }

  /** The set of executors does not change under a gang of ranks; Spark refuses it too. */
  public static Preflight.Check staticAllocation(SparkContext context) {
    return () ->
        context.conf().getBoolean("spark.dynamicAllocation.enabled", false)
            ? Optional.of(
                "dynamic allocation cannot hold a gang of ranks, so set"
                    + " spark.dynamicAllocation.enabled=false and spark.executor.instances")
            : Optional.empty();
  }

  /** There are, within {@code timeout}, as many task slots as ranks. */
  public static Preflight.Check slots(SparkContext context, int ranks, Duration timeout) {
    return () -> {
      int slots = awaitSlots(context, ranks, timeout);
      return slots >= ranks
          ? Optional.empty()
          : Optional.of(
              ("%d ranks need %d task slots and the cluster has %d (%d executors, spark.task.cpus"
                      + " is %s), so set numWorkers=%d or raise spark.executor.instances")
                  .formatted(
                      ranks,
                      ranks,
                      slots,
                      executors(context),
                      context.conf().get("spark.task.cpus", "1"),
                      Math.max(slots, 1)));
    };
  }

  /** Waits until the cluster has {@code ranks} task slots; the number it has then. */
  static int awaitSlots(SparkContext context, int ranks, Duration timeout) {
    long end = System.nanoTime() + timeout.toNanos();
    int slots = slots(context);
    while (slots < ranks && System.nanoTime() < end) {
      try {
        TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("Cannot wait for task slots: interrupted", e);
      }
      slots = slots(context);
    }
    return slots;
  }

  private static int slots(SparkContext context) {
    return context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
  }

  /** Executors beside the driver; in local mode the driver is the only one. */
  private static int executors(SparkContext context) {
    return Math.max(1, context.getExecutorIds().size());
  }

  private static boolean lists(SparkConf conf, String key, String value) {
    return Arrays.stream(conf.get(key, "").split(",")).map(String::trim).anyMatch(value::equals);
  }
}
