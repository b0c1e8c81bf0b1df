package io.octavo.examples;

import java.util.Map;
import org.apache.spark.SparkConf;
import org.apache.spark.sql.SparkSession;

/**
 * The Spark session of an example: the cluster that {@code spark-submit} named, or two executors of
 * one core each on this machine.
 */
final class Session {

  private static final Map<String, String> LOCAL_CLUSTER =
      Map.of(
          "spark.master", "local-cluster[2,1,3072]",
          "spark.executor.memory", "3g",
          "spark.executor.extraClassPath", System.getProperty("java.class.path"),
          "spark.executorEnv.SPARK_SCALA_VERSION", "2.13",
          "spark.executorEnv.SPARK_SQL_TESTING", "1",
          "spark.ui.enabled", "false",
          "spark.log.level", "WARN");

  private Session() {}

  static SparkSession open(String name) {
    SparkConf conf = new SparkConf().setAppName(name);
    conf.setIfMissing("spark.plugins", "io.octavo.spark.OctavoPlugin");
    if (!conf.contains("spark.master")) {
      LOCAL_CLUSTER.forEach(conf::setIfMissing);
    }
    return SparkSession.builder().config(conf).getOrCreate();
  }
}
