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

  /**
   * There are as many task slots as ranks. Executors that are starting are awaited: for {@code
   * timeout} in all, and once there is one, for {@code quiet} after the last that came.
   */
  public static Preflight.Check slots(
      SparkContext context, int ranks, Duration quiet, Duration timeout) {
    return () -> {
      int slots = awaitSlots(context, ranks, quiet, timeout);
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

  private static int awaitSlots(SparkContext context, int ranks, Duration quiet, Duration timeout) {
    int slots = slots(context);
    long begin = System.nanoTime();
    long last = begin;
    while (slots < ranks && !context.isLocal() && !passed(begin, timeout)) {
      if (slots > 0 && passed(last, quiet)) {
        break;
      }
      pause();
      int now = slots(context);
      last = now == slots ? last : System.nanoTime();
      slots = now;
    }
    return slots;
  }

  private static boolean passed(long since, Duration time) {
    return System.nanoTime() - since > time.toNanos();
  }

  private static void pause() {
    try {
      TimeUnit.NANOSECONDS.sleep(POLL.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Cannot wait for task slots: interrupted", e);
    }
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
