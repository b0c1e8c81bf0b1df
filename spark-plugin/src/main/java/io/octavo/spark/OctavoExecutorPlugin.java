package io.octavo.spark;

import io.octavo.spark.serve.ModelCache;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.PluginContext;
import org.jspecify.annotations.Nullable;

/**
 * The executor's half: keeps the channel to the driver. It never throws, since an executor whose
 * plugin throws is started again without end; what is wrong fails the task that needs it.
 */
final class OctavoExecutorPlugin implements ExecutorPlugin {

  /** Spark makes the plugin and gives tasks no way to it. */
  private static final AtomicReference<@Nullable PluginContext> CURRENT = new AtomicReference<>();

  @Override
  public void init(PluginContext context, Map<String, String> extra) {
    CURRENT.set(context);
  }

  @Override
  public void shutdown() {
    CURRENT.set(null);
    ModelCache.PROCESS.close();
  }

  /**
   * The channel to the driver.
   *
   * @throws IllegalStateException where this executor has not loaded the plugin
   */
  static PluginContext channel() {
    return Optional.ofNullable(CURRENT.get())
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "Cannot reach the driver: this executor has not loaded the plugin; set"
                        + " spark.plugins=io.octavo.spark.OctavoPlugin and put the jar on the class"
                        + " path of all executors"));
  }
}
