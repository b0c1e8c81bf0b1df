package io.octavo.spark;

import org.apache.spark.SparkConf;

/** Configuration of Spark for tests: executors that are processes of this machine. */
public final class LocalCluster {

  private LocalCluster() {}

  /** {@code executors} processes of one core each, with the plugin and the test's class path. */
  public static SparkConf conf(int executors) {
    return plugin("local-cluster[%d,1,1024]".formatted(executors))
        .set("spark.executor.extraClassPath", System.getProperty("java.class.path"))
        .set("spark.executorEnv.SPARK_SCALA_VERSION", "2.13")
        .set("spark.executorEnv.SPARK_SQL_TESTING", "1")
        .set("spark.executor.memory", "1g");
  }

  /** Threads of this process instead of executors. */
  public static SparkConf threads(int threads) {
    return plugin("local[%d]".formatted(threads));
  }

  private static SparkConf plugin(String master) {
    return new SparkConf()
        .setMaster(master)
        .setAppName("test")
        .set("spark.ui.enabled", "false")
        .set("spark.plugins", OctavoPlugin.class.getName())
        .set("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
  }
}
