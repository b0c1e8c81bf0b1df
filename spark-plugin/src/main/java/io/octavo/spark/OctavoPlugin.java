package io.octavo.spark;

import org.apache.spark.api.plugin.DriverPlugin;
import org.apache.spark.api.plugin.ExecutorPlugin;
import org.apache.spark.api.plugin.SparkPlugin;

/** What {@code spark.plugins} names: checks the settings and carries messages of ranks. */
public final class OctavoPlugin implements SparkPlugin {

  @Override
  public DriverPlugin driverPlugin() {
    return new OctavoDriverPlugin();
  }

  @Override
  public ExecutorPlugin executorPlugin() {
    return new OctavoExecutorPlugin();
  }
}
