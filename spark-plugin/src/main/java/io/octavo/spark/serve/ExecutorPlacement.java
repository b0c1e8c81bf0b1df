package io.octavo.spark.serve;

import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** What an executor's shared models may compute on. */
public final class ExecutorPlacement {

  private ExecutorPlacement() {}

  /** All cores of this executor: its tasks wait while a model computes for them. */
  public static int cores() {
    SparkConf conf = SparkEnv.get().conf();
    int machine = Runtime.getRuntime().availableProcessors();
    return Math.max(1, Math.min(machine, conf.getInt("spark.executor.cores", machine)));
  }

  /** Address of the first GPU of the task at hand; 0 where Spark gives none. */
  public static String device() {
    ResourceInformation gpus = TaskContext.get().resourcesJMap().get("gpu");
    return gpus == null || gpus.addresses().length == 0 ? "0" : gpus.addresses()[0];
  }
}
