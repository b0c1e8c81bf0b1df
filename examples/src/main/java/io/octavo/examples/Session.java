package io.octavo.examples;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark session of an example: the cluster that {@code spark-submit} named, or two executors of
 * one core each on this machine.
 */
final class Session {

  private static final int EXECUTORS = 2;
  private static final Pattern LOCAL_CLUSTER = Pattern.compile("local-cluster\\[(\\d+),.*");

  private Session() {}

  static SparkSession open(String name) {
    SparkConf given = new SparkConf();
    SparkConf conf =
        given.contains("spark.master")
            ? given.setAppName(name).setIfMissing("spark.plugins", plugin())
            : onThisMachine(name, EXECUTORS);
    return SparkSession.builder().config(conf).getOrCreate();
  }

  /** Executor processes of one core each, with the class path of this one. */
  static SparkConf onThisMachine(String name, int executors) {
    return new SparkConf()
        .setAppName(name)
        .setIfMissing("spark.plugins", plugin())
        .setIfMissing("spark.master", "local-cluster[%d,1,3072]".formatted(executors))
        .setIfMissing("spark.executor.memory", "3g")
        .setIfMissing("spark.executor.extraClassPath", System.getProperty("java.class.path"))
        .setIfMissing("spark.executorEnv.SPARK_SCALA_VERSION", "2.13")
        .setIfMissing("spark.executorEnv.SPARK_SQL_TESTING", "1")
        .setIfMissing("spark.ui.enabled", "false")
        .setIfMissing("spark.log.level", "WARN");
  }

  /**
   * One rank for every executor that the application asked for, also where some are still starting;
   * threads of the driver are one.
   */
  static int workers(SparkContext context) {
    return workers(
        context.master(),
        context.conf().getInt("spark.executor.instances", 0),
        context.getExecutorIds().size());
  }

  static int workers(String master, int asked, int present) {
    Matcher local = LOCAL_CLUSTER.matcher(master);
    if (local.matches()) {
      return Integer.parseInt(local.group(1));
    }
    return Math.max(1, asked > 0 ? asked : present);
  }

  private static String plugin() {
    return "io.octavo.spark.OctavoPlugin";
  }
}
