package io.octavo.spark.sql;

import io.octavo.cpu.CpuBackend;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.ShardedModelWriter;
import io.octavo.safetensors.TensorType;
import io.octavo.serve.EngineConfig;
import io.octavo.serve.ServedModel;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;

/** A directory of a small model with random weights that reads bytes. */
public final class RandomModel {

  /** Tokens that it can see. */
  public static final int CONTEXT = 64;

  private static final ModelConfig CONFIG = ModelConfig.llama(272, 32, 48, 2, 2, 1, CONTEXT);

  private RandomModel() {}

  /** Writes one into {@code directory}. */
  public static Path write(Path directory, long seed) throws IOException {
    Files.createDirectories(directory);
    Files.writeString(
        directory.resolve("config.json"), HuggingFaceConfig.write(CONFIG, "float32", 256));
    List<Parameter> parameters =
        ParameterLayout.of(CONFIG).units().stream()
            .flatMap(unit -> unit.parameters().stream())
            .toList();
    List<SafetensorsWriter.Declaration> declarations =
        parameters.stream()
            .map(p -> new SafetensorsWriter.Declaration(p.name(), TensorType.F32, p.shape()))
            .toList();
    Random random = new Random(seed);
    try (ShardedModelWriter writer =
        new ShardedModelWriter(hadoop(directory), new Configuration(), declarations, 1L << 30)) {
      for (Parameter parameter : parameters) {
        float[] values = new float[Math.toIntExact(parameter.shape().elements())];
        for (int i = 0; i < values.length; i++) {
          values[i] = parameter.matrix() ? (float) random.nextGaussian() * 0.3f : 1;
        }
        writer.write(FloatBuffer.wrap(values));
      }
    }
    return directory;
  }

  /** The engine alone, on one core. */
  public static ServedModel open(Path directory) {
    try (HuggingFaceFiles files = HuggingFaceFiles.open(hadoop(directory), new Configuration())) {
      return ServedModel.load(files, EngineConfig.defaults(), new CpuBackend(1));
    }
  }

  private static org.apache.hadoop.fs.Path hadoop(Path directory) {
    return new org.apache.hadoop.fs.Path(directory.toUri());
  }
}
