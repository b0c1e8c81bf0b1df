package io.octavo.spark.ptq;

import io.octavo.layout.HuggingFaceFiles;
import io.octavo.layout.ModelDirectoryWriter;
import io.octavo.layout.PublishedLayout;
import io.octavo.ptq.LayerReport;
import io.octavo.ptq.ModelQuantizer;
import io.octavo.ptq.QuantizationMethod;
import io.octavo.ptq.QuantizationPlan;
import java.util.Iterator;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.util.SerializableConfiguration;

/** What a task does: one shard. */
record QuantizeShard(
    String from,
    String to,
    QuantizationPlan plan,
    QuantizationMethod method,
    PublishedLayout layout,
    SerializableConfiguration hadoop)
    implements FlatMapFunction<Integer, LayerReport> {

  @Override
  public Iterator<LayerReport> call(Integer shard) {
    try (HuggingFaceFiles source = HuggingFaceFiles.open(new Path(from), hadoop.value())) {
      ModelQuantizer quantizer = new ModelQuantizer(source, plan, method, layout);
      ModelDirectoryWriter writer = new ModelDirectoryWriter(new Path(to), hadoop.value(), layout);
      String attempt = Long.toString(TaskContext.get().taskAttemptId());
      return quantizer.shard(shard, attempt, writer).iterator();
    }
  }
}
