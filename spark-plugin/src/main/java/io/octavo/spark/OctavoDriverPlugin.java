package io.octavo.spark;

import com.codahale.metrics.Gauge;
import com.codahale.metrics.MetricRegistry;
import io.octavo.spark.sql.OctavoExtensions;
import io.octavo.train.StepMetrics;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.jspecify.annotations.Nullable;

/**
 * The driver's half: stops a Spark application with invalid settings before it starts, sets what
 * gang scheduling needs where the user has not, and passes messages of ranks on. All plugins share
 * one thread for messages, so nothing waits here.
 */
final class OctavoDriverPlugin implements DriverPlugin {

  /**
   * Spark's defaults make a job wait 15 s for executors that are a second late, let a rank that
   * never comes be waited for a year, and leave a hung task its slot for ever.
   */
  private static final Map<String, String> DEFAULTS =
      Map.of(
          "spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "3s",
          "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures", "100",
          "spark.barrier.sync.timeout", "300",
          "spark.task.reaper.enabled", "true",
          "spark.task.reaper.killTimeout", "60s");

  private final RankMessages messages = RankMessages.open();

  @Override
  public Map<String, String> init(SparkContext context, PluginContext plugin) {
    SparkConf conf = plugin.conf();
    OctavoConf.of(conf);
    DEFAULTS.forEach(conf::setIfMissing);
    addSqlFunctions(conf);
    return Map.of();
  }

  /** The live configuration, before there is a session: beside what the user has there. */
  private static void addSqlFunctions(SparkConf conf) {
    String key = "spark.sql.extensions";
    String name = OctavoExtensions.class.getName();
    String others = conf.get(key, "");
    if (!List.of(others.split(",")).contains(name)) {
      conf.set(key, others.isBlank() ? name : others + "," + name);
    }
  }

  @Override
  public void registerMetrics(String applicationId, PluginContext plugin) {
    MetricRegistry registry = plugin.metricRegistry();
    register(registry, "step", StepMetrics::step);
    register(registry, "loss", StepMetrics::loss);
    register(registry, "gradientNorm", StepMetrics::gradientNorm);
    register(registry, "learningRate", StepMetrics::learningRate);
    register(registry, "tokensPerSecond", metrics -> metrics.targets() / metrics.seconds());
    register(registry, "modelFlopsPerSecond", metrics -> metrics.modelFlops() / metrics.seconds());
  }

  /** A reply goes to ranks that have ended: they ask, to be sure that they were heard. */
  @Override
  public @Nullable Object receive(Object message) {
    if (message instanceof RankMessage rankMessage) {
      messages.accept(rankMessage);
    }
    boolean asks = message instanceof RankMessage.Failed || message instanceof RankMessage.Finished;
    return asks ? true : null;
  }

  @Override
  public void shutdown() {
    messages.close();
  }

  private void register(MetricRegistry registry, String name, ToDoubleFunction<StepMetrics> value) {
    Gauge<Double> gauge = () -> messages.latest().map(value::applyAsDouble).orElse(Double.NaN);
    registry.register(name, gauge);
  }
}
