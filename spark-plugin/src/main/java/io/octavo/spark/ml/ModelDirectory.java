package io.octavo.spark.ml;

import io.octavo.format.CorruptDataException;
import io.octavo.layout.HuggingFaceFiles;
import io.octavo.model.HuggingFaceConfig;
import io.octavo.model.ModelConfig;
import io.octavo.model.Parameter;
import io.octavo.model.ParameterLayout;
import io.octavo.model.WeightSource;
import io.octavo.safetensors.SafetensorsWriter;
import io.octavo.safetensors.ShardedModelWriter;
import io.octavo.safetensors.TensorType;
import io.octavo.tokens.TokenizerFile;
import io.octavo.tokens.TokenizerSpec;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;

/** A Hugging Face model directory: config.json, tokenizer.json, safetensors. */
final class ModelDirectory {

  static final String CONFIG = "config.json";
  static final String TOKENIZER = "tokenizer.json";
  private static final long MAX_CONFIG = 16 << 20;
  private static final long SHARD_BYTES = 4L << 30;

  private final Path path;
  private final Configuration hadoop;

  ModelDirectory(String path, Configuration hadoop) {
    this.path = new Path(path);
    this.hadoop = hadoop;
  }

  Path path() {
    return path;
  }

  private FileSystem files() throws IOException {
    return path.getFileSystem(hadoop);
  }

  /** Whether there is a config here. */
  boolean exists() {
    try {
      return files().exists(new Path(path, CONFIG));
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    }
  }

  /** Text of config.json. */
  String configJson() {
    return new String(read(CONFIG, MAX_CONFIG), StandardCharsets.UTF_8);
  }

  ModelConfig config() {
    return HuggingFaceConfig.parse(configJson());
  }

  /** The directory's tokenizer; the byte tokenizer where it has none. */
  TokenizerSpec tokenizer() {
    try {
      if (!files().exists(new Path(path, TOKENIZER))) {
        return TokenizerSpec.bytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    }
    return new TokenizerSpec(
        read(TOKENIZER, TokenizerFile.MAX_BYTES), HuggingFaceConfig.endOfText(configJson()));
  }

  private byte[] read(String name, long limit) {
    Path file = new Path(path, name);
    try {
      FileStatus status = files().getFileStatus(file);
      if (status.getLen() > limit) {
        throw new CorruptDataException(
            "Cannot read %s: it has %d bytes (limit %d)".formatted(file, status.getLen(), limit));
      }
      try (var in = files().open(file)) {
        return in.readAllBytes();
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
    }
  }

  /** Open weights; the caller closes them. */
  OpenWeights open() {
    return new OpenWeights(HuggingFaceFiles.open(path, hadoop));
  }

  /** Weights of a directory as the model reads them: numbers, whatever their layout. */
  record OpenWeights(HuggingFaceFiles files) implements WeightSource, AutoCloseable {

    @Override
    public void read(Parameter parameter, long from, FloatBuffer target) {
      files.dense(parameter.name(), from, target);
    }

    @Override
    public void check(Parameter parameter) {
      files.requireShape(parameter);
    }

    @Override
    public void close() {
      files.close();
    }
  }

  /** Writes config and tokenizer; weights follow through {@link #weightWriter}. */
  void writeDescription(ModelConfig config, TokenizerSpec tokenizer, TensorType type) {
    String dtype = type == TensorType.BF16 ? "bfloat16" : "float32";
    write(
        CONFIG,
        HuggingFaceConfig.write(config, dtype, tokenizer.endOfText())
            .getBytes(StandardCharsets.UTF_8));
    if (!tokenizer.isBytes()) {
      write(TOKENIZER, tokenizer.json());
    }
  }

  private void write(String name, byte[] content) {
    Path file = new Path(path, name);
    try (var out = files().create(file, true)) {
      out.write(content);
    } catch (IOException e) {
      throw new UncheckedIOException("Cannot write " + file + ": " + e.getMessage(), e);
    }
  }

  /** A writer of all weights of a model in the order of its layout. */
  ShardedModelWriter weightWriter(ModelConfig config, TensorType type) {
    List<SafetensorsWriter.Declaration> declarations =
        ParameterLayout.of(config).units().stream()
            .flatMap(unit -> unit.parameters().stream())
            .map(
                parameter ->
                    new SafetensorsWriter.Declaration(parameter.name(), type, parameter.shape()))
            .toList();
    return new ShardedModelWriter(path, hadoop, declarations, SHARD_BYTES);
  }

  /** Copies all files to another directory. */
  void copyTo(Path target) {
    try {
      FileSystem to = target.getFileSystem(hadoop);
      to.mkdirs(target);
      for (FileStatus status : files().listStatus(path)) {
        Path name = new Path(target, status.getPath().getName());
        FileUtil.copy(files(), status.getPath(), to, name, false, true, hadoop);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(
          "Cannot copy %s to %s: %s".formatted(path, target, e.getMessage()), e);
    }
  }
}
