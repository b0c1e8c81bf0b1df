package io.octavo.spark.serve;

import io.octavo.kernel.Placement;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;
import org.apache.spark.resource.ResourceInformation;

/** What an executor's shared models may compute on. */
public final class ExecutorPlacement {

  private ExecutorPlacement() {}

  /**
   * All cores of this executor, since its tasks wait while a model computes for them, and the first
   * GPU of the task at hand, or the process's where Spark gives none.
   */
  public static Placement current() {
    SparkConf conf = SparkEnv.get().conf();
    int machine = Runtime.getRuntime().availableProcessors();
    int cores = Math.max(1, Math.min(machine, conf.getInt("spark.executor.cores", machine)));
    ResourceInformation gpus = TaskContext.get().resourcesJMap().get("gpu");
    return gpus == null || gpus.addresses().length == 0
        ? Placement.ofThreads(cores)
        : new Placement(cores, gpus.addresses()[0]);
  }
}
