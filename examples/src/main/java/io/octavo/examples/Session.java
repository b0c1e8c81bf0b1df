package io.octavo.examples;

import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark session of an example: the cluster that {@code spark-submit} named, or two executors of
 * one core each on this machine.
 */
final class Session {

  private static final int EXECUTORS = 2;

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

  private static String plugin() {
    return "io.octavo.spark.OctavoPlugin";
  }
}
